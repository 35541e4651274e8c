/* SPDX-License-Identifier: MIT */
#ifndef LTR_MONITOR_H
#define LTR_MONITOR_H

/*
 * The monitor: what has to happen although every processor is busy. It runs on the thread that
 * called ltr_run(), which runs no goroutines. Each tick renews the coarse clock, hands rings over
 * while somebody watches, and looks for goroutines that run for long without a scheduling step: it
 * marks them (LTR_GOROUTINE_LONG), lets others take what waits behind them, and keeps as many spare
 * processors at work (spare.h). After a second without any work it sleeps until ltr__monitor_wake().
 */

#include <stdbool.h>
#include <stdint.h>

extern uint32_t ltr__monitor_asleep;

void ltr__monitor_wake_slow(void);

static inline bool ltr__monitor_is_asleep(void)
{
	return __atomic_load_n(&ltr__monitor_asleep, __ATOMIC_RELAXED);
}

static inline void ltr__monitor_wake(void)
{
	if (__builtin_expect(ltr__monitor_is_asleep(), 0))
		ltr__monitor_wake_slow();
}

/* One tick; returns how long to wait for the next, in ns; -1: until woken. */
int64_t ltr__monitor_tick(void);

/*
 * Both sleeps may end at any time and with any result: others may have the thread make a system call of
 * theirs in between (layout.h, monitor_words).
 */

/* Tick until the word is not zero any more; ltr__monitor_stop() makes it so, and never blocks. */
void ltr__monitor_run(uint32_t *stop);
void ltr__monitor_stop(uint32_t *stop);

/*
 * Sleep until ltr__monitor_wake(), and not at all while a processor is in use or the word is not zero.
 * May return early.
 */
void ltr__monitor_sleep(const uint32_t *stop);

#endif
