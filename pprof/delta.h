/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_DELTA_H
#define LOITER_PPROF_DELTA_H

/*
 * What has changed between two moments of one census. A base holds the samples of the first moment;
 * the samples of the second one are found in it by their keys, which stay the same: the census never
 * uses the number of a stack, site, string or set of labels again.
 *
 * A base is constant and may serve many profiles; a struct ltr__delta is one use of it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "profile.h"
#include "samples.h"

struct ltr__delta;

int ltr__delta_new(const struct ltr_profile_base *base, struct ltr__delta **ret_delta);
struct ltr__delta *ltr__delta_free(struct ltr__delta *delta); /* takes NULL, returns NULL */

/* Takes off what was there before. Returns false if nothing is left. */
bool ltr__delta_subtract(struct ltr__delta *delta, struct ltr__sample *sample);

/* Emits, with their values negated, the samples of the base that are there no more. */
int ltr__delta_rest(const struct ltr__delta *delta, ltr__sample_emit *emit, void *context);

/* From the base's moment to now. */
int64_t ltr__delta_duration_ns(const struct ltr_profile_base *base,
			       const struct ltr_census *census);

#endif
