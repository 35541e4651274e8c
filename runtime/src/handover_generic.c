/* SPDX-License-Identifier: MIT */

/* The two probed functions (trace.h), wherever a uprobe may sit on a function's first instruction. */

#include "trace.h"

__attribute__((noinline)) void ltr__handover(const struct ltr_event *records, uint64_t count,
					     uint64_t position, uint64_t ring)
{
	__asm__ volatile("" ::"r"(records), "r"(count), "r"(position), "r"(ring) : "memory");
}

__attribute__((noinline)) void ltr__want_stacks(void)
{
	__asm__ volatile("" ::: "memory");
}
