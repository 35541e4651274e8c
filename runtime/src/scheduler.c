/* SPDX-License-Identifier: MIT */

/*
 * Parking, waking, and picking the next goroutine: what happens on the hot path, on goroutines'
 * stacks. Threads that have nothing to run are in idle.c.
 *
 * Goroutines are switched to directly, from one to the next. What has to be done for the one just
 * left (release a lock, put it into a queue, free its stack) is done after the switch, when its
 * registers are saved: before that, nobody else may find it.
 */

#include "scheduler.h"

#include <errno.h>

#include "clock.h"
#include "fatal.h"
#include "idle.h"
#include "poller.h"
#include "sanitize.h"
#include "seed.h"
#include "timer.h"
#include "trace.h"

struct ltr__sched ltr__sched;
bool ltr__main_has_returned;

__thread struct ltr__thread *ltr__current_thread __attribute__((tls_model("initial-exec")));

_Noreturn void ltr__no_caller(const char *call)
{
	struct ltr__thread *thread = ltr__self();

	if (thread && thread->call.goroutine)
		ltr__fatal("%s called inside ltr_blocking()", call);
	ltr__fatal("%s called outside of a goroutine (below ltr_run() only)", call);
}

#ifdef LTR_HOSTILE
void ltr__hostile_point(struct ltr__thread *thread)
{
	if (ltr__random(thread->processor) % LTR__HOSTILE_INTERRUPTS == 0)
		ltr_yield();
}
#endif

/* What the thread runs now, or NULL: for itself, the monitor, and readers outside. */
static inline void set_current(struct ltr__thread *thread, struct ltr__goroutine *goroutine)
{
	__atomic_store_n(&thread->current, goroutine, __ATOMIC_RELAXED);
	__atomic_store_n(&thread->ring->running, goroutine ? goroutine->id : 0, __ATOMIC_RELAXED);
}

uint64_t ltr__next_id(struct ltr__processor *processor)
{
	enum { BLOCK = 1024 };

	if (processor->next_id == processor->end_id) {
		processor->next_id =
			__atomic_fetch_add(&ltr__sched.next_id, BLOCK, __ATOMIC_RELAXED);
		processor->end_id = processor->next_id + BLOCK;
	}
	return processor->next_id++;
}

/* --- queues --------------------------------------------------------------------------------- */

void ltr__announce(void)
{
	if (!ltr__shared() && !__atomic_load_n(&ltr__sched.calls, __ATOMIC_RELAXED))
		return;
	/* seq_cst: pairs with the one in go_idle(): we see it idle, or it sees our work */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&ltr__sched.idle_count, __ATOMIC_RELAXED) &&
	    !__atomic_load_n(&ltr__sched.spinning, __ATOMIC_RELAXED))
		ltr__wake_processor();
}

/* Nobody's data is in anybody's cache yet: also who only naps may have it at once. */
static void announce_newborn(void)
{
	struct ltr__thread *napper = __atomic_load_n(&ltr__sched.napper, __ATOMIC_RELAXED);

	if (__builtin_expect(napper != NULL, 0))
		ltr__wake_napper(napper);
	else
		ltr__announce();
}

void ltr__inject(struct ltr__goroutine *first, struct ltr__goroutine *last, uint32_t count)
{
	last->next = NULL;
	ltr__lock(&ltr__sched.lock);
	if (ltr__sched.global_last)
		ltr__sched.global_last->next = first;
	else
		ltr__sched.global_first = first;
	ltr__sched.global_last = last;
	__atomic_store_n(&ltr__sched.global_count, ltr__sched.global_count + count,
			 __ATOMIC_RELAXED);
	ltr__unlock(&ltr__sched.lock);
	if (__atomic_load_n(&ltr__sched.idle_count, __ATOMIC_RELAXED))
		ltr__wake_processor();
}

/* The fifo is full: its older half goes to the global queue, the goroutine behind it. */
static void overflow(struct ltr__processor *processor, struct ltr__goroutine *goroutine)
{
	struct ltr__goroutine *first = NULL, **end = &first;
	uint32_t count = 0;

	for (; count < LTR__FIFO_CAPACITY / 2; count++) {
		struct ltr__goroutine *old = ltr__fifo_take(&processor->queue, false);

		if (!old)
			break;
		*end = old;
		end = &old->next;
	}
	*end = goroutine;
	ltr__inject(first, goroutine, count + 1);
}

