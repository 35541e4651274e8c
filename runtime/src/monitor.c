/* SPDX-License-Identifier: MIT */

/* See monitor.h. */

#include "monitor.h"

#include "clock.h"
#include "futex.h"
#include "poller.h"
#include "scheduler.h"
#include "timer.h"
#include "trace.h"

#define TICK_NS          (LTR__COARSE_NS / 2)
#define TICK_WATCHED_NS  2000000
#define IDLE_TICKS_AWAKE 200

uint32_t ltr__monitor_asleep;
static uint32_t *monitor_word;
static uint32_t idle_ticks;

void ltr__monitor_wake_slow(void)
{
	if (__atomic_exchange_n(&ltr__monitor_asleep, 0, __ATOMIC_ACQ_REL))
		syscall(SYS_futex, monitor_word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/*
 * Work that a busy processor has not come to since the last tick, while others are idle: let them
 * have it, the freshly woken one too.
 */
static bool look_at_queues(void)
{
	bool waiting = false;

	for (uint32_t i = 0; i < ltr__sched.processor_count; i++) {
		struct ltr__processor *processor = &ltr__sched.processors[i];
		uint32_t tick = __atomic_load_n(&processor->tick, __ATOMIC_RELAXED);

		if (tick == processor->monitor_tick) {
			if (__atomic_load_n(&processor->queue.slot, __ATOMIC_RELAXED))
				__atomic_store_n(&processor->queue.slot_stale, 1, __ATOMIC_RELAXED);
			waiting |= !ltr__runqueue_empty(&processor->queue);
		}
		processor->monitor_tick = tick;
	}
	return waiting;
}

int64_t ltr__monitor_tick(void)
{
	int64_t now_ns = ltr__now_ns();
	bool watched = ltr__trace_watchers(now_ns) != 0;
	uint32_t idle = __atomic_load_n(&ltr__sched.idle_count, __ATOMIC_RELAXED);

	ltr__coarse_renew();
	if (__atomic_load_n(&ltr__watch.events_kernel, __ATOMIC_RELAXED))
		ltr__trace_flush_all();
	if (idle &&
	    (look_at_queues() || (!__atomic_load_n(&ltr__sched.poller, __ATOMIC_RELAXED) &&
				  (ltr__timer_next() <= now_ns ||
				   __atomic_load_n(&ltr__sched.net_waits, __ATOMIC_RELAXED)))))
		ltr__wake_processor();
	if (watched) {
		idle_ticks = 0;
		return TICK_WATCHED_NS;
	}
	if (idle < ltr__sched.processor_count)
		idle_ticks = 0;
	else if (++idle_ticks > IDLE_TICKS_AWAKE)
		return -1;
	return TICK_NS;
}

void ltr__monitor_run(uint32_t *word)
{
	monitor_word = word;
	while (!__atomic_load_n(word, __ATOMIC_ACQUIRE)) {
		int64_t wait_ns = ltr__monitor_tick();
		struct timespec timeout = {wait_ns / 1000000000, wait_ns % 1000000000};

		if (wait_ns < 0) {
			__atomic_store_n(&ltr__monitor_asleep, 1, __ATOMIC_SEQ_CST);
			/* Somebody may have begun to run just before that. */
			if (__atomic_load_n(&ltr__sched.idle_count, __ATOMIC_SEQ_CST) <
			    ltr__sched.processor_count)
				__atomic_store_n(&ltr__monitor_asleep, 0, __ATOMIC_RELAXED);
		}
		if (wait_ns >= 0 || ltr__monitor_asleep)
			syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, 0,
				wait_ns < 0 ? NULL : &timeout, NULL, 0);
		__atomic_store_n(&ltr__monitor_asleep, 0, __ATOMIC_RELAXED);
	}
}
