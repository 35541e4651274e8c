/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TESTS_WAIT_COUNT_H
#define LOITER_TESTS_WAIT_COUNT_H

/* How many totals of waits there are, where memory does not run out. */

#include <stdlib.h>

#include "../probe/census.h"

static inline size_t wait_count_of(const struct ltr_census *census)
{
	size_t count;

	if (ltr_census_wait_count(census, &count) < 0)
		abort();
	return count;
}

#endif
