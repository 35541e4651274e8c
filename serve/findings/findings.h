/* SPDX-License-Identifier: MIT */
#ifndef LOITER_SERVE_FINDINGS_H
#define LOITER_SERVE_FINDINGS_H

/*
 * What check would say of a program that is served, as numbers for its metrics. A judgement is kept
 * for a while, so that whoever scrapes often does not make the program be judged all the time.
 * Whoever serves (loiter serve, libloiter-pprof) hands it to the server as a callback.
 */

#include <check/check.h>
#include <pprof/metrics.h>
#include <probe/probe.h>

struct ltr_findings {
	uint64_t older_than_ns; /* as in struct ltr_judge_options */
	uint64_t due_ns;        /* when to judge again */
	struct ltr_look *earlier;
	struct ltr_metrics_grade grades[LTR_GRADE_COUNT];
};

/*
 * The grades as they are, all of them; NULL without memory, or if the program cannot be read.
 * Judges anew, after a snapshot (ltr_probe_refresh_whole()), if the last judgement is a second old
 * and looking at the program has taken less than a fiftieth of the time.
 */
const struct ltr_metrics_grade *ltr_findings_of(struct ltr_findings *findings,
						struct ltr_probe *probe);
void ltr_findings_done(struct ltr_findings *findings);

#endif
