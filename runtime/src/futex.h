/* SPDX-License-Identifier: MIT */
#ifndef LTR_FUTEX_H
#define LTR_FUTEX_H

/* A word to sleep on: post makes it 1 and wakes, wait sleeps while it is 0 and makes it 0 again. */

#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static inline void ltr__futex_post(uint32_t *word)
{
	/* release: pairs with the acquire in ltr__futex_wait */
	__atomic_store_n(word, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* `timeout_ns` negative: for ever. May return early. */
static inline void ltr__futex_wait(uint32_t *word, int64_t timeout_ns)
{
	struct timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};

	if (__atomic_exchange_n(word, 0, __ATOMIC_ACQUIRE))
		return;
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, 0, timeout_ns < 0 ? NULL : &timeout, NULL, 0);
	__atomic_exchange_n(word, 0, __ATOMIC_ACQUIRE);
}

#endif
