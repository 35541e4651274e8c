/* SPDX-License-Identifier: MIT */

/* Connections: reading, writing, shutting down, closing. Handles are turned into pollables here. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <loiter/net.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io.h"

#define BUFFERS_MAX    1024 /* IOV_MAX */
#define BUFFERS_A_CALL 64

/* --- reading ------------------------------------------------------------------------------------ */

static ssize_t try_read(const struct ltr__pollable *pollable, struct ltr__io *io)
{
	if (pollable->kind == LTR__KIND_OTHER)
		return read(pollable->fd, io->buffer, io->bytes);
	return recv(pollable->fd, io->buffer, io->bytes, 0);
}

static ssize_t try_readv(const struct ltr__pollable *pollable, struct ltr__io *io)
{
	return readv(pollable->fd, io->buffers, io->count);
}

ssize_t ltr__read(struct ltr_conn *conn, void *buffer, size_t bytes, int64_t deadline_ns)
{
	struct ltr__io io = {
		.direction = LTR_READABLE,
		.reason = LTR_REASON_IO_READ,
		.attempt = try_read,
		.buffer = buffer,
		.bytes = bytes,
	};

	return ltr__io_on(conn, &io, deadline_ns);
}

/* How much all buffers hold; -EINVAL: more than a call can return, or too many. */
static ssize_t total_bytes(const struct iovec *buffers, int count)
{
	size_t total = 0;

	if (count < 0 || count > BUFFERS_MAX)
		return -EINVAL;
	for (int i = 0; i < count; i++)
		if (__builtin_add_overflow(total, buffers[i].iov_len, &total) || total > SSIZE_MAX)
			return -EINVAL;
	return (ssize_t)total;
}

ssize_t ltr__readv(struct ltr_conn *conn, const struct iovec *buffers, int count,
		   int64_t deadline_ns)
{
	ssize_t bytes = total_bytes(buffers, count);
	struct ltr__io io = {
		.direction = LTR_READABLE,
		.reason = LTR_REASON_IO_READ,
		.attempt = try_readv,
		.buffers = buffers,
		.count = count,
		.bytes = (size_t)bytes,
	};

	return bytes < 0 ? bytes : ltr__io_on(conn, &io, deadline_ns);
}

