/* SPDX-License-Identifier: MIT */
#ifndef LTR_ARCH_AARCH64_H
#define LTR_ARCH_AARCH64_H

/*
 * 64-bit ARM (AAPCS64): see arch.h for what each of these has to do. Saved on the stack, from
 * saved_sp upward: x29, x30, x19 to x28, d8 to d15; 160 bytes. FPCR and FPSR are the thread's, not
 * the goroutine's.
 */

#include <stdbool.h>
#include <stdint.h>

struct ltr__thread *ltr__switch(void **save_sp, void *next_sp, struct ltr__thread *thread);
void ltr__trampoline(void);

#define LTR__SAVED_BYTES     160
#define LTR__SAVED_FP_OFFSET 0

static inline void *ltr__first_frame(void *high)
{
	uint64_t *sp = (uint64_t *)high - LTR__SAVED_BYTES / 8;

	for (int i = 0; i < LTR__SAVED_BYTES / 8; i++)
		sp[i] = 0;
	sp[1] = (uint64_t)(uintptr_t)&ltr__trampoline;
	return sp;
}

static inline struct ltr__thread *ltr__self(void)
{
	struct ltr__thread *thread;
	uint64_t offset;

	__asm__ volatile("adrp %1, :gottprel:ltr__current_thread\n\t"
			 "ldr %1, [%1, :gottprel_lo12:ltr__current_thread]\n\t"
			 "mrs %0, tpidr_el0\n\t"
			 "ldr %0, [%0, %1]"
			 : "=&r"(thread), "=&r"(offset)
			 :
			 : "memory");
	return thread;
}

/*
 * Readers outside do not know the counter (cntvct_el0), and nothing hot reads a clock while nobody
 * watches: CLOCK_MONOTONIC, which the vDSO makes of that counter, is good enough.
 */
#define LTR__RAW_CLOCK LTR_CLOCK_MONOTONIC

static inline bool ltr__raw_ticks_are_steady(void)
{
	return false;
}

static inline uint64_t ltr__raw_ticks(void)
{
	return 0;
}

/* `yield` is a nop on most cores; `isb` waits for about as long as x86's pause. */
static inline void ltr__relax(void)
{
	__asm__ volatile("isb" ::: "memory");
}

#endif
