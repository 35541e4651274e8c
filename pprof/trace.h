/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_TRACE_H
#define LOITER_PPROF_TRACE_H

/*
 * A timeline in Chrome's trace event format (JSON), which Perfetto (ui.perfetto.dev) and
 * chrome://tracing open: one track for each goroutine, with a slice for each time in one state; one
 * for each thread of the runtime, with the goroutines that ran on it; arrows from who woke or
 * created to who was woken or created; and an instant for each sample of a CPU, on the track of who
 * ran. docs/profiles.md says what is in it.
 *
 * It is written step by step (struct ltr_steps) while the census comes to be. What is in memory
 * grows with the living goroutines, threads and different stacks, not with time.
 *
 * Events stand in the order in which they ended, samples in that in which they came; times are
 * microseconds with three decimals, from the beginning of the watching. Equal steps give equal
 * bytes.
 */

#include <stdbool.h>

#include <probe/census.h>

#include "sink.h"

struct ltr_trace;

/* Nothing is written yet. -ENOMEM. */
int ltr_trace_new(struct ltr_sink sink, bool gzip, struct ltr_trace **ret_trace);
struct ltr_trace *ltr_trace_free(struct ltr_trace *trace); /* takes NULL, returns NULL */

/* To be told of steps; errors are kept. */
struct ltr_steps ltr_trace_steps(struct ltr_trace *trace);

/*
 * The first thing that went wrong: -ENOMEM, or what the sink returned. After it nothing is written.
 */
int ltr_trace_error(const struct ltr_trace *trace);

/*
 * When there are no more steps: names, losses, and the end. Returns the error. The census is the
 * one that the steps were of.
 */
int ltr_trace_finish(struct ltr_trace *trace, const struct ltr_census *census);

#endif
