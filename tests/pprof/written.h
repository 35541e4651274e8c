/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TEST_PPROF_WRITTEN_H
#define LOITER_TEST_PPROF_WRITTEN_H

/* Profiles as pprof/ writes them, read back at once. For cmocka's tests: what goes wrong fails them. */

#include <pprof/profile.h>

#include "fixture.h"
#include "unpacked.h"

/* It is a valid profile, and no value of it is below 0 unless it is a delta. The memory is done. */
Profile *profile_read_back(struct memory *memory, bool is_delta);

Profile *profile_written(const struct ltr_census *census, const struct ltr_profile_type *type,
			 const struct ltr_profile_options *options);

#endif
