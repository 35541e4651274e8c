/* SPDX-License-Identifier: MIT */
#ifndef LOITER_SYNC_H
#define LOITER_SYNC_H

/*
 * WaitGroup, Mutex, RWMutex, Cond, Semaphore, Once. All of them are ready when zeroed (a semaphore
 * has no room then), must not be moved or copied while in use, and need no destructor. They are
 * private to the library but for their size.
 *
 * Calls that wait take a deadline or a context as their last argument. -ETIMEDOUT below is then also
 * -ECANCELED, if it was a context that was cancelled. LTR_NOW makes each of them a "try".
 */

#include <stdbool.h>
#include <stdint.h>

#include <loiter/declare.h>
#include <loiter/time.h>

LTR__DECLARE_BEGIN

struct ltr__waiter;

struct ltr__wait_list {
	struct ltr__waiter *first;
	struct ltr__waiter *last;
};

struct ltr__wait_queue {
	uint32_t lock; /* guards the list */
	/* For those who look from outside: of a lock LTR_LOCK_* (layout.h), of others `first_at` of
	 * struct ltr_sync_words. */
	uint32_t marks;
	struct ltr__wait_list list;
};

/* Who came last, for those who look from outside: as in struct ltr_sync_words (layout.h). */
struct ltr__comers {
	uint64_t giver_id;
	uint64_t taker_id;
	uint32_t given_at;
	uint32_t taken_at;
};

/*
 * A WaitGroup waits for a number of things to be done.
 *
 * ltr_waitgroup_add() adds `delta`, which may be negative, before the goroutine it counts is
 * started; ltr_waitgroup_done() takes one away; ltr_waitgroup_wait() waits until none is left.
 * A count below zero ends the program with a message. add and done never block.
 *   -ETIMEDOUT  some are still not done
 */
struct ltr_waitgroup {
	uint64_t state; /* count in the upper half, waiters in the lower */
	struct ltr__wait_queue queue;
	struct ltr__comers comers;
};

void ltr_waitgroup_add(struct ltr_waitgroup *group, int64_t delta);
void ltr_waitgroup_done(struct ltr_waitgroup *group);
#define ltr_waitgroup_wait(group, ...) ltr__waitgroup_wait((group), LTR__DEADLINE(__VA_ARGS__))
int ltr__waitgroup_wait(struct ltr_waitgroup *group, int64_t deadline_ns);

/*
 * A Mutex has one owner. First come, first served, but that a running goroutine may overtake those
 * that are just being woken; one that was overtaken once is handed the mutex at the next unlock
 * (where Go lets it be overtaken for a millisecond). Not recursive: locking twice
 * waits for ever (or is reported as a deadlock). Another goroutine may unlock it, as in Go.
 * Unlocking an unlocked one ends the program with a message.
 *   -ETIMEDOUT  not locked
 */
struct ltr_mutex {
	uint32_t state;     /* 1: locked, 2: somebody waits */
	uint32_t locked_at; /* both for those who look from outside, as in struct ltr_lock_words */
	uint64_t owner;
	struct ltr__wait_queue queue;
	uint64_t unlocker;
};

#define ltr_mutex_lock(mutex, ...) ltr__mutex_lock((mutex), LTR__DEADLINE(__VA_ARGS__))
int ltr__mutex_lock(struct ltr_mutex *mutex, int64_t deadline_ns);
void ltr_mutex_unlock(struct ltr_mutex *mutex);
/* True: it was free, and is ours now. */
#define ltr_mutex_try_lock(mutex) (ltr__mutex_lock((mutex), LTR_NOW) == 0)

/*
 * An RWMutex is held by one writer, or by any number of readers. Nobody starves: a waiting writer
 * stops new readers, and when a writer unlocks, all readers that wait by then go before the next
 * writer. So a reader must not lock it again while it holds it. It is not tied to a goroutine: who
 * locked it may have somebody else unlock it. Unlocking what is not locked that way ends the program
 * with a message.
 *   -ETIMEDOUT  not locked; readers that a writer stopped who has given up go on
 */
struct ltr_rwmutex {
	uint32_t state;     /* 1: a writer has it, 2: somebody waits, 4 for each reader */
	uint32_t locked_at; /* both of the writer, as in struct ltr_lock_words */
	uint64_t owner;
	struct ltr__wait_queue readers; /* its lock guards both lists */
	uint64_t unlocker;
	struct ltr__wait_list writers;
};

