/* SPDX-License-Identifier: MIT */
#ifndef LOITER_DATAGRAM_H
#define LOITER_DATAGRAM_H

/*
 * Datagrams over UDP (IPv4 and IPv6) and Unix sockets. A socket of datagrams is a struct ltr_conn:
 * closing, waiting and addresses work as <loiter/net.h> says.
 *
 *	struct ltr_conn *server, *client;
 *	struct ltr_address who;
 *	char buffer[512];
 *
 *	ltr_datagram_bind("127.0.0.1:5353", &server);
 *	ltr_datagram_dial("127.0.0.1:5353", &client);
 *	ltr_write(client, "question", 8);
 *	n = ltr_receive_from(server, buffer, sizeof(buffer), &who, ltr_after(LTR_SECOND));
 *	ltr_send_to(server, "answer", 6, &who);
 *	n = ltr_receive(client, buffer, sizeof(buffer));
 */

#include <loiter/declare.h>
#include <loiter/net.h>

LTR__DECLARE_BEGIN

/*
 * A socket that receives at `address` from anybody: to be used with ltr_receive_from() and
 * ltr_send_to(). A Unix socket's file must not be there yet and stays when the socket is closed.
 * Errors: what ltr_address_resolve() says, and what socket() and bind() say.
 */
int ltr_datagram_bind(const char *address, struct ltr_conn **ret_conn);

/*
 * A socket that sends to `address` and receives from there only: to be used with ltr_write() and
 * ltr_receive(). Nothing is sent, so nobody knows whether somebody is there: a later call may say
 * -ECONNREFUSED, once for each answer of that kind. A Unix socket gets a name of its own (abstract),
 * so that the other side can answer.
 */
#define ltr_datagram_dial(address, ret_conn, ...) \
	ltr__datagram_dial((address), (ret_conn), LTR__DEADLINE(__VA_ARGS__))
int ltr__datagram_dial(const char *address, struct ltr_conn **ret_conn, int64_t deadline_ns);

/*
 * Receive one datagram. Returns its size, which may be 0. `ret_from` (may be NULL) says where it came
 * from.
 *   -EMSGSIZE  it was larger than `bytes`: its beginning is in the buffer, the rest is lost
 */
#define ltr_receive_from(conn, buffer, bytes, ret_from, ...) \
	ltr__receive_from((conn), (buffer), (bytes), (ret_from), LTR__DEADLINE(__VA_ARGS__))
#define ltr_receive(conn, buffer, bytes, ...) \
	ltr__receive_from((conn), (buffer), (bytes), NULL, LTR__DEADLINE(__VA_ARGS__))
ssize_t ltr__receive_from(struct ltr_conn *conn, void *buffer, size_t bytes,
			  struct ltr_address *ret_from, int64_t deadline_ns);

/*
 * Send one datagram, which may be empty, waiting for room if need be; `to` is NULL if the socket was
 * dialled. Returns `bytes`.
 *   -EMSGSIZE      too large
 *   -ECONNREFUSED  an earlier one found nobody there
 */
#define ltr_send_to(conn, buffer, bytes, to, ...) \
	ltr__send_to((conn), (buffer), (bytes), (to), LTR__DEADLINE(__VA_ARGS__))
ssize_t ltr__send_to(struct ltr_conn *conn, const void *buffer, size_t bytes,
		     const struct ltr_address *to, int64_t deadline_ns);

LTR__DECLARE_END

#endif
