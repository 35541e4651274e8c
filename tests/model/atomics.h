/* SPDX-License-Identifier: MIT */
#ifndef LTR_MODEL_ATOMICS_H
#define LTR_MODEL_ATOMICS_H

/*
 * Takes over the atomic accesses of the code that is included after it. What of the runtime waits is
 * taken over, too, where it would wait for ever: headers first, as they are, then their names.
 */

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "model.h"

/* Who is compiled with hooks (plain.c) is the ordinary code all the same. */
#undef __SANITIZE_THREAD__

#define __atomic_load_n(address, order) \
	((__typeof__(*(address)))model_load((address), sizeof(*(address))))
#define __atomic_store_n(address, value, order) \
	model_store((address), (uint64_t)(uintptr_t)(value), sizeof(*(address)), (order))
#define __atomic_exchange_n(address, value, order)                                              \
	({                                                                                      \
		(__typeof__(*(address)))model_exchange((address), (uint64_t)(uintptr_t)(value), \
						       sizeof(*(address)), (order));            \
	})
#define __atomic_fetch_add(address, value, order)                                                \
	({                                                                                       \
		(__typeof__(*(address)))model_fetch_add((address), (uint64_t)(uintptr_t)(value), \
							sizeof(*(address)), (order));            \
	})
#define __atomic_fetch_sub(address, value, order)                                                 \
	({                                                                                        \
		(__typeof__(*(address)))model_fetch_add((address), -(uint64_t)(uintptr_t)(value), \
							sizeof(*(address)), (order));             \
	})
#define __atomic_compare_exchange_n(address, expected, desired, weak, order, failure_order) \
	model_compare_exchange((address), (expected), (uint64_t)(uintptr_t)(desired),       \
			       sizeof(*(address)), (order))
#define __atomic_thread_fence(order) model_fence(order)
#define __atomic_signal_fence(order) ((void)(order))

#include "arch.h"
#define ltr__relax model_relax

#include "lock.h" /* the real one, for who wants to check it: (ltr__lock)(...) */
static inline void model_real_lock(uint32_t *lock)
{
	ltr__lock(lock);
}
#define ltr__lock model_lock

#include "futex.h"
static inline void model_futex_wait(uint32_t *word, int64_t timeout_ns)
{
	if (timeout_ns < 0) {
		model_wait(word);
		return;
	}
	__atomic_exchange_n(word, 0, __ATOMIC_ACQUIRE); /* time may always come first */
	model_time_passes(timeout_ns);
}
#define ltr__futex_wait model_futex_wait
#define ltr__futex_post model_post

#include "clock.h"
#define ltr__now_ns model_now_ns

/* All memory is given back at the end of a run. */
#define malloc                          model_alloc
#define aligned_alloc(alignment, bytes) ((void)(alignment), model_alloc(bytes))
#define free(memory)                    ((void)(memory))

#endif
