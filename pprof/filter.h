/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_FILTER_H
#define LOITER_PPROF_FILTER_H

/*
 * Which samples a profile keeps by the names of their functions (ltr_profile_options.focus and
 * .ignore). All functions of a stack count, inlined ones and the runtime's own too, and for a sample
 * without a stack whatever it is shown at.
 */

#include <stdbool.h>
#include <stdint.h>

#include <probe/census.h>

struct ltr__sample;
struct ltr__samples;
struct ltr_profile_options;

/* Samples of one stack come one behind the other, so the last answer is good for the next. */
struct ltr__filter {
	uint32_t stack; /* 0: none yet */
	bool keeps;
};

bool ltr__filter_keeps(struct ltr__filter *filter, const struct ltr_census *census,
		       const struct ltr_profile_options *options, const struct ltr__sample *sample);

/* Says in the profile that something was left out, if anything can have been. */
void ltr__filter_comment(struct ltr__samples *samples, const struct ltr_profile_options *options);

#endif
