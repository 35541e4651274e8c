/* SPDX-License-Identifier: MIT */

/*
 * TCP over the poller. Every operation is tried first and waits only when the kernel has nothing;
 * but a read that follows one that emptied the socket waits first, which spares the system call that
 * would say so.
 */

#include <errno.h>
#include <fcntl.h>
#include <loiter/net.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"
#include "clock.h"
#include "poller.h"

/* Handles are pollables under two names, so that one is not taken for the other. */
struct ltr_conn {
	struct ltr__pollable pollable;
};

struct ltr_listener {
	struct ltr__pollable pollable;
};

/* --- one operation, tried until it does not say EAGAIN ---------------------------------------- */

struct operation {
	enum ltr_direction direction;
	enum ltr_reason reason;
	ssize_t (*try)(struct ltr__pollable *pollable, struct operation *operation);
	void *buffer;
	const void *data;
	size_t bytes;
};

static ssize_t perform(struct ltr__pollable *pollable, struct operation *operation, bool wait_first,
		       int64_t deadline_ns)
{
	bool cleared = false;
	ssize_t n;

	if (wait_first) {
		int r = ltr__pollable_wait(pollable, operation->direction, operation->reason,
					   deadline_ns);

		if (r < 0)
			return r;
		cleared = true;
	}
	for (;;) {
		int r;

		n = operation->try(pollable, operation);
		if (n >= 0)
			return n;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		if (!cleared) { /* try once more: an edge that comes from now on is not lost */
			ltr__pollable_clear(pollable, operation->direction);
			cleared = true;
			continue;
		}
		r = ltr__pollable_wait(pollable, operation->direction, operation->reason,
				       deadline_ns);
		if (r < 0)
			return r;
	}
}

static ssize_t try_read(struct ltr__pollable *pollable, struct operation *operation)
{
	if (pollable->is_socket)
		return recv(pollable->fd, operation->buffer, operation->bytes, 0);
	return read(pollable->fd, operation->buffer, operation->bytes);
}

static ssize_t try_write(struct ltr__pollable *pollable, struct operation *operation)
{
	if (pollable->is_socket)
		return send(pollable->fd, operation->data, operation->bytes, MSG_NOSIGNAL);
	return write(pollable->fd, operation->data, operation->bytes);
}

static ssize_t try_accept(struct ltr__pollable *pollable, struct operation *operation)
{
	for (;;) {
		int fd = accept4(pollable->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		(void)operation;
		/* Errors of the connection, not of the listener (accept(2)). */
		if (fd >= 0 ||
		    (errno != ECONNABORTED && errno != EPROTO && errno != ENETDOWN &&
		     errno != ENOPROTOOPT && errno != EHOSTDOWN && errno != ENONET &&
		     errno != EHOSTUNREACH && errno != EOPNOTSUPP && errno != ENETUNREACH))
			return fd;
	}
}

/* --- connections -------------------------------------------------------------------------------- */

static int new_conn(int fd, bool is_socket, struct ltr_conn **ret_conn)
{
	struct ltr__pollable *pollable;
	int r = ltr__pollable_new(fd, &pollable);

	if (r < 0) {
		close(fd);
		return r;
	}
	pollable->is_socket = is_socket;
	*ret_conn = (struct ltr_conn *)pollable;
	return 0;
}

/* As Go does: answers should not wait for more to send (TCP_NODELAY). */
static void set_no_delay(int fd)
{
	int one = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

int ltr_conn_adopt(int fd, struct ltr_conn **ret_conn)
{
	int type, flags = fcntl(fd, F_GETFL);
	socklen_t bytes = sizeof(type);

	if (flags < 0)
		return -errno;
	if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	return new_conn(fd, getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &bytes) == 0, ret_conn);
}

ssize_t ltr__read(struct ltr_conn *conn, void *buffer, size_t bytes, int64_t deadline_ns)
{
	struct ltr__pollable *pollable = &conn->pollable;
	struct operation operation = {LTR_READABLE, LTR_REASON_IO_READ, try_read, buffer, NULL,
				      bytes};
	bool drained = __atomic_load_n(&pollable->drained, __ATOMIC_RELAXED);
	ssize_t n = ltr__pollable_enter(pollable);

	if (n < 0)
		return n;
	n = perform(pollable, &operation, drained && deadline_ns != LTR_NOW, deadline_ns);
	if (n >= 0)
		__atomic_store_n(&pollable->drained, n > 0 && (size_t)n < bytes, __ATOMIC_RELAXED);
	ltr__pollable_leave(pollable);
	return n;
}

ssize_t ltr__write(struct ltr_conn *conn, const void *buffer, size_t bytes, int64_t deadline_ns)
{
	struct operation operation = {LTR_WRITABLE, LTR_REASON_IO_WRITE, try_write, NULL, buffer,
				      bytes};
	ssize_t n = ltr__pollable_enter(&conn->pollable);

	if (n < 0)
		return n;
	while (operation.bytes > 0) {
		n = perform(&conn->pollable, &operation, false, deadline_ns);
		if (n < 0)
			break;
		operation.data = (const char *)operation.data + n;
		operation.bytes -= (size_t)n;
	}
	ltr__pollable_leave(&conn->pollable);
	return n < 0 ? n : (ssize_t)bytes;
}

int ltr__conn_wait(struct ltr_conn *conn, enum ltr_direction direction, int64_t deadline_ns)
{
	enum ltr_reason reason =
		direction == LTR_READABLE ? LTR_REASON_IO_READ : LTR_REASON_IO_WRITE;
	int r = ltr__pollable_enter(&conn->pollable);

	if (r < 0)
		return r;
	r = ltr__pollable_wait(&conn->pollable, direction, reason, deadline_ns);
	ltr__pollable_leave(&conn->pollable);
	return r;
}

int ltr_conn_fd(const struct ltr_conn *conn)
{
	return conn->pollable.fd;
}

int ltr_conn_shutdown(struct ltr_conn *conn)
{
	return shutdown(conn->pollable.fd, SHUT_WR) == 0 ? 0 : -errno;
}

void ltr_conn_close(struct ltr_conn *conn)
{
	if (conn)
		ltr__pollable_close(&conn->pollable);
}

/* --- listening and dialling --------------------------------------------------------------------- */

static int listen_on(const struct addrinfo *address, struct ltr_listener **ret_listener)
{
	struct ltr__pollable *pollable = NULL;
	int one = 1, r;
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, address->ai_addr, address->ai_addrlen) != 0 || listen(fd, SOMAXCONN) != 0)
		r = -errno;
	else
		r = ltr__pollable_new(fd, &pollable);
	if (!pollable) {
		close(fd);
		return r;
	}
	pollable->is_socket = true;
	*ret_listener = (struct ltr_listener *)pollable;
	return 0;
}

