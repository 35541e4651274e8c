/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TIMER_H
#define LOITER_TIMER_H

/*
 * Timers and tickers: channels on which the time comes, and functions that are called when it has
 * come. Who only wants to wait for so long, or no longer than that, needs none of them: ltr_sleep(),
 * and the deadline that every call takes, cost less.
 *
 * While any of them is set there is one more goroutine, "timers" (a daemon). None of the calls
 * blocks; all must be made by a goroutine, and end the program with a message without memory. A
 * duration that is not positive means: at once.
 */

#include <stdbool.h>
#include <stdint.h>

#include <loiter/channel.h>
#include <loiter/declare.h>
#include <loiter/goroutine.h>
#include <loiter/time.h>

struct ltr_timer;
struct ltr_ticker;

/* On it comes the moment of ltr_now() at which it was sent. */
LTR_CHAN(ltr_moments, int64_t);

LTR__DECLARE_BEGIN

/*
 * A timer sends once on its channel when `duration_ns` are over. As in Go 1.23 nothing is received
 * from a timer that was stopped, and nothing from before a reset.
 *
 *	LTR_SCOPED_TIMER struct ltr_timer *timer = ltr_timer_new(LTR_SECOND);
 *	switch (ltr_select(LTR_FOREVER, LTR_RECV(in, &n), LTR_RECV(ltr_timer_channel(timer), NULL)))
 */
struct ltr_timer *ltr_timer_new(int64_t duration_ns);
/* The channel; the timer's own, gone with it. The nil channel for one with a function. */
ltr_moments_receiver ltr_timer_channel(const struct ltr_timer *timer);

/*
 * Call function(argument) in a goroutine of its own when `duration_ns` are over (Go's AfterFunc).
 * In there ltr_timer_free() of this very timer is allowed.
 */
#define ltr_timer_func(duration_ns, function, argument)                                  \
	({                                                                               \
		static const struct ltr_site ltr__site = {__FILE__, __func__, __LINE__}; \
		ltr__timer_func((duration_ns), (function), (argument), &ltr__site);      \
	})

/*
 * Stop it: true if it was set, and nothing will come of it any more. False: it has been received,
 * its function has been started, or it was stopped before.
 */
bool ltr_timer_stop(struct ltr_timer *timer);
/* Set it to `duration_ns` from now, whatever it was before; returns as ltr_timer_stop(). */
bool ltr_timer_reset(struct ltr_timer *timer, int64_t duration_ns);

/* Stop it and free it, its channel too: nobody may wait on that. Takes NULL. */
void ltr_timer_free(struct ltr_timer *timer);

/*
 * Go's `name := time.After(duration)`: a channel, `name`, that lives to the end of the block.
 *
 *	LTR_AFTER(too_late, 5 * LTR_SECOND);
 *	switch (ltr_select(LTR_FOREVER, LTR_RECV(in, &n), LTR_RECV(too_late, NULL)))
 */
#define LTR_AFTER(name, duration_ns)                                                  \
	LTR_SCOPED_TIMER struct ltr_timer *name##_timer = ltr_timer_new(duration_ns); \
	ltr_moments_receiver name = ltr_timer_channel(name##_timer)

/*
 * A ticker sends every `period_ns`, which must be positive (otherwise the program ends with a
 * message). A tick that nobody has received by the time of the next is the last one kept: for slow
 * receivers ticks are dropped, and the rest stay in step.
 */
struct ltr_ticker *ltr_ticker_new(int64_t period_ns);
ltr_moments_receiver ltr_ticker_channel(const struct ltr_ticker *ticker);
/* No more ticks, nor one from before. The channel is not closed. */
void ltr_ticker_stop(struct ltr_ticker *ticker);
/* Another period; the next tick comes when it is over. Also starts one that was stopped. */
void ltr_ticker_reset(struct ltr_ticker *ticker, int64_t period_ns);
/* Stop it and free it, its channel too: nobody may wait on that. Takes NULL. */
void ltr_ticker_free(struct ltr_ticker *ticker);

LTR__DECLARE_END

/* In front of a declaration: freed at the end of the block. */
#define LTR_SCOPED_TIMER  __attribute__((cleanup(ltr__timer_leave_scope)))
#define LTR_SCOPED_TICKER __attribute__((cleanup(ltr__ticker_leave_scope)))

static inline void ltr__timer_leave_scope(struct ltr_timer **timer)
{
	ltr_timer_free(*timer);
}

static inline void ltr__ticker_leave_scope(struct ltr_ticker **ticker)
{
	ltr_ticker_free(*ticker);
}

LTR__DECLARE_BEGIN
struct ltr_timer *ltr__timer_func(int64_t duration_ns, void (*function)(void *argument),
				  void *argument, const struct ltr_site *site);
LTR__DECLARE_END

#endif
