/* SPDX-License-Identifier: MIT */
#ifndef LTR_RESERVE_H
#define LTR_RESERVE_H

/* Address space: zeroes, of which only pages that are touched cost memory. */

#include <stddef.h>
#include <sys/mman.h>

/* NULL: none left. Given back by munmap(), if ever. */
static inline void *ltr__reserve(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

#endif
