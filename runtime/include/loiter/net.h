/* SPDX-License-Identifier: MIT */
#ifndef LOITER_NET_H
#define LOITER_NET_H

/*
 * Streams over TCP (IPv4 and IPv6) and Unix sockets, and whatever else epoll can watch. Calls park
 * the goroutine, never the thread. How addresses are written stands in <loiter/address.h>; datagrams
 * are in <loiter/datagram.h>.
 * TCP. Calls park the goroutine, never the thread. Addresses are "HOST:PORT", "[IPV6]:PORT" or
 * ":PORT" (listen: all addresses; dial: this machine). Names are looked up by getaddrinfo() off the
 * scheduler; numbers are not looked up. A look-up that has begun is not cut short by a deadline:
 * how long it may take is the resolver's to say (resolv.conf(5), timeout and attempts).
 *
 * Several goroutines may use one connection or listener at once. Who waits for the same direction is
 * woken in order of arrival; bytes of different ltr_write() calls do not mix.
 *
 * Closing is safe at any time, from any goroutine. Calls that are under way are woken and return
 * -ECANCELED, and so does every call that comes later: a handle is a number that is never used again,
 * and not an address. Closing twice does nothing. The descriptor itself is closed when the last call
 * has left, which is at once if there is none; until then a port stays bound.
 *
 * All calls: -ECANCELED, closed (or NULL); -ETIMEDOUT, the deadline came first. SIGPIPE is never
 * raised.
 *
 *	static void echo(struct ltr_conn **conn)
 *	{
 *		char buffer[4096];
 *		ssize_t n;
 *
 *		while ((n = ltr_read(*conn, buffer, sizeof(buffer), ltr_after(LTR_MINUTE))) > 0)
 *			if (ltr_write(*conn, buffer, n) < 0)
 *				break;
 *		ltr_conn_close(*conn);
 *	}
 *	...
 *	while (ltr_accept(listener, &conn) == 0)
 *		ltr_go(echo, conn);
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <loiter/address.h>
#include <loiter/declare.h>
#include <loiter/time.h>

LTR__DECLARE_BEGIN

struct ltr_listener;
struct ltr_conn;

/*
 * Listen, with a backlog of SOMAXCONN. TCP: with SO_REUSEADDR; ":PORT" listens on IPv4 and IPv6 where
 * the machine has both; port 0 is any that is free. Unix sockets: the file must not be there yet
 * (-EADDRINUSE), and is removed when the listener is closed. Blocks only to look up a name.
 * Errors: what ltr_address_resolve() says, and what socket(), bind() and listen() say.
 */
int ltr_listen(const char *address, struct ltr_listener **ret_listener);

/* Where it listens. / The port of it, in host order; 0 if it has none or is closed. Never blocks. */
int ltr_listener_address(const struct ltr_listener *listener, struct ltr_address *ret_address);
uint16_t ltr_listener_port(const struct ltr_listener *listener);

/* Wakes who accepts with -ECANCELED. Takes NULL. Never blocks. */
void ltr_listener_close(struct ltr_listener *listener);

/*
 * The next connection. Those that broke before they were accepted are passed over. -EMFILE, -ENFILE,
 * -ENOBUFS, -ENOMEM: wait a little and try again; the connection that could not be taken is still
 * there.
 */
#define ltr_accept(listener, ret_conn, ...) \
	ltr__accept((listener), (ret_conn), LTR__DEADLINE(__VA_ARGS__))
int ltr__accept(struct ltr_listener *listener, struct ltr_conn **ret_conn, int64_t deadline_ns);

/*
 * Connect. The addresses that a name has are tried in turn, those of IPv6 and IPv4 alternating; each
 * gets a quarter of a second before the next one is tried as well, and the first that answers wins
 * (RFC 8305, "happy eyeballs"). Errors: what ltr_address_resolve() says, and what connect() says of
 * the first address.
 */
#define ltr_dial(address, ret_conn, ...) \
	ltr__dial((address), (ret_conn), LTR__DEADLINE(__VA_ARGS__))
int ltr__dial(const char *address, struct ltr_conn **ret_conn, int64_t deadline_ns);

