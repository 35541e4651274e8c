/* SPDX-License-Identifier: MIT */
/*
 * suspect, waits long: the goroutine has waited longer than the caller thinks is right. That proves
 * nothing. Left out are those of which it is expected: the main goroutine, daemons, whoever waits
 * for a connection to accept, and every wait that has a deadline.
 */

#include "internal.h"

static bool waits_long(const struct ltr__trial *trial, const struct ltr_goroutine *goroutine)
{
	return ltr__may_wait_for_ever(trial->census, goroutine) &&
	       ltr__is_old(trial->census, trial->options, goroutine);
}

static int waits_long_check(struct ltr__trial *trial)
{
	if (trial->options->older_than_ns)
		ltr__trial_claim_each(trial, waits_long);
	return 0;
}

static void waits_long_summary(uint64_t count, FILE *out)
{
	fputs("suspect: ", out);
	ltr__print_count(count, "goroutine", out);
	fputs(count == 1 ? " waits very long" : " wait very long", out);
}

static void waits_long_explain(const struct ltr_finding *finding, FILE *out)
{
	fputs("waits longer than ", out);
	ltr__print_duration(finding->limit_ns, out);
	fputs(", without a deadline; whether it will be woken is not known", out);
}

const struct ltr_rule ltr__rule_waits_long = {
	.name = "waits-long",
	.grade = LTR_GRADE_SUSPECT,
	.check = waits_long_check,
	.limit_ns = ltr__older_than_ns,
	.shows_creation = true,
	.summary = waits_long_summary,
	.explain = waits_long_explain,
};
