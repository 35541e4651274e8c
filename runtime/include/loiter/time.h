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

/* The deadline that a call was given, or LTR_FOREVER if it was left out. */
#define LTR__DEADLINE(...)     LTR__FIRST(__VA_ARGS__ __VA_OPT__(, ) LTR_FOREVER, 0)
#define LTR__FIRST(first, ...) (first)

LTR__DECLARE_BEGIN

/* The monotonic clock. From any thread; never blocks. */
int64_t ltr_now(void);

/* The deadline that lies `duration_ns` from now; LTR_FOREVER where that does not fit. */
int64_t ltr_after(int64_t duration_ns);

/*
 * Let others run for at least `duration_ns`; returns at once if that is not positive. How much later
 * it wakes up depends on what else runs (see docs/runtime.md, "Timers").
 */
void ltr_sleep(int64_t duration_ns);

/* The same, until a moment of ltr_now(). LTR_FOREVER never returns. */
void ltr_sleep_until(int64_t deadline_ns);

LTR__DECLARE_END

#endif
