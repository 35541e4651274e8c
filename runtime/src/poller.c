/* SPDX-License-Identifier: MIT */

/* See poller.h. Event data is the pollable's address; NULL is the eventfd. */

#include "poller.h"

#include <errno.h>
#include <loiter/net.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "fatal.h"

#define EVENTS_A_CALL 128

int64_t ltr__poll_until_ns = INT64_MIN;

static int epoll_fd = -1;
static int kick_fd = -1;
static uint32_t free_lock; /* guards free_pollables */
static struct ltr__pollable *free_pollables;

int ltr__poll_init(void)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (epoll_fd < 0 || kick_fd < 0 ||
	    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, kick_fd, &event) != 0) {
		int r = -errno;

		ltr__poll_done();
		return r;
	}
	return 0;
}

void ltr__poll_done(void)
{
	if (epoll_fd >= 0)
		close(epoll_fd);
	if (kick_fd >= 0)
		close(kick_fd);
	epoll_fd = kick_fd = -1;
}

int ltr__pollable_new(int fd, struct ltr__pollable **ret_pollable)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
	struct ltr__pollable *pollable;

	ltr__lock(&free_lock);
	pollable = free_pollables;
	if (pollable)
		free_pollables = pollable->next_free;
	ltr__unlock(&free_lock);
	if (!pollable)
		pollable = calloc(1, sizeof(*pollable));
	if (!pollable)
		return -ENOMEM;
	/* An event of its former life may come any time: under the lock, and harmless after it. */
	ltr__lock(&pollable->lock);
	pollable->fd = fd;
	pollable->references = 1;
	pollable->closed = false;
	pollable->hung_up = false;
	pollable->drained = false;
	pollable->ready[0] = pollable->ready[1] = false; /* epoll tells what it is like now */
	ltr__unlock(&pollable->lock);
	event.data.ptr = pollable;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
		int r = -errno;

		ltr__lock(&free_lock);
		pollable->next_free = free_pollables;
		free_pollables = pollable;
		ltr__unlock(&free_lock);
		return r;
	}
	*ret_pollable = pollable;
	return 0;
}

int ltr__pollable_enter(struct ltr__pollable *pollable)
{
	int r = 0;

	ltr__lock(&pollable->lock);
	if (pollable->closed)
		r = -ECANCELED;
	else
		pollable->references++;
	ltr__unlock(&pollable->lock);
	return r;
}

void ltr__pollable_leave(struct ltr__pollable *pollable)
{
	bool last;

	ltr__lock(&pollable->lock);
	last = --pollable->references == 0;
	ltr__unlock(&pollable->lock);
	if (!last)
		return;
	close(pollable->fd); /* which takes it out of the epoll instance */
	ltr__lock(&free_lock);
	pollable->next_free = free_pollables;
	free_pollables = pollable;
	ltr__unlock(&free_lock);
}

/*
 * Take who can be woken off the list, linked by goroutine->next behind `list`. Under the lock. Each
 * is no longer a network wait; that it will be queued is the caller's duty.
 */
static struct ltr__goroutine *take_waiters(struct ltr__pollable *pollable, int direction,
					   struct ltr__goroutine *list, uint32_t *count)
{
	struct ltr__waiter *waiter;

	while ((waiter = ltr__wait_take(&pollable->waiters[direction]))) {
		waiter->success = true;
		waiter->goroutine->next = list;
		list = waiter->goroutine;
		(*count)++;
	}
	return list;
}

void ltr__pollable_close(struct ltr__pollable *pollable)
{
	struct ltr__goroutine *list = NULL;
	uint64_t self = ltr_id();
	uint32_t count = 0;

	ltr__lock(&pollable->lock);
	pollable->closed = true;
	list = take_waiters(pollable, LTR_READABLE, list, &count);
	list = take_waiters(pollable, LTR_WRITABLE, list, &count);
	ltr__unlock(&pollable->lock);
	ltr__ready_each(list, self);
	ltr__pollable_leave(pollable);
}

void ltr__pollable_clear(struct ltr__pollable *pollable, enum ltr_direction direction)
{
	ltr__lock(&pollable->lock);
	if (!pollable->hung_up)
		pollable->ready[direction] = false;
	ltr__unlock(&pollable->lock);
}

int ltr__pollable_wait(struct ltr__pollable *pollable, enum ltr_direction direction,
		       enum ltr_reason reason, int64_t deadline_ns)
{
	struct ltr__goroutine *self = ltr__caller("a network wait");
	struct ltr__waiter waiter = {0};
	bool woken;

