/* SPDX-License-Identifier: MIT */

/* Datagrams of UDP and Unix sockets. One system call is one datagram, so that nothing can mix. */

#include <errno.h>
#include <loiter/datagram.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"
#include "clock.h"
#include "io.h"
#include "socket.h"

#define FULL_QUEUE_NS LTR_MILLISECOND

static int open_at(const struct ltr_address *address, bool binds, struct ltr_conn **ret_conn)
{
	/* Without a name nobody could answer: an empty one makes the kernel find one. */
	const struct sockaddr_un nameless = {.sun_family = AF_UNIX};
	int r, fd = ltr__socket(address, SOCK_DGRAM);
	void *handle;

	if (fd < 0)
		return fd;
	ltr__socket_both_families(fd, address);
	r = 0;
	if (!binds && address->any.sa_family == AF_UNIX)
		r = bind(fd, (const struct sockaddr *)&nameless, sizeof(nameless.sun_family));
	if (r == 0)
		r = (binds ? bind : connect)(fd, &address->any, address->bytes);
	if (r != 0) {
		r = -errno;
		close(fd);
		return r;
	}
	r = ltr__socket_handle(fd, LTR__KIND_SOCKET, &handle);
	if (r == 0)
		*ret_conn = handle;
	return r;
}

static int open_first(const char *address, bool binds, struct ltr_conn **ret_conn,
		      int64_t deadline_ns)
{
	struct ltr__addresses addresses;
	int r = ltr__resolve(address, binds, deadline_ns, &addresses);

	if (r < 0)
		return r;
	for (uint32_t i = 0; i < addresses.count; i++) {
		r = open_at(&addresses.address[i], binds, ret_conn);
		if (r == 0 || (binds && !ltr__is_not_here(r)))
			break;
	}
	return r;
}

int ltr_datagram_bind(const char *address, struct ltr_conn **ret_conn)
{
	return open_first(address, true, ret_conn, LTR_FOREVER);
}

int ltr__datagram_dial(const char *address, struct ltr_conn **ret_conn, int64_t deadline_ns)
{
	return open_first(address, false, ret_conn, deadline_ns);
}

static ssize_t try_receive(const struct ltr__pollable *pollable, struct ltr__io *io)
{
	struct iovec buffer = {io->buffer, io->bytes};
	struct msghdr message = {.msg_iov = &buffer, .msg_iovlen = 1};
	struct ltr_address from = {0};
	ssize_t n;

	message.msg_name = &from.any;
	message.msg_namelen = sizeof(from) - offsetof(struct ltr_address, any);
	n = recvmsg(pollable->fd, &message, 0);
	if (n < 0)
		return n;
	from.bytes = message.msg_namelen;
	if (io->from)
		*io->from = from;
	if (message.msg_flags & MSG_TRUNC) {
		errno = EMSGSIZE;
		return -1;
	}
	return n;
}

ssize_t ltr__receive_from(struct ltr_conn *conn, void *buffer, size_t bytes,
			  struct ltr_address *ret_from, int64_t deadline_ns)
{
	struct ltr__io io = {
		.direction = LTR_READABLE,
		.reason = LTR_REASON_IO_READ,
		.attempt = try_receive,
		.buffer = buffer,
		.bytes = bytes,
		.from = ret_from,
	};

	return ltr__io_on(conn, &io, deadline_ns);
}

static ssize_t try_send(const struct ltr__pollable *pollable, struct ltr__io *io)
{
	const struct ltr_address *to = io->to;

	return sendto(pollable->fd, io->data, io->bytes, MSG_NOSIGNAL, to ? &to->any : NULL,
		      to ? to->bytes : 0);
}

/*
 * A Unix socket whose queue is full tells only those who are connected to it when it is not: who is
 * not looks again after a while.
 */
static ssize_t send_and_look_again(struct ltr__pollable *pollable, struct ltr__io *io,
				   int64_t deadline_ns)
{
	for (;;) {
		int64_t until_ns = ltr_after(FULL_QUEUE_NS);
		ssize_t n = ltr__io(pollable, io, LTR_NOW);

		if (n != -ETIMEDOUT)
			return n;
		if (ltr__is_late(deadline_ns))
			return ltr__gave_up(deadline_ns);
		n = ltr__pollable_wait(pollable, io->direction, io->reason,
				       ltr__pollable_edges(pollable, io->direction),
				       ltr__sooner(until_ns, deadline_ns));
		if (n < 0 && n != -ETIMEDOUT)
			return n;
	}
}

ssize_t ltr__send_to(struct ltr_conn *conn, const void *buffer, size_t bytes,
		     const struct ltr_address *to, int64_t deadline_ns)
{
	struct ltr__io io = {
		.direction = LTR_WRITABLE,
		.reason = LTR_REASON_IO_WRITE,
		.attempt = try_send,
		.data = buffer,
		.bytes = bytes,
		.to = to,
	};
	struct ltr__pollable *pollable;
	ssize_t n = ltr__pollable_enter(conn, &pollable);

	if (n < 0)
		return n;
	if (to && to->any.sa_family == AF_UNIX)
		n = send_and_look_again(pollable, &io, deadline_ns);
	else
		n = ltr__io(pollable, &io, deadline_ns);
	ltr__pollable_leave(pollable);
	return n;
}
