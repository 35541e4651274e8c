/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "written.h"

Profile *profile_read_back(struct memory *memory, bool is_delta)
{
	Profile *profile = profile_unpack(memory->data, memory->bytes);

	memory_done(memory);
	assert_non_null(profile);
	assert_true(profile_is_valid(profile));
	assert_true(is_delta || profile_is_positive(profile));
	return profile;
}

Profile *profile_written(const struct ltr_census *census, const struct ltr_profile_type *type,
			 const struct ltr_profile_options *options)
{
	struct memory memory = {0};

	assert_non_null(type);
	assert_int_equal(ltr_profile_write(census, type, options, memory_sink(&memory)), 0);
	return profile_read_back(&memory, options && options->base);
}
