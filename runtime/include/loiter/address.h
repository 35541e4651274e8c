/* SPDX-License-Identifier: MIT */
#ifndef LOITER_ADDRESS_H
#define LOITER_ADDRESS_H

/*
 * Addresses of sockets, and their text:
 *
 *	"127.0.0.1:80"  "[::1]:80"  "[fe80::1%eth0]:80"     numbers: never looked up
 *	"example.org:80"  "localhost:http"                  names: looked up by getaddrinfo()
 *	":80"                          to listen: all addresses; to dial: this machine
 *	"unix:/run/some.sock"          a Unix socket, at most 107 bytes of path
 *	"unix:@name"                   a Unix socket in Linux's abstract name space: no file
 *
 * Names are looked up on threads of their own, at most 64 at once: only the goroutine waits, and only
 * until its deadline, whatever the resolver does.
 */

#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <loiter/declare.h>
#include <loiter/time.h>

LTR__DECLARE_BEGIN

struct ltr_address {
	socklen_t bytes; /* of the address, as bind() and connect() take it */
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un local;
	};
};

/*
 * The first address that `text` means.
 *   -EINVAL     not of one of the forms above, or too long
 *   -ENXIO      no such host or service
 *   -EAGAIN     the name servers do not answer now
 *   -ENOMEM, -ETIMEDOUT
 */
#define ltr_address_resolve(text, ret_address, ...) \
	ltr__address_resolve((text), (ret_address), LTR__DEADLINE(__VA_ARGS__))
int ltr__address_resolve(const char *text, struct ltr_address *ret_address, int64_t deadline_ns);

#define LTR_ADDRESS_TEXT_BYTES 120

/*
 * The text of an address, in numbers; bytes of a Unix socket's name that are not printable ASCII
 * become '?', and "unix:" alone is a socket without a name. From any thread; never blocks.
 *   -EAFNOSUPPORT  of another family
 */
int ltr_address_format(const struct ltr_address *address, char text[LTR_ADDRESS_TEXT_BYTES]);

LTR__DECLARE_END

#endif