static void put_fifo(struct ltr__processor *processor, struct ltr__goroutine *goroutine)
{
	if (__builtin_expect(!ltr__fifo_put(&processor->queue, goroutine), 0))
		overflow(processor, goroutine);
}

void ltr__queue_newborn(struct ltr__thread *thread, struct ltr__goroutine *newborn)
{
	struct ltr__runqueue *queue = &thread->processor->queue;

	/*
	 * Nobody falls asleep while there are newborns, and who finds some wakes the next: only the
	 * first is news. (If the last of the others is just being taken, this one may stay unknown
	 * until the next, or the monitor's tick.)
	 */
	bool first = ltr__deque_count(queue) == 0;

	if (__builtin_expect(!ltr__deque_put(queue, newborn), 0))
		ltr__inject(newborn, newborn, 1);
	else if (first)
		announce_newborn();
}

void ltr__ready(struct ltr__goroutine *goroutine, uint64_t waker_id)
{
	struct ltr__thread *thread = ltr__self();
	struct ltr__processor *processor = thread->processor;
	struct ltr__goroutine *older;

	thread->step_ticks = 0;
	ltr__transition(thread, goroutine, LTR_KIND_READY, LTR_STATE_QUEUED, LTR_REASON_NONE, 0,
			waker_id);
	if (!processor) {
		ltr__inject(goroutine, goroutine, 1);
		return;
	}
	older = ltr__slot_put(&processor->queue, goroutine, ltr__enter_alone(processor));
	ltr__leave_alone(processor);
	if (older) {
		put_fifo(processor, older);
		ltr__announce();
	}
}

void ltr__ready_each(struct ltr__goroutine *list, uint64_t waker_id)
{
	while (list) {
		struct ltr__goroutine *next =
			list->next; /* it may run, and end, as soon as it is ready */

		ltr__ready(list, waker_id);
		list = next;
	}
}

/* --- picking -------------------------------------------------------------------------------- */

struct ltr__goroutine *ltr__take_global(struct ltr__processor *processor)
{
	struct ltr__goroutine *goroutine;
	uint32_t share, room, left;

	if (!__atomic_load_n(&ltr__sched.global_count, __ATOMIC_RELAXED))
		return NULL;
	ltr__lock(&ltr__sched.lock);
	goroutine = ltr__sched.global_first;
	if (!goroutine) {
		ltr__unlock(&ltr__sched.lock);
		return NULL;
	}
	share = ltr__sched.global_count / ltr__sched.processor_count;
	room = LTR__FIFO_CAPACITY / 2;
	if (share > room)
		share = room;
	left = ltr__sched.global_count - 1;
	ltr__sched.global_first = goroutine->next;
	for (; share > 1 && ltr__sched.global_first; share--) {
		/* Once it is in the fifo a thief may run it, and its `next` is somebody else's. */
		struct ltr__goroutine *next = ltr__sched.global_first->next;

		if (!ltr__fifo_put(&processor->queue, ltr__sched.global_first))
			break;
		ltr__sched.global_first = next;
		left--;
	}
	__atomic_store_n(&ltr__sched.global_count, left, __ATOMIC_RELAXED);
	if (!ltr__sched.global_first)
		ltr__sched.global_last = NULL;
	ltr__unlock(&ltr__sched.lock);
	return goroutine;
}

void ltr__ready_list(struct ltr__goroutine *list)
{
	struct ltr__thread *thread = ltr__self();
	bool several = list && list->next;

	thread->step_ticks = 0;
	while (list) {
		struct ltr__goroutine *next = list->next;

		ltr__transition(thread, list, LTR_KIND_READY, LTR_STATE_QUEUED, LTR_REASON_NONE, 0,
				0);
		put_fifo(thread->processor, list);
		list = next;
	}
	if (several)
		ltr__announce();
}

bool ltr__run_timers(struct ltr__processor *processor, int64_t now_ns)
{
	struct ltr__goroutine *expired;

	if (!ltr__timer_expire(processor, now_ns, &expired))
		return false;
	ltr__ready_list(expired);
	return true;
}

/* Whose turn a fair pick is: the global queue's, the oldest newborn's, or the fifo's. */
static uint32_t fair_turn(struct ltr__processor *processor)
{
#ifdef LTR_HOSTILE
	return (uint32_t)(ltr__random(processor) >> 32) % 4;
#endif
	return processor->tick / LTR__FAIR_TICK % 3;
}

