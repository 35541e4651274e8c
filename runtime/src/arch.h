/* SPDX-License-Identifier: MIT */
#ifndef LTR_ARCH_H
#define LTR_ARCH_H

/*
 * What depends on the processor: switching stacks, the first frame of a new stack, the thread
 * pointer, and the raw clock. x86-64 only so far; another one is another switch_*.S and another
 * branch here.
 */

#include <stdint.h>

#if !defined(__x86_64__)
#error "libloiter runs on x86-64 only so far (docs/runtime.md, \"Ports\")"
#endif

struct ltr__thread;

/*
 * Save the callee-saved registers on the running stack and its address in *save_sp, go on where
 * `next_sp` was saved, and return `thread` there. The x87 and SSE control words are the thread's,
 * not the goroutine's. The frame pointer is saved at LTR__SAVED_FP_OFFSET from the saved address.
 */
struct ltr__thread *ltr__switch(void **save_sp, void *next_sp, struct ltr__thread *thread);

#define LTR__SAVED_FP_OFFSET 40

/* Where a new stack begins to run: calls ltr__goroutine_main(thread) with a zero frame pointer. */
void ltr__trampoline(void);

/* Write the first frame below `high` (16-aligned): what ltr__switch() pops. Returns its address. */
static inline void *ltr__first_frame(void *high)
{
	uint64_t *sp = (uint64_t *)high - 9; /* seven are popped: 16-aligned before the call */

	for (int i = 0; i < 6; i++)
		sp[i] = 0;
	sp[6] = (uint64_t)(uintptr_t)&ltr__trampoline;
	sp[7] = sp[8] = 0;
	return sp;
}

extern __thread struct ltr__thread *ltr__current_thread __attribute__((tls_model("initial-exec")));

/*
 * The thread that we are on now. A goroutine may be on another one after each switch, and compilers
 * remember thread-local addresses across calls (LLVM #49257): the asm cannot be remembered.
 */
static inline struct ltr__thread *ltr__self(void)
{
	struct ltr__thread *thread;

	__asm__ volatile("movq ltr__current_thread@gottpoff(%%rip), %0\n\tmovq %%fs:(%0), %0"
			 : "=r"(thread)
			 :
			 : "memory");
	return thread;
}

static inline uint64_t ltr__raw_ticks(void)
{
	return __builtin_ia32_rdtsc();
}

static inline void ltr__relax(void)
{
	__builtin_ia32_pause();
}

#endif
