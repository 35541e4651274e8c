/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_FUZZ_CENSUS_H
#define TESTS_FUZZ_FUZZ_CENSUS_H

/* What holds for every census, whatever it was filled from. */

#include <string.h>

#include "../wait_count.h"
#include "census.h"
#include "fuzz.h"

static inline void fuzz_check_census(const struct ltr_census *census)
{
	const struct ltr_census_info *info = ltr_census_info(census);
	uint64_t sum = 0;

	for (int i = 0; i < LTR_STATE_COUNT; i++)
		sum += info->by_state[i];
	fuzz_expect(sum == ltr_census_count(census));
	for (size_t i = 0; i < ltr_census_count(census); i++) {
		const struct ltr_goroutine *goroutine = ltr_census_at(census, i);

		fuzz_expect(goroutine->id != 0);
		fuzz_expect(ltr_census_find(census, goroutine->id) == goroutine);
		fuzz_expect(strlen(ltr_census_string(census, goroutine->name)) <= 255);
	}
	for (size_t i = 0; i < wait_count_of(census); i++)
		fuzz_expect(ltr_census_wait(census, i)->unfinished <=
			    ltr_census_wait(census, i)->count);
	for (size_t i = 0; i < ltr_census_lock_count(census); i++)
		(void)ltr_census_locked_pc(census, ltr_census_lock(census, i));
}

#endif
