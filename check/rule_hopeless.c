/* SPDX-License-Identifier: MIT */
/*
 * leaked, hopeless: the goroutine waits for what cannot come, and without a deadline: a channel that
 * was never made, or a select without a case that could happen. Nothing has to be known of the rest
 * of the program for that, so it holds at any moment, and for the main goroutine too. Daemons are
 * excused: to wait for nothing is a way to live for ever.
 *
 * Whether a wait has a deadline is only known to snapshots: where events are followed, and in a
 * recording, of those that one has read since they began to wait.
 */

#include "internal.h"

static bool is_hopeless(const struct ltr__trial *trial, const struct ltr_goroutine *goroutine)
{
	return ltr_census_leak(trial->census, goroutine) == LTR_LEAK_HOPELESS;
}

static int hopeless_check(struct ltr__trial *trial)
{
	ltr__trial_claim_each(trial, is_hopeless);
	return 0;
}

static void hopeless_summary(uint64_t count, FILE *out)
{
	ltr__print_count(count, "goroutine", out);
	fputs(" leaked", out);
}

static void hopeless_explain(const struct ltr_finding *finding, FILE *out)
{
	fputs(finding->reason == LTR_REASON_SELECT_NO_CASES
		      ? "no case of the select can ever happen, and it has no deadline"
		      : "nobody else can have the channel: it was never made, and there is no "
			"deadline",
	      out);
}

const struct ltr_rule ltr__rule_hopeless = {
	.name = "hopeless",
	.grade = LTR_GRADE_LEAKED,
	.check = hopeless_check,
	.shows_creation = true,
	.summary = hopeless_summary,
	.explain = hopeless_explain,
};
