/* SPDX-License-Identifier: MIT */

/* See monitor.h. */

#include "monitor.h"

#include "clock.h"
#include "futex.h"
#include "idle.h"
#include "poller.h"
#include "spare.h"
#include "timer.h"
#include "trace.h"

#define TICK_NS          (LTR__COARSE_NS / 2)
#define TICK_WATCHED_NS  2000000
#define LTR__LONG_NS     10000000
#define IDLE_TICKS_AWAKE 200

uint32_t ltr__monitor_asleep;
static uint32_t *monitor_word;
static uint32_t idle_ticks;

void ltr__monitor_wake_slow(void)
{
	if (__atomic_exchange_n(&ltr__monitor_asleep, 0, __ATOMIC_ACQ_REL))
		syscall(SYS_futex, monitor_word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* Whose processor is whose: owners[i] has processors[i]; NULL: idle. Under the scheduler's lock. */
static void find_owners(struct ltr__thread *owners[LTR__PROCESSOR_MAX])
{
	for (uint32_t i = 0; i < ltr__sched.thread_count; i++) {
		struct ltr__processor *processor = ltr__sched.threads[i].processor;

		if (processor)
			owners[processor->index] = &ltr__sched.threads[i];
	}
}

/*
 * The mark on who runs for long. Between our look and the mark it may have come to a step: then the
 * mark is wrong until the next tick, which layout.h allows for. Descriptors are never unmapped.
 */
static void mark(struct ltr__processor *processor, struct ltr__goroutine *goroutine)
{
	if (processor->monitor_marked == goroutine)
		return;
	if (processor->monitor_marked)
		__atomic_fetch_and(&processor->monitor_marked->flags, (uint16_t)~LTR_GOROUTINE_LONG,
				   __ATOMIC_RELAXED);
	if (goroutine)
		__atomic_fetch_or(&goroutine->flags, LTR_GOROUTINE_LONG, __ATOMIC_RELAXED);
	processor->monitor_marked = goroutine;
}

/*
 * Look at one processor. Returns whether it is stuck: it has run one goroutine, without a pick, for
 * LTR__LONG_NS. Its freshly woken goroutine is for the others to take after one tick already.
 */
static bool look_at(struct ltr__processor *processor, const struct ltr__thread *owner,
		    int64_t now_ns)
{
	struct ltr__goroutine *current =
		owner ? __atomic_load_n(&owner->current, __ATOMIC_RELAXED) : NULL;
	uint32_t tick = __atomic_load_n(&processor->tick, __ATOMIC_RELAXED);
	bool same = tick == processor->monitor_tick && current == processor->monitor_current;

	if (!same)
		processor->monitor_since_ns = now_ns;
	else if (__atomic_load_n(&processor->queue.slot, __ATOMIC_RELAXED))
		__atomic_store_n(&processor->queue.slot_stale, 1, __ATOMIC_RELAXED);
	processor->monitor_tick = tick;
	processor->monitor_current = current;
	processor->monitor_stuck =
		same && current && now_ns - processor->monitor_since_ns >= LTR__LONG_NS;
	mark(processor, processor->monitor_stuck ? current : NULL);
	return processor->monitor_stuck;
}

struct look {
	uint32_t stuck;
	uint32_t idle;
	uint32_t spares;
	bool waiting; /* what a thread without work should see to, if there is one */
};

static struct look look_at_processors(int64_t now_ns)
{
	struct ltr__thread *owners[LTR__PROCESSOR_MAX] = {NULL};
	struct look look = {0};

	ltr__lock(&ltr__sched.lock);
	look.idle = ltr__sched.idle_count;
	look.spares = ltr__sched.spares;
	look.waiting = ltr__sched.global_count;
	find_owners(owners);
	for (uint32_t i = 0; i < ltr__processors_used(); i++) {
		struct ltr__processor *processor = &ltr__sched.processors[i];
		uint32_t tick = processor->monitor_tick;

		look.stuck += look_at(processor, owners[i], now_ns);
		if (processor->monitor_tick == tick)
			look.waiting |= !ltr__runqueue_empty(&processor->queue);
	}
	ltr__unlock(&ltr__sched.lock);
	if (!__atomic_load_n(&ltr__sched.poller, __ATOMIC_RELAXED))
		look.waiting |= ltr__timer_next() <= now_ns ||
				__atomic_load_n(&ltr__sched.net_waits, __ATOMIC_RELAXED);
	return look;
}

/* While we hold goroutines that are in no queue there is no deadlock, as in a blocking call. */
static void count_call(int change)
{
	ltr__lock(&ltr__sched.lock);
	__atomic_store_n(&ltr__sched.calls, ltr__sched.calls + (uint32_t)change, __ATOMIC_RELAXED);
	ltr__unlock(&ltr__sched.lock);
}

/*
 * Deadlines that nobody came to for a whole tick, although all processors are busy: they are in the
 * heap of one whose goroutine computes for long, or of a spare one that is not in use.
 */
static void expire_late_timers(int64_t now_ns)
{
	struct ltr__thread self = {.ring = &ltr__rings[0]}; /* of ltr_run()'s thread: ours */

	if (ltr__timer_next() > now_ns - TICK_NS)
		return;
	count_call(1);
	ltr__inject_expired(&self, now_ns - TICK_NS);
	count_call(-1);
	/* Who went idle meanwhile did not look for a deadlock. */
	if (__atomic_load_n(&ltr__sched.idle_count, __ATOMIC_RELAXED))
		ltr__wake_processor();
}

/* Keep LTR_PROCS processors that take steps, as long as there is work for them. */
static void balance(const struct look *look)
{
	if (look->spares)
		ltr__spare_withdraw(look->spares > look->stuck ? look->spares - look->stuck : 0);
	if (!look->waiting)
		return;
	if (look->idle || (look->stuck > look->spares && ltr__spare_add()))
		ltr__wake_processor();
}

int64_t ltr__monitor_tick(void)
{
	int64_t now_ns = ltr__now_ns();
	bool watched = ltr__trace_watchers(now_ns) != 0;
	struct look look;

	ltr__coarse_renew();
	if (__atomic_load_n(&ltr__watch.events_kernel, __ATOMIC_RELAXED))
		ltr__trace_flush_all();
	look = look_at_processors(now_ns);
	if (!look.idle)
		expire_late_timers(now_ns);
	balance(&look);
	if (watched) {
		idle_ticks = 0;
		return TICK_WATCHED_NS;
	}
	if (look.idle < ltr__sched.processor_count + look.spares)
		idle_ticks = 0;
	else if (++idle_ticks > IDLE_TICKS_AWAKE)
		return -1;
	return TICK_NS;
}

/* Whether a processor is in use. */
static bool any_busy(void)
{
	bool busy;

	ltr__lock(&ltr__sched.lock);
	busy = ltr__sched.idle_count < ltr__sched.processor_count + ltr__sched.spares;
	ltr__unlock(&ltr__sched.lock);
	return busy;
}

void ltr__monitor_run(uint32_t *word)
{
	monitor_word = word;
	while (!__atomic_load_n(word, __ATOMIC_ACQUIRE)) {
		int64_t wait_ns = ltr__monitor_tick();
		struct timespec timeout = {wait_ns / 1000000000, wait_ns % 1000000000};

		if (wait_ns < 0) {
			__atomic_store_n(&ltr__monitor_asleep, 1, __ATOMIC_SEQ_CST);
			/* Somebody may have begun to run just before that (ltr__idle_pop). */
			if (any_busy())
				__atomic_store_n(&ltr__monitor_asleep, 0, __ATOMIC_RELAXED);
		}
		if (wait_ns >= 0 || ltr__monitor_asleep)
			syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, 0,
				wait_ns < 0 ? NULL : &timeout, NULL, 0);
		__atomic_store_n(&ltr__monitor_asleep, 0, __ATOMIC_RELAXED);
	}
}
