/* SPDX-License-Identifier: MIT */
#ifndef LTR_ARCH_X86_64_H
#define LTR_ARCH_X86_64_H

/*
 * x86-64: see arch.h for what each of these has to do. Saved on the stack, from saved_sp upward: where
 * to go on, rbp. The x87 and SSE control words are the thread's, not the goroutine's.
 *
 * The switch is inlined and jumps, without a call and a return: the stack on which the CPU predicts
 * returns stays in step with the goroutine's own (a `ret` after a switch by call is mispredicted each
 * time), and of the other registers only those are saved that the compiler has in use.
 */

#include <cpuid.h>
#include <stdbool.h>
#include <stdint.h>

#define LTR__RAW_CLOCK LTR_CLOCK_TSC

void ltr__trampoline(void);

#define LTR__SAVED_FP_OFFSET 8

static inline void *ltr__first_frame(void *high)
{
	uint64_t *sp = (uint64_t *)high - 4; /* two are popped: 16-aligned before the call */

	sp[0] = (uint64_t)(uintptr_t)&ltr__trampoline;
	sp[1] = sp[2] = sp[3] = 0;
	return sp;
}

#ifdef __AVX512F__
#define LTR__CLOBBERED_WITH_AVX512                                                               \
	, "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24",       \
		"xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31", "k0", "k1", "k2", \
		"k3", "k4", "k5", "k6", "k7"
#else
#define LTR__CLOBBERED_WITH_AVX512
#endif

static inline __attribute__((always_inline)) struct ltr__thread *ltr__switch(
	void **save_sp, void *next_sp, struct ltr__thread *thread)
{
	/* The 128 bytes below rsp may be the function's own (the ABI's red zone). */
	__asm__ volatile("leaq -128(%%rsp), %%rsp\n\t"
			 "pushq %%rbp\n\t"
			 "leaq 1f(%%rip), %%rcx\n\t"
			 "pushq %%rcx\n\t"
			 "movq %%rsp, (%%rdi)\n\t"
			 "movq %%rsi, %%rsp\n\t"
			 "popq %%rcx\n\t"
			 "popq %%rbp\n\t"
			 "jmpq *%%rcx\n"
			 "1:\n\t"
			 "subq $-128, %%rsp"
			 : "+a"(thread), "+D"(save_sp), "+S"(next_sp)
			 :
			 : "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
			   "r15", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
			   "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
			   "xmm15" LTR__CLOBBERED_WITH_AVX512, "memory", "cc");
	return thread;
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