/*
 * Every LTR__FAIR_TICK picks: what the usual order would let wait for ever while the slot and the
 * fifo are never empty. The newborns' oldest and the fifo's head take turns with the global queue. (In
 * a seeded run, every pick: seed.h.)
 */
static struct ltr__goroutine *pick_fairly(struct ltr__processor *processor, bool alone)
{
	struct ltr__goroutine *goroutine = NULL;

	if (ltr__seed.on)
		return ltr__seed_pick(processor);
	if (__atomic_load_n(&processor->next_timer_ns, __ATOMIC_RELAXED) != INT64_MAX)
		ltr__run_timers(processor, ltr__now_ns());
	if (__atomic_load_n(&ltr__sched.net_waits, __ATOMIC_RELAXED) &&
	    !__atomic_load_n(&ltr__sched.poller, __ATOMIC_RELAXED))
		ltr__self()->after.poll = true; /* not now: who parks may hold a pollable's lock */
	switch (fair_turn(processor)) {
	case 0:
		goroutine = ltr__take_global(processor);
		break;
	case 1:
		goroutine = ltr__deque_steal(&processor->queue);
		break;
	case 2:
		break;
	default: /* hostile: as if it were no fair pick */
		return NULL;
	}
	return goroutine ? goroutine : ltr__fifo_take(&processor->queue, alone);
}

/* The monitor watches the count. */
static inline uint32_t count_pick(struct ltr__processor *processor)
{
	__atomic_store_n(&processor->tick, processor->tick + 1, __ATOMIC_RELAXED);
	return processor->tick;
}

static inline __attribute__((always_inline)) struct ltr__goroutine *take(
	struct ltr__processor *processor, bool alone)
{
	struct ltr__goroutine *goroutine = ltr__slot_take(&processor->queue, alone);

	if (goroutine) {
		if (__atomic_load_n(&processor->queue.slot_stale, __ATOMIC_RELAXED))
			__atomic_store_n(&processor->queue.slot_stale, 0, __ATOMIC_RELAXED);
		return goroutine;
	}
	goroutine = ltr__fifo_take(&processor->queue, alone);
	if (goroutine)
		return goroutine;
	return ltr__deque_take(&processor->queue, alone);
}

/* Whether the thread has to go to its own stack although there may be work. */
static bool must_leave(struct ltr__processor *processor)
{
	return __atomic_load_n(&ltr__sched.stopping, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&processor->retire, __ATOMIC_RELAXED);
}

static inline __attribute__((always_inline)) struct ltr__goroutine *pick(
	struct ltr__processor *processor)
{
	struct ltr__goroutine *goroutine = NULL;
	bool alone;

	if (__builtin_expect(count_pick(processor) % LTR__FAIR_TICK == 0, 0)) {
		if (must_leave(processor))
			return NULL;
		alone = ltr__enter_alone(processor);
		goroutine = pick_fairly(processor, alone);
	} else {
		alone = ltr__enter_alone(processor);
	}
	if (!goroutine)
		goroutine = take(processor, alone);
	ltr__leave_alone(processor);
	return goroutine;
}

struct ltr__goroutine *ltr__pick(struct ltr__thread *thread)
{
	return pick(thread->processor);
}

static void queue_yielded(void *goroutine)
{
	put_fifo(ltr__self()->processor, goroutine);
}

/* --- switching ------------------------------------------------------------------------------ */

void ltr__unlock_commit(void *lock)
{
	ltr__unlock(lock);
}

/* No lock is held. */
static void poll_now(struct ltr__thread *thread)
{
	struct ltr__goroutine *polled;

	thread->after.poll = false;
	if (ltr__poll(0, &polled))
		ltr__ready_list(polled);
}

/* Everything but the mostly used commit. */
static __attribute__((noinline)) void after_switch_slowly(struct ltr__thread *thread)
{
	struct ltr__goroutine *sleeper = thread->after.goroutine;
	ltr__commit *commit = thread->after.commit;

	if (sleeper) {
		thread->after.goroutine = NULL;
		ltr__timer_arm(thread->processor, sleeper, thread->after.deadline_ns);
	}
	if (commit) {
		thread->after.commit = NULL;
		commit(thread->after.argument);
	}
	if (thread->after.poll)
		poll_now(thread);
}