int ltr_listen(const char *address, struct ltr_listener **ret_listener)
{
	struct addrinfo *addresses;
	int r = ltr__resolve(address, true, LTR_FOREVER, &addresses);

	if (r < 0)
		return r;
	r = -ENXIO;
	for (struct addrinfo *each = addresses; each && r < 0; each = each->ai_next)
		r = listen_on(each, ret_listener);
	freeaddrinfo(addresses);
	return r;
}

uint16_t ltr_listener_port(const struct ltr_listener *listener)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} name = {0};
	socklen_t bytes = sizeof(name);

	if (getsockname(listener->pollable.fd, &name.any, &bytes) != 0)
		return 0;
	return ntohs(name.any.sa_family == AF_INET6 ? name.v6.sin6_port : name.v4.sin_port);
}

void ltr_listener_close(struct ltr_listener *listener)
{
	if (listener)
		ltr__pollable_close(&listener->pollable);
}

int ltr__accept(struct ltr_listener *listener, struct ltr_conn **ret_conn, int64_t deadline_ns)
{
	struct operation operation = {
		LTR_READABLE, LTR_REASON_IO_ACCEPT, try_accept, NULL, NULL, 0};
	int r = ltr__pollable_enter(&listener->pollable);

	if (r < 0)
		return r;
	r = (int)perform(&listener->pollable, &operation, false, deadline_ns);
	ltr__pollable_leave(&listener->pollable);
	if (r < 0)
		return r;
	set_no_delay(r);
	return new_conn(r, true, ret_conn);
}

static int dial_one(const struct addrinfo *address, struct ltr_conn **ret_conn, int64_t deadline_ns)
{
	socklen_t bytes = sizeof(int);
	struct ltr_conn *conn;
	int r, error = 0;
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, address->ai_addr, address->ai_addrlen) != 0 && errno != EINPROGRESS) {
		r = -errno;
		close(fd);
		return r;
	}
	r = new_conn(fd, true, &conn);
	if (r < 0)
		return r;
	r = ltr__pollable_wait(&conn->pollable, LTR_WRITABLE, LTR_REASON_IO_CONNECT, deadline_ns);
	if (r == 0)
		r = getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes) == 0 ? -error : -errno;
	if (r < 0) {
		ltr_conn_close(conn);
		return r;
	}
	set_no_delay(fd);
	*ret_conn = conn;
	return 0;
}

int ltr__dial(const char *address, struct ltr_conn **ret_conn, int64_t deadline_ns)
{
	struct addrinfo *addresses;
	int r = ltr__resolve(address, false, deadline_ns, &addresses);

	if (r < 0)
		return r;
	r = -ENXIO;
	for (struct addrinfo *each = addresses; each && r < 0; each = each->ai_next) {
		r = dial_one(each, ret_conn, deadline_ns);
		if (r < 0 && ltr__is_late(deadline_ns))
			break;
	}
	freeaddrinfo(addresses);
	return r;
}
