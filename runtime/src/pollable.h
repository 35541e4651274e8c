/* SPDX-License-Identifier: MIT */
#ifndef LTR_POLLABLE_H
#define LTR_POLLABLE_H

/*
 * A file descriptor that the poller watches, and the handle that people have of it.
 *
 * A handle (struct ltr_conn *, struct ltr_listener *) is no address: it is the number of a slot and
 * the generation of what is in it. Every call begins with ltr__pollable_enter(), which finds out by
 * one atomic operation whether that generation is still there and open, and counts the call; the
 * descriptor is closed, and the slot given to the next generation, when it was closed and the last
 * call has left. So it may be closed at any time by anybody: a call that is under way is woken, one
 * that comes later, even years, is refused. Slots are never unmapped.
 *
 * Events are edges. They are counted for each direction, and who finds nothing to read notes how
 * many edges there were before it looked: nothing can have come as long as there are no more.
 */

#include <loiter/net.h>
#include <loiter/sync.h>
#include <stdbool.h>
#include <stdint.h>

#include "scheduler.h"
#include "waitlist.h"

enum ltr__pollable_kind {
	LTR__KIND_OTHER,  /* a pipe, an eventfd, ...: read() and write() */
	LTR__KIND_SOCKET, /* recv() and send() */
	LTR__KIND_TCP,    /* the same, and a short read means that it is empty */
};

struct ltr__pollable {
	uint64_t state;   /* atomic; generation, closed, calls: see pollable.c */
	uint32_t lock;    /* guards the waiters, and all that is set for a new generation */
	uint32_t slot;    /* constant */
	int fd;           /* constant while somebody is in */
	uint8_t kind;     /* enum ltr__pollable_kind; constant as well */
	bool is_shared;   /* others may have it open: closing does not end its events */
	bool never_spent; /* atomic; a short read says nothing: the end or urgent data has come */

	/* Atomic. Edges so far, written under the lock; and how many there were before the last look
	 * that found nothing more to read, or no room to write. */
	uint32_t edges[2];
	uint32_t spent[2];

	struct ltr__wait_list waiters[2];
	struct ltr_mutex writing; /* so that long writes of several goroutines do not mix */
	struct ltr__pollable *next_free;
};

/* How many edges a new pollable has: more than this, and something has happened to it. */
#define LTR__EDGES_AT_BIRTH 1u

/*
 * Make `fd` pollable, which must be non-blocking; from then on it belongs to the pollable, but not
 * after a failure: -ENOMEM, -ENFILE, -EPERM (epoll does not take it), -ENOSPC (too many watches).
 */
int ltr__pollable_new(int fd, enum ltr__pollable_kind kind, bool is_shared, void **ret_handle);

/* Around each use. -ECANCELED: it is closed, or NULL. */
int ltr__pollable_enter(const void *handle, struct ltr__pollable **ret_pollable);
void ltr__pollable_leave(struct ltr__pollable *pollable);

/* Wakes all waiters with -ECANCELED. Whoever comes second, or with NULL, does nothing. */
void ltr__pollable_close(const void *handle);

/* Whether it was closed after we have entered. */
bool ltr__pollable_is_closed(const struct ltr__pollable *pollable);

static inline uint32_t ltr__pollable_edges(const struct ltr__pollable *pollable,
					   enum ltr_direction direction)
{
	/* acquire: pairs with ltr__pollable_event(): what made the edge comes before our look */
	return __atomic_load_n(&pollable->edges[direction], __ATOMIC_ACQUIRE);
}

/* Wait until there have been other edges than `seen`. -ETIMEDOUT, -ECANCELED. */
int ltr__pollable_wait(struct ltr__pollable *pollable, enum ltr_direction direction,
		       enum ltr_reason reason, uint32_t seen, int64_t deadline_ns);

/* Goroutines that can go on, claimed, linked by next in the order in which they came. */
struct ltr__woken {
	struct ltr__goroutine *first;
	struct ltr__goroutine **end;
	uint32_t count;
};

/* For the poller: epoll says `bits` of what was registered for `handle`; adds to `woken`. */
void ltr__pollable_event(uint64_t handle, uint32_t bits, struct ltr__woken *woken);

#endif
