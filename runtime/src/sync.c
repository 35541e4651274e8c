/* SPDX-License-Identifier: MIT */

/*
 * WaitGroup, Mutex, Once. None of them is touched any more by a call that lets somebody else free
 * it: the last access of ltr_waitgroup_done() and ltr_mutex_unlock() to the object is the one that
 * lets the others go on.
 */

#include <loiter/sync.h>

#include "clock.h"
#include "fatal.h"
#include "trace.h"
#include "waitlist.h"

/* --- WaitGroup: state is the count in the upper half and the number of waiters in the lower ---- */

static int32_t count_of(uint64_t state)
{
	return (int32_t)(state >> 32);
}

static void wake_all_waiting(struct ltr_waitgroup *group, uint64_t waker_id)
{
	struct ltr__goroutine *list = NULL, **end = &list;
	struct ltr__waiter *waiter;

	/* Waiters enter the list under this lock, which they release when they are parked. */
	ltr__object_lock(&group->queue.lock);
	while ((waiter = ltr__wait_take(&group->queue.list))) {
		waiter->success = true;
		*end = waiter->goroutine;
		end = &waiter->goroutine->next;
	}
	*end = NULL;
	__atomic_fetch_and(&group->state, ~(uint64_t)UINT32_MAX, __ATOMIC_RELAXED);
	ltr__unlock(&group->queue.lock);
	ltr__ready_each(list, waker_id);
}

/* Release and acquire: who waits sees what those did that are done. */
static inline uint64_t add_to_state(struct ltr_waitgroup *group, uint64_t delta)
{
	struct ltr__processor *processor = ltr__self()->processor;
	bool alone = ltr__enter_alone(processor);
	uint64_t state;

	if (alone) {
		state = __atomic_load_n(&group->state, __ATOMIC_ACQUIRE) + delta;
		__atomic_store_n(&group->state, state, __ATOMIC_RELEASE);
	}
	ltr__leave_alone(processor);
	return alone ? state : __atomic_add_fetch(&group->state, delta, __ATOMIC_ACQ_REL);
}

static inline __attribute__((always_inline)) void add(struct ltr_waitgroup *group, int64_t delta,
						      const void *pc)
{
	struct ltr__goroutine *self = ltr__caller("ltr_waitgroup_add");
	uint64_t state;

	if (delta > INT32_MAX || delta < -INT32_MAX)
		ltr__fatal("ltr_waitgroup_add: %lld is too large", (long long)delta);
	/* Before: when all are done, whoever waits may free it. */
	if (delta > 0) {
		ltr__note_use(&group->queue, pc);
		ltr__note_taker(&group->comers, self->id, (uint32_t)(uintptr_t)pc);
	} else if (delta < 0) {
		ltr__note_giver(&group->comers, self->id, pc);
	}
	state = add_to_state(group, (uint64_t)delta << 32);
	if (count_of(state) < 0)
		ltr__fatal("negative WaitGroup counter");
	if (count_of(state) == 0 && (uint32_t)state)
		wake_all_waiting(group, self->id);
}

void ltr__waitgroup_add_for(struct ltr_waitgroup *group, int64_t delta, const void *pc)
{
	add(group, delta, pc);
}

void ltr_waitgroup_add(struct ltr_waitgroup *group, int64_t delta)
{
	add(group, delta, __builtin_return_address(0));
}

void ltr_waitgroup_done(struct ltr_waitgroup *group)
{
	add(group, -1, __builtin_return_address(0));
}

