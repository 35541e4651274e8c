/* SPDX-License-Identifier: MIT */
#ifndef LTR_TIMER_H
#define LTR_TIMER_H

/*
 * Deadlines of parked goroutines: a 4-ary heap in each processor, under its timer_lock. A timer that
 * fires claims its goroutine (ltr__claim) under that lock, so whoever cancels knows that it is over.
 */

#include "scheduler.h"

/* Arm; then make sure that somebody will look in time. Called once the goroutine is off its stack.
 * A negative deadline is a context (time.h), which does the same in its own way (context.h). */
void ltr__timer_arm(struct ltr__processor *processor, struct ltr__goroutine *goroutine,
		    int64_t deadline_ns);

/* After a wake-up by somebody else; does nothing if it has fired or was not armed. */
void ltr__timer_cancel(struct ltr__goroutine *goroutine);

/*
 * Take all goroutines whose deadline has come and that nobody else has claimed off the heap, linked
 * by next; returns how many. The caller makes them ready.
 */
uint32_t ltr__timer_expire(struct ltr__processor *processor, int64_t now_ns,
			   struct ltr__goroutine **ret_first);

/* The earliest deadline of all processors; INT64_MAX: none. A hint. */
int64_t ltr__timer_next(void);

#endif
