/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TEST_PPROF_CHANCE_H
#define LOITER_TEST_PPROF_CHANCE_H

/* Random choices of one run, which LTR_TEST_SEED repeats. */

#include <stdbool.h>
#include <stdint.h>

/* Takes the seed from LTR_TEST_SEED or the clock, and prints it. */
void random_begin(void);

uint64_t random_next(void);
uint64_t random_below(uint64_t limit);
bool one_in(uint64_t n);

#endif
