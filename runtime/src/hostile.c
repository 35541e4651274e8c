/* SPDX-License-Identifier: MIT */

/* See hostile.h. Empty in other builds. */

#include "hostile.h"

#ifdef LTR_HOSTILE

#include <stdlib.h>

#include "fatal.h"

#define POISON         0xdeadcafedeadcafeu
#define POISONED_BYTES 4096

uint64_t ltr__hostile_seed(uint32_t processor)
{
	const char *seed = secure_getenv("LTR_HOSTILE_SEED");
	uint64_t x = (seed ? strtoull(seed, NULL, 0) : 0) + 0x9e3779b97f4a7c15u * (processor + 1);

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	return (x ^ (x >> 27)) | 1;
}

/* AddressSanitizer still has the frames of the goroutine that ended marked. */
__attribute__((no_sanitize("address"))) void ltr__hostile_poison(char *high)
{
	volatile uint64_t *word = (volatile uint64_t *)(void *)(high - POISONED_BYTES);

	for (uint32_t i = 0; i < POISONED_BYTES / sizeof(*word) - 1; i++)
		word[i] = POISON;
}

__attribute__((no_sanitize("address"))) void ltr__hostile_check(const char *high)
{
	const volatile uint64_t *word =
		(const volatile uint64_t *)(const void *)(high - POISONED_BYTES);

	for (uint32_t i = 0; i < POISONED_BYTES / sizeof(*word) - 1; i++)
		if (word[i] != POISON)
			ltr__fatal("somebody wrote to a free stack, %zu bytes below its end",
				   POISONED_BYTES - i * sizeof(*word));
}

#endif
