/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TEST_PPROF_CHECK_JSON_H
#define LOITER_TEST_PPROF_CHECK_JSON_H

#include <probe/census.h>

/* As JSON the census has each goroutine as it is, and totals that agree. For cmocka's tests: it fails
 * them. */
void check_json(const struct ltr_census *census);

#endif
