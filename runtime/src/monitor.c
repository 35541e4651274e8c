/* SPDX-License-Identifier: MIT */

/* See monitor.h. */

#include "monitor.h"

#include "clock.h"
#include "futex.h"
#include "idle.h"
#include "note.h"
#include "poller.h"
#include "seed.h"
#include "spare.h"
#include "thread.h"
#include "timer.h"
#include "trace.h"

#define TICK_NS          (LTR__COARSE_NS / 2)
#define TICK_WATCHED_NS  2000000
#define LONG_NS          100000000 /* since the tick that saw no step for the first time */
#define COMPUTES_NS      1000000   /* of CPU time, meanwhile */
#define DRAIN_MAX        256u      /* a tick, from one stuck processor */
#define IDLE_TICKS_AWAKE 200

uint32_t ltr__monitor_asleep; /* a futex, too: who clears it wakes */
static uint32_t idle_ticks;

void ltr__monitor_wake_slow(void)
{
	if (__atomic_exchange_n(&ltr__monitor_asleep, 0, __ATOMIC_SEQ_CST))
		syscall(SYS_futex, &ltr__monitor_asleep, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
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
		__atomic_store_n(&processor->monitor_marked->monitor_flags, 0, __ATOMIC_RELAXED);
	if (goroutine)
		__atomic_store_n(&goroutine->monitor_flags, LTR_GOROUTINE_LONG >> 8,
				 __ATOMIC_RELAXED);
	processor->monitor_marked = goroutine;
}

/*
 * Whether a thread that has taken no step for LONG_NS is to blame for it: it computes, or sleeps
 * in the kernel. Otherwise it waits for a CPU, and others on other threads would not make it faster.
 */
static bool is_to_blame(struct ltr__processor *processor, uint32_t tid, int64_t now_ns)
{
	if (processor->monitor_stuck)
		return true;
	if (now_ns - processor->monitor_since_ns < LONG_NS)
		return false;
	return ltr__thread_cpu_ns(tid) - processor->monitor_cpu_ns >= COMPUTES_NS ||
	       ltr__thread_is_asleep(tid);
}

/*
 * Look at one processor: whether it is stuck, that is, runs one goroutine for long without a pick. Its
 * freshly woken goroutine is for the others to take after one tick already.
 */
static void look_at(struct ltr__processor *processor, const struct ltr__thread *owner,
		    int64_t now_ns)
{
	struct ltr__goroutine *current =
		owner ? __atomic_load_n(&owner->current, __ATOMIC_RELAXED) : NULL;
	uint32_t tid = owner ? __atomic_load_n(&owner->tid, __ATOMIC_RELAXED) : 0;
	uint32_t tick = __atomic_load_n(&processor->tick, __ATOMIC_RELAXED);

	if (tick != processor->monitor_tick || current != processor->monitor_current) {
		processor->monitor_tick = tick;
		processor->monitor_current = current;
		processor->monitor_since_ns = 0;
		processor->monitor_stuck = false;
	} else if (!processor->monitor_since_ns) {
		processor->monitor_since_ns = now_ns;
		processor->monitor_cpu_ns = current ? ltr__thread_cpu_ns(tid) : 0;
	} else if (current) {
		processor->monitor_stuck = is_to_blame(processor, tid, now_ns);
	}
	if (processor->monitor_since_ns &&
	    __atomic_load_n(&processor->queue.slot, __ATOMIC_RELAXED))
		__atomic_store_n(&processor->queue.slot_stale, 1, __ATOMIC_RELAXED);
	mark(processor, processor->monitor_stuck ? current : NULL);
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
	ltr__unlock(&ltr__sched.lock);
	/* From here on they may change hands: whoever gets one has its own `current`, and ticks. */
	for (uint32_t i = 0; i < ltr__processors_used(); i++) {
		struct ltr__processor *processor = &ltr__sched.processors[i];

		look_at(processor, owners[i], now_ns);
		look.stuck += processor->monitor_stuck;
		if (processor->monitor_since_ns)
			look.waiting |= !ltr__runqueue_empty(&processor->queue);
	}
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
 * Nobody is idle, to steal from the stuck or to look for deadlines in all heaps: put what waits where
 * busy processors look too. Deadlines are late if nobody came to them for a whole tick.
 */
static void hand_out(const struct look *look, int64_t now_ns)
{
	struct ltr__thread self = {.ring = &ltr__rings[0]}; /* of ltr_run()'s thread: ours */
	bool may_steal = look->stuck && ltr__spare_may_steal();
	uint32_t used = ltr__processors_used();

	count_call(1);
	ltr__inject_expired(&self, now_ns - TICK_NS);
	for (uint32_t i = 0; i < used && may_steal; i++)
		if (ltr__sched.processors[i].monitor_stuck)
			ltr__spare_drain(&ltr__sched.processors[i], DRAIN_MAX);
	count_call(-1);
	/* Who went idle meanwhile did not look for a deadlock. */
	if (__atomic_load_n(&ltr__sched.idle_count, __ATOMIC_RELAXED))
		ltr__wake_processor();
}

/* Keep LTR_PROCS processors that take steps, as long as there is work for them. */
static void balance(const struct look *look, int64_t now_ns)
{
	if (look->spares || ltr__shared())
		ltr__spare_withdraw(look->spares > look->stuck ? look->spares - look->stuck : 0);
	if (!look->waiting)
		return;
	if (look->idle || (look->stuck > look->spares && ltr__spare_add()))
		ltr__wake_processor();
	else
		hand_out(look, now_ns);
}

int64_t ltr__monitor_tick(void)
{
	int64_t now_ns = ltr__real_ns();
	bool watched = ltr__trace_watchers(now_ns) != 0;
	bool noting = ltr__note_stacks();
	struct look look;

	ltr__coarse_renew();
	if (__atomic_load_n(&ltr__watch.events_kernel, __ATOMIC_RELAXED))
		ltr__trace_flush_all();
	look = look_at_processors(now_ns);
	if (!ltr__seed.on) /* when we look is up to the kernel: it must not matter then */
		balance(&look, now_ns);
	if (watched) {
		idle_ticks = 0;
		return noting ? 0 : TICK_WATCHED_NS;
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

void ltr__monitor_sleep(const uint32_t *stop)
{
	/*
	 * seq_cst: pairs with ltr__idle_pop() and ltr__monitor_stop(). They see us asleep, or we see
	 * what they did before they looked. Who clears the word before the kernel looks at it makes it
	 * return at once.
	 */
	__atomic_store_n(&ltr__monitor_asleep, 1, __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(stop, __ATOMIC_SEQ_CST) && !any_busy())
		syscall(SYS_futex, &ltr__monitor_asleep, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
	__atomic_store_n(&ltr__monitor_asleep, 0, __ATOMIC_RELAXED);
}

void ltr__monitor_run(uint32_t *stop)
{
	while (!__atomic_load_n(stop, __ATOMIC_ACQUIRE)) {
		int64_t wait_ns = ltr__monitor_tick();
		struct timespec timeout = {wait_ns / 1000000000, wait_ns % 1000000000};

		if (wait_ns < 0)
			ltr__monitor_sleep(stop);
		else
			syscall(SYS_futex, stop, FUTEX_WAIT_PRIVATE, 0, &timeout, NULL, 0);
	}
}

void ltr__monitor_stop(uint32_t *stop)
{
	ltr__futex_post(stop);
	/* seq_cst: the word is set before we look whether it sleeps (ltr__monitor_sleep) */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	ltr__monitor_wake();
}
