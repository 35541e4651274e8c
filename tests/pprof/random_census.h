/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TEST_PPROF_RANDOM_CENSUS_H
#define LOITER_TEST_PPROF_RANDOM_CENSUS_H

/* A census of goroutines that may be anything: hostile names, stacks of nothing, proofs and none. */

#include <probe/census_fill.h>

/* The caller's. */
struct ltr_census *random_census(void);

#endif
