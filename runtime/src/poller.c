/* SPDX-License-Identifier: MIT */

/* See poller.h. Event data is the pollable's handle. */

#include "poller.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "fatal.h"
#include "pollable.h"
#include "uring.h"

#define EVENTS_A_CALL 128
#define KICK          UINT64_C(0) /* no handle: the eventfd */

int64_t ltr__poll_until_ns = INT64_MIN;

static int epoll_fd = -1;
static int kick_fd = -1;

int ltr__poll_init(void)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = KICK};

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

int ltr__poll_add(int fd, uint64_t handle)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET,
		.data.u64 = handle,
	};

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

void ltr__poll_remove(int fd)
{
	(void)epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL);
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
	struct ltr__woken woken = {.end = &woken.first};
	int n;

	ltr__uring_drain(&woken);
	n = wait_for_events(events, woken.count ? 0 : timeout_ns);
	for (int i = 0; i < n; i++) {
		uint64_t kicks;

		if (events[i].data.u64 == LTR__POLL_RING)
			continue;
		if (events[i].data.u64 != KICK)
			ltr__pollable_event(events[i].data.u64, events[i].events, &woken);
		else if (timeout_ns != 0 && /* a kick is for who waits */
			 read(kick_fd, &kicks, sizeof(kicks)) < 0 && errno != EAGAIN)
			ltr__fatal("the poller's eventfd cannot be read: error %d", errno);
	}
	ltr__uring_drain(&woken); /* whatever woke us: with EINTR there are no events */
	if (woken.count)
		*ret_first = woken.first;
	return woken.count;
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
