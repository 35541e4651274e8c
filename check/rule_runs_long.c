/* SPDX-License-Identifier: MIT */
/*
 * suspect, runs long: the goroutine has run for longer than the caller thinks is right without coming to
 * the scheduler once: a loop that never yields, or a long computation. Daemons are not excused: whoever
 * keeps a processor keeps it from others.
 */

#include "internal.h"

static int runs_long_check(struct ltr__trial *trial)
{
	size_t count = ltr__trial_count(trial);

	if (!trial->options->older_than_ns)
		return 0;
	for (size_t i = 0; i < count; i++) {
		size_t index = ltr__trial_index(trial, i);
		const struct ltr_goroutine *goroutine = ltr_census_at(trial->census, index);

		if ((goroutine->flags & LTR_IS_LONG) && !(goroutine->flags & LTR_IS_UNSURE) &&
		    ltr_census_age_ns(trial->census, goroutine) > trial->options->older_than_ns)
			ltr__trial_claim(trial, index);
	}
	return 0;
}

static uint64_t runs_long_limit(const struct ltr_judge_options *options)
{
	return options->older_than_ns;
}

static void runs_long_summary(uint64_t count, FILE *out)
{
	fputs("suspect: ", out);
	ltr__print_count(count, "goroutine", out);
	fputs(count == 1 ? " does not yield" : " do not yield", out);
}

static void runs_long_explain(const struct ltr_finding *finding, FILE *out)
{
	fputs("has run for longer than ", out);
	ltr__print_duration(finding->limit_ns, out);
	fputs(" without coming to the scheduler once", out);
}

const struct ltr_rule ltr__rule_runs_long = {
	.name = "runs-long",
	.grade = LTR_GRADE_SUSPECT,
	.check = runs_long_check,
	.limit_ns = runs_long_limit,
	.shows_creation = true,
	.summary = runs_long_summary,
	.explain = runs_long_explain,
};