ssize_t ltr__read_full(struct ltr_conn *conn, void *buffer, size_t bytes, int64_t deadline_ns)
{
	size_t got = 0;

	while (got < bytes) {
		ssize_t n = ltr__read(conn, (char *)buffer + got, bytes - got, deadline_ns);

		if (n < 0)
			return n;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

/* --- writing ------------------------------------------------------------------------------------ */

static ssize_t try_write(const struct ltr__pollable *pollable, struct ltr__io *io)
{
	if (pollable->kind == LTR__KIND_OTHER)
		return write(pollable->fd, io->data, io->bytes);
	return send(pollable->fd, io->data, io->bytes, MSG_NOSIGNAL);
}

static ssize_t try_writev(const struct ltr__pollable *pollable, struct ltr__io *io)
{
	struct msghdr message = {
		.msg_iov = (struct iovec *)(uintptr_t)io->buffers,
		.msg_iovlen = (size_t)io->count,
	};

	if (pollable->kind == LTR__KIND_OTHER)
		return writev(pollable->fd, io->buffers, io->count);
	return sendmsg(pollable->fd, &message, MSG_NOSIGNAL);
}

/* Enter, and be the only one who writes. */
static int enter_to_write(struct ltr_conn *conn, struct ltr__pollable **ret_pollable,
			  int64_t deadline_ns)
{
	struct ltr__pollable *pollable;
	int r = ltr__pollable_enter(conn, &pollable);

	if (r < 0)
		return r;
	r = ltr__mutex_lock(&pollable->writing, deadline_ns);
	if (r < 0) {
		ltr__pollable_leave(pollable);
		return r;
	}
	*ret_pollable = pollable;
	return 0;
}

static void leave_written(struct ltr__pollable *pollable)
{
	ltr_mutex_unlock(&pollable->writing);
	ltr__pollable_leave(pollable);
}

static ssize_t write_to(struct ltr_conn *conn, const void *data, size_t bytes, bool all,
			int64_t deadline_ns)
{
	struct ltr__io io = {
		.direction = LTR_WRITABLE,
		.reason = LTR_REASON_IO_WRITE,
		.attempt = try_write,
		.data = data,
		.bytes = bytes,
	};
	struct ltr__pollable *pollable;
	ssize_t n = enter_to_write(conn, &pollable, deadline_ns);
	size_t done = 0;

	if (n < 0)
		return n;
	while (done < bytes) {
		io.data = (const char *)data + done;
		io.bytes = bytes - done;
		n = ltr__io(pollable, &io, deadline_ns);
		if (n < 0)
			break;
		done += (size_t)n;
		if (!all)
			break;
	}
	leave_written(pollable);
	return n < 0 ? n : (ssize_t)done;
}

ssize_t ltr__write(struct ltr_conn *conn, const void *buffer, size_t bytes, int64_t deadline_ns)
{
	return write_to(conn, buffer, bytes, true, deadline_ns);
}

ssize_t ltr__write_some(struct ltr_conn *conn, const void *buffer, size_t bytes,
			int64_t deadline_ns)
{
	return write_to(conn, buffer, bytes, false, deadline_ns);
}

/* The next buffers, from `skip` bytes on in the first; returns how many. */
static int next_buffers(const struct iovec *buffers, int count, size_t skip,
			struct iovec next[BUFFERS_A_CALL])
{
	int n = 0;

	for (; n < count && n < BUFFERS_A_CALL; n++) {
		next[n].iov_base = (char *)buffers[n].iov_base + skip;
		next[n].iov_len = buffers[n].iov_len - skip;
		skip = 0;
	}
	return n;
}

ssize_t ltr__writev(struct ltr_conn *conn, const struct iovec *buffers, int count,
		    int64_t deadline_ns)
{
	struct iovec next[BUFFERS_A_CALL];
	struct ltr__io io = {
		.direction = LTR_WRITABLE,
		.reason = LTR_REASON_IO_WRITE,
		.attempt = try_writev,
		.buffers = next,
	};
	ssize_t n, bytes = total_bytes(buffers, count);
	struct ltr__pollable *pollable;
	size_t skip = 0;

	n = bytes < 0 ? bytes : enter_to_write(conn, &pollable, deadline_ns);
	if (n < 0)
		return n;
	for (;;) {
		while (count > 0 && skip >= buffers->iov_len) {
			skip -= buffers->iov_len;
			buffers++;
			count--;
		}
		if (count == 0)
			break;
		io.count = next_buffers(buffers, count, skip, next);
		n = ltr__io(pollable, &io, deadline_ns);
		if (n < 0)
			break;
		skip += (size_t)n;
	}
	leave_written(pollable);
	return n < 0 ? n : bytes;
}

/* --- all the rest ------------------------------------------------------------------------------- */

int ltr__conn_wait(struct ltr_conn *conn, enum ltr_direction direction, int64_t deadline_ns)
{
	bool reads = direction == LTR_READABLE;
	struct ltr__pollable *pollable;
	int r = ltr__pollable_enter(conn, &pollable);

	if (r < 0)
		return r;
	for (;;) {
		/* Edges first: what comes after the look makes another one. */
		uint32_t seen = ltr__pollable_edges(pollable, direction);
		struct pollfd look = {pollable->fd, reads ? POLLIN | POLLRDHUP : POLLOUT, 0};

		if (poll(&look, 1, 0) == 1)
			break;
		r = ltr__pollable_wait(pollable, direction,
				       reads ? LTR_REASON_IO_READ : LTR_REASON_IO_WRITE, seen,
				       deadline_ns);
		if (r < 0)
			break;
	}
	ltr__pollable_leave(pollable);
	return r;
}

static int socket_option(int fd, int option)
{
	int value = -1;
	socklen_t bytes = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &bytes) == 0 ? value : -1;
}

int ltr_conn_adopt(int fd, struct ltr_conn **ret_conn)
{
	enum ltr__pollable_kind kind = LTR__KIND_OTHER;
	int r, flags = fcntl(fd, F_GETFL);
	void *handle;

	if (flags < 0)
		return -errno;
	if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	if (socket_option(fd, SO_TYPE) >= 0)
		kind = socket_option(fd, SO_PROTOCOL) == IPPROTO_TCP ? LTR__KIND_TCP
								     : LTR__KIND_SOCKET;
	r = ltr__pollable_new(fd, kind, true, &handle);
	if (r < 0) {
		close(fd);
		return r;
	}
	*ret_conn = handle;
	return 0;
}

int ltr_conn_fd(const struct ltr_conn *conn)
{
	struct ltr__pollable *pollable;
	int fd, r = ltr__pollable_enter(conn, &pollable);

	if (r < 0)
		return r;
	fd = pollable->fd;
	ltr__pollable_leave(pollable);
	return fd;
}

static int name_of(const void *handle, int (*get)(int fd, struct sockaddr *, socklen_t *),
		   struct ltr_address *ret_address)
{
	struct ltr_address address = {.bytes = sizeof(address) - offsetof(struct ltr_address, any)};
	struct ltr__pollable *pollable;
	int r = ltr__pollable_enter(handle, &pollable);

	if (r < 0)
		return r;
	r = get(pollable->fd, &address.any, &address.bytes) == 0 ? 0 : -errno;
	ltr__pollable_leave(pollable);
	if (r == 0)
		*ret_address = address;
	return r;
}

static int get_local(int fd, struct sockaddr *address, socklen_t *bytes)
{
	return getsockname(fd, address, bytes);
}

static int get_peer(int fd, struct sockaddr *address, socklen_t *bytes)
{
	return getpeername(fd, address, bytes);
}

int ltr_conn_local(const struct ltr_conn *conn, struct ltr_address *ret_address)
{
	return name_of(conn, get_local, ret_address);
}

int ltr_conn_peer(const struct ltr_conn *conn, struct ltr_address *ret_address)
{
	return name_of(conn, get_peer, ret_address);
}

int ltr_listener_address(const struct ltr_listener *listener, struct ltr_address *ret_address)
{
	return name_of(listener, get_local, ret_address);
}

static int shut_down(struct ltr_conn *conn, int how)
{
	struct ltr__pollable *pollable;
	int r = ltr__pollable_enter(conn, &pollable);

	if (r < 0)
		return r;
	r = shutdown(pollable->fd, how) == 0 ? 0 : -errno;
	ltr__pollable_leave(pollable);
	return r;
}

int ltr_conn_shutdown(struct ltr_conn *conn)
{
	return shut_down(conn, SHUT_WR);
}

int ltr_conn_shutdown_read(struct ltr_conn *conn)
{
	return shut_down(conn, SHUT_RD);
}

void ltr_conn_close(struct ltr_conn *conn)
{
	ltr__pollable_close(conn);
}