int ltr__waitgroup_wait(struct ltr_waitgroup *group, int64_t deadline_ns)
{
	struct ltr__goroutine *self = ltr__caller("ltr_waitgroup_wait");
	struct ltr__waiter waiter = {0};
	uint64_t state = __atomic_load_n(&group->state, __ATOMIC_ACQUIRE);

	if (count_of(state) == 0)
		return 0;
	if (ltr__is_late(deadline_ns))
		return ltr__gave_up(deadline_ns);
	ltr__object_lock(&group->queue.lock);
	do {
		if (count_of(state) == 0) {
			ltr__unlock(&group->queue.lock);
			return 0;
		}
	} while (!__atomic_compare_exchange_n(&group->state, &state, state + 1, false,
					      __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
	if (ltr__wait(self, &group->queue.list, &waiter, LTR_REASON_WAITGROUP_WAIT,
		      (uint64_t)(uintptr_t)group, deadline_ns, ltr__unlock_commit,
		      &group->queue.lock))
		return 0;
	ltr__object_lock(&group->queue.lock);
	if (waiter.queued) {
		ltr__wait_remove(&group->queue.list, &waiter);
		__atomic_fetch_sub(&group->state, 1, __ATOMIC_RELAXED);
	}
	ltr__unlock(&group->queue.lock);
	return ltr__gave_up(deadline_ns);
}

/* --- Mutex -------------------------------------------------------------------------------------- */

#define LOCKED 1u
#define WAITED 2u /* set and cleared under queue.lock; set while the list is not empty */

/*
 * A holder on another processor is mostly done within these; with many more, goroutines that do little
 * but lock never park and never gather on one processor, where locking costs a third (mutex_8 with two
 * processors: 16 ns with 0 to 16, 50 with 30; long work between short locks is 5 % slower than with 30).
 */
#define SPINS 12

static bool try_lock(struct ltr_mutex *mutex)
{
	uint32_t state = __atomic_load_n(&mutex->state, __ATOMIC_RELAXED);

	while (!(state & LOCKED))
		if (__atomic_compare_exchange_n(&mutex->state, &state, state | LOCKED, false,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

/* Under queue.lock. */
static void clear_waited_if_empty(struct ltr_mutex *mutex)
{
	if (!mutex->queue.list.first)
		__atomic_fetch_and(&mutex->state, ~WAITED, __ATOMIC_RELAXED);
}

/*
 * Take the queue's lock with WAITED set and the mutex locked by somebody else, so that its unlock
 * will come to the queue. False: we have the mutex instead.
 */
static bool prepare_to_wait(struct ltr_mutex *mutex)
{
	ltr__object_lock(&mutex->queue.lock);
	for (;;) {
		uint32_t state = __atomic_load_n(&mutex->state, __ATOMIC_RELAXED);

		if (!(state & LOCKED)) {
			if (!try_lock(mutex))
				continue;
			clear_waited_if_empty(mutex);
			ltr__unlock(&mutex->queue.lock);
			return false;
		}
		if (__atomic_compare_exchange_n(&mutex->state, &state, state | WAITED, false,
						__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return true;
	}
}

static int wait_to_lock(struct ltr_mutex *mutex, enum ltr_reason reason, int64_t deadline_ns)
{
	struct ltr__goroutine *self = ltr__self()->current;
	struct ltr__waiter waiter = {0};

	if (ltr__is_late(deadline_ns))
		return ltr__gave_up(deadline_ns);
	for (int i = 0; i < SPINS && ltr__sched.processor_count > 1; i++) {
		ltr__relax();
		if (try_lock(mutex))
			return 0;
	}
	while (prepare_to_wait(mutex)) {
		if (!ltr__wait(self, &mutex->queue.list, &waiter, reason,
			       (uint64_t)(uintptr_t)mutex, deadline_ns, ltr__unlock_commit,
			       &mutex->queue.lock)) {
			ltr__object_lock(&mutex->queue.lock);
			ltr__wait_remove(&mutex->queue.list, &waiter);
			clear_waited_if_empty(mutex);
			ltr__unlock(&mutex->queue.lock);
			return ltr__gave_up(deadline_ns);
		}
		if (waiter.success) /* handed over, still locked */
			return 0;
		waiter.overtaken = true;
		if (try_lock(mutex))
			return 0;
	}
	return 0;
}

/* Only who has the mutex says so, also when it was handed over: an owner that waits locks twice. */
static void own(struct ltr_mutex *mutex, uint64_t id, const void *pc)
{
	ltr__lock_owned(&mutex->owner, &mutex->locked_at, id, pc);
}

static __attribute__((noinline)) int lock_slowly(struct ltr_mutex *mutex, enum ltr_reason reason,
						 int64_t deadline_ns, uint64_t id, const void *pc)
{
	int r = wait_to_lock(mutex, reason, deadline_ns);

	if (r == 0)
		own(mutex, id, pc);
	return r;
}

/* `call` returns to `pc`. */
static inline __attribute__((always_inline)) int lock(struct ltr_mutex *mutex,
						      enum ltr_reason reason, int64_t deadline_ns,
						      const char *call, const void *pc)
{
	uint64_t id = ltr__caller(call)->id;
	uint32_t unlocked = 0;

	if (ltr__exchange_alone(&mutex->state, 0, LOCKED) ||
	    __builtin_expect(__atomic_compare_exchange_n(&mutex->state, &unlocked, LOCKED, false,
							 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED),
			     1)) {
		own(mutex, id, pc);
		return 0;
	}
	return lock_slowly(mutex, reason, deadline_ns, id, pc);
}

int ltr__mutex_lock(struct ltr_mutex *mutex, int64_t deadline_ns)
{
	return lock(mutex, LTR_REASON_MUTEX_LOCK, deadline_ns, "ltr_mutex_lock",
		    __builtin_return_address(0));
}

void ltr__mutex_lock_for(struct ltr_mutex *mutex, const void *pc)
{
	(void)lock(mutex, LTR_REASON_MUTEX_LOCK, LTR_FOREVER, "ltr_mutex_lock", pc);
}

/*
 * Somebody waits. The mutex stays locked until the queue's lock is free again: then nobody can have
 * freed it meanwhile.
 */
static void unlock_slowly(struct ltr_mutex *mutex)
{
	struct ltr__goroutine *self = ltr__self()->current;
	uint32_t state = LOCKED;

	while (!__atomic_compare_exchange_n(&mutex->state, &state, 0, false, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED)) {
		struct ltr__waiter *waiter;
		struct ltr__goroutine *woken;
		bool handed_over;

		ltr__object_lock(&mutex->queue.lock);
		waiter = ltr__wait_take(&mutex->queue.list);
		clear_waited_if_empty(mutex);
		if (!waiter) { /* they had given up */
			ltr__unlock(&mutex->queue.lock);
			state = LOCKED;
			continue;
		}
		woken = waiter->goroutine;
		waiter->success = waiter->overtaken;
		handed_over = waiter->success;
		ltr__unlock(&mutex->queue.lock);
		if (!handed_over)
			__atomic_fetch_and(&mutex->state, ~LOCKED, __ATOMIC_RELEASE);
		ltr__note_unlock(self, woken, __builtin_frame_address(0));
		ltr__ready(woken, self->id);
		return;
	}
}

static inline __attribute__((always_inline)) void unlock(struct ltr_mutex *mutex, uint64_t id)
{
	uint32_t state = LOCKED;

	if (!(__atomic_load_n(&mutex->state, __ATOMIC_RELAXED) & LOCKED))
		ltr__fatal("unlock of unlocked mutex");
	ltr__lock_disowned(&mutex->owner, &mutex->queue.marks, &mutex->unlocker, id);
	if (ltr__exchange_alone(&mutex->state, LOCKED, 0))
		return;
	if (__builtin_expect(!__atomic_compare_exchange_n(&mutex->state, &state, 0, false,
							  __ATOMIC_RELEASE, __ATOMIC_RELAXED),
			     0))
		unlock_slowly(mutex);
}

void ltr_mutex_unlock(struct ltr_mutex *mutex)
{
	unlock(mutex, ltr__caller("ltr_mutex_unlock")->id);
}

void ltr__mutex_unlock_at_once(struct ltr_mutex *mutex, uint64_t id)
{
	unlock(mutex, id);
}

/* --- Once --------------------------------------------------------------------------------------- */

static void once_over(void *argument)
{
	struct ltr_once *once = argument;

	/* release: pairs with the acquire in ltr__once_do() */
	__atomic_store_n(&once->done, 1, __ATOMIC_RELEASE);
	ltr_mutex_unlock(&once->mutex);
}

int ltr__once_do(struct ltr_once *once, void (*function)(void), int64_t deadline_ns)
{
	int r;

	/* acquire: pairs with the release in once_over() */
	if (__atomic_load_n(&once->done, __ATOMIC_ACQUIRE))
		return 0;
	r = lock(&once->mutex, LTR_REASON_ONCE_DO, deadline_ns, "ltr_once_do",
		 __builtin_return_address(0));
	if (r < 0)
		return r;
	if (once->done) {
		ltr_mutex_unlock(&once->mutex);
		return 0;
	}
	ltr_defer(once_over, once); /* for ltr_exit() in there */
	function();
	ltr__defer_cancel(once_over, once);
	once_over(once);
	return 0;
}
