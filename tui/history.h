/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_HISTORY_H
#define LOITER_TUI_HISTORY_H

/*
 * The recent past of the census's counters and of what the program and loiter cost, for rates and
 * charts. Three rings of the same length, each coarser than the one before: about a minute, twelve
 * minutes, and an hour and a half. Time is the census's own, so that recordings and tests show what a
 * live program shows. The size is fixed, however long the program is watched.
 */

#include <stdbool.h>
#include <stddef.h>

#include "census.h"
#include "timeline.h"
#include "tui.h"

#define LTR__HISTORY_SAMPLES 360

enum ltr__range { LTR__RANGE_MINUTE, LTR__RANGE_MINUTES, LTR__RANGE_HOUR, LTR__RANGE_COUNT };

struct ltr__sample {
	uint64_t now_ns;
	uint64_t created;
	uint64_t exited;
	uint64_t events;
	uint64_t lost;
	uint64_t by_state[LTR_STATE_COUNT];
	uint64_t queued;    /* times in a run queue, if the census keeps them; else 0 */
	uint64_t queued_ns; /* their sum */
	struct ltr_tui_usage usage;
};

struct ltr__samples {
	struct ltr__sample ring[LTR__HISTORY_SAMPLES];
	size_t count; /* ever added */
};

struct ltr__history {
	struct ltr__samples range[LTR__RANGE_COUNT];
};

struct ltr__rates {
	bool is_known; /* two moments are needed */
	double created;
	double exited;
	double events;
};

/*
 * A moment that is not later than the last one only replaces its counters. `usage` may be NULL: not
 * known.
 */
void ltr__history_add(struct ltr__history *history, const struct ltr_census *census,
		      const struct ltr_tui_usage *usage);

/* A moment of a recording. */
void ltr__history_add_sample(struct ltr__history *history,
			     const struct ltr_timeline_sample *moment);

/* Per second, over the last two seconds or so. */
struct ltr__rates ltr__history_rates(const struct ltr__history *history);

/* How far apart the columns of a chart of this range are. */
uint64_t ltr__range_step_ns(enum ltr__range range);

/* The last sample of a range; NULL: there is none yet. */
const struct ltr__sample *ltr__history_last(const struct ltr__history *history,
					    enum ltr__range range);

/*
 * The sample that was the last one at a time, and the one before it (NULL: none, or forgotten).
 * NULL if the time is before all that is remembered.
 */
const struct ltr__sample *ltr__history_at(const struct ltr__history *history, enum ltr__range range,
					  uint64_t time_ns, const struct ltr__sample **ret_before);

/* How many a second between two samples of something that only grows. */
double ltr__rate(uint64_t before, uint64_t after, uint64_t ns);

#endif
