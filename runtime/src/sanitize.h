/* SPDX-License-Identifier: MIT */
#ifndef LTR_SANITIZE_H
#define LTR_SANITIZE_H

/*
 * What the sanitizers have to be told when a thread goes on on another stack. All of it is nothing
 * in an ordinary build.
 *
 *   ltr__leave_stack(from, to)  before ltr__switch(); `from` NULL: it will never run again
 *   ltr__enter_stack(to)        after it, on the other stack
 * where both are goroutines, or NULL with the thread for the thread's own stack.
 */

#include "scheduler.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>

static inline void ltr__leave_stack(struct ltr__thread *thread, void **from_sanitizer,
				    struct ltr__goroutine *to)
{
	const void *low = to ? to->stack_low : thread->sanitizer_stack;
	size_t bytes = to ? (size_t)(to->stack_high - to->stack_low) : thread->sanitizer_bytes;

	__sanitizer_start_switch_fiber(from_sanitizer, low, bytes);
}

static inline void ltr__enter_stack(struct ltr__thread *thread, void *to_sanitizer)
{
	const void *low;
	size_t bytes;

	__sanitizer_finish_switch_fiber(to_sanitizer, &low, &bytes);
	if (!thread->sanitizer_stack) {
		thread->sanitizer_stack = low;
		thread->sanitizer_bytes = bytes;
	}
}

static inline void ltr__stack_fresh(struct ltr__goroutine *goroutine)
{
	__asan_unpoison_memory_region(goroutine->stack_low + LTR__STACK_GUARD_BYTES,
				      (size_t)(goroutine->stack_high - goroutine->stack_low) -
					      LTR__STACK_GUARD_BYTES);
	goroutine->sanitizer = NULL;
}

#elif defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>

static inline void ltr__leave_stack(struct ltr__thread *thread, void **from_sanitizer,
				    struct ltr__goroutine *to)
{
	(void)from_sanitizer;
	__tsan_switch_to_fiber(to ? to->sanitizer : thread->sanitizer, 0);
}

static inline void ltr__enter_stack(struct ltr__thread *thread, void *to_sanitizer)
{
	(void)thread;
	(void)to_sanitizer;
}

static inline void ltr__stack_fresh(struct ltr__goroutine *goroutine)
{
	goroutine->sanitizer = __tsan_create_fiber(0);
}

#endif

#endif
