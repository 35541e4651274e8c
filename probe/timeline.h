/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TIMELINE_H
#define LOITER_TIMELINE_H

/*
 * What a recording is like from its beginning to its end, known once it has been read: what a person
 * needs to see to choose a moment. Samples are in order of time; there are at most
 * LTR_TIMELINE_SAMPLES, however long the recording is.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <loiter/event.h>

#include "census.h"

#define LTR_TIMELINE_SAMPLES 4096

struct ltr_timeline_sample {
	uint64_t now_ns;
	uint64_t created;
	uint64_t exited;
	uint64_t events;
	uint64_t lost; /* until then, as in struct ltr_census_info */
	uint64_t by_state[LTR_STATE_COUNT];
};

/* Of a census as it is. */
struct ltr_timeline_sample ltr_timeline_sample_of(const struct ltr_census_info *info);

struct ltr_timeline {
	uint64_t
		begin_ns; /* the first moment that can be shown, and the last: CLOCK_MONOTONIC of */
	uint64_t end_ns;  /* the program's machine, as all times of a census */
	const struct ltr_timeline_sample *samples;
	size_t count;
	bool cut; /* the recording has no end: more has happened */
};

#endif
