/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TEST_PPROF_TRACED_H
#define LOITER_TEST_PPROF_TRACED_H

/*
 * Traces read back and held against what Chrome's trace event format says (the "Trace Event Format"
 * document), as far as our events go:
 *
 *   the document  an object with traceEvents; events are objects with ph, pid, tid, and name
 *   X             ts and dur, not below 0; two of one track do not overlap
 *   s, f          id; of each number one "s" and then one "f", at the same time; "s" lies in a slice of its
 *                 track, and a slice begins on the track of "f" at that time
 *   i             "CPU sample" with "s":"t", ts; it lies in a slice of its track
 *   M             thread_name once for each track that has slices; process_name once for each pid
 *   pid           1: goroutines, 2: threads, 3: processors, "Proc 0" and so on, if there are runs on any
 *
 * Whoever is not `whole` (records were lost) may have arrows that end nowhere.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <loiter/event.h>

struct traced {
	size_t slices; /* of goroutines */
	size_t runs;   /* of threads */
	size_t arrows;
	size_t tracks;
	/* Of goroutines, by what they did in them: numbered by reason, or by state if there is none. */
	uint64_t reason_ns[LTR_REASON_COUNT];
	uint64_t reason_count[LTR_REASON_COUNT];
	uint64_t state_ns[LTR_STATE_COUNT];
	uint64_t state_count[LTR_STATE_COUNT];
	uint64_t runs_ns;
	size_t samples;
	size_t samples_at_work; /* of these, in slices of who ran, or was in a blocking call */
	size_t processor_runs;
	uint64_t processor_ns;
};

/* Prints what is wrong. */
bool trace_is_valid(const char *json, size_t bytes, bool whole, struct traced *ret_traced);

#endif
