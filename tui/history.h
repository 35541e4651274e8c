/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_HISTORY_H
#define LOITER_TUI_HISTORY_H

/*
 * The recent past of the census's counters, one sample a frame, for rates. Time is the census's own,
 * so that recordings and tests show what a live program shows.
 */

#include <stdbool.h>

#include "census.h"

#define LTR__HISTORY_SAMPLES 256

struct ltr__sample {
	uint64_t now_ns;
	uint64_t created;
	uint64_t exited;
	uint64_t events;
	uint64_t lost;
};

struct ltr__history {
	struct ltr__sample samples[LTR__HISTORY_SAMPLES]; /* a ring */
	size_t count;                                     /* ever added */
};

struct ltr__rates {
	bool is_known; /* two moments are needed */
	double created;
	double exited;
	double events;
};

/* A moment that is not later than the last one only replaces its counters. */
void ltr__history_add(struct ltr__history *history, const struct ltr_census_info *info);

/* Per second, over the last two seconds or so. */
struct ltr__rates ltr__history_rates(const struct ltr__history *history);

#endif
