/* SPDX-License-Identifier: MIT */
#ifndef LTR_NOTICE_H
#define LTR_NOTICE_H

/*
 * To wait until something is true that a lock guards, as with a condition variable: who makes it true
 * takes those who wait off the list under the lock, and makes them ready after it.
 */

#include <loiter/sync.h>

#include "clock.h"
#include "waitlist.h"

/*
 * The caller, a goroutine, holds queue->lock, and holds it again afterwards. False: the deadline came
 * first. Not by ltr__caller(), which may yield in a seeded run: the lock is held.
 */
static inline bool ltr__notice_wait(struct ltr__wait_queue *queue, enum ltr_reason reason,
				    int64_t deadline_ns)
{
	struct ltr__waiter waiter = {0};
	bool woken;

	if (ltr__is_late(deadline_ns))
		return false;
	woken = ltr__wait(ltr__self()->current, &queue->list, &waiter, reason, 0, deadline_ns,
			  ltr__unlock_commit, &queue->lock);
	ltr__lock(&queue->lock);
	ltr__wait_remove(&queue->list, &waiter);
	return woken;
}

/* The caller holds queue->lock, which is released, and wakes who waits first. */
static inline void ltr__notice_wake(struct ltr__wait_queue *queue)
{
	struct ltr__waiter *waiter = ltr__wait_take(&queue->list);

	ltr__unlock(&queue->lock);
	if (waiter)
		ltr__ready(waiter->goroutine, ltr_id());
}

#endif
