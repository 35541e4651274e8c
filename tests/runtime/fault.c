/* SPDX-License-Identifier: MIT */

/* See fault.h. */

#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netdb.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool armed[FAULT_KIND_COUNT];
static uint32_t fails_at;
static bool fails_for_ever;
static uint32_t calls; /* atomic */
static const char *first_failed;

void fault_arm(enum fault_kind kind, uint32_t at, bool for_ever)
{
	fails_at = at;
	fails_for_ever = for_ever;
	__atomic_store_n(&armed[kind], true, __ATOMIC_RELEASE);
}

bool fault_disarm(const char **ret_function)
{
	for (int i = 0; i < FAULT_KIND_COUNT; i++)
		__atomic_store_n(&armed[i], false, __ATOMIC_RELEASE);
	*ret_function = __atomic_load_n(&first_failed, __ATOMIC_ACQUIRE);
	return *ret_function != NULL;
}

static bool fails(enum fault_kind kind, const char *function)
{
	uint32_t number;

	if (!__atomic_load_n(&armed[kind], __ATOMIC_ACQUIRE))
		return false;
	number = __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
	if (number != fails_at && !(fails_for_ever && number > fails_at))
		return false;
	if (number == fails_at)
		__atomic_store_n(&first_failed, function, __ATOMIC_RELEASE);
	return true;
}

/* An interruption does not last: of many calls every second is one. */
static bool interrupts(const char *function)
{
	static uint32_t interruptions; /* atomic */

	return fails(FAULT_SYSTEM_CALL, function) &&
	       __atomic_fetch_add(&interruptions, 1, __ATOMIC_RELAXED) % 2 == 0;
}