	ltr__lock(&pollable->lock);
	if (pollable->closed || pollable->ready[direction]) {
		int r = pollable->closed ? -ECANCELED : 0;

		if (!pollable->hung_up)
			pollable->ready[direction] = false;
		ltr__unlock(&pollable->lock);
		return r;
	}
	if (ltr__is_late(deadline_ns)) {
		ltr__unlock(&pollable->lock);
		return ltr__gave_up(deadline_ns);
	}
	__atomic_fetch_add(&ltr__sched.net_waits, 1, __ATOMIC_RELEASE);
	woken = ltr__wait(self, &pollable->waiters[direction], &waiter, reason,
			  (uint64_t)pollable->fd, deadline_ns, ltr__unlock_commit, &pollable->lock);
	__atomic_fetch_sub(&ltr__sched.net_waits, 1, __ATOMIC_RELEASE);
	ltr__lock(&pollable->lock);
	ltr__wait_remove(&pollable->waiters[direction], &waiter);
	if (pollable->closed) {
		ltr__unlock(&pollable->lock);
		return -ECANCELED;
	}
	if (woken && !pollable->hung_up)
		pollable->ready[direction] = false;
	ltr__unlock(&pollable->lock);
	return woken ? 0 : ltr__gave_up(deadline_ns);
}

static struct ltr__goroutine *take_event(const struct epoll_event *event,
					 struct ltr__goroutine *list, uint32_t *count)
{
	struct ltr__pollable *pollable = event->data.ptr;
	uint32_t bits = event->events;

	ltr__lock(&pollable->lock);
	if (bits & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		pollable->hung_up = true;
	if (bits & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
		pollable->ready[LTR_READABLE] = true;
		list = take_waiters(pollable, LTR_READABLE, list, count);
	}
	if (bits & (EPOLLOUT | EPOLLHUP | EPOLLERR)) {
		pollable->ready[LTR_WRITABLE] = true;
		list = take_waiters(pollable, LTR_WRITABLE, list, count);
	}
	ltr__unlock(&pollable->lock);
	return list;
}

/* epoll_pwait2 has nanoseconds (Linux 5.11); before it, milliseconds, rounded up. */
static int wait_for_events(struct epoll_event *events, int64_t timeout_ns)
{
#ifdef __SANITIZE_THREAD__
	static bool no_pwait2 = true; /* it knows epoll_wait(), but no system call made by number */
#else
	static bool no_pwait2;
#endif
	struct timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};
	int n;

	if (timeout_ns > 0 && !__atomic_load_n(&no_pwait2, __ATOMIC_RELAXED)) {
		n = (int)syscall(SYS_epoll_pwait2, epoll_fd, events, EVENTS_A_CALL, &timeout, NULL,
				 0);
		if (n >= 0 || (errno != ENOSYS && errno != EPERM))
			return n;
		__atomic_store_n(&no_pwait2, true, __ATOMIC_RELAXED);
	}
	if (timeout_ns > 0)
		timeout_ns = timeout_ns / 1000000 + 1;
	if (timeout_ns > INT32_MAX)
		timeout_ns = INT32_MAX;
	return epoll_wait(epoll_fd, events, EVENTS_A_CALL, (int)timeout_ns);
}

uint32_t ltr__poll(int64_t timeout_ns, struct ltr__goroutine **ret_first)
{
	struct epoll_event events[EVENTS_A_CALL];
	struct ltr__goroutine *list = NULL;
	uint32_t count = 0;
	int n = wait_for_events(events, timeout_ns);

	for (int i = 0; i < n; i++) {
		uint64_t kicks;

		if (events[i].data.ptr)
			list = take_event(&events[i], list, &count);
		else if (timeout_ns != 0 && /* a kick is for who waits */
			 read(kick_fd, &kicks, sizeof(kicks)) < 0 && errno != EAGAIN)
			ltr__fatal("the poller's eventfd cannot be read: error %d", errno);
	}
	if (count)
		*ret_first = list;
	return count;
}

void ltr__poll_kick(void)
{
	uint64_t one = 1;

	if (write(kick_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		ltr__fatal("the poller's eventfd cannot be written: error %d", errno);
}

void ltr__poll_deadline(int64_t deadline_ns)
{
	/* seq_cst: pairs with wait_in_poller(): it sees our timer, or we see until */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&ltr__sched.poller, __ATOMIC_RELAXED)) {
		if (deadline_ns < __atomic_load_n(&ltr__poll_until_ns, __ATOMIC_RELAXED))
			ltr__poll_kick();
	} else if (__atomic_load_n(&ltr__sched.idle_count, __ATOMIC_RELAXED) &&
		   !__atomic_load_n(&ltr__sched.spinning, __ATOMIC_RELAXED)) {
		ltr__wake_processor();
	}
}
