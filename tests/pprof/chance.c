/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "chance.h"

static uint64_t seed;

void random_begin(void)
{
	const char *wanted = getenv("LTR_TEST_SEED");
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	seed = wanted ? strtoull(wanted, NULL, 0)
		      : (uint64_t)now.tv_sec << 20 ^ (uint64_t)now.tv_nsec;
	seed |= seed == 0;
	printf("LTR_TEST_SEED=%" PRIu64 "\n", seed);
	fflush(stdout);
}

uint64_t random_next(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

uint64_t random_below(uint64_t limit)
{
	return random_next() % limit;
}

bool one_in(uint64_t n)
{
	return random_below(n) == 0;
}
