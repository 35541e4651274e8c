/* SPDX-License-Identifier: MIT */

/* The monitor's long sleep: whoever finds it asleep wakes it, at whatever moment. */

#include "harness.h"

#include "monitor.h"

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

int main(void)
{
	no_wake_is_lost();
	a_stop_ends_it();
	return 0;
}
