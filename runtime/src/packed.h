/* SPDX-License-Identifier: MIT */
#ifndef LTR_PACKED_H
#define LTR_PACKED_H

/*
 * Compact blocks for what was on cold stacks (cold.c), and nothing else: one thread allocates and
 * frees, so there is no lock, and malloc() is not called (cold.c says why). Chunks of 64 KiB hold
 * blocks of one size, in steps of 32 bytes; an empty chunk gives its pages back.
 */

#include <stddef.h>
#include <stdint.h>

#define LTR__PACKED_BYTES_MAX 2048u /* of content */

struct ltr__packed {
	uint32_t goroutine; /* the descriptor's number */
	uint32_t bytes;
	char content[]; /* 8-aligned */
};

/* NULL without memory. `bytes` is at most LTR__PACKED_BYTES_MAX. */
struct ltr__packed *ltr__packed_new(size_t bytes);
void ltr__packed_free(struct ltr__packed *packed);

#endif
