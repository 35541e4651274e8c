/* SPDX-License-Identifier: MIT */
/*
 * Arrays that grow to many megabytes. From a megabyte on they are mappings of their own, so that to
 * grow moves pages and no bytes, and large pages are asked for: a first touch of each small page would
 * take longer than to fill it. How an array was made follows from its capacity.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "private.h"

#define LEAST_ELEMENTS 1024u
#define MAPPED_BYTES   ((size_t)1 << 20)

static void *map(size_t bytes)
{
	void *array = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (array == MAP_FAILED)
		return NULL;
	madvise(array, bytes, MADV_HUGEPAGE);
	return array;
}

static void *remap(void *array, size_t old_bytes, size_t bytes)
{
	void *grown = mremap(array, old_bytes, bytes, MREMAP_MAYMOVE);

	if (grown == MAP_FAILED)
		return NULL;
	madvise(grown, bytes, MADV_HUGEPAGE);
	return grown;
}

static void *first_map(void *array, size_t old_bytes, size_t bytes)
{
	void *grown = map(bytes);

	if (!grown)
		return NULL;
	if (array)
		memcpy(grown, array, old_bytes);
	free(array);
	return grown;
}

int ltr__reach_grow(void *array_pointer, uint32_t *capacity, uint32_t count, size_t element)
{
	void **array = array_pointer;
	uint64_t more = *capacity ? *capacity * 2ull : LEAST_ELEMENTS;
	size_t old_bytes = *capacity * element;
	void *grown;

	if (count < *capacity)
		return 0;
	if (more > UINT32_MAX)
		more = UINT32_MAX;
	if (more <= count)
		return -ENOMEM;
	if (old_bytes >= MAPPED_BYTES)
		grown = remap(*array, old_bytes, more * element);
	else if (more * element >= MAPPED_BYTES)
		grown = first_map(*array, old_bytes, more * element);
	else
		grown = reallocarray(*array, more, element);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*capacity = (uint32_t)more;
	return 0;
}

void ltr__reach_drop(void *array, uint32_t capacity, size_t element)
{
	if (!array)
		return;
	if (capacity * element >= MAPPED_BYTES)
		munmap(array, capacity * element);
	else
		free(array);
}
