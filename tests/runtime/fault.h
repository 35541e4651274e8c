/* SPDX-License-Identifier: MIT */
#ifndef LTR_TEST_FAULT_H
#define LTR_TEST_FAULT_H

/*
 * Failures on demand: the n-th allocation, or the n-th system call, of this process fails, with an
 * error that the manual says it may fail with. The linker leads the runtime's calls here
 * (-Wl,--wrap, tests/runtime/CMakeLists.txt); calls inside of libc are not seen.
 */

#include <stdbool.h>
#include <stdint.h>

/* X(symbol): all that is wrapped. CMakeLists.txt reads this list. */
#define FAULT_ALLOCATIONS(X) \
	X(aligned_alloc)     \
	X(calloc)            \
	X(malloc)            \
	X(mmap)              \
	X(realloc)           \
	X(strdup)

#define FAULT_SYSTEM_CALLS(X) \
	X(accept4)            \
	X(bind)               \
	X(connect)            \
	X(epoll_create1)      \
	X(epoll_ctl)          \
	X(epoll_wait)         \
	X(eventfd)            \
	X(fcntl)              \
	X(getaddrinfo)        \
	X(getsockname)        \
	X(getsockopt)         \
	X(listen)             \
	X(madvise)            \
	X(mprotect)           \
	X(process_madvise)    \
	X(pthread_create)     \
	X(read)               \
	X(recv)               \
	X(send)               \
	X(setsockopt)         \
	X(shutdown)           \
	X(socket)             \
	X(syscall)            \
	X(write)

enum fault_kind { FAULT_ALLOCATION, FAULT_SYSTEM_CALL, FAULT_KIND_COUNT };

/* From now on call `at` of that kind (1: the next) fails, and with `for_ever` all after it. */
void fault_arm(enum fault_kind kind, uint32_t at, bool for_ever);

/* No more failures. Returns whether there was one, and in which function the first was. */
bool fault_disarm(const char **ret_function);

#endif
