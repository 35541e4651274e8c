/* SPDX-License-Identifier: MIT */
#ifndef LTR_ARCH_X86_64_H
#define LTR_ARCH_X86_64_H

/*
 * x86-64: see arch.h for what each of these has to do. Saved on the stack, from saved_sp upward: r15,
 * r14, r13, r12, rbx, rbp, return address. The x87 and SSE control words are the thread's, not the
 * goroutine's.
 */

#include <cpuid.h>
#include <stdbool.h>
#include <stdint.h>

#define LTR__RAW_CLOCK LTR_CLOCK_TSC

struct ltr__thread *ltr__switch(void **save_sp, void *next_sp, struct ltr__thread *thread);
void ltr__trampoline(void);

#define LTR__SAVED_FP_OFFSET 40

static inline void *ltr__first_frame(void *high)
{
	uint64_t *sp = (uint64_t *)high - 9; /* seven are popped: 16-aligned before the call */

	for (int i = 0; i < 6; i++)
		sp[i] = 0;
	sp[6] = (uint64_t)(uintptr_t)&ltr__trampoline;
	sp[7] = sp[8] = 0;
	return sp;
}

static inline struct ltr__thread *ltr__self(void)
{
	struct ltr__thread *thread;

	__asm__ volatile("movq ltr__current_thread@gottpoff(%%rip), %0\n\tmovq %%fs:(%0), %0"
			 : "=r"(thread)
			 :
			 : "memory");
	return thread;
}

/* Whether the time stamp counter runs at one rate and never stops (CPUID 80000007h, EDX bit 8). */
static inline bool ltr__raw_ticks_are_steady(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & (1u << 8));
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
