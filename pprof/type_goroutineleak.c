/* SPDX-License-Identifier: MIT */

/*
 * The `goroutineleak` profile: where the goroutines are that nobody can ever wake, for sure. What has
 * not been proven is not in it, so an empty one says something only if the proof was conclusive; if it
 * was not, or there was none, a comment says so.
 */

#include <stdio.h>

#include "clean.h"
#include "profile_types.h"
#include "samples.h"

static void comment(const struct ltr_census *census, struct ltr__samples *samples)
{
	const struct ltr_reach_info *reach = &ltr_census_info(census)->reach;
	char note[sizeof(reach->note)];
	char text[LTR__COMMENT_BYTES];

	ltr__pprof_clean(note, sizeof(note), reach->note);
	if (!reach->tried)
		snprintf(text, sizeof(text),
			 "loiter: inconclusive: references were not looked at; only goroutines "
			 "that wait for what cannot come are counted");
	else if (!reach->conclusive)
		snprintf(text, sizeof(text),
			 "loiter: inconclusive: %s; only goroutines that wait for what cannot come "
			 "are counted",
			 note);
	else if (note[0])
		snprintf(text, sizeof(text), "loiter: %s", note);
	else
		return;
	ltr__samples_comment(samples, text);
}

static int collect(const struct ltr_census *census, const struct ltr_profile_options *options,
		   struct ltr__samples *samples)
{
	__attribute__((cleanup(ltr__samples_order_free))) uint32_t *order = NULL;
	size_t count = ltr_census_count(census);
	int err = ltr__samples_order(census, count, ltr__goroutine_stack, &order);

	comment(census, samples);
	for (size_t i = 0; i < count && !err; i++) {
		struct ltr__sample sample;

		if (ltr_census_leak(census, ltr_census_at(census, order[i])) == LTR_LEAK_NONE)
			continue;
		sample = ltr__sample_of(census, order[i], options->per_goroutine);
		sample.values[0] = 1;
		err = ltr__samples_add(samples, &sample);
	}
	return err;
}

const struct ltr_profile_type ltr__profile_goroutineleak = {
	.name = "goroutineleak",
	.what = "where the goroutines are that nobody can ever wake, as far as that is proven",
	.values = {{"goroutineleak", "count"}},
	.value_count = 1,
	.period_type = {"goroutineleak", "count"},
	.period = 1,
	.from_proof = true,
	.collect = collect,
};