static inline __attribute__((always_inline)) void after_switch(struct ltr__thread *thread)
{
	if (__builtin_expect(thread->after.goroutine || thread->after.poll, 0)) {
		after_switch_slowly(thread);
		return;
	}
	if (thread->after.commit == ltr__unlock_commit)
		ltr__unlock(thread->after.argument);
	else if (thread->after.commit == queue_yielded)
		put_fifo(thread->processor, thread->after.argument);
	else if (thread->after.commit)
		thread->after.commit(thread->after.argument);
	thread->after.commit = NULL;
}

void ltr__after_switch(struct ltr__thread *thread)
{
	after_switch(thread);
}

/* `goroutine` is the thread's from now on; returns where to switch to. */
static inline __attribute__((always_inline)) void *start(struct ltr__thread *thread,
							 struct ltr__goroutine *goroutine)
{
	void *sp = goroutine->saved_sp;
	uint8_t flags = 0;
	uint64_t arg = 0;

	if (ltr__is_newborn(goroutine)) {
		ltr__goroutine_bind(thread->processor, goroutine);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
		ltr__stack_fresh(goroutine);
#endif
		sp = ltr__first_frame(goroutine->stack_high);
		flags = LTR_EVENT_FIRST;
		arg = (uint64_t)(uintptr_t)goroutine->creation_pc;
	}
	ltr__transition(thread, goroutine, LTR_KIND_START, LTR_STATE_RUNNING, LTR_REASON_NONE,
			flags, arg);
	set_current(thread, goroutine);
	return sp;
}

/*
 * Leave `from` for `to`, or for the thread's own stack if that is NULL. Inlined into the callers, so
 * that the frame pointer that is saved is theirs: the first return address that an outsider finds
 * leads into their caller (layout.h).
 */
static inline __attribute__((always_inline)) void leave(struct ltr__thread *thread,
							struct ltr__goroutine *from,
							struct ltr__goroutine *to)
{
	void *sp = to ? start(thread, to) : thread->idle_sp;

	if (!to)
		set_current(thread, NULL);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	ltr__leave_stack(thread, &from->sanitizer, to);
#endif
	thread = ltr__switch(&from->saved_sp, sp, thread);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	ltr__enter_stack(thread, from->sanitizer);
#endif
	after_switch(thread);
}

__attribute__((noinline)) void ltr__park(enum ltr_reason reason, uint64_t object,
					 int64_t deadline_ns, ltr__commit *commit, void *argument)
{
	struct ltr__thread *thread = ltr__self();
	struct ltr__goroutine *self = thread->current;

	thread->step_ticks = 0;
	if (deadline_ns != LTR_FOREVER) {
		thread->after.goroutine = self;
		thread->after.deadline_ns = deadline_ns;
		/* Before the transition: who reads the wait has to see the flag. */
		self->own_flags |= LTR_GOROUTINE_TIMED;
	}
	ltr__transition(thread, self, LTR_KIND_PARK, (enum ltr_state)ltr_reason_state(reason),
			reason, 0, object);
	if (ltr__watched() && ltr__stacks_wanted())
		ltr__emit_stack(thread, self, __builtin_frame_address(0));
	thread->after.commit = commit;
	thread->after.argument = argument;
	leave(thread, self, pick(thread->processor));
	if (deadline_ns != LTR_FOREVER) {
		ltr__timer_cancel(self);
		self->own_flags &= (uint8_t)~LTR_GOROUTINE_TIMED;
	}
}

__attribute__((noinline)) void ltr__park_for_call(struct ltr__goroutine *self,
						  void (*function)(void *), void *argument)
{
	struct ltr__thread *thread = ltr__self();

	thread->step_ticks = 0;
	thread->call.function = function;
	thread->call.argument = argument;
	thread->call.goroutine = self;
	ltr__transition(thread, self, LTR_KIND_PARK, LTR_STATE_SYSCALL, LTR_REASON_SYSCALL, 0, 0);
	if (ltr__watched() && ltr__stacks_wanted())
		ltr__emit_stack(thread, self, __builtin_frame_address(0));
	leave(thread, self, NULL);
}

