/* SPDX-License-Identifier: MIT */
#ifndef TESTS_PROBE_SAME_CENSUS_H
#define TESTS_PROBE_SAME_CENSUS_H

/* Holds a census that records have kept current against one that was read at once. */

#include "census.h"

/* Of the same program; whichever numbers they have in either. */
bool census_same_stack(const struct ltr_census *a, uint32_t stack_a, const struct ltr_census *b,
		       uint32_t stack_b);

/*
 * NULL if `a`, which records have kept current, shows what the snapshot `b` does, else what is
 * different; with `tell`, it prints more. Without `stacks` those who have moved may be without one.
 */
const char *census_difference(const struct ltr_census *a, const struct ltr_census *b, bool stacks,
			      bool tell);

#endif
