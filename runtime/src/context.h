/* SPDX-License-Identifier: MIT */
#ifndef LTR_CONTEXT_H
#define LTR_CONTEXT_H

/*
 * How parked goroutines wait for a context. A context as a deadline is a negative number
 * (ltr__until_context() in loiter/time.h); parking with it links the goroutine into a list of the
 * context instead of into a heap of timers, through the same bytes of its descriptor. So calls that
 * are given none, or a moment, know nothing of contexts and pay nothing.
 */

#include <loiter/context.h>

#include "scheduler.h"

/* For ltr__timer_arm(), once the goroutine is off its stack; it is made ready if the context is over. */
void ltr__context_enter(struct ltr__goroutine *goroutine, int64_t deadline_ns);
/* For ltr__timer_cancel(). */
void ltr__context_leave(struct ltr__goroutine *goroutine);

/* Sleep until a moment or the end of the context: 0, or the context's error. */
int ltr__context_sleep(struct ltr__goroutine *self, struct ltr_context *context,
		       int64_t deadline_ns);

#endif