/* One wrapped function: `result` and `error` are what a failure looks like. */
#define WRAP(kind, type, name, parameters, arguments, result, error) \
	type __real_##name parameters;                               \
	type __wrap_##name parameters;                               \
	type __wrap_##name parameters                                \
	{                                                            \
		if (!fails(kind, #name))                             \
			return __real_##name arguments;              \
		errno = error;                                       \
		return result;                                       \
	}

#define ALLOCATION(type, name, parameters, arguments, result) \
	WRAP(FAULT_ALLOCATION, type, name, parameters, arguments, result, ENOMEM)
#define INTERRUPTED_CALL(type, name, parameters, arguments) \
	type __real_##name parameters;                      \
	type __wrap_##name parameters;                      \
	type __wrap_##name parameters                       \
	{                                                   \
		if (!interrupts(#name))                     \
			return __real_##name arguments;     \
		errno = EINTR;                              \
		return -1;                                  \
	}
#define SYSTEM_CALL(type, name, parameters, arguments, error) \
	WRAP(FAULT_SYSTEM_CALL, type, name, parameters, arguments, -1, error)

ALLOCATION(void *, aligned_alloc, (size_t alignment, size_t bytes), (alignment, bytes), NULL)
ALLOCATION(void *, calloc, (size_t count, size_t bytes), (count, bytes), NULL)
ALLOCATION(void *, malloc, (size_t bytes), (bytes), NULL)
ALLOCATION(void *, mmap,
	   (void *address, size_t bytes, int protection, int flags, int fd, off_t offset),
	   (address, bytes, protection, flags, fd, offset), MAP_FAILED)
ALLOCATION(void *, realloc, (void *memory, size_t bytes), (memory, bytes), NULL)
ALLOCATION(char *, strdup, (const char *string), (string), NULL)

SYSTEM_CALL(int, accept4, (int fd, struct sockaddr *address, socklen_t *bytes, int flags),
	    (fd, address, bytes, flags), EMFILE)
SYSTEM_CALL(int, bind, (int fd, const struct sockaddr *address, socklen_t bytes),
	    (fd, address, bytes), EADDRINUSE)
SYSTEM_CALL(int, connect, (int fd, const struct sockaddr *address, socklen_t bytes),
	    (fd, address, bytes), ENETUNREACH)
SYSTEM_CALL(int, epoll_create1, (int flags), (flags), EMFILE)
SYSTEM_CALL(int, epoll_ctl, (int epoll, int operation, int fd, struct epoll_event *event),
	    (epoll, operation, fd, event), ENOSPC)
INTERRUPTED_CALL(int, epoll_wait, (int epoll, struct epoll_event *events, int count, int timeout),
		 (epoll, events, count, timeout))
SYSTEM_CALL(int, eventfd, (unsigned value, int flags), (value, flags), EMFILE)
SYSTEM_CALL(int, getsockname, (int fd, struct sockaddr *address, socklen_t *bytes),
	    (fd, address, bytes), ENOBUFS)
SYSTEM_CALL(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *bytes),
	    (fd, level, name, value, bytes), ENOBUFS)
SYSTEM_CALL(int, listen, (int fd, int backlog), (fd, backlog), EADDRINUSE)
SYSTEM_CALL(int, madvise, (void *address, size_t bytes, int advice), (address, bytes, advice),
	    ENOMEM)
SYSTEM_CALL(int, mprotect, (void *address, size_t bytes, int protection),
	    (address, bytes, protection), ENOMEM)
SYSTEM_CALL(ssize_t, process_madvise,
	    (int pidfd, const struct iovec *parts, size_t count, int advice, unsigned int flags),
	    (pidfd, parts, count, advice, flags), ENOMEM)
INTERRUPTED_CALL(ssize_t, read, (int fd, void *buffer, size_t bytes), (fd, buffer, bytes))
SYSTEM_CALL(ssize_t, recv, (int fd, void *buffer, size_t bytes, int flags),
	    (fd, buffer, bytes, flags), ECONNRESET)
SYSTEM_CALL(ssize_t, send, (int fd, const void *buffer, size_t bytes, int flags),
	    (fd, buffer, bytes, flags), ECONNRESET)
SYSTEM_CALL(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t bytes),
	    (fd, level, name, value, bytes), ENOBUFS)
SYSTEM_CALL(int, shutdown, (int fd, int how), (fd, how), ENOTCONN)
SYSTEM_CALL(int, socket, (int family, int type, int protocol), (family, type, protocol), EMFILE)
WRAP(FAULT_SYSTEM_CALL, int, getaddrinfo,
     (const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **found),
     (host, port, hints, found), EAI_MEMORY, 0)
WRAP(FAULT_SYSTEM_CALL, int, pthread_create,
     (pthread_t * thread, const pthread_attr_t *attributes, void *(*function)(void *),
      void *argument),
     (thread, attributes, function, argument), EAGAIN, 0)

/* The last words of the program have to come through. */
ssize_t __real_write(int fd, const void *buffer, size_t bytes);
ssize_t __wrap_write(int fd, const void *buffer, size_t bytes);
ssize_t __wrap_write(int fd, const void *buffer, size_t bytes)
{
	if (fd == STDERR_FILENO || !interrupts("write"))
		return __real_write(fd, buffer, bytes);
	errno = EINTR;
	return -1;
}

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...)
{
	va_list arguments;
	long argument;

	va_start(arguments, command);
	argument = va_arg(arguments, long);
	va_end(arguments);
	/* F_GETFL fails only for what is no descriptor at all */
	if (command == F_GETFL || !fails(FAULT_SYSTEM_CALL, "fcntl"))
		return __real_fcntl(fd, command, argument);
	errno = EPERM;
	return -1;
}

/*
 * A wait on a futex and a poll may end early. To wake does not wait, so nothing can interrupt it, and
 * who is to be woken would sleep for ever. An io_uring may be forbidden, or have no memory.
 */
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
	va_list arguments;
	long argument[6];

	va_start(arguments, number);
	for (int i = 0; i < 6; i++)
		argument[i] = va_arg(arguments, long);
	va_end(arguments);
	if ((number == SYS_io_uring_setup || number == SYS_io_uring_register ||
	     number == SYS_io_uring_enter) &&
	    fails(FAULT_SYSTEM_CALL, "io_uring")) {
		errno = number == SYS_io_uring_enter ? EAGAIN : EPERM;
		return -1;
	}
	if ((number == SYS_futex && (argument[1] & FUTEX_CMD_MASK) == FUTEX_WAKE) ||
	    !interrupts("syscall"))
		return __real_syscall(number, argument[0], argument[1], argument[2], argument[3],
				      argument[4], argument[5]);
	errno = EINTR;
	return -1;
}
