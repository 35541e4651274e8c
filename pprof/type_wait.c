/* SPDX-License-Identifier: MIT */

/*
 * The types that say how often and for how long goroutines were in some states: all waits (`wait`),
 * or a part of them (`block`, `sched`), or all their time (`wall`). What has not ended
 * counts with the time it has taken so far, so that a leak is in here and grows.
 *
 * Where the probe kept wait totals, they are the profile. Where it did not, or where one sample for
 * each goroutine is asked for, only what is under way is known; a comment says so.
 */

#include "profile_types.h"
#include "samples.h"

/* Whether time in this state for this reason belongs to a type. */
typedef bool is_part(uint8_t state, uint8_t reason);

static uint32_t total_stack(const struct ltr_census *census, size_t i)
{
	uint32_t stack = ltr_census_wait(census, i)->stack;

	return stack < ltr_census_stack_count(census) ? stack : 0;
}

static int collect_totals(const struct ltr_census *census, size_t count, is_part *wanted,
			  struct ltr__samples *samples)
{
	__attribute__((cleanup(ltr__samples_order_free))) uint32_t *order = NULL;
	const struct ltr_census_info *info = ltr_census_info(census);
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

		if (!wanted(total->state, total->reason))
			continue;
		ltr__sample_name_group(census, total->group, &sample);
		err = ltr__samples_add(samples, &sample);
	}
	ltr__samples_comment_groups(census, samples);
	return err;
}

static int collect_goroutines(const struct ltr_census *census, is_part *wanted,
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

		if (!wanted(goroutine->state, goroutine->reason))
			continue;
		sample.values[0] = 1;
		sample.values[1] = ltr__pprof_clamp(ltr_census_age_ns(census, goroutine));
		err = ltr__samples_add(samples, &sample);
	}
	return err;
}

static int collect(const struct ltr_census *census, is_part *wanted,
		   const struct ltr_profile_options *options, struct ltr__samples *samples)
{
	size_t count;
	int err = ltr_census_wait_count(census, &count);

	if (err)
		return err;
	if (count > 0 && !options->per_goroutine)
		return collect_totals(census, count, wanted, samples);

	ltr__samples_comment(samples, "loiter: only the waits that have not ended yet");
	return collect_goroutines(census, wanted, options, samples);
}

static bool is_time(uint8_t state, uint8_t reason)
{
	(void)reason;
	return state != LTR_STATE_EXITED;
}

static bool is_wait(uint8_t state, uint8_t reason)
{
	return is_time(state, reason) && state != LTR_STATE_RUNNING;
}

static bool is_block(uint8_t state, uint8_t reason)
{
	(void)reason;
	return state == LTR_STATE_CHAN || state == LTR_STATE_SYNC;
}

static bool is_queued(uint8_t state, uint8_t reason)
{
	(void)reason;
	return state == LTR_STATE_QUEUED;
}

static int collect_wait(const struct ltr_census *census, const struct ltr_profile_options *options,
			struct ltr__samples *samples)
{
	return collect(census, is_wait, options, samples);
}

static int collect_block(const struct ltr_census *census, const struct ltr_profile_options *options,
			 struct ltr__samples *samples)
{
	return collect(census, is_block, options, samples);
}

static int collect_sched(const struct ltr_census *census, const struct ltr_profile_options *options,
			 struct ltr__samples *samples)
{
	return collect(census, is_queued, options, samples);
}

static int collect_wall(const struct ltr_census *census, const struct ltr_profile_options *options,
			struct ltr__samples *samples)
{
	return collect(census, is_time, options, samples);
}

#define FROM_WAITS(count_type, time_type)                                                \
	.values = {{count_type, "count"}, {time_type, "nanoseconds"}}, .value_count = 2, \
	.period_type = {count_type, "count"}, .period = 1, .from_waits = true

const struct ltr_profile_type ltr__profile_wait = {
	.name = "wait",
	.what = "how often and how long goroutines waited, by stack and state, up to now",
	FROM_WAITS("waits", "delay"),
	.collect = collect_wait,
};

const struct ltr_profile_type ltr__profile_block = {
	.name = "block",
	.what = "waits for channels, select and sync, unfinished ones too",
	FROM_WAITS("contentions", "delay"),
	.collect = collect_block,
};

const struct ltr_profile_type ltr__profile_sched = {
	.name = "sched",
	.what = "how often and how long goroutines were ready but not running",
	FROM_WAITS("waits", "delay"),
	.collect = collect_sched,
};

const struct ltr_profile_type ltr__profile_wall = {
	.name = "wall",
	.what = "all time of all goroutines: running and every wait",
	FROM_WAITS("spans", "wall"),
	.collect = collect_wall,
};
