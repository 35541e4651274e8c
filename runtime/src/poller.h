/* SPDX-License-Identifier: MIT */
#ifndef LTR_POLLER_H
#define LTR_POLLER_H

/*
 * The network poller: one epoll instance, edge-triggered; each file descriptor is registered once,
 * for both directions. At most one thread waits in it, without a processor; it is woken through an
 * eventfd when there is something else for it to do.
 */

#include <loiter/net.h>
#include <stdint.h>

#include "scheduler.h"
#include "waitlist.h"

/*
 * One file descriptor. Its memory is used again for other pollables but never for anything else, so
 * that an event that comes late finds a lock and flags, and wakes somebody who tries again.
 */
struct ltr__pollable {
	uint32_t lock; /* guards everything below */
	int fd;
	uint32_t references; /* calls in progress, plus one until it is closed */
	bool closed;
	bool hung_up;  /* for ever readable: to the end, or an error */
	bool ready[2]; /* an edge has come since the last wait or clear */
	bool drained;  /* the last read got less than it asked for; a hint, atomic */
	bool is_socket;
	struct ltr__wait_list waiters[2];
	struct ltr__pollable *next_free;
};

int ltr__poll_init(void);
/* Only for a runtime that does not start after all. */
void ltr__poll_done(void);

/* Register `fd`, which must be non-blocking; from then on it belongs to the pollable. */
int ltr__pollable_new(int fd, struct ltr__pollable **ret_pollable);

/* Wakes all waiters with -ECANCELED and closes the descriptor when the last call has left. */
void ltr__pollable_close(struct ltr__pollable *pollable);

/* Around each use: -ECANCELED if it is closed. */
int ltr__pollable_enter(struct ltr__pollable *pollable);
void ltr__pollable_leave(struct ltr__pollable *pollable);

/* Before a system call that may empty or fill the socket: an edge that comes after this counts. */
void ltr__pollable_clear(struct ltr__pollable *pollable, enum ltr_direction direction);

/* Wait for an edge after the last clear or wait. -ETIMEDOUT, -ECANCELED. */
int ltr__pollable_wait(struct ltr__pollable *pollable, enum ltr_direction direction,
		       enum ltr_reason reason, int64_t deadline_ns);

/* Look for events for at most `timeout_ns` (0: do not wait; negative: until woken) and return the
 * goroutines that they make ready, claimed, linked by next, and how many. */
uint32_t ltr__poll(int64_t timeout_ns, struct ltr__goroutine **ret_first);

/* Wake the thread that waits in ltr__poll(). */
void ltr__poll_kick(void);

/* A timer was armed: the poller, if it sleeps beyond that, has to look again. */
void ltr__poll_deadline(int64_t deadline_ns);

/* When the waiting poller will look at the timers again; set by it around its wait. */
extern int64_t ltr__poll_until_ns;

#endif
