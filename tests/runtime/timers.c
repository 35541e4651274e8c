/* SPDX-License-Identifier: MIT */

/* Timers, tickers and functions of timers, as rules (what Go's time/sleep_test.go and tick_test.go
 * demand, with the rules of Go 1.23 for stop and reset). */

#include "harness.h"

LTR_CHAN(numbers, int);

static bool is_empty(ltr_moments_receiver channel)
{
	return ltr_recv(channel, NULL, LTR_NOW) == -ETIMEDOUT;
}

/* Until what is due by then has been sent; alarms ring in order. */
static void wait_for_another(int64_t duration_ns)
{
	LTR_AFTER(another, duration_ns);
	expect(ltr_recv(another, NULL) == 0);
}

static int a_timer_comes_once_and_not_early(int argc, char **argv)
{
	int64_t before_ns = ltr_now(), at_ns;
	LTR_SCOPED_TIMER struct ltr_timer *timer = ltr_timer_new(2 * LTR_MILLISECOND);

	(void)argc, (void)argv;
	expect(ltr_recv(ltr_timer_channel(timer), &at_ns) == 0);
	expect(at_ns - before_ns >= 2 * LTR_MILLISECOND && at_ns <= ltr_now());
	expect(!ltr_timer_stop(timer) && is_empty(ltr_timer_channel(timer)));
	return 0;
}

static int timers_come_in_order(int argc, char **argv)
{
	enum { COUNT = 100, STEP = 37 };
	static struct ltr_timer *timers[COUNT];
	int64_t at_ns, last_ns = 0;

	(void)argc, (void)argv;
	for (int i = 0; i < COUNT; i++)
		timers[i] = ltr_timer_new(LTR_MINUTE);
	for (int i = 0; i < COUNT; i++) /* from all over the heap */
		ltr_timer_reset(timers[i * STEP % COUNT], LTR_MILLISECOND + i);
	for (int i = 0; i < COUNT; i++) {
		expect(ltr_recv(ltr_timer_channel(timers[i * STEP % COUNT]), &at_ns) == 0);
		expect(at_ns >= last_ns);
		last_ns = at_ns;
	}
	for (int i = 0; i < COUNT; i++)
		ltr_timer_free(timers[i]);
	ltr_timer_free(NULL);
	return 0;
}

/* What stop and reset return, and what is left in the channel, by the state that the timer is in. */
static int stop_and_reset(int argc, char **argv)
{
	static const struct {
		enum { SET, SENT, RECEIVED, STOPPED } state;
		bool was_set;
	} table[] = {{SET, true}, {SENT, true}, {RECEIVED, false}, {STOPPED, false}};

	(void)argc, (void)argv;
	for (size_t i = 0; i < 2 * sizeof(table) / sizeof(table[0]); i++) {
		bool is_set = table[i / 2].state == SET || table[i / 2].state == STOPPED;
		struct ltr_timer *timer = ltr_timer_new(is_set ? LTR_MINUTE : 0);
		ltr_moments_receiver channel = ltr_timer_channel(timer);

		if (table[i / 2].state == STOPPED)
			expect(ltr_timer_stop(timer));
		else if (!is_set)
			wait_for_another(0);
		if (table[i / 2].state == RECEIVED)
			expect(ltr_recv(channel, NULL) == 0);
		if (i % 2) {
			int64_t now_ns = ltr_now(), at_ns;

			expect(ltr_timer_reset(timer, LTR_MILLISECOND) == table[i / 2].was_set);
			expect(ltr_recv(channel, &at_ns) == 0);
			expect(at_ns - now_ns >= LTR_MILLISECOND); /* not the one from before */
		} else {
			expect(ltr_timer_stop(timer) == table[i / 2].was_set);
			expect(is_empty(channel));
		}
		ltr_timer_free(timer);
	}
	while (ltr_count() > 1)
		ltr_yield();
	return 0;
}

static int after_is_a_channel(int argc, char **argv)
{
	numbers c = ltr_make(numbers, 0);

	(void)argc, (void)argv;
	for (int i = 0; i < 10; i++) {
		int n;

		LTR_AFTER(too_late, LTR_MILLISECOND);
		LTR_AFTER(much_too_late, LTR_MINUTE);
		expect(ltr_select(LTR_FOREVER, LTR_RECV(c, &n), LTR_RECV(much_too_late, NULL),
				  LTR_RECV(too_late, NULL)) == 2);
	}
	ltr_free(c);
	return 0;
}

struct called {
	numbers done;
	uint64_t parent;
	int64_t count;
};

static void note_call(void *argument)
{
	struct called *called = argument;

	expect(ltr_id() != called->parent);
	ltr_send(called->done, 1);
}

static int functions_are_called(int argc, char **argv)
{
	struct called called = {ltr_make(numbers, 0), ltr_id(), 0};
	struct ltr_timer *timer = ltr_timer_func(LTR_MILLISECOND, note_call, &called);
	struct ltr_timer *stopped = ltr_timer_func(LTR_MINUTE, note_call, &called);

	(void)argc, (void)argv;
	expect(!ltr_timer_channel(timer).chan);
	expect(ltr_timer_stop(stopped) && !ltr_timer_stop(stopped));
	expect(ltr_recv(called.done, NULL) == 0);
	expect(!ltr_timer_stop(timer) && !ltr_timer_reset(timer, 0));
	expect(ltr_recv(called.done, NULL) == 0);
	expect(!ltr_timer_reset(stopped, -7));
	expect(ltr_recv(called.done, NULL) == 0);
	ltr_timer_free(timer);
	ltr_timer_free(stopped);
	ltr_free(called.done);
	return 0;
}

static struct ltr_timer *chain;
static int links;
static numbers chain_done;

