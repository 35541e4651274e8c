/* SPDX-License-Identifier: MIT */

/*
 * Blocking calls. The goroutine parks, and its thread gives its processor away and makes the call on
 * its own stack; when it comes back it goes on with the goroutine if a processor is free, and leaves
 * it to the others if not. At most LTR__CALL_MAX at once; who comes later waits in line.
 */

#include <errno.h>
#include <loiter/goroutine.h>

#include "fatal.h"
#include "idle.h"
#include "poller.h"
#include "seed.h"
#include "trace.h"
#include "waitlist.h"

static struct {
	uint32_t lock; /* guards both */
	uint32_t used;
	struct ltr__wait_list waiters;
} line;

/* A place among the calls; handed over directly from who leaves to who waits first. */
static int enter_line(struct ltr__goroutine *self, int64_t deadline_ns)
{
	struct ltr__waiter waiter = {0};

	ltr__lock(&line.lock);
	if (line.used < LTR__CALL_MAX) {
		line.used++;
		ltr__unlock(&line.lock);
		return 0;
	}
	if (ltr__is_late(deadline_ns)) {
		ltr__unlock(&line.lock);
		return ltr__gave_up(deadline_ns);
	}
	if (ltr__wait(self, &line.waiters, &waiter, LTR_REASON_SYSCALL, 0, deadline_ns,
		      ltr__unlock_commit, &line.lock))
		return 0;
	ltr__lock(&line.lock);
	ltr__wait_remove(&line.waiters, &waiter);
	ltr__unlock(&line.lock);
	return ltr__gave_up(deadline_ns);
}

static void leave_line(void)
{
	struct ltr__waiter *waiter;

	ltr__lock(&line.lock);
	waiter = ltr__wait_take(&line.waiters);
	if (!waiter)
		line.used--;
	ltr__unlock(&line.lock);
	if (waiter)
		ltr__ready(waiter->goroutine, ltr_id());
}

static void give_processor_away(struct ltr__thread *thread)
{
	struct ltr__processor *processor = thread->processor;
	struct ltr__goroutine *slot = ltr__slot_take(&processor->queue, false);
	bool needed;

	if (slot && !ltr__fifo_put(&processor->queue, slot))
		ltr__inject(slot, slot, 1);
	needed = !ltr__runqueue_empty(&processor->queue) || ltr__seed.on ||
		 __atomic_load_n(&ltr__sched.global_count, __ATOMIC_RELAXED);
	ltr__lock(&ltr__sched.lock);
	__atomic_store_n(&ltr__sched.calls, ltr__sched.calls + 1, __ATOMIC_RELAXED);
	thread->processor = NULL;
	ltr__idle_push(processor);
	if (!ltr__sched.poller && (__atomic_load_n(&ltr__sched.timers, __ATOMIC_RELAXED) ||
				   __atomic_load_n(&ltr__sched.net_waits, __ATOMIC_RELAXED)))
		needed = true;
	ltr__unlock(&ltr__sched.lock);
	if (needed)
		ltr__wake_processor();
}

/* For readers outside: whose call the thread makes. */
static void note_call(struct ltr_ring *ring, uint64_t id)
{
	__atomic_store_n(&ring->in_call, id != 0, __ATOMIC_RELAXED);
	__atomic_store_n(&ring->running, id, __ATOMIC_RELAXED);
}

/*
 * Back from a call: with a processor, if one is free. Until the goroutine is in a queue, or the thread has a
 * processor, the call counts: who goes idle meanwhile would find that nobody can run any more.
 */
static bool take_processor(struct ltr__thread *thread)
{
	ltr__lock(&ltr__sched.lock);
	thread->processor = ltr__idle_pop();
	if (thread->processor)
		__atomic_store_n(&ltr__sched.calls, ltr__sched.calls - 1, __ATOMIC_RELAXED);
	ltr__unlock(&ltr__sched.lock);
	return thread->processor;
}

/* It goes idle itself after this, and sees then whether that was the last one. */
static void leave_to_others(struct ltr__goroutine *goroutine)
{
	ltr__inject(goroutine, goroutine, 1);
	ltr__lock(&ltr__sched.lock);
	__atomic_store_n(&ltr__sched.calls, ltr__sched.calls - 1, __ATOMIC_RELAXED);
	ltr__unlock(&ltr__sched.lock);
}

void ltr__make_call(struct ltr__thread *thread)
{
	struct ltr__goroutine *goroutine = thread->call.goroutine;
	bool has_processor;

	ltr__trace_flush(thread->ring);
	give_processor_away(thread);
	note_call(thread->ring, goroutine->id);
	thread->call.function(thread->call.argument);
	note_call(thread->ring, 0);
	thread->call.function = NULL;
	thread->call.goroutine = NULL;

	has_processor = take_processor(thread);
	thread->step_ticks = 0;
	ltr__transition(thread, goroutine, LTR_KIND_READY, LTR_STATE_QUEUED, LTR_REASON_NONE, 0, 0);
	if (has_processor)
		ltr__run_goroutine(thread, goroutine);
	else
		leave_to_others(goroutine);
}

int ltr__blocking(void (*function)(void *argument), void *argument, int64_t deadline_ns)
{
	struct ltr__goroutine *self = ltr__caller("ltr_blocking");
	int r = enter_line(self, deadline_ns);

	if (r < 0)
		return r;
	ltr__park_for_call(self, function, argument);
	leave_line();
	return 0;
}
