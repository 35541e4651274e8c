/* SPDX-License-Identifier: MIT */
#ifndef LTR_WAITLIST_H
#define LTR_WAITLIST_H

/*
 * Who waits for something: a doubly linked list of waiters, which lie on the stacks of parked
 * goroutines. First come, first served; a waiter that gives up is unlinked in constant time. The
 * list is guarded by the lock of the object that it belongs to.
 */

#include <loiter/sync.h>

#include "scheduler.h"

struct ltr__waiter {
	struct ltr__goroutine *goroutine;
	struct ltr__waiter *next;
	struct ltr__waiter *prev;
	void *value;    /* where the value comes from or goes to (channels) */
	uint32_t index; /* of the case (select); by which call (semaphore) */
	bool queued;    /* in a list */
	bool shared;    /* others may wake the goroutine too: it has to be claimed */
	bool success;   /* set by the waker */
	bool overtaken; /* was woken before and came too late (mutex) */
};

static inline void ltr__wait_append(struct ltr__wait_list *list, struct ltr__waiter *waiter)
{
	waiter->next = NULL;
	waiter->prev = list->last;
	*(list->last ? &list->last->next : &list->first) = waiter;
	list->last = waiter;
	waiter->queued = true;
}

static inline void ltr__wait_prepend(struct ltr__wait_list *list, struct ltr__waiter *waiter)
{
	waiter->prev = NULL;
	waiter->next = list->first;
	*(list->first ? &list->first->prev : &list->last) = waiter;
	list->first = waiter;
	waiter->queued = true;
}

static inline void ltr__wait_remove(struct ltr__wait_list *list, struct ltr__waiter *waiter)
{
	if (!waiter->queued)
		return;
	*(waiter->prev ? &waiter->prev->next : &list->first) = waiter->next;
	*(waiter->next ? &waiter->next->prev : &list->last) = waiter->prev;
	waiter->queued = false;
}

/*
 * Take the first waiter that can still be woken; it is ours to wake. Those that somebody else has
 * woken are unlinked on the way. NULL: none.
 */
static inline struct ltr__waiter *ltr__wait_take(struct ltr__wait_list *list)
{
	for (struct ltr__waiter *waiter = list->first; waiter; waiter = list->first) {
		ltr__wait_remove(list, waiter);
		if (!waiter->shared || ltr__claim(waiter->goroutine)) {
			waiter->goroutine->run.woken = waiter;
			return waiter;
		}
	}
	return NULL;
}

/*
 * Park on one list whose lock the caller holds, and which `unlock(argument)` releases once we are
 * off our stack. Returns true if a waker took the waiter, false at the deadline; then the caller
 * locks again and removes the waiter. Fills in everything of the waiter but value and index.
 */
static inline bool ltr__wait(struct ltr__goroutine *self, struct ltr__wait_list *list,
			     struct ltr__waiter *waiter, enum ltr_reason reason, uint64_t object,
			     int64_t deadline_ns, ltr__commit *unlock, void *argument)
{
	waiter->goroutine = self;
	waiter->success = false;
	waiter->shared = deadline_ns != LTR_FOREVER;
	self->run.woken = NULL;
	if (waiter->shared)
		__atomic_store_n(&self->run.claim, 1, __ATOMIC_RELEASE);
	if (waiter->overtaken)
		ltr__wait_prepend(list, waiter);
	else
		ltr__wait_append(list, waiter);
	ltr__park(reason, object, deadline_ns, unlock, argument);
	return self->run.woken != NULL;
}

/* ltr_mutex_unlock() for a goroutine that holds a Cond's lock, and therefore must not be interrupted. */
void ltr__mutex_unlock_at_once(struct ltr_mutex *mutex, uint64_t id);

/* ltr_mutex_lock() in the name of a call that returns to `pc`. */
void ltr__mutex_lock_for(struct ltr_mutex *mutex, const void *pc);

/* ltr_waitgroup_add(), ltr_waitgroup_done() and ltr_semaphore_acquire() in the name of a call that returns to
 * `pc`; NULL: of none. */
void ltr__waitgroup_add_for(struct ltr_waitgroup *group, int64_t delta, const void *pc);
int ltr__semaphore_acquire_for(struct ltr_semaphore *semaphore, int64_t weight, int64_t deadline_ns,
			       const void *pc);
void ltr__semaphore_release_for(struct ltr_semaphore *semaphore, int64_t weight, const void *pc);

/* What is not a lock says to outsiders (struct ltr_sync_words): who comes, and by which call. relaxed: they
 * read it from another process. While nobody can have freed it. */
static inline void ltr__note_giver(struct ltr__comers *comers, uint64_t id, const void *pc)
{
	__atomic_store_n(&comers->giver_id, id, __ATOMIC_RELAXED);
	__atomic_store_n(&comers->given_at, (uint32_t)(uintptr_t)pc, __ATOMIC_RELAXED);
}

static inline void ltr__note_taker(struct ltr__comers *comers, uint64_t id, uint32_t at)
{
	__atomic_store_n(&comers->taker_id, id, __ATOMIC_RELAXED);
	__atomic_store_n(&comers->taken_at, at, __ATOMIC_RELAXED);
}

/* Who uses it, the first of all. */
static inline void ltr__note_use(struct ltr__wait_queue *queue, const void *pc)
{
	if (__builtin_expect(!__atomic_load_n(&queue->marks, __ATOMIC_RELAXED), 0))
		__atomic_store_n(&queue->marks, (uint32_t)(uintptr_t)pc, __ATOMIC_RELAXED);
}

/* What a lock says to outsiders (struct ltr_lock_words). relaxed: they read it from another process,
 * and go by the transitions of the owner. */
static inline void ltr__lock_owned(uint64_t *owner, uint32_t *locked_at, uint64_t id,
				   const void *pc)
{
	__atomic_store_n(owner, id, __ATOMIC_RELAXED);
	__atomic_store_n(locked_at, (uint32_t)(uintptr_t)pc, __ATOMIC_RELAXED);
}

/*
 * By who unlocks, before. The id alone: with the place, too, it costs a sixth more to lock and unlock.
 */
static inline void ltr__lock_disowned(uint64_t *owner, uint32_t *marks, uint64_t *unlocker,
				      uint64_t id)
{
	if (__builtin_expect(__atomic_load_n(owner, __ATOMIC_RELAXED) != id, 0))
		__atomic_fetch_or(marks, LTR_LOCK_STRAY_UNLOCK, __ATOMIC_RELAXED);
	__atomic_store_n(owner, 0, __ATOMIC_RELAXED);
	__atomic_store_n(unlocker, id, __ATOMIC_RELAXED);
}

#endif
