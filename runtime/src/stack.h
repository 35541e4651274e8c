/* SPDX-License-Identifier: MIT */
#ifndef LTR_STACK_H
#define LTR_STACK_H

/*
 * Stacks: address space in a few sizes, carved from large arenas that are never unmapped, the lowest
 * page of each a guard.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(class, bytes) */
#define LTR__STACK_CLASSES(X) \
	X(0, 64u << 10)       \
	X(1, 256u << 10)      \
	X(2, 1024u << 10)     \
	X(3, 8192u << 10)

enum { LTR__STACK_CLASS_COUNT = 4 };

/* One page: on ARM that may be 16 KiB. Larger ones are refused (run.c). */
#if defined(__x86_64__)
#define LTR__STACK_GUARD_BYTES 4096u
#else
#define LTR__STACK_GUARD_BYTES 16384u
#endif

#define LTR__ARENA_BYTES (64u << 20) /* and aligned to that */

struct ltr__processor;

size_t ltr__stack_bytes(uint32_t stack_class);

/* The smallest class of at least `bytes` (0: the default); the largest if none is. */
uint32_t ltr__stack_class(size_t bytes);

/* The low end of a stack, guard included; NULL without memory. */
char *ltr__stack_get(struct ltr__processor *processor, uint32_t stack_class);
void ltr__stack_put(struct ltr__processor *processor, uint32_t stack_class, char *low);

#endif
