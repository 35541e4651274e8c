/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_METRICS_H
#define LOITER_PPROF_METRICS_H

/*
 * A census in the text format of Prometheus (version 0.0.4) or in that of OpenMetrics (1.0.0),
 * which differ in how they name counters. Names that dashboards of Go programs know
 * (`go_goroutines`, ...) are used where the meaning is the same, `loiter_` is before all others.
 * docs/serve.md has the list. How many series there are depends on no number of the watched
 * program: there is one for each state and reason that occurs.
 *
 * Returns 0, -ENOMEM, or what the sink returned.
 */

#include <probe/census.h>

#include "sink.h"

enum ltr_metrics_format {
	LTR_METRICS_PROMETHEUS,
	LTR_METRICS_OPENMETRICS,
};

struct ltr_metrics_grade {
	const char *name;    /* "deadlock" */
	uint64_t findings;   /* of this grade */
	uint64_t goroutines; /* in them */
};

struct ltr_metrics_options {
	enum ltr_metrics_format format;
	/* What was found out about the program by somebody who knows; NULL: nobody judged it. */
	const struct ltr_metrics_grade *grades;
	size_t grade_count;
};

int ltr_metrics_write(const struct ltr_census *census, const struct ltr_metrics_options *options,
		      struct ltr_sink sink);

/*
 * The one that a client asks for by its Accept header (NULL: none), by its qualities, and its
 * Content-Type. Where both are as welcome, and named, it is OpenMetrics; where neither is, the
 * other.
 */
enum ltr_metrics_format ltr_metrics_accepted(const char *accept);
const char *ltr_metrics_content_type(enum ltr_metrics_format format);

#endif
