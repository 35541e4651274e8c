/* SPDX-License-Identifier: MIT */

/*
 * The monitor's long sleep: whoever finds it asleep wakes it, at whatever moment. And what it makes of those
 * who watch, and of their silence.
 */

#include "harness.h"

#include "monitor.h"
#include "trace.h"

#include <pthread.h>

#define TURNS SCALED(100000)

static uint32_t turns; /* sleeps that have ended; atomic */
static uint32_t stop;

static void *sleep_again_and_again(void *nothing)
{
	for (int i = 0; i < TURNS; i++) {
		ltr__monitor_sleep(&stop);
		__atomic_fetch_add(&turns, 1, __ATOMIC_RELEASE);
	}
	return nothing;
}

/*
 * A wake-up that is lost is the last one: nobody finds it asleep again. Then this hangs. It comes at
 * all distances from the store that says it sleeps, a system call's length and more.
 */
static void no_wake_is_lost(void)
{
	pthread_t sleeper;

	expect(pthread_create(&sleeper, NULL, sleep_again_and_again, NULL) == 0);
	for (uint32_t i = 0; i < (uint32_t)TURNS; i++) {
		while (!__atomic_load_n(&ltr__monitor_asleep, __ATOMIC_ACQUIRE) &&
		       __atomic_load_n(&turns, __ATOMIC_ACQUIRE) == i)
			;
		for (volatile uint32_t wait = i % 512; wait; wait--)
			;
		while (__atomic_load_n(&turns, __ATOMIC_ACQUIRE) == i)
			ltr__monitor_wake();
	}
	expect(pthread_join(sleeper, NULL) == 0);
}

static void *stops(void *nothing)
{
	ltr__monitor_stop(&stop);
	return nothing;
}

static void a_stop_ends_it(void)
{
	for (int i = 0; i < SCALED(500); i++) {
		pthread_t stopper;

		stop = 0;
		expect(pthread_create(&stopper, NULL, stops, NULL) == 0);
		while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE))
			ltr__monitor_sleep(&stop);
		expect(pthread_join(stopper, NULL) == 0);
	}
}

/* Only its own silence counts against a watcher, not that of the one who had the slot before. */
static void who_takes_a_slot_again_is_heard(void)
{
	struct ltr_watch_slot *slot = &ltr__watch_slots[0];
	int64_t now_ns = 1000;

	*slot = (struct ltr_watch_slot){.pid = 1, .wants = LTR_WATCH_EVENTS, .heartbeat = 1};
	expect(ltr__trace_watchers(now_ns));
	slot->pid = 0;
	expect(!ltr__trace_watchers(now_ns + 1));
	now_ns += 2 * (int64_t)LTR_WATCH_TIMEOUT_NS;
	slot->pid = 2;
	expect(ltr__trace_watchers(now_ns));
	expect(ltr__trace_watchers(now_ns + (int64_t)LTR_WATCH_TIMEOUT_NS));
	expect(!ltr__trace_watchers(now_ns + (int64_t)LTR_WATCH_TIMEOUT_NS + 1));
	expect(slot->pid == 0);
}

int main(void)
{
	who_takes_a_slot_again_is_heard();
	no_wake_is_lost();
	a_stop_ends_it();
	return 0;
}
