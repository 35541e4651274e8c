/* SPDX-License-Identifier: MIT */

/* Findings by grade (findings.h). */

#include "findings.h"
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define AGE_NS    1000000000ull
#define PART_MOST 50 /* one part of the time for judging, at most */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static void count(struct ltr_findings *findings, const struct ltr_judgement *judgement)
{
	struct ltr_metrics_grade *grades = findings->grades;

	for (size_t grade = 0; grade < LTR_GRADE_COUNT; grade++)
		grades[grade] =
			(struct ltr_metrics_grade){.name = ltr_grade_name((enum ltr_grade)grade)};
	for (size_t i = 0; i < ltr_judgement_count(judgement); i++) {
		const struct ltr_finding *finding = ltr_judgement_at(judgement, i);

		grades[finding->grade].findings++;
		grades[finding->grade].goroutines += finding->count;
	}
}

/* Most goroutines of a large program can be in no finding, and cost nothing but a look. */
static int choose(const struct ltr_census *census, struct ltr_judge_options *options,
		  uint32_t **ret_among)
{
	size_t count = ltr_census_count(census);
	uint32_t *among = calloc(count + 1, sizeof(*among));

	if (!among)
		return -ENOMEM;
	options->among = among;
	for (size_t i = 0; i < count; i++)
		if (ltr_judge_concerns(census, options, ltr_census_at(census, i)))
			among[options->among_count++] = (uint32_t)i;
	*ret_among = among;
	return 0;
}

/* Locks are judged together with the look that the judgement before took. */
static int judge(struct ltr_findings *findings, const struct ltr_census *census)
{
	struct ltr_judge_options options = {
		.alive = true,
		.older_than_ns = findings->older_than_ns,
		.earlier = findings->earlier,
	};
	struct ltr_judgement *judgement;
	struct ltr_look *look = NULL;
	uint32_t *among = NULL;
	int error = ltr_judgement_new(&judgement);

	if (error)
		return error;
	error = choose(census, &options, &among);
	if (!error)
		error = ltr_judge_census(judgement, census, &options);
	if (!error)
		error = ltr_look_new_among(census, options.among, options.among_count, &look);
	free(among);
	if (!error) {
		count(findings, judgement);
		ltr_look_free(findings->earlier);
		findings->earlier = look;
	}
	ltr_judgement_free(judgement);
	return error;
}

const struct ltr_metrics_grade *ltr_findings_of(struct ltr_findings *findings,
						struct ltr_probe *probe)
{
	uint64_t begin_ns = now_ns();

	if (begin_ns >= findings->due_ns) {
		uint64_t end_ns;

		if (ltr_probe_refresh_whole(probe) < 0 ||
		    judge(findings, ltr_probe_census(probe)) < 0)
			return NULL;
		end_ns = now_ns();
		findings->due_ns = end_ns + AGE_NS;
		if (findings->due_ns < begin_ns + PART_MOST * (end_ns - begin_ns))
			findings->due_ns = begin_ns + PART_MOST * (end_ns - begin_ns);
	}
	return findings->grades;
}

void ltr_findings_done(struct ltr_findings *findings)
{
	findings->earlier = ltr_look_free(findings->earlier);
}