static void next_link(void *argument)
{
	if (++links < 100) {
		ltr_timer_reset(chain, 0);
		return;
	}
	ltr_timer_free(chain);
	ltr_send((numbers){.chan = argument}, 1);
}

static int functions_may_reset_and_free_their_timer(int argc, char **argv)
{
	(void)argc, (void)argv;
	chain_done = ltr_make(numbers, 0);
	chain = ltr_timer_func(LTR_MINUTE, next_link, chain_done.chan);
	ltr_timer_reset(chain, 0);
	expect(ltr_recv(chain_done, NULL) == 0 && links == 100);
	ltr_free(chain_done);
	return 0;
}

static int a_ticker_ticks_in_step(int argc, char **argv)
{
	enum { PERIOD_NS = 200000 };
	int64_t before_ns = ltr_now(), at_ns, last_ns = 0;
	LTR_SCOPED_TICKER struct ltr_ticker *ticker = ltr_ticker_new(PERIOD_NS);

	(void)argc, (void)argv;
	for (int i = 0; i < 20; i++) {
		expect(ltr_recv(ltr_ticker_channel(ticker), &at_ns) == 0);
		expect(at_ns > last_ns && at_ns - before_ns >= (int64_t)i * PERIOD_NS);
		last_ns = at_ns;
	}
	ltr_ticker_stop(ticker);
	ltr_ticker_stop(ticker);
	expect(is_empty(ltr_ticker_channel(ticker)));
	while (ltr_count() > 1)
		ltr_yield();
	ltr_ticker_reset(ticker, PERIOD_NS / 2);
	expect(ltr_recv(ltr_ticker_channel(ticker), NULL) == 0);
	ltr_ticker_reset(ticker, LTR_MINUTE);
	expect(is_empty(ltr_ticker_channel(ticker)));
	return 0;
}

static int a_slow_receiver_loses_ticks(int argc, char **argv)
{
	struct ltr_ticker *ticker = ltr_ticker_new(100 * LTR_MICROSECOND);
	ltr_moments_receiver channel = ltr_ticker_channel(ticker);
	int64_t rested_ns, at_ns = 0;

	(void)argc, (void)argv;
	wait_for_another(5 * LTR_MILLISECOND); /* fifty ticks */
	rested_ns = ltr_now();
	/* One was kept, one may be under way; the third has been sent since. */
	for (int i = 0; i < 3; i++)
		expect(ltr_recv(channel, &at_ns) == 0);
	expect(at_ns >= rested_ns);
	ltr_ticker_free(ticker);
	ltr_ticker_free(NULL);
	return 0;
}

/* Even a ticker that is always late lets others run. */
static int a_ticker_without_pause(int argc, char **argv)
{
	struct ltr_ticker *ticker = ltr_ticker_new(1);

	(void)argc, (void)argv;
	for (int i = 0; i < 100; i++)
		expect(ltr_recv(ltr_ticker_channel(ticker), NULL) == 0);
	ltr_sleep(LTR_MICROSECOND);
	ltr_ticker_free(ticker);
	return 0;
}

static int no_period(int argc, char **argv)
{
	(void)argc, (void)argv;
	ltr_ticker_new(0);
	return 0;
}

static void set_and_stop(struct ltr_waitgroup **done)
{
	uint64_t state = rule_seed + ltr_id();

	for (int i = 0; i < SCALED(3000); i++) {
		struct ltr_timer *timer =
			ltr_timer_new((int64_t)(rule_random(&state) % 50) * LTR_MICROSECOND);
		ltr_moments_receiver channel = ltr_timer_channel(timer);

		switch (rule_random(&state) % 3) {
		case 0:
			expect(ltr_recv(channel, NULL) == 0);
			break;
		case 1: /* either it is stopped in time, or it has to be received */
			ltr_yield();
			expect(ltr_timer_stop(timer));
			expect(is_empty(channel));
			break;
		default:
			ltr_timer_reset(timer, (int64_t)(rule_random(&state) % 30) * 1000);
			expect(ltr_recv(channel, NULL) == 0);
			expect(!ltr_timer_stop(timer));
			break;
		}
		ltr_timer_free(timer);
	}
	ltr_waitgroup_done(*done);
}

static int timers_of_many(int argc, char **argv)
{
	struct ltr_waitgroup done = {0};

	(void)argc, (void)argv;
	ltr_waitgroup_add(&done, 20);
	for (int i = 0; i < 20; i++)
		ltr_go(set_and_stop, &done);
	ltr_waitgroup_wait(&done);
	while (ltr_count() > 1)
		ltr_yield();
	return 0;
}

static int a_stopped_timer_is_no_reason_to_wait(int argc, char **argv)
{
	LTR_SCOPED_TIMER struct ltr_timer *timer = ltr_timer_new(LTR_MINUTE);

	(void)argc, (void)argv;
	ltr_yield();
	ltr_timer_stop(timer);
	return ltr_recv(ltr_timer_channel(timer), NULL);
}

int main(void)
{
	static const struct rule rules[] = {
		RULE(a_timer_comes_once_and_not_early),
		RULE(timers_come_in_order),
		RULE(stop_and_reset),
		RULE(after_is_a_channel),
		RULE(functions_are_called),
		RULE(functions_may_reset_and_free_their_timer),
		RULE(a_ticker_ticks_in_step),
		RULE(a_slow_receiver_loses_ticks),
		RULE(a_ticker_without_pause),
		RULE(timers_of_many),
		FATAL_RULE(no_period, "non-positive interval for a ticker"),
		FATAL_RULE(a_stopped_timer_is_no_reason_to_wait, "all goroutines are asleep"),
	};

	return run_rules(rules, sizeof(rules) / sizeof(rules[0]));
}
