/* SPDX-License-Identifier: MIT */
#ifndef LTR_POLLER_H
#define LTR_POLLER_H

/*
 * The network poller: one epoll instance, edge-triggered; each file descriptor is registered once,
 * for both directions. At most one thread waits in it, without a processor; it is woken through an
 * eventfd when there is something else for it to do.
 */

#include <stdint.h>

#include "scheduler.h"

int ltr__poll_init(void);
/* Only for a runtime that does not start after all. */
void ltr__poll_done(void);

/* The handle of the io_uring, which is no pollable: what it has is taken out at each look. */
#define LTR__POLL_RING UINT64_C(1)

/* Tell of every edge of `fd`, in either direction, by ltr__pollable_event(handle). */
int ltr__poll_add(int fd, uint64_t handle);
void ltr__poll_remove(int fd);

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
