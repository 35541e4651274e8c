/* SPDX-License-Identifier: MIT */
#ifndef LOITER_SYNC_H
#define LOITER_SYNC_H

/*
 * WaitGroup, Mutex, Once. All of them are ready when zeroed, must not be moved or copied while in
 * use, and need no destructor. They are private to the library but for their size.
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
	uint32_t reserved;
	struct ltr__wait_list list;
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
};

void ltr_waitgroup_add(struct ltr_waitgroup *group, int64_t delta);
void ltr_waitgroup_done(struct ltr_waitgroup *group);
#define ltr_waitgroup_wait(group, ...) ltr__waitgroup_wait((group), LTR__DEADLINE(__VA_ARGS__))
int ltr__waitgroup_wait(struct ltr_waitgroup *group, int64_t deadline_ns);

/*
 * A Mutex has one owner. First come, first served, but that a running goroutine may overtake those
 * that are just being woken; one that was overtaken is served next. Not recursive: locking twice
 * waits for ever (or is reported as a deadlock). Another goroutine may unlock it, as in Go.
 * Unlocking an unlocked one ends the program with a message.
 *   -ETIMEDOUT  not locked
 */
struct ltr_mutex {
	uint32_t state; /* 1: locked, 2: somebody waits */
	uint32_t reserved;
	uint64_t owner; /* id of the goroutine that locked it; for those who look from outside */
	struct ltr__wait_queue queue;
};

#define ltr_mutex_lock(mutex, ...) ltr__mutex_lock((mutex), LTR__DEADLINE(__VA_ARGS__))
int ltr__mutex_lock(struct ltr_mutex *mutex, int64_t deadline_ns);
void ltr_mutex_unlock(struct ltr_mutex *mutex);

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
