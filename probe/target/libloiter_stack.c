// SPDX-License-Identifier: MIT
/*
 * Unwinding a copied stack by its frame pointers, as layout.h tells. Pure: works on bytes that were
 * read before. Every pointer is checked against the stack's bounds and has to be larger than the
 * one before, so the walk ends whatever the bytes are.
 */
#include <errno.h>
#include <string.h>

#include "libloiter_private.h"

/* The largest stack that we believe in. */
#define STACK_BYTES_MAX (1ull << 32)

size_t ltr__stack_used(const struct ltr_layout *layout, const struct ltr__stack *stack, size_t most,
		       uint64_t *ret_start)
{
	uint64_t start = stack->saved_sp;

	if (layout->saved_fp_offset < 0)
		start -= (uint64_t) - (int64_t)layout->saved_fp_offset;
	start &= ~7ull;
	if (stack->high <= stack->low || stack->high - stack->low > STACK_BYTES_MAX ||
	    start < stack->low || start >= stack->high)
		return 0;
	*ret_start = start;
	return stack->high - start < most ? stack->high - start : most;
}

/* Copies from the part; false if it does not reach there. */
static bool copy_from(const struct ltr_process_piece *part, uint64_t address, void *to,
		      size_t bytes)
{
	if (address < part->address || address - part->address > part->done ||
	    part->done - (address - part->address) < bytes)
		return false;
	memcpy(to, (const unsigned char *)part->buffer + (address - part->address), bytes);
	return true;
}

int ltr__stack_walk(const struct ltr_layout *layout, const struct ltr__stack *stack,
		    const struct ltr_process_piece *part, uint64_t *pcs, uint32_t *ret_depth)
{
	uint64_t pointer;
	uint64_t before = 0;

	*ret_depth = 0;
	if (!copy_from(part, stack->saved_sp + (uint64_t)(int64_t)layout->saved_fp_offset, &pointer,
		       sizeof(pointer)))
		return -EBADMSG;
	while (pointer && *ret_depth < LTR__FRAMES_MAX) {
		uint64_t frame[2]; /* {next frame pointer, return address} */
		if (pointer < stack->low || pointer >= stack->high || pointer % 8 ||
		    pointer <= before)
			return -EBADMSG;
		if (!copy_from(part, pointer, frame, sizeof(frame)))
			return -ENODATA;
		pcs[(*ret_depth)++] = frame[1];
		before = pointer;
		pointer = frame[0];
	}
	return 0;
}
