/* SPDX-License-Identifier: MIT */
/*
 * suspect, grows: the goroutine waits at a place whose population has become larger. Who counts was
 * decided by who looked back (growth.c, history.c); here the goroutines are claimed, and it is said in words.
 */

#include "internal.h"

/* The growth that is known of the goroutine; NULL: none. `seen` is for that of a row of looks. */
static const struct ltr_finding_growth *growth_of(const struct ltr__trial *trial, size_t index,
						  struct ltr_finding_growth *seen)
{
	if (trial->growth)
		return trial->growth[index];
	if (trial->options->history &&
	    ltr__history_grows(trial->options->history, trial->census,
			       ltr_census_at(trial->census, index), trial->options->least, seen))
		return seen;
	return NULL;
}

static int grows_check(struct ltr__trial *trial)
{
	size_t count = ltr__trial_count(trial);
	struct ltr_finding_growth seen;

	for (size_t i = 0; i < count; i++) {
		size_t index = ltr__trial_index(trial, i);
		const struct ltr_finding_growth *growth = growth_of(trial, index, &seen);
		size_t claimed = trial->claim_count;

		if (!growth)
			continue;
		ltr__trial_claim(trial, index);
		if (trial->claim_count > claimed)
			trial->claims[claimed].growth = *growth;
	}
	return 0;
}

static void grows_summary(uint64_t count, FILE *out)
{
	fputs("suspect: ", out);
	ltr__print_count(count, "goroutine", out);
	fputs(count == 1 ? " waits where more and more do" : " wait where more and more do", out);
}

static void grows_explain(const struct ltr_finding *finding, FILE *out)
{
	ltr__print_growth(&finding->growth, out);
}

const struct ltr_rule ltr__rule_grows = {
	.name = "grows",
	.grade = LTR_GRADE_SUSPECT,
	.check = grows_check,
	.shows_creation = true,
	.summary = grows_summary,
	.explain = grows_explain,
};
