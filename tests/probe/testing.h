/* SPDX-License-Identifier: MIT */
#ifndef TESTS_PROBE_TESTING_H
#define TESTS_PROBE_TESTING_H

/* What the tests of this room share: cmocka with its prologue, and a repeatable source of chance. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

struct chance {
	uint64_t state;
};

static inline uint64_t chance_next(struct chance *chance)
{
	uint64_t x = chance->state += 0x9e3779b97f4a7c15ull;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

/* 0 .. limit - 1 */
static inline uint32_t chance_below(struct chance *chance, uint32_t limit)
{
	return (uint32_t)(chance_next(chance) % limit);
}

/* A new seed each run, printed; LTR_TEST_SEED repeats one. */
static inline uint64_t chance_seed(void)
{
	const char *given = getenv("LTR_TEST_SEED");
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	uint64_t seed = given ? strtoull(given, NULL, 0)
			      : (uint64_t)now.tv_sec * 1000000007u + (uint64_t)now.tv_nsec;
	printf("LTR_TEST_SEED=%#llx repeats this run\n", (unsigned long long)seed);
	return seed;
}

#endif
