/* SPDX-License-Identifier: MIT */
#ifndef LTR_ARCH_GENERIC_H
#define LTR_ARCH_GENERIC_H

/*
 * Any processor on which glibc has makecontext() and swapcontext(): see arch.h for what each of
 * these has to do, and switch_generic.c for how. A switch costs a system call (swapcontext() saves
 * the signal mask). saved_sp is the address of a struct ltr__context on the left stack.
 */

#include <stdbool.h>
#include <stdint.h>

struct ltr__thread *ltr__switch(void **save_sp, void *next_sp, struct ltr__thread *thread);
void *ltr__first_frame(void *high);
struct ltr__thread *ltr__self(void);

#define LTR__SAVED_FP_OFFSET 0

#define LTR__RAW_CLOCK LTR_CLOCK_MONOTONIC

static inline bool ltr__raw_ticks_are_steady(void)
{
	return false;
}

static inline uint64_t ltr__raw_ticks(void)
{
	return 0;
}

static inline void ltr__relax(void)
{
	__asm__ volatile("" ::: "memory");
}

#endif
