/* SPDX-License-Identifier: MIT */

/*
 * The `goroutine` profile: where every living goroutine is now. Its values add up to the number of
 * goroutines in the census.
 */

#include "profile_types.h"
#include "samples.h"

static int collect(const struct ltr_census *census, const struct ltr_profile_options *options,
		   struct ltr__samples *samples)
{
	for (size_t i = 0; i < ltr_census_count(census); i++) {
		struct ltr__sample sample =
			ltr__sample_of(census, ltr_census_at(census, i), options->per_goroutine);
		int err;

		sample.values[0] = 1;
		err = ltr__samples_add(samples, &sample);
		if (err)
			return err;
	}
	return 0;
}

const struct ltr_profile_type ltr__profile_goroutine = {
	.name = "goroutine",
	.what = "where all goroutines are now",
	.values = {{"goroutine", "count"}},
	.value_count = 1,
	.period_type = {"goroutine", "count"},
	.period = 1,
	.collect = collect,
};
