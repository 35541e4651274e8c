// SPDX-License-Identifier: MIT
#include "array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int ltr__grow(void *array_pointer, uint32_t *capacity, uint64_t count, size_t element)
{
	if (count <= *capacity)
		return 0;
	uint64_t want = *capacity + *capacity / 4ull;
	if (want < count)
		want = count;
	if (want < 16)
		want = 16;
	if (want >= UINT32_MAX)
		return -ENOMEM;

	void *array;
	memcpy(&array, array_pointer, sizeof(array));
	void *grown = realloc(array, want * element);
	if (!grown)
		return -ENOMEM;
	array = grown;
	memset((char *)array + *capacity * element, 0, (want - *capacity) * element);
	memcpy(array_pointer, &array, sizeof(array));
	*capacity = (uint32_t)want;
	return 0;
}

int ltr__append(void *array_pointer, uint32_t *count, uint32_t *capacity, const void *element,
		size_t bytes)
{
	int err = ltr__grow(array_pointer, capacity, *count + 1ull, bytes);
	void *array;

	if (err)
		return err;
	memcpy(&array, array_pointer, sizeof(array));
	memcpy((char *)array + (size_t)(*count)++ * bytes, element, bytes);
	return 0;
}
