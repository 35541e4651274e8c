/* SPDX-License-Identifier: MIT */
/*
 * never exited: the main goroutine has returned, the grace is over, and the goroutine is still
 * there. The main goroutine itself and those declared to live as long as the program are excused.
 * One whose records were lost may have ended meanwhile: it is left to the weaker rules.
 */

#include <loiter/layout.h>

#include "internal.h"

static bool had_to_end(const struct ltr__trial *trial, const struct ltr_goroutine *goroutine)
{
	(void)trial;
	return !(goroutine->flags & (LTR_IS_MAIN | LTR_IS_DAEMON | LTR_IS_UNSURE));
}

static int never_exited_check(struct ltr__trial *trial)
{
	/* Where a recording is cut, they may have been about to. */
	if (trial->info->phase == LTR_PHASE_MAIN_RETURNED && !trial->info->cut)
		ltr__trial_claim_each(trial, had_to_end);
	return 0;
}

static uint64_t never_exited_limit(const struct ltr_judge_options *options)
{
	return options->grace_ns;
}

static void never_exited_summary(uint64_t count, FILE *out)
{
	ltr__print_count(count, "goroutine", out);
	fputs(" never exited", out);
}

static void never_exited_explain(const struct ltr_finding *finding, FILE *out)
{
	fputs("still there ", out);
	if (finding->limit_ns) {
		ltr__print_duration(finding->limit_ns, out);
		fputs(" after ", out);
	} else {
		fputs("when ", out);
	}
	fputs("the main goroutine had returned", out);
	if (finding->state == LTR_STATE_QUEUED)
		fprintf(out, "; %s for a CPU, so what becomes of %s is not known",
			finding->count == 1 ? "it waited" : "they waited",
			finding->count == 1 ? "it" : "them");
}

const struct ltr_rule ltr__rule_never_exited = {
	.name = "never-exited",
	.grade = LTR_GRADE_NEVER_EXITED,
	.check = never_exited_check,
	.limit_ns = never_exited_limit,
	.shows_creation = true,
	.by_others = true,
	.summary = never_exited_summary,
	.explain = never_exited_explain,
};
