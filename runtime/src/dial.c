/* SPDX-License-Identifier: MIT */

/*
 * Dialling. One address is tried by who asks; several by a goroutine each, started one after the
 * other, a little later each: a race. It ends with the first that is connected, when all have failed,
 * or at the deadline; then those that still try have their handles closed, which wakes them.
 */

#include <errno.h>
#include <loiter/goroutine.h>
#include <loiter/net.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"
#include "notice.h"
#include "socket.h"

#define NEXT_ADDRESS_NS (250 * LTR_MILLISECOND) /* RFC 8305, "Connection Attempt Delay" */
#define FULL_BACKLOG_NS LTR_MILLISECOND

/* connect() once: 0, also if it goes on; then `fd` tells by being writable. */
static int begin_to_connect(int fd, const struct ltr_address *address, int64_t deadline_ns)
{
	while (connect(fd, &address->any, address->bytes) != 0) {
		if (errno == EINPROGRESS || errno == EINTR)
			return 0;
		/* A Unix listener's backlog is full, and there is no event for when it is not. */
		if (errno != EAGAIN || address->any.sa_family != AF_UNIX)
			return -errno;
		if (ltr__is_late(deadline_ns))
			return ltr__gave_up(deadline_ns);
		ltr_sleep(FULL_BACKLOG_NS);
	}
	return 0;
}

/* Of a connection that has begun: 0, a negative errno, or 1: not yet. */
static int how_it_went(int fd)
{
	struct sockaddr_storage peer;
	socklen_t bytes = sizeof(peer), error_bytes = sizeof(int);
	int error;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_bytes) != 0)
		return -errno;
	if (error != 0)
		return -error;
	if (getpeername(fd, (struct sockaddr *)&peer, &bytes) == 0)
		return 0;
	return errno == ENOTCONN ? 1 : -errno;
}

/* A socket that connects, or is connected. */
static int begin(const struct ltr_address *address, void **ret_handle, int64_t deadline_ns)
{
	int r, fd = ltr__socket(address, SOCK_STREAM);

	if (fd < 0)
		return fd;
	if (address->any.sa_family != AF_UNIX)
		ltr__socket_no_delay(fd);
	r = begin_to_connect(fd, address, deadline_ns);
	if (r < 0) {
		close(fd);
		return r;
	}
	return ltr__socket_handle(fd, ltr__stream_kind(address), ret_handle);
}

static int wait_connected(const void *handle, int64_t deadline_ns)
{
	/* It was registered after connect(): an edge means that it is over, one way or the other. */
	uint32_t seen = LTR__EDGES_AT_BIRTH;
	struct ltr__pollable *pollable;
	int r = ltr__pollable_enter(handle, &pollable);

	if (r < 0)
		return r;
	do {
		r = ltr__pollable_wait(pollable, LTR_WRITABLE, LTR_REASON_IO_CONNECT, seen,
				       deadline_ns);
		seen = ltr__pollable_edges(pollable, LTR_WRITABLE);
		if (r == 0)
			r = how_it_went(pollable->fd);
	} while (r == 1);
	ltr__pollable_leave(pollable);
	return r;
}

static int dial_one(const struct ltr_address *address, struct ltr_conn **ret_conn,
		    int64_t deadline_ns)
{
	void *handle;
	int r = begin(address, &handle, deadline_ns);

	if (r < 0)
		return r;
	r = wait_connected(handle, deadline_ns);
	if (r < 0)
		ltr__pollable_close(handle);
	else
		*ret_conn = handle;
	return r;
}

/* --- several addresses -------------------------------------------------------------------------- */

/* Belongs to who dials and to those who try; the last to let go frees it. */
struct race {
	struct ltr__wait_queue queue; /* its lock guards all the rest but the addresses */
	uint32_t references;
	uint32_t started;
	uint32_t failed;
	int error;    /* of the first address that failed */
	bool over;    /* who dialled has left */
	void *winner; /* the handle that is connected */
	void *trying[LTR__ADDRESSES_MAX];
	int64_t deadline_ns;
	struct ltr__addresses addresses;
};

struct attempt {
	struct race *race;
	uint32_t index;
};

/* Under the lock, which is released. */
static void let_go(struct race *race)
{
	bool last = --race->references == 0;

	ltr__unlock(&race->queue.lock);
	if (last)
		free(race);
}