#define ltr_rwmutex_lock(rwmutex, ...)  ltr__rwmutex_lock((rwmutex), LTR__DEADLINE(__VA_ARGS__))
#define ltr_rwmutex_rlock(rwmutex, ...) ltr__rwmutex_rlock((rwmutex), LTR__DEADLINE(__VA_ARGS__))
int ltr__rwmutex_lock(struct ltr_rwmutex *rwmutex, int64_t deadline_ns);
int ltr__rwmutex_rlock(struct ltr_rwmutex *rwmutex, int64_t deadline_ns);
void ltr_rwmutex_unlock(struct ltr_rwmutex *rwmutex);
void ltr_rwmutex_runlock(struct ltr_rwmutex *rwmutex);
#define ltr_rwmutex_try_lock(rwmutex)  (ltr__rwmutex_lock((rwmutex), LTR_NOW) == 0)
#define ltr_rwmutex_try_rlock(rwmutex) (ltr__rwmutex_rlock((rwmutex), LTR_NOW) == 0)

/*
 * A Cond is a place to wait for a change of what `mutex` guards:
 *
 *	ltr_mutex_lock(&mutex);
 *	while (!changed)
 *		ltr_cond_wait(&cond, &mutex);
 *	...
 *	ltr_mutex_unlock(&mutex);
 *
 * Waiting unlocks the mutex, which must be locked, and locks it again before it returns, whatever it
 * returns, for as long as that takes. ltr_cond_signal() wakes the one that waits longest,
 * ltr_cond_broadcast() all; neither blocks, nor needs the mutex. Nobody is woken without a reason.
 *   -ETIMEDOUT  not woken; the mutex is locked
 */
struct ltr_cond {
	struct ltr__wait_queue queue; /* its lock guards who came last, too */
	struct ltr__comers comers;
};

#define ltr_cond_wait(cond, mutex, ...) ltr__cond_wait((cond), (mutex), LTR__DEADLINE(__VA_ARGS__))
int ltr__cond_wait(struct ltr_cond *cond, struct ltr_mutex *mutex, int64_t deadline_ns);
void ltr_cond_signal(struct ltr_cond *cond);
void ltr_cond_broadcast(struct ltr_cond *cond);

/*
 * A Semaphore has room for a total weight: struct ltr_semaphore room = LTR_SEMAPHORE(10). Acquiring
 * takes `weight` of it, waiting until there is as much; first come, first served, so that what asks
 * for much is not starved by those who ask for little. Releasing gives it back, by anybody, and never
 * blocks; more than was taken ends the program with a message, as does a negative weight.
 *   -EINVAL     more than there will ever be
 *   -ETIMEDOUT  nothing was taken
 */
struct ltr_semaphore {
	int64_t capacity;
	int64_t used;
	struct ltr__wait_queue queue; /* its lock guards all the others */
	struct ltr__comers comers;
};

#define LTR_SEMAPHORE(capacity_)        \
	{                               \
		.capacity = (capacity_) \
	}
#define ltr_semaphore_acquire(semaphore, weight, ...) \
	ltr__semaphore_acquire((semaphore), (weight), LTR__DEADLINE(__VA_ARGS__))
int ltr__semaphore_acquire(struct ltr_semaphore *semaphore, int64_t weight, int64_t deadline_ns);
void ltr_semaphore_release(struct ltr_semaphore *semaphore, int64_t weight);
#define ltr_semaphore_try_acquire(semaphore, weight) \
	(ltr__semaphore_acquire((semaphore), (weight), LTR_NOW) == 0)

/*
 * Run `function` once, whoever comes first; the others wait until it has returned. If it ends by
 * ltr_exit(), it counts as having returned.
 *   -ETIMEDOUT  it still runs elsewhere
 */
struct ltr_once {
	uint32_t done;
	struct ltr_mutex mutex;
};

#define ltr_once_do(once, function, ...) \
	ltr__once_do((once), (function), LTR__DEADLINE(__VA_ARGS__))
int ltr__once_do(struct ltr_once *once, void (*function)(void), int64_t deadline_ns);

LTR__DECLARE_END

#endif
