/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TESTS_REACH_CHURN_H
#define LOITER_TESTS_REACH_CHURN_H

/*
 * What a child does to its heap: blocks that refer to each other come, go, grow and shrink, and references
 * are moved between them. Some blocks are never freed; goroutines wait on those.
 */

#include "reach/reach.h"

#define CHURN_OBJECTS 300u

/* Before the first step, and in the process that is forked later. */
void churn_prepare(uint64_t seed);

uint64_t churn_object(uint32_t number);

/* Not to be looked at: which blocks there are. */
struct ltr_reach_region churn_notes(void);

void churn_steps(uint32_t count);

#endif
