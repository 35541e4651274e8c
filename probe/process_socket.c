// SPDX-License-Identifier: MIT
/*
 * The addresses of a process's socket. The kernel gives us a second descriptor of the same socket
 * (pidfd_getfd(), as much of a right as reading memory), which is asked and closed at once; meanwhile
 * the process may close its own one, and the connection then ends a moment later. Nothing is read or
 * written.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "process_private.h"

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un local;
	struct sockaddr_storage storage;
};

/* Paths have no NUL at their end if they are as long as can be; abstract names begin with one. */
static void name_local(const struct sockaddr_un *address, socklen_t bytes, char *text, size_t size)
{
	size_t most = bytes - offsetof(struct sockaddr_un, sun_path);

	if (bytes <= offsetof(struct sockaddr_un, sun_path))
		snprintf(text, size, "unix");
	else if (address->sun_path[0])
		snprintf(text, size, "%.*s", (int)strnlen(address->sun_path, most),
			 address->sun_path);
	else
		snprintf(text, size, "@%.*s", (int)(most - 1), address->sun_path + 1);
}

static void name(const union address *address, socklen_t bytes, char *text, size_t size)
{
	char host[INET6_ADDRSTRLEN] = "";

	text[0] = '\0';
	if (bytes < offsetof(struct sockaddr, sa_data) || bytes > sizeof(*address))
		return;
	switch (address->any.sa_family) {
	case AF_INET:
		inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof(host));
		snprintf(text, size, "%s:%u", host, ntohs(address->v4.sin_port));
		return;
	case AF_INET6:
		inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof(host));
		snprintf(text, size, "[%s]:%u", host, ntohs(address->v6.sin6_port));
		return;
	case AF_UNIX:
		name_local(&address->local, bytes, text, size);
		return;
	default:
		return;
	}
}

int ltr_process_socket(const struct ltr_process *process, uint64_t descriptor,
		       struct ltr_census_socket *ret_socket)
{
	struct ltr_census_socket is = {0};
	union address address = {0};
	socklen_t bytes = sizeof(address);
	int err = 0;

	if (process->pidfd < 0)
		return -ENOSYS;
	if (descriptor > INT32_MAX)
		return -EBADF;
	int fd = (int)syscall(SYS_pidfd_getfd, process->pidfd, (int)descriptor, 0);
	if (fd < 0)
		return -errno;
	if (getsockname(fd, &address.any, &bytes) < 0)
		err = -errno;
	else
		name(&address, bytes, is.local, sizeof(is.local));
	bytes = sizeof(address);
	/* One that listens, or does not have its connection yet, has no peer. */
	if (!err && getpeername(fd, &address.any, &bytes) == 0)
		name(&address, bytes, is.peer, sizeof(is.peer));
	close(fd);
	if (!err)
		*ret_socket = is;
	return err;
}
