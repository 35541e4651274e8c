/* SPDX-License-Identifier: MIT */
#ifndef LTR_LOCK_H
#define LTR_LOCK_H

/*
 * The lock for a few instructions: it spins, and lets another thread run when its holder seems to
 * have lost the CPU. It may be released by another thread than took it (a channel's lock is held
 * across the switch away from the goroutine that parks on it).
 *
 * Lock order, outermost first; who holds one takes only locks further down:
 *   channel locks (several: by address) > wait queue locks (a Cond's > its mutex's)
 *   > pollable locks, the io_uring's two > contexts > timer heap > scheduler > slabs, stacks, pools > a ring's lock
 * Nobody who holds one calls ltr__caller(): it may let others run first (seed.h).
 */

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "arch.h"

#define LTR__SPINS_BEFORE_YIELD 100

static inline bool ltr__trylock(uint32_t *lock)
{
	/* acquire: pairs with the release in ltr__unlock */
	return __atomic_load_n(lock, __ATOMIC_RELAXED) == 0 &&
	       __atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) == 0;
}

static inline void ltr__lock(uint32_t *lock)
{
	unsigned spins = 0;

	if (__builtin_expect(__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) == 0, 1))
		return;
	while (!ltr__trylock(lock)) {
		ltr__relax();
		if (++spins >= LTR__SPINS_BEFORE_YIELD) {
			sched_yield();
			spins = 0;
		}
	}
}

static inline void ltr__unlock(uint32_t *lock)
{
	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

#endif
