/* SPDX-License-Identifier: MIT */
/*
 * deadlock, all asleep: the program itself says that nobody is left who could run, and that neither
 * a timer nor the network can wake anybody. Everybody who waits is in it, the main goroutine too,
 * and daemons: the one who holds the lock may be among them.
 */

#include <loiter/layout.h>

#include "internal.h"

static int all_asleep_check(struct ltr__trial *trial)
{
	if (trial->info->phase != LTR_PHASE_DEADLOCK)
		return 0;
	ltr__trial_claim_each(trial, NULL);
	if (ltr_census_count(trial->census) == 0)
		return ltr__trial_state(trial, "says that all its goroutines are asleep, but none "
					       "of them could be read");
	return 0;
}

static void all_asleep_summary(uint64_t count, FILE *out)
{
	fputs("deadlock: ", out);
	if (count != 1)
		fputs("all ", out);
	ltr__print_count(count, "goroutine", out);
	fputs(count == 1 ? " is asleep and nobody can wake it"
			 : " are asleep and nobody can wake them",
	      out);
}

static void all_asleep_explain(const struct ltr_finding *finding, FILE *out)
{
	(void)finding;
	fputs("every goroutine waits for another one; no timer and no input can wake any of them",
	      out);
}

const struct ltr_rule ltr__rule_all_asleep = {
	.name = "all-asleep",
	.grade = LTR_GRADE_DEADLOCK,
	.check = all_asleep_check,
	.by_others = true,
	.summary = all_asleep_summary,
	.explain = all_asleep_explain,
};
