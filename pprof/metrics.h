/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_METRICS_H
#define LOITER_PPROF_METRICS_H

/*
 * A census in the text format of Prometheus (version 0.0.4). Names that dashboards of Go programs
 * know (`go_goroutines`, ...) are used where the meaning is the same, `loiter_` is before all
 * others. docs/serve.md has the list. How many series there are depends on no number of the watched
 * program: there is one for each state and reason that occurs.
 *
 * Returns 0, -ENOMEM, or what the sink returned.
 */

#include <probe/census.h>

#include "sink.h"

#define LTR_METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

int ltr_metrics_write(const struct ltr_census *census, struct ltr_sink sink);

#endif
