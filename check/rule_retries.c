/* SPDX-License-Identifier: MIT */
/*
 * suspect, retries: at each of several looks the goroutine slept at the same place, and in between it had
 * moved: a loop that sleeps and tries again. A pause between two rounds of work looks the same: nothing is
 * proven. Daemons are excused.
 */

#include "internal.h"

static bool retries(const struct ltr__trial *trial, const struct ltr_goroutine *goroutine)
{
	uint64_t for_ns;

	return goroutine->state == LTR_STATE_SLEEP &&
	       ltr__history_sleeps(trial->options->history, goroutine, &for_ns) &&
	       for_ns > trial->options->older_than_ns;
}

static int retries_check(struct ltr__trial *trial)
{
	if (trial->options->history)
		ltr__trial_claim_each(trial, retries);
	return 0;
}

static void retries_summary(uint64_t count, FILE *out)
{
	fputs("suspect: ", out);
	ltr__print_count(count, "goroutine", out);
	fputs(count == 1 ? " sleeps and tries again" : " sleep and try again", out);
}

static void retries_explain(const struct ltr_finding *finding, FILE *out)
{
	(void)finding;
	fputs("asleep here at each look so far, and awake in between; whether the loop ends is not known",
	      out);
}

const struct ltr_rule ltr__rule_retries = {
	.name = "retries",
	.grade = LTR_GRADE_SUSPECT,
	.check = retries_check,
	.shows_creation = true,
	.summary = retries_summary,
	.explain = retries_explain,
};
