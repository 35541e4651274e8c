/* SPDX-License-Identifier: MIT */

/*
 * What the CPUs did: samples, each worth the time between two of them, with the values and the period
 * of Go's CPU profile. Also what no goroutine did (the runtime's threads, those that it does not know)
 * is in it: the sum is what the program took from the machine.
 */

#include <inttypes.h>
#include <stdio.h>

#include "clean.h"
#include "profile_types.h"
#include "samples.h"

static uint32_t total_stack(const struct ltr_census *census, size_t i)
{
	uint32_t stack = ltr_census_cpu(census, i)->stack;

	return stack < ltr_census_stack_count(census) ? stack : 0;
}

static uint64_t worth_ns(uint64_t samples, uint64_t period_ns)
{
	uint64_t ns;

	return __builtin_mul_overflow(samples, period_ns, &ns) ? UINT64_MAX : ns;
}

static void put_comments(const struct ltr_census_info *info,
			 const struct ltr_profile_options *options, struct ltr__samples *samples)
{
	char lost[LTR__COMMENT_BYTES];
	char comment[LTR__COMMENT_BYTES];
	char reason[LTR__COMMENT_BYTES - 64]; /* a recording may say anything */

	ltr__pprof_clean(reason, sizeof(reason), info->cpu_reason);
	if (!info->cpu_period_ns) {
		snprintf(comment, sizeof(comment), "loiter: the CPUs were not sampled%s%s",
			 reason[0] ? ": " : "", reason);
		ltr__samples_comment(samples, comment);
	}
	if (options->per_goroutine)
		ltr__samples_comment(samples, "loiter: samples of the CPUs are added up, and not "
					      "kept for each goroutine");
	if (!info->cpu_lost)
		return;
	snprintf(lost, sizeof(lost),
		 "loiter: not the whole truth: %" PRIu64 " samples of the CPUs lost",
		 info->cpu_lost);
	ltr__samples_comment(samples, lost);
}

static int collect(const struct ltr_census *census, const struct ltr_profile_options *options,
		   struct ltr__samples *samples)
{
	__attribute__((cleanup(ltr__samples_order_free))) uint32_t *order = NULL;
	const struct ltr_census_info *info = ltr_census_info(census);
	size_t count = ltr_census_cpu_count(census);
	int err = ltr__samples_order(census, count, total_stack, &order);

	put_comments(info, options, samples);
	samples->period = ltr__pprof_clamp(info->cpu_period_ns);
	if (info->now_ns > info->cpu_started_ns && info->cpu_started_ns)
		samples->duration_ns = ltr__pprof_clamp(info->now_ns - info->cpu_started_ns);
	for (size_t i = 0; i < count && !err; i++) {
		const struct ltr_cpu_total *total = ltr_census_cpu(census, order[i]);
		struct ltr__sample sample = {
			.stack = total_stack(census, order[i]),
			.site = total->site,
			.name = total->name,
			.labels = total->labels,
			.state = (uint8_t)total->state,
			.reason = total->state == LTR_STATE_SYSCALL ? LTR_REASON_SYSCALL : 0,
			.values = {ltr__pprof_clamp(total->samples),
				   ltr__pprof_clamp(worth_ns(total->samples, info->cpu_period_ns))},
		};

		err = ltr__samples_add(samples, &sample);
	}
	return err;
}

const struct ltr_profile_type ltr__profile_cpu = {
	.name = "cpu",
	.what = "what the CPUs did for the program, sampled",
	.values = {{"samples", "count"}, {"cpu", "nanoseconds"}},
	.value_count = 2,
	.period_type = {"cpu", "nanoseconds"},
	.period = 10101010,
	.from_cpu = true,
	.collect = collect,
};