/* From now on the race may close it. False: it is over already. */
static bool enter_race(struct race *race, uint32_t index, void *handle)
{
	bool over;

	ltr__lock(&race->queue.lock);
	over = race->over || race->winner;
	if (!over)
		race->trying[index] = handle;
	ltr__unlock(&race->queue.lock);
	return !over;
}

static void try_address(struct attempt *attempt)
{
	struct race *race = attempt->race;
	void *handle = NULL;
	int r = begin(&race->addresses.address[attempt->index], &handle, race->deadline_ns);

	if (r == 0)
		r = enter_race(race, attempt->index, handle)
			    ? wait_connected(handle, race->deadline_ns)
			    : -ECANCELED;
	ltr__lock(&race->queue.lock);
	race->trying[attempt->index] = NULL;
	if (r == 0 && !race->over && !race->winner) {
		race->winner = handle;
		handle = NULL;
	} else {
		race->failed++;
		if (race->error == 0)
			race->error = r;
	}
	ltr__notice_wake(&race->queue);
	ltr__pollable_close(handle);
	ltr__lock(&race->queue.lock);
	let_go(race);
}

/* As getaddrinfo() has ordered them, but the families by turns. */
static void alternate(struct ltr__addresses *addresses)
{
	for (uint32_t at = 1; at < addresses->count; at++) {
		uint32_t other = at;

		while (other < addresses->count && addresses->address[other].any.sa_family ==
							   addresses->address[at - 1].any.sa_family)
			other++;
		if (other == addresses->count)
			return;
		for (struct ltr_address moved = addresses->address[other];; other--) {
			if (other == at) {
				addresses->address[at] = moved;
				break;
			}
			addresses->address[other] = addresses->address[other - 1];
		}
	}
}

/* Under the lock, which is released meanwhile. */
static void start_next(struct race *race)
{
	static const struct ltr_go_options options = {.name = "dial"};
	struct attempt attempt = {race, race->started++};

	race->references++;
	ltr__unlock(&race->queue.lock);
	ltr_go_with(&options, try_address, attempt);
	ltr__lock(&race->queue.lock);
}

/* Under the lock: start one when the last has had its time, or all so far have failed. */
static void run_race(struct race *race)
{
	uint32_t count = race->addresses.count;

	while (!race->winner && race->failed < count && !ltr__is_late(race->deadline_ns)) {
		uint32_t failed = race->failed;
		int64_t until_ns = race->deadline_ns;

		if (race->started < count) {
			start_next(race);
			if (race->started < count)
				until_ns = ltr__sooner(ltr_after(NEXT_ADDRESS_NS), until_ns);
		}
		while (!race->winner && race->failed == failed &&
		       ltr__notice_wait(&race->queue, LTR_REASON_IO_CONNECT, until_ns))
			;
	}
}

static int dial_several(const struct ltr__addresses *addresses, struct ltr_conn **ret_conn,
			int64_t deadline_ns)
{
	void *losers[LTR__ADDRESSES_MAX];
	struct race *race = calloc(1, sizeof(*race));
	int r;

	if (!race)
		return -ENOMEM;
	race->references = 1;
	race->deadline_ns = deadline_ns;
	race->addresses = *addresses;
	alternate(&race->addresses);

	ltr__lock(&race->queue.lock);
	run_race(race);
	race->over = true;
	for (uint32_t i = 0; i < LTR__ADDRESSES_MAX; i++)
		losers[i] = race->trying[i];
	if (race->winner) {
		*ret_conn = race->winner;
		r = 0;
	} else {
		r = race->failed == addresses->count ? race->error : ltr__gave_up(deadline_ns);
	}
	let_go(race);
	/* A handle may be old by now: it is no address. */
	for (uint32_t i = 0; i < LTR__ADDRESSES_MAX; i++)
		ltr__pollable_close(losers[i]);
	return r;
}

int ltr__dial(const char *address, struct ltr_conn **ret_conn, int64_t deadline_ns)
{
	struct ltr__addresses addresses;
	int r = ltr__resolve(address, false, deadline_ns, &addresses);

	if (r < 0)
		return r;
	if (addresses.count == 1)
		return dial_one(&addresses.address[0], ret_conn, deadline_ns);
	return dial_several(&addresses, ret_conn, deadline_ns);
}
