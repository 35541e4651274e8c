/* SPDX-License-Identifier: MIT */
#ifndef LTR_CLOCK_H
#define LTR_CLOCK_H

/*
 * Two clocks: ticks, which are cheap and which readers convert (layout.h), and nanoseconds of
 * CLOCK_MONOTONIC for deadlines. In a seeded run (seed.h) the second is virtual: it moves only when
 * it is told to; ticks stay real, as outsiders compare them with clocks of their own. And a coarse reading of the first that costs a load; the monitor
 * and whoever wakes up from an idle sleep renew it.
 */

#include <errno.h>
#include <loiter/layout.h>
#include <loiter/time.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "arch.h"

#define LTR__COARSE_NS 10000000

extern enum ltr_clock ltr__clock;
extern uint64_t ltr__coarse_ticks;
/* Set before there are threads. */
extern bool ltr__clock_is_virtual;
/* Atomic: moved by who holds the one processor, or waits in its place. */
extern int64_t ltr__virtual_ns;

static inline int64_t ltr__real_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline int64_t ltr__now_ns(void)
{
	if (__builtin_expect(ltr__clock_is_virtual, 0))
		return __atomic_load_n(&ltr__virtual_ns, __ATOMIC_RELAXED);
	return ltr__real_ns();
}

static inline void ltr__clock_advance(int64_t ns)
{
	__atomic_fetch_add(&ltr__virtual_ns, ns, __ATOMIC_RELAXED);
}

/* The error of the context that a negative deadline is (context.c); 0 while it is not over. */
int ltr__context_over(int64_t deadline_ns);

/* Whether there is no time to wait. */
static inline bool ltr__is_late(int64_t deadline_ns)
{
	if (deadline_ns == LTR_FOREVER)
		return false;
	if (deadline_ns < 0)
		return ltr__context_over(deadline_ns) != 0;
	return deadline_ns == LTR_NOW || deadline_ns <= ltr__now_ns();
}

/* What a call returns that has waited until then, or that was late. */
static inline int ltr__gave_up(int64_t deadline_ns)
{
	return deadline_ns < 0 ? ltr__context_over(deadline_ns) : -ETIMEDOUT;
}

/* The moment at which to look again, if the deadline is not sooner. It wins over a context, which is to
 * be asked at each look (ltr__is_late()). */
static inline int64_t ltr__sooner(int64_t look_ns, int64_t deadline_ns)
{
	return deadline_ns < 0 || look_ns < deadline_ns ? look_ns : deadline_ns;
}

static inline uint64_t ltr__ticks(void)
{
	return ltr__clock != LTR_CLOCK_MONOTONIC ? ltr__raw_ticks() : (uint64_t)ltr__real_ns();
}

static inline uint64_t ltr__coarse(void)
{
	return __atomic_load_n(&ltr__coarse_ticks, __ATOMIC_RELAXED);
}

static inline void ltr__coarse_renew(void)
{
	__atomic_store_n(&ltr__coarse_ticks, ltr__ticks(), __ATOMIC_RELAXED);
}

/* From now on time is virtual, and begins where it always does. */
void ltr__clock_be_virtual(void);

/* Choose the clock and take the pair of readings that layout.h publishes. */
void ltr__clock_init(uint64_t *ret_ticks, uint64_t *ret_ns);

#endif
