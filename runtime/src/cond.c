/* SPDX-License-Identifier: MIT */

/* Cond and Semaphore: wait queues with hardly a state of their own. */

#include <errno.h>
#include <loiter/sync.h>

#include "clock.h"
#include "fatal.h"
#include "waitlist.h"

/* --- Cond --------------------------------------------------------------------------------------- */

int ltr__cond_wait(struct ltr_cond *cond, struct ltr_mutex *mutex, int64_t deadline_ns)
{
	struct ltr__goroutine *self = ltr__caller("ltr_cond_wait");
	const void *pc = __builtin_return_address(0);
	struct ltr__waiter waiter = {0};
	int r = 0;

	if (ltr__is_late(deadline_ns)) { /* lets others in, as every wait does */
		ltr_mutex_unlock(mutex);
		ltr_yield();
		ltr__mutex_lock_for(mutex, pc);
		return ltr__gave_up(deadline_ns);
	}
	/* Who changes what we wait for has the mutex after us, and then finds us behind this lock. */
	ltr__lock(&cond->queue.lock);
	ltr__note_use(&cond->queue, pc);
	ltr__mutex_unlock_at_once(mutex, self->id);
	if (!ltr__wait(self, &cond->queue.list, &waiter, LTR_REASON_COND_WAIT,
		       (uint64_t)(uintptr_t)cond, deadline_ns, ltr__unlock_commit,
		       &cond->queue.lock)) {
		ltr__lock(&cond->queue.lock);
		ltr__wait_remove(&cond->queue.list, &waiter);
		ltr__unlock(&cond->queue.lock);
		r = ltr__gave_up(deadline_ns);
	}
	ltr__mutex_lock_for(mutex, pc);
	return r;
}

void ltr_cond_signal(struct ltr_cond *cond)
{
	struct ltr__goroutine *self = ltr__caller("ltr_cond_signal");
	struct ltr__waiter *waiter;

	ltr__lock(&cond->queue.lock);
	ltr__note_use(&cond->queue, __builtin_return_address(0));
	ltr__note_giver(&cond->comers, self->id, __builtin_return_address(0));
	waiter = ltr__wait_take(&cond->queue.list);
	ltr__unlock(&cond->queue.lock);
	if (waiter)
		ltr__ready(waiter->goroutine, self->id);
}

void ltr_cond_broadcast(struct ltr_cond *cond)
{
	struct ltr__goroutine *self = ltr__caller("ltr_cond_broadcast"), *list = NULL,
			      **end = &list;
	struct ltr__waiter *waiter;

	ltr__lock(&cond->queue.lock);
	ltr__note_use(&cond->queue, __builtin_return_address(0));
	ltr__note_giver(&cond->comers, self->id, __builtin_return_address(0));
	while ((waiter = ltr__wait_take(&cond->queue.list))) {
		*end = waiter->goroutine;
		end = &waiter->goroutine->next;
	}
	*end = NULL;
	ltr__unlock(&cond->queue.lock);
	ltr__ready_each(list, self->id);
}

/* --- Semaphore: a waiter's value is the weight that it asks for, its index by which call -------- */

static int64_t weight_of(const struct ltr__waiter *waiter)
{
	return (int64_t)(intptr_t)waiter->value;
}

/* Let in, from the front, who has room now; linked by next. Under the lock. */
static struct ltr__goroutine *admit(struct ltr_semaphore *semaphore)
{
	struct ltr__goroutine *list = NULL, **end = &list;
	struct ltr__waiter *waiter;

	while ((waiter = semaphore->queue.list.first) &&
	       weight_of(waiter) <= semaphore->capacity - semaphore->used) {
		ltr__wait_remove(&semaphore->queue.list, waiter);
		if (waiter->shared && !ltr__claim(waiter->goroutine))
			continue; /* it has given up */
		waiter->goroutine->run.woken = waiter;
		semaphore->used += weight_of(waiter);
		ltr__note_taker(&semaphore->comers, waiter->goroutine->id, waiter->index);
		*end = waiter->goroutine;
		end = &waiter->goroutine->next;
	}
	*end = NULL;
	return list;
}

static inline __attribute__((always_inline)) int acquire(struct ltr_semaphore *semaphore,
							 int64_t weight, int64_t deadline_ns,
							 const void *pc)
{
	struct ltr__goroutine *self = ltr__caller("ltr_semaphore_acquire"), *admitted;
	struct ltr__waiter waiter = {.value = (void *)(intptr_t)weight,
				     .index = (uint32_t)(uintptr_t)pc};

	if (weight < 0)
		ltr__fatal("a semaphore's weight is negative");
	if (weight > semaphore->capacity)
		return -EINVAL;
	ltr__lock(&semaphore->queue.lock);
	ltr__note_use(&semaphore->queue, pc);
	if (!semaphore->queue.list.first && weight <= semaphore->capacity - semaphore->used) {
		semaphore->used += weight;
		ltr__note_taker(&semaphore->comers, self->id, (uint32_t)(uintptr_t)pc);
		ltr__unlock(&semaphore->queue.lock);
		return 0;
	}
	if (ltr__is_late(deadline_ns)) {
		ltr__unlock(&semaphore->queue.lock);
		return ltr__gave_up(deadline_ns);
	}
	if (ltr__wait(self, &semaphore->queue.list, &waiter, LTR_REASON_SEMACQUIRE,
		      (uint64_t)(uintptr_t)semaphore, deadline_ns, ltr__unlock_commit,
		      &semaphore->queue.lock))
		return 0;
	ltr__lock(&semaphore->queue.lock);
	ltr__wait_remove(&semaphore->queue.list, &waiter);
	admitted = admit(semaphore); /* those behind us may have asked for less */
	ltr__unlock(&semaphore->queue.lock);
	ltr__ready_each(admitted, self->id);
	return ltr__gave_up(deadline_ns);
}

int ltr__semaphore_acquire(struct ltr_semaphore *semaphore, int64_t weight, int64_t deadline_ns)
{
	return acquire(semaphore, weight, deadline_ns, __builtin_return_address(0));
}

int ltr__semaphore_acquire_for(struct ltr_semaphore *semaphore, int64_t weight, int64_t deadline_ns,
			       const void *pc)
{
	return acquire(semaphore, weight, deadline_ns, pc);
}

static inline __attribute__((always_inline)) void release(struct ltr_semaphore *semaphore,
							  int64_t weight, const void *pc)
{
	struct ltr__goroutine *self = ltr__caller("ltr_semaphore_release"), *admitted;

	ltr__lock(&semaphore->queue.lock);
	if (weight < 0 || weight > semaphore->used)
		ltr__fatal("semaphore released more than held");
	semaphore->used -= weight;
	ltr__note_giver(&semaphore->comers, self->id, pc);
	admitted = admit(semaphore);
	ltr__unlock(&semaphore->queue.lock);
	ltr__ready_each(admitted, self->id);
}

void ltr_semaphore_release(struct ltr_semaphore *semaphore, int64_t weight)
{
	release(semaphore, weight, __builtin_return_address(0));
}

void ltr__semaphore_release_for(struct ltr_semaphore *semaphore, int64_t weight, const void *pc)
{
	release(semaphore, weight, pc);
}
