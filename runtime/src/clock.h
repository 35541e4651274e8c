/* SPDX-License-Identifier: MIT */
#ifndef LTR_CLOCK_H
#define LTR_CLOCK_H

/*
 * Two clocks: ticks, which are cheap and which readers convert (layout.h), and nanoseconds of
 * CLOCK_MONOTONIC for deadlines. And a coarse reading of the first that costs a load; the monitor
 * and whoever wakes up from an idle sleep renew it.
 */

#include <loiter/layout.h>
#include <loiter/time.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "arch.h"

#define LTR__COARSE_NS 10000000

extern enum ltr_clock ltr__clock;
extern uint64_t ltr__coarse_ticks;

static inline int64_t ltr__now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Whether there is no time to wait. */
static inline bool ltr__is_late(int64_t deadline_ns)
{
	return deadline_ns != LTR_FOREVER &&
	       (deadline_ns == LTR_NOW || deadline_ns <= ltr__now_ns());
}

static inline uint64_t ltr__ticks(void)
{
	return ltr__clock != LTR_CLOCK_MONOTONIC ? ltr__raw_ticks() : (uint64_t)ltr__now_ns();
}

static inline uint64_t ltr__coarse(void)
{
	return __atomic_load_n(&ltr__coarse_ticks, __ATOMIC_RELAXED);
}

static inline void ltr__coarse_renew(void)
{
	__atomic_store_n(&ltr__coarse_ticks, ltr__ticks(), __ATOMIC_RELAXED);
}

/* Choose the clock and take the pair of readings that layout.h publishes. */
void ltr__clock_init(uint64_t *ret_ticks, uint64_t *ret_ns);

#endif
