/* SPDX-License-Identifier: MIT */

/*
 * The `goroutine` profile: where every living goroutine is now. Its values add up to the number of
 * goroutines in the census.
 */

#include "profile_types.h"
#include "samples.h"

static int collect(const struct ltr_census *census, const struct ltr_profile_options *options,
		   struct ltr__samples *samples)
{
	__attribute__((cleanup(ltr__samples_order_free))) uint32_t *order = NULL;
	size_t count = ltr_census_count(census);
	int err = ltr__samples_order(census, count, ltr__goroutine_stack, &order);

	if (options->choice)
		ltr__samples_comment(samples, "loiter: some of the goroutines, by choice");
	for (size_t i = 0; i < count && !err; i++) {
		if (!ltr_choice_has(options->choice, ltr_census_at(census, order[i])))
			continue;
		struct ltr__sample sample =
			ltr__sample_of(census, order[i], options->per_goroutine);

		sample.values[0] = 1;
		err = ltr__samples_add(samples, &sample);
	}
	return err;
}

const struct ltr_profile_type ltr__profile_goroutine = {
	.name = "goroutine",
	.what = "where all goroutines are now",
	.values = {{"goroutine", "count"}},
	.value_count = 1,
	.period_type = {"goroutine", "count"},
	.period = 1,
	.collect = collect,
};
