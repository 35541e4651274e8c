/* SPDX-License-Identifier: MIT */

/*
 * The `create` profile: which calls created the goroutines that live now. The creating call is one
 * line, because the runtime keeps no stack of it. The values add up to the number of goroutines in
 * the census.
 */

#include "profile_types.h"
#include "samples.h"

/*
 * The address that the creating call returns to has functions around it (inlined ones); where
 * symbols are missing, the program's own note of the line is better.
 */
static void move_to_creation(const struct ltr_census *census, const struct ltr_goroutine *goroutine,
			     struct ltr__sample *sample)
{
	bool is_known = goroutine->creation_pc &&
			ltr_census_call_symbol(census, goroutine->creation_pc)->function[0];

	sample->stack = 0;
	sample->pc = is_known || !sample->site ? goroutine->creation_pc : 0;
	sample->pc_is_call = sample->pc != 0;
}

static int collect(const struct ltr_census *census, const struct ltr_profile_options *options,
		   struct ltr__samples *samples)
{
	size_t count = ltr_census_count(census);
	int err = 0;

	for (size_t i = 0; i < count && !err; i++) {
		struct ltr__sample sample = ltr__sample_of(census, i, options->per_goroutine);

		move_to_creation(census, ltr_census_at(census, i), &sample);
		sample.values[0] = 1;
		err = ltr__samples_add(samples, &sample);
	}
	return err;
}

const struct ltr_profile_type ltr__profile_create = {
	.name = "create",
	.what = "where the goroutines that live now were created",
	.values = {{"goroutine", "count"}},
	.value_count = 1,
	.period_type = {"goroutine", "count"},
	.period = 1,
	.collect = collect,
};
