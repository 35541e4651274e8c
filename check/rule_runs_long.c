/* SPDX-License-Identifier: MIT */
/*
 * suspect, runs long: the goroutine has run for longer than the caller thinks is right without coming to
 * the scheduler once: a loop that never yields, or a long computation. Daemons are not excused: whoever
 * keeps a processor keeps it from others.
 */

#include "internal.h"

static bool runs_long(const struct ltr__trial *trial, const struct ltr_goroutine *goroutine)
{
	return (goroutine->flags & LTR_IS_LONG) && !(goroutine->flags & LTR_IS_UNSURE) &&
	       ltr__is_old(trial->census, trial->options, goroutine);
}

static int runs_long_check(struct ltr__trial *trial)
{
	if (trial->options->older_than_ns)
		ltr__trial_claim_each(trial, runs_long);
	return 0;
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
	.limit_ns = ltr__older_than_ns,
	.shows_creation = true,
	.summary = runs_long_summary,
	.explain = runs_long_explain,
};
