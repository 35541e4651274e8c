/* SPDX-License-Identifier: MIT */
/*
 * inconclusive, two rules. incomplete: the census of the process is not whole, so that what it does
 * not show may be there all the same. not-judged: there was no census to judge, and who drove the
 * program says why (ltr_judge_inconclusive()).
 */

#include <inttypes.h>

#include <loiter/layout.h>

#include "internal.h"

static int incomplete_state(struct ltr__trial *trial)
{
	const struct ltr_census_info *info = trial->info;
	char text[160];
	int error = 0;

	if (info->lost) {
		snprintf(text, sizeof(text), "lost %" PRIu64 " record%s of what its goroutines did",
			 info->lost, info->lost == 1 ? "" : "s");
		error = ltr__trial_state(trial, text);
	}
	if (!error && info->unreadable) {
		snprintf(text, sizeof(text), "had %" PRIu64 " goroutine%s that could not be read",
			 info->unreadable, info->unreadable == 1 ? "" : "s");
		error = ltr__trial_state(trial, text);
	}
	if (!error && info->cut)
		error = ltr__trial_state(trial, "was recorded, but the end of the recording is "
						"missing");
	if (!error && info->phase == LTR_PHASE_STARTING)
		error = ltr__trial_state(trial, "had not started its runtime yet");
	else if (!error && info->phase > LTR_PHASE_DEADLOCK)
		error = ltr__trial_state(trial, "is in a phase that this loiter does not know");
	else if (!error && info->phase == LTR_PHASE_RUNNING && !trial->options->timeout_ns &&
		 !trial->options->alive)
		error = ltr__trial_state(trial, "was still running: its main goroutine had not "
						"returned");
	return error;
}

/* Whoever is unsure and was not claimed by a stronger rule. Daemons are excused in any case. */
static bool may_have_ended(const struct ltr__trial *trial, const struct ltr_goroutine *goroutine)
{
	(void)trial;
	return (goroutine->flags & LTR_IS_UNSURE) &&
	       !(goroutine->flags & (LTR_IS_MAIN | LTR_IS_DAEMON));
}

static int incomplete_check(struct ltr__trial *trial)
{
	ltr__trial_claim_each(trial, may_have_ended);
	return incomplete_state(trial);
}

static void incomplete_summary(uint64_t count, FILE *out)
{
	fputs("inconclusive: ", out);
	ltr__print_count(count, "goroutine", out);
	fputs(" may never have exited", out);
}

static void incomplete_explain(const struct ltr_finding *finding, FILE *out)
{
	(void)finding;
	fputs("records about them were lost: they may have ended meanwhile", out);
}

const struct ltr_rule ltr__rule_incomplete = {
	.name = "incomplete",
	.grade = LTR_GRADE_INCONCLUSIVE,
	.check = incomplete_check,
	.shows_creation = true,
	.summary = incomplete_summary,
	.explain = incomplete_explain,
};

static int not_judged_check(struct ltr__trial *trial)
{
	(void)trial;
	return 0;
}

static void not_judged_summary(uint64_t count, FILE *out)
{
	(void)count;
	fputs("inconclusive", out);
}

static void not_judged_explain(const struct ltr_finding *finding, FILE *out)
{
	(void)finding;
	fputs("it was not judged", out);
}

const struct ltr_rule ltr__rule_not_judged = {
	.name = "not-judged",
	.grade = LTR_GRADE_INCONCLUSIVE,
	.check = not_judged_check,
	.summary = not_judged_summary,
	.explain = not_judged_explain,
};
