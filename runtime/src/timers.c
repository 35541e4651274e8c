/* SPDX-License-Identifier: MIT */

/*
 * Timers and tickers: alarms (alarm.h) that send on a channel of one place or start a goroutine.
 * Both handles are one structure under two names. Sending happens with all alarms locked, so
 * who stops an alarm under that lock, and then empties the channel, knows that nothing is left of it.
 */

#include <loiter/timer.h>
#include <stdlib.h>

#include "alarm.h"
#include "clock.h"
#include "fatal.h"
#include "scheduler.h"

struct timer {
	struct ltr__alarm alarm; /* first: what rings is the timer */
	int64_t period_ns;       /* 0: once */
	ltr_moments channel;     /* nil: there is a function */
	void (*function)(void *argument);
	void *argument;
	const struct ltr_site *site;
	struct ltr_labels *labels; /* of who made it, for the goroutine of its function */
};

struct ltr_timer {
	struct timer timer;
};

struct ltr_ticker {
	struct timer timer;
};

struct function_call {
	void (*function)(void *argument);
	void *argument;
};

static void call_function(void *argument)
{
	struct function_call *call = argument;

	call->function(call->argument);
}

/* The tick after `at_ns` that is not over yet; ticks stay in step. */
static int64_t next_tick(int64_t at_ns, int64_t period_ns, int64_t now_ns)
{
	int64_t periods = 1 + (now_ns - at_ns) / period_ns, step_ns;

	if (__builtin_mul_overflow(periods, period_ns, &step_ns) ||
	    __builtin_add_overflow(at_ns, step_ns, &at_ns))
		return LTR_FOREVER;
	return at_ns;
}

/* With the labels of who made the timer: they are not those of the goroutine that rings. */
static void start_function(const struct timer *timer)
{
	struct function_call call = {timer->function, timer->argument};
	struct ltr__goroutine *self = ltr__self()->current;
	struct ltr_labels *own = self->labels;

	__atomic_store_n(&self->labels, timer->labels, __ATOMIC_RELEASE);
	ltr__go(NULL, timer->site, call_function, &call, sizeof(call));
	__atomic_store_n(&self->labels, own, __ATOMIC_RELEASE);
}

static void ring(struct ltr__alarm *alarm, int64_t now_ns)
{
	struct timer *timer = (struct timer *)alarm;

	if (timer->period_ns)
		ltr__alarm_set(alarm, next_tick(alarm->at_ns, timer->period_ns, now_ns));
	if (timer->function) {
		start_function(timer);
	} else {
		/* no place: the one before has not been received, this one is dropped */
		(void)ltr_send(timer->channel, now_ns, LTR_NOW);
	}
}

static struct timer *new_timer(int64_t duration_ns, int64_t period_ns,
			       void (*function)(void *argument), void *argument,
			       const struct ltr_site *site)
{
	struct timer *timer = calloc(1, sizeof(*timer));

	if (!timer)
		ltr__fatal("out of memory: a timer");
	timer->alarm.ring = ring;
	timer->period_ns = period_ns;
	timer->function = function;
	timer->argument = argument;
	timer->site = site;
	if (function)
		timer->labels = ltr__labels_ref(ltr__self()->current->labels);
	else
		timer->channel = ltr_make(ltr_moments, 1);
	ltr__alarms_lock();
	ltr__alarm_set(&timer->alarm, ltr_after(duration_ns));
	ltr__alarms_unlock();
	return timer;
}

/* Stop it, then set it again if that is asked for (duration_ns not negative): one step to others. */
static bool change(struct timer *timer, int64_t duration_ns, int64_t period_ns)
{
	bool was_set;

	ltr__alarms_lock();
	was_set = ltr__alarm_stop(&timer->alarm);
	if (timer->channel.chan && ltr_recv(timer->channel, NULL, LTR_NOW) == 0)
		was_set = true; /* nobody will know that it had sent */
	timer->period_ns = period_ns;
	if (duration_ns >= 0)
		ltr__alarm_set(&timer->alarm, ltr_after(duration_ns));
	ltr__alarms_unlock();
	return was_set;
}

static void free_timer(struct timer *timer)
{
	change(timer, -1, 0);
	ltr_free(timer->channel);
	ltr__labels_unref(timer->labels);
	free(timer);
}

/* --- timers ------------------------------------------------------------------------------------- */

struct ltr_timer *ltr_timer_new(int64_t duration_ns)
{
	return (struct ltr_timer *)new_timer(duration_ns, 0, NULL, NULL, NULL);
}

struct ltr_timer *ltr__timer_func(int64_t duration_ns, void (*function)(void *argument),
				  void *argument, const struct ltr_site *site)
{
	if (!function)
		ltr__fatal("ltr_timer_func: the function is NULL");
	return (struct ltr_timer *)new_timer(duration_ns, 0, function, argument, site);
}

ltr_moments_receiver ltr_timer_channel(const struct ltr_timer *timer)
{
	return timer->timer.channel.receiver;
}

bool ltr_timer_stop(struct ltr_timer *timer)
{
	return change(&timer->timer, -1, 0);
}

bool ltr_timer_reset(struct ltr_timer *timer, int64_t duration_ns)
{
	return change(&timer->timer, duration_ns < 0 ? 0 : duration_ns, 0);
}

void ltr_timer_free(struct ltr_timer *timer)
{
	if (timer)
		free_timer(&timer->timer);
}

/* --- tickers ------------------------------------------------------------------------------------ */

static void check_period(int64_t period_ns)
{
	if (period_ns <= 0)
		ltr__fatal("non-positive interval for a ticker");
}

struct ltr_ticker *ltr_ticker_new(int64_t period_ns)
{
	check_period(period_ns);
	return (struct ltr_ticker *)new_timer(period_ns, period_ns, NULL, NULL, NULL);
}

ltr_moments_receiver ltr_ticker_channel(const struct ltr_ticker *ticker)
{
	return ticker->timer.channel.receiver;
}

void ltr_ticker_stop(struct ltr_ticker *ticker)
{
	change(&ticker->timer, -1, 0);
}

void ltr_ticker_reset(struct ltr_ticker *ticker, int64_t period_ns)
{
	check_period(period_ns);
	change(&ticker->timer, period_ns, period_ns);
}

void ltr_ticker_free(struct ltr_ticker *ticker)
{
	if (ticker)
		free_timer(&ticker->timer);
}