__attribute__((noinline)) void ltr_yield(void)
{
	struct ltr__goroutine *self = ltr__caller("ltr_yield");
	struct ltr__thread *thread = ltr__self();
	struct ltr__processor *processor = thread->processor;
	struct ltr__goroutine *next;
	bool alone;

	thread->step_ticks = 0;
	alone = ltr__enter_alone(processor);
	next = ltr__slot_take(&processor->queue, alone);
	if (!next)
		next = ltr__deque_take(&processor->queue, alone);
	ltr__leave_alone(processor);
	if (!next || processor->tick % LTR__FAIR_TICK == LTR__FAIR_TICK - 1) {
		if (next)
			put_fifo(processor, next);
		next = pick(processor);
		if (!next && !must_leave(processor)) {
			if (thread->after.poll) /* nobody else will, while only we run */
				poll_now(thread);
			return;
		}
	} else {
		count_pick(processor);
	}
	ltr__transition(thread, self, LTR_KIND_YIELD, LTR_STATE_QUEUED, LTR_REASON_NONE, 0, 0);
	thread->after.commit = queue_yielded;
	thread->after.argument = self;
	leave(thread, self, next);
}

/* --- the end -------------------------------------------------------------------------------- */

/* The goroutine is over; nobody will find it any more. Its descriptor and stack are still in use. */
static void end(struct ltr__thread *thread, struct ltr__goroutine *goroutine)
{
	thread->step_ticks = 0;
	ltr__transition(thread, goroutine, LTR_KIND_EXIT, LTR_STATE_EXITED, LTR_REASON_NONE, 0, 0);
	__atomic_store_n(&goroutine->id, 0, __ATOMIC_RELEASE);
	/* release: pairs with ltr_count(): who sees this end sees the beginning, too */
	__atomic_store_n(&thread->ring->exited, thread->ring->exited + 1, __ATOMIC_RELEASE);
	ltr__name_free(goroutine->name);
	ltr__labels_unref(goroutine->labels);
	goroutine->name = NULL;
	goroutine->labels = NULL;
	/* Not before: who waits for main to return may count goroutines then. */
	if (goroutine->own_flags & LTR_GOROUTINE_MAIN && ltr__main_has_returned)
		ltr__main_done();
}

static void bury(void *argument)
{
	struct ltr__goroutine *goroutine = argument;
	struct ltr__processor *processor = ltr__self()->processor;

#if defined(__SANITIZE_THREAD__)
	__tsan_destroy_fiber(goroutine->sanitizer);
#endif
	ltr__stack_put(processor, goroutine->run.stack_class, goroutine->stack_low);
	ltr__descriptor_put(processor, goroutine);
}

static _Noreturn void leave_for_ever(struct ltr__thread *thread, struct ltr__goroutine *goroutine,
				     struct ltr__goroutine *next)
{
	void *sp = next ? start(thread, next) : thread->idle_sp;
	void *scrap;

	if (!next)
		set_current(thread, NULL);
	thread->after.commit = bury;
	thread->after.argument = goroutine;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	ltr__leave_stack(thread, NULL, next);
#endif
	ltr__switch(&scrap, sp, thread);
	__builtin_unreachable();
}

_Noreturn void ltr__finish(struct ltr__thread *thread, struct ltr__goroutine *goroutine)
{
	end(thread, goroutine);
	leave_for_ever(thread, goroutine, pick(thread->processor));
}

struct ltr__goroutine *ltr__finish_or_adopt(struct ltr__thread *thread,
					    struct ltr__goroutine *goroutine)
{
	struct ltr__goroutine *next;

	end(thread, goroutine);
	next = pick(thread->processor);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	if (next && ltr__is_newborn(next) &&
	    next->newborn.stack_class == goroutine->run.stack_class) {
		next->stack_high = goroutine->stack_high;
		next->stack_low = goroutine->stack_low;
		ltr__descriptor_put(thread->processor, goroutine);
		ltr__transition(thread, next, LTR_KIND_START, LTR_STATE_RUNNING, LTR_REASON_NONE,
				LTR_EVENT_FIRST, (uint64_t)(uintptr_t)next->creation_pc);
		set_current(thread, next);
		return next;
	}
#endif
	leave_for_ever(thread, goroutine, next);
}

/* --- the thread's own stack ----------------------------------------------------------------- */

void ltr__run_goroutine(struct ltr__thread *thread, struct ltr__goroutine *goroutine)
{
	void *sp = start(thread, goroutine);

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	ltr__leave_stack(thread, &thread->sanitizer, goroutine);
#endif
	ltr__switch(&thread->idle_sp, sp, thread);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	ltr__enter_stack(thread, thread->sanitizer);
#endif
	ltr__after_switch(thread);
}

unsigned ltr_processors(void)
{
	return ltr__sched.processor_count;
}