/*
 * Read what is there, at most `bytes`, waiting for the first byte. Returns how many, 0 at the end.
 * ltr_readv() is the same into several buffers (at most 1,024, else -EINVAL).
 * ltr_read_full() waits until it has `bytes`, and returns fewer only at the end; after an error an
 * unknown part was read.
 */
#define ltr_read(conn, buffer, bytes, ...) \
	ltr__read((conn), (buffer), (bytes), LTR__DEADLINE(__VA_ARGS__))
#define ltr_readv(conn, buffers, count, ...) \
	ltr__readv((conn), (buffers), (count), LTR__DEADLINE(__VA_ARGS__))
#define ltr_read_full(conn, buffer, bytes, ...) \
	ltr__read_full((conn), (buffer), (bytes), LTR__DEADLINE(__VA_ARGS__))
ssize_t ltr__read(struct ltr_conn *conn, void *buffer, size_t bytes, int64_t deadline_ns);
ssize_t ltr__readv(struct ltr_conn *conn, const struct iovec *buffers, int count,
		   int64_t deadline_ns);
ssize_t ltr__read_full(struct ltr_conn *conn, void *buffer, size_t bytes, int64_t deadline_ns);

/*
 * Write all. Returns `bytes` (ltr_writev(): the sum of at most 1,024 buffers), or an error after an
 * unknown part was written. The other side has gone: -EPIPE, -ECONNRESET.
 * ltr_write_some() writes as much as goes at once, waiting only for room for the first byte, and
 * returns how many: for who has to know how far it came.
 */
#define ltr_write(conn, buffer, bytes, ...) \
	ltr__write((conn), (buffer), (bytes), LTR__DEADLINE(__VA_ARGS__))
#define ltr_writev(conn, buffers, count, ...) \
	ltr__writev((conn), (buffers), (count), LTR__DEADLINE(__VA_ARGS__))
#define ltr_write_some(conn, buffer, bytes, ...) \
	ltr__write_some((conn), (buffer), (bytes), LTR__DEADLINE(__VA_ARGS__))
ssize_t ltr__write(struct ltr_conn *conn, const void *buffer, size_t bytes, int64_t deadline_ns);
ssize_t ltr__writev(struct ltr_conn *conn, const struct iovec *buffers, int count,
		    int64_t deadline_ns);
ssize_t ltr__write_some(struct ltr_conn *conn, const void *buffer, size_t bytes,
			int64_t deadline_ns);

/* Wait until it can be read or written, for calls of your own on ltr_conn_fd(); also true when such
 * a call would return the end or an error. */
enum ltr_direction {
	LTR_READABLE = 0,
	LTR_WRITABLE = 1,
};
#define ltr_conn_wait(conn, direction, ...) \
	ltr__conn_wait((conn), (direction), LTR__DEADLINE(__VA_ARGS__))
int ltr__conn_wait(struct ltr_conn *conn, enum ltr_direction direction, int64_t deadline_ns);

/*
 * Make a connection of any file descriptor that epoll takes: a pipe, an eventfd, a signalfd, a socket
 * of your own. It becomes non-blocking and belongs to the connection, also where this fails with
 * -EPERM (epoll does not take it: a file; see <loiter/file.h>), -ENOMEM, -ENFILE or -ENOSPC.
 */
int ltr_conn_adopt(int fd, struct ltr_conn **ret_conn);

/* Its file descriptor, for getsockopt() and the like: non-blocking, still the connection's, and only
 * good as long as nobody closes that. Never blocks. */
int ltr_conn_fd(const struct ltr_conn *conn);

/* The addresses of both ends: what getsockname() and getpeername() say. Never blocks. */
int ltr_conn_local(const struct ltr_conn *conn, struct ltr_address *ret_address);
int ltr_conn_peer(const struct ltr_conn *conn, struct ltr_address *ret_address);

/*
 * Half-close. No more writes: the other side reads to the end, and writing here gives -EPIPE. No more
 * reads: who reads here gets what had come, and then the end. Never blocks. -ENOTCONN: the connection
 * is over; -ENOTSOCK.
 */
int ltr_conn_shutdown(struct ltr_conn *conn);
int ltr_conn_shutdown_read(struct ltr_conn *conn);

/* Wakes who reads or writes with -ECANCELED. Takes NULL. Never blocks. */
void ltr_conn_close(struct ltr_conn *conn);

LTR__DECLARE_END

#endif
