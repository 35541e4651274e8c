/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PROBE_ARRAY_H
#define LOITER_PROBE_ARRAY_H

/* Arrays that grow. `array_pointer` is the address of the pointer to their first element. */

#include <stddef.h>
#include <stdint.h>

/* Make room for `count` elements in an array that grows by a quarter, zeroing what is new. */
int ltr__grow(void *array_pointer, uint32_t *capacity, uint64_t count, size_t element);

/* Puts a copy of `element`, of so many bytes, behind the others. -ENOMEM, and nothing is changed. */
int ltr__append(void *array_pointer, uint32_t *count, uint32_t *capacity, const void *element,
		size_t bytes);

/* For qsort() and bsearch(). */
static inline int ltr__compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

#endif
