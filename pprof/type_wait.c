/* SPDX-License-Identifier: MIT */

/*
 * The `wait` profile: how often and for how long goroutines were not running, by stack, state and
 * reason. Waits that have not ended count with the time they have taken so far, so that a leak is
 * in here and grows.
 *
 * Where the probe kept wait totals, they are the profile. Where it did not, or where one sample for
 * each goroutine is asked for, only the waits under way are known; a comment says so.
 */

#include "profile_types.h"
#include "samples.h"

static bool is_wait(uint8_t state)
{
	return state != LTR_STATE_RUNNING && state != LTR_STATE_EXITED;
}

static uint32_t total_stack(const struct ltr_census *census, size_t i)
{
	uint32_t stack = ltr_census_wait(census, i)->stack;

	return stack < ltr_census_stack_count(census) ? stack : 0;
}

static int collect_totals(const struct ltr_census *census, struct ltr__samples *samples)
{
	__attribute__((cleanup(ltr__samples_order_free))) uint32_t *order = NULL;
	const struct ltr_census_info *info = ltr_census_info(census);
	size_t count = ltr_census_wait_count(census);
	int err = ltr__samples_order(census, count, total_stack, &order);

	if (info->now_ns > info->started_ns)
		samples->duration_ns = ltr__pprof_clamp(info->now_ns - info->started_ns);
	for (size_t i = 0; i < count && !err; i++) {
		const struct ltr_wait_total *total = ltr_census_wait(census, order[i]);
		struct ltr__sample sample = {
			.stack = total_stack(census, order[i]),
			.state = total->state,
			.reason = total->reason,
			.values = {ltr__pprof_clamp(total->count),
				   ltr__pprof_clamp(total->total_ns)},
		};

		if (is_wait(total->state))
			err = ltr__samples_add(samples, &sample);
	}
	return err;
}

static int collect_goroutines(const struct ltr_census *census,
			      const struct ltr_profile_options *options,
			      struct ltr__samples *samples)
{
	__attribute__((cleanup(ltr__samples_order_free))) uint32_t *order = NULL;
	size_t count = ltr_census_count(census);
	int err = ltr__samples_order(census, count, ltr__goroutine_stack, &order);

	for (size_t i = 0; i < count && !err; i++) {
		const struct ltr_goroutine *goroutine = ltr_census_at(census, order[i]);
		struct ltr__sample sample =
			ltr__sample_of(census, order[i], options->per_goroutine);

		if (!is_wait(goroutine->state))
			continue;
		sample.values[0] = 1;
		sample.values[1] = ltr__pprof_clamp(ltr_census_age_ns(census, goroutine));
		err = ltr__samples_add(samples, &sample);
	}
	return err;
}

static int collect(const struct ltr_census *census, const struct ltr_profile_options *options,
		   struct ltr__samples *samples)
{
	if (ltr_census_wait_count(census) > 0 && !options->per_goroutine)
		return collect_totals(census, samples);

	ltr__samples_comment(samples, "loiter: only the waits that have not ended yet");
	return collect_goroutines(census, options, samples);
}

const struct ltr_profile_type ltr__profile_wait = {
	.name = "wait",
	.what = "how often and how long goroutines waited, by stack and state, up to now",
	.values = {{"waits", "count"}, {"delay", "nanoseconds"}},
	.value_count = 2,
	.period_type = {"waits", "count"},
	.period = 1,
	.collect = collect,
};
