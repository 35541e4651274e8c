/* SPDX-License-Identifier: MIT */
/*
 * inconclusive, still running: the time-out was over before the main goroutine returned. Nothing is
 * proven by that; but what everybody was doing is what a person wants to see of a hung program.
 */

#include <loiter/layout.h>

#include "internal.h"

static int still_running_check(struct ltr__trial *trial)
{
	uint32_t phase = trial->info->phase;
	size_t claimed;

	if (!trial->options->timeout_ns || phase == LTR_PHASE_MAIN_RETURNED ||
	    phase == LTR_PHASE_DEADLOCK)
		return 0;
	if (ltr_census_count(trial->census) == 0)
		return ltr__trial_state(trial, "was still running when its time was over, and "
					       "none of its goroutines could be read");
	claimed = trial->claim_count;
	ltr__trial_claim_each(trial, NULL);
	/* Others may have claimed all of them, and not fail the run: it has timed out all the same. */
	if (trial->claim_count == claimed)
		return ltr__trial_state(trial, "was still running when its time was over");
	return 0;
}

static uint64_t still_running_limit(const struct ltr_judge_options *options)
{
	return options->timeout_ns;
}

static void still_running_summary(uint64_t count, FILE *out)
{
	fputs("inconclusive: timed out with ", out);
	ltr__print_count(count, "goroutine", out);
	fputs(" still there", out);
}

static void still_running_explain(const struct ltr_finding *finding, FILE *out)
{
	fputs("the main goroutine had not returned after ", out);
	ltr__print_duration(finding->limit_ns, out);
	fputs("; this is what was going on", out);
}

const struct ltr_rule ltr__rule_still_running = {
	.name = "still-running",
	.grade = LTR_GRADE_INCONCLUSIVE,
	.check = still_running_check,
	.limit_ns = still_running_limit,
	.by_others = true,
	.summary = still_running_summary,
	.explain = still_running_explain,
};
