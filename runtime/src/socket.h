/* SPDX-License-Identifier: MIT */
#ifndef LTR_SOCKET_H
#define LTR_SOCKET_H

/* Making sockets; between listen.c, dial.c and datagram.c. */

#include <errno.h>
#include <loiter/address.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pollable.h"

static inline enum ltr__pollable_kind ltr__stream_kind(const struct ltr_address *address)
{
	return address->any.sa_family == AF_UNIX ? LTR__KIND_SOCKET : LTR__KIND_TCP;
}

/* A non-blocking socket for this family, or a negative errno. */
static inline int ltr__socket(const struct ltr_address *address, int type)
{
	int fd = socket(address->any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	return fd >= 0 ? fd : -errno;
}

/* Also where it fails `fd` belongs to it. */
static inline int ltr__socket_handle(int fd, enum ltr__pollable_kind kind, void **ret_handle)
{
	int r = ltr__pollable_new(fd, kind, false, ret_handle);

	if (r < 0)
		close(fd);
	return r;
}

/* As Go does: answers should not wait for more to send. Accepted connections inherit it. */
static inline void ltr__socket_no_delay(int fd)
{
	int one = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

/* Before bind(): "::" means IPv4's addresses as well, whatever the system's default is. */
static inline void ltr__socket_both_families(int fd, const struct ltr_address *address)
{
	int no = 0;

	if (address->any.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr))
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
}

/* Whether bind() failed for an address that this machine does not have: the next may do. */
static inline bool ltr__is_not_here(int error)
{
	return error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL;
}

#endif
