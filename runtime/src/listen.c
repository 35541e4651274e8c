/* SPDX-License-Identifier: MIT */

/* Listeners of TCP and Unix sockets. */

#include <errno.h>
#include <loiter/net.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "io.h"
#include "socket.h"

static int bind_and_listen(int fd, const struct ltr_address *address)
{
	int one = 1;

	if (address->any.sa_family != AF_UNIX) {
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		ltr__socket_no_delay(fd);
	}
	ltr__socket_both_families(fd, address);
	if (bind(fd, &address->any, address->bytes) != 0 || listen(fd, SOMAXCONN) != 0)
		return -errno;
	return 0;
}

static int listen_at(const struct ltr_address *address, struct ltr_listener **ret_listener)
{
	int r, fd = ltr__socket(address, SOCK_STREAM);
	void *handle;

	if (fd < 0)
		return fd;
	r = bind_and_listen(fd, address);
	if (r < 0) {
		close(fd);
		return r;
	}
	r = ltr__socket_handle(fd, ltr__stream_kind(address), &handle);
	if (r == 0)
		*ret_listener = handle;
	return r;
}

int ltr_listen(const char *address, struct ltr_listener **ret_listener)
{
	struct ltr__addresses addresses;
	int r = ltr__resolve(address, true, LTR_FOREVER, &addresses);

	if (r < 0)
		return r;
	for (uint32_t i = 0; i < addresses.count; i++) {
		r = listen_at(&addresses.address[i], ret_listener);
		if (!ltr__is_not_here(r))
			break;
	}
	return r;
}

uint16_t ltr_listener_port(const struct ltr_listener *listener)
{
	struct ltr_address address;

	if (ltr_listener_address(listener, &address) < 0)
		return 0;
	switch (address.any.sa_family) {
	case AF_INET:
		return ntohs(address.v4.sin_port);
	case AF_INET6:
		return ntohs(address.v6.sin6_port);
	default:
		return 0;
	}
}

void ltr_listener_close(struct ltr_listener *listener)
{
	struct ltr_address address;

	if (ltr_listener_address(listener, &address) == 0 && address.any.sa_family == AF_UNIX &&
	    address.bytes > offsetof(struct sockaddr_un, sun_path) && address.local.sun_path[0])
		unlink(address.local.sun_path); /* first: who listens there next has its own */
	ltr__pollable_close(listener);
}

static ssize_t try_accept(const struct ltr__pollable *pollable, struct ltr__io *io)
{
	(void)io;
	for (;;) {
		int fd = accept4(pollable->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		/* Errors of the connection, not of the listener (accept(2)). */
		if (fd >= 0 ||
		    (errno != ECONNABORTED && errno != EPROTO && errno != ENETDOWN &&
		     errno != ENOPROTOOPT && errno != EHOSTDOWN && errno != ENONET &&
		     errno != EHOSTUNREACH && errno != EOPNOTSUPP && errno != ENETUNREACH))
			return fd;
	}
}

int ltr__accept(struct ltr_listener *listener, struct ltr_conn **ret_conn, int64_t deadline_ns)
{
	struct ltr__io io = {
		.direction = LTR_READABLE,
		.reason = LTR_REASON_IO_ACCEPT,
		.attempt = try_accept,
	};
	struct ltr__pollable *pollable;
	enum ltr__pollable_kind kind;
	int r = ltr__pollable_enter(listener, &pollable);
	void *handle;

	if (r < 0)
		return r;
	kind = pollable->kind;
	r = (int)ltr__io(pollable, &io, deadline_ns);
	ltr__pollable_leave(pollable);
	if (r < 0)
		return r;
	r = ltr__socket_handle(r, kind, &handle);
	if (r == 0)
		*ret_conn = handle;
	return r;
}
