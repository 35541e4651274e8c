/* SPDX-License-Identifier: MIT */
#ifndef LOITER_NET_H
#define LOITER_NET_H

/*
 * TCP. Calls park the goroutine, never the thread. Addresses are "HOST:PORT", "[IPV6]:PORT" or
 * ":PORT" (listen: all addresses; dial: this machine). Names are looked up by getaddrinfo() off the
 * scheduler; numbers are not looked up. A look-up that has begun is not cut short by a deadline:
 * how long it may take is the resolver's to say (resolv.conf(5), timeout and attempts).
 *
 * Several goroutines may use one connection or listener at once; who waits for the same direction
 * is woken in order of arrival. Closing wakes everybody who waits on it, with -ECANCELED; the object
 * itself lives until the last of them has left the call.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <loiter/declare.h>
#include <loiter/time.h>

LTR__DECLARE_BEGIN

struct ltr_listener;
struct ltr_conn;

/* Listen with SO_REUSEADDR and a backlog of SOMAXCONN. -EINVAL: no such address; -ENXIO: no such
 * host or service; or what socket(), bind(), listen() say. Blocks for a name only. */
int ltr_listen(const char *address, struct ltr_listener **ret_listener);
/* The port it listens on, in host order. */
uint16_t ltr_listener_port(const struct ltr_listener *listener);
/* Takes NULL. */
void ltr_listener_close(struct ltr_listener *listener);

/*
 * The next connection. -ECANCELED: closed meanwhile; -EMFILE, -ENFILE, -ENOBUFS, -ENOMEM: wait a
 * little before trying again. Connections that broke before they were accepted are passed over.
 */
#define ltr_accept(listener, ret_conn, ...) \
	ltr__accept((listener), (ret_conn), LTR__DEADLINE(__VA_ARGS__))
int ltr__accept(struct ltr_listener *listener, struct ltr_conn **ret_conn, int64_t deadline_ns);

/* Connect, trying each address that the name has. Errors as ltr_listen(), and what connect() says. */
#define ltr_dial(address, ret_conn, ...) \
	ltr__dial((address), (ret_conn), LTR__DEADLINE(__VA_ARGS__))
int ltr__dial(const char *address, struct ltr_conn **ret_conn, int64_t deadline_ns);

/*
 * Read what is there, at most `bytes`, waiting for the first byte. Returns how many, 0 at the end.
 */
#define ltr_read(conn, buffer, bytes, ...) \
	ltr__read((conn), (buffer), (bytes), LTR__DEADLINE(__VA_ARGS__))
ssize_t ltr__read(struct ltr_conn *conn, void *buffer, size_t bytes, int64_t deadline_ns);

/*
 * Write all. Returns `bytes`, or an error after an unknown part was written; never SIGPIPE (-EPIPE).
 */
#define ltr_write(conn, buffer, bytes, ...) \
	ltr__write((conn), (buffer), (bytes), LTR__DEADLINE(__VA_ARGS__))
ssize_t ltr__write(struct ltr_conn *conn, const void *buffer, size_t bytes, int64_t deadline_ns);

/* Wait until it can be read or written, for calls of your own on ltr_conn_fd(). */
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
 * -EPERM (epoll does not take it: a file; use ltr_blocking()) or -ENOMEM.
 */
int ltr_conn_adopt(int fd, struct ltr_conn **ret_conn);

/* Its file descriptor: non-blocking, still the connection's. */
int ltr_conn_fd(const struct ltr_conn *conn);

/* No more writes: the other side reads to the end. */
int ltr_conn_shutdown(struct ltr_conn *conn);

/* Takes NULL. */
void ltr_conn_close(struct ltr_conn *conn);

LTR__DECLARE_END

#endif
