/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TIME_H
#define LOITER_TIME_H

/* Time, deadlines and sleeping. All times are nanoseconds. */

#include <stdint.h>

#include <loiter/declare.h>

#define LTR_NANOSECOND  INT64_C(1)
#define LTR_MICROSECOND INT64_C(1000)
#define LTR_MILLISECOND INT64_C(1000000)
#define LTR_SECOND      INT64_C(1000000000)
#define LTR_MINUTE      (60 * LTR_SECOND)

/* Deadlines. LTR_NOW: do not wait; the call does what can be done at once, else -ETIMEDOUT. */
#define LTR_NOW     INT64_C(0)
#define LTR_FOREVER INT64_MAX

/*
 * Wherever a deadline is asked for, a `struct ltr_context *` may stand instead (<loiter/context.h>):
 * the call then waits until the context is over, and returns its error: -ECANCELED, or -ETIMEDOUT
 * if it was the context's deadline. To the library a context is a negative deadline.
 */
struct ltr_context;

static inline int64_t ltr__until_moment(int64_t deadline_ns)
{
	return deadline_ns < 0 ? LTR_NOW : deadline_ns;
}

static inline int64_t ltr__until_context(const struct ltr_context *context)
{
	return context ? INT64_MIN | (int64_t)((uintptr_t)context >> 1) : LTR_FOREVER;
}

#ifdef __cplusplus
static inline int64_t ltr__until(int64_t deadline_ns)
{
	return ltr__until_moment(deadline_ns);
}

static inline int64_t ltr__until(const struct ltr_context *context)
{
	return ltr__until_context(context);
}
#define LTR__UNTIL(until) ltr__until(until)
#else
#define LTR__UNTIL(until)                      \
	_Generic((until), struct ltr_context * \
		 : ltr__until_context, default \
		 : ltr__until_moment)(until)
#endif

/* What a call that may be given a deadline or context was given, LTR_FOREVER if it was left out. */
#define LTR__DEADLINE(...)     LTR__UNTIL(LTR__FIRST(__VA_ARGS__ __VA_OPT__(, ) LTR_FOREVER, 0))
#define LTR__FIRST(first, ...) (first)

LTR__DECLARE_BEGIN

/* The monotonic clock. From any thread; never blocks. */
int64_t ltr_now(void);

/* The deadline that lies `duration_ns` from now; LTR_FOREVER where that does not fit. */
int64_t ltr_after(int64_t duration_ns);

/*
 * Let others run for at least `duration_ns`; returns at once if that is not positive. How much later
 * it wakes up depends on what else runs (see docs/runtime.md, "Timers"). Returns 0; or, if it was
 * given a context that is over, or comes to be before the time is, the context's error:
 *
 *	if (ltr_sleep(LTR_SECOND, context) < 0)
 *		return;
 */
#define ltr_sleep(duration_ns, ...) ltr__sleep((duration_ns), LTR__CONTEXT(__VA_ARGS__))
int ltr__sleep(int64_t duration_ns, struct ltr_context *context);

/* The same, until a moment of ltr_now(). LTR_FOREVER never returns, but for a context. */
#define ltr_sleep_until(deadline_ns, ...) ltr__sleep_until((deadline_ns), LTR__CONTEXT(__VA_ARGS__))
int ltr__sleep_until(int64_t deadline_ns, struct ltr_context *context);

/* The context that a call was given, or none. */
#define LTR__CONTEXT(...) LTR__FIRST(__VA_ARGS__ __VA_OPT__(, ) LTR__NO_CONTEXT, 0)
#define LTR__NO_CONTEXT   ((struct ltr_context *)0)

LTR__DECLARE_END

#endif
