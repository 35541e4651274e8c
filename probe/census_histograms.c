// SPDX-License-Identifier: MIT
/*
 * How long finished times were, by state and reason. Buckets are powers of two, so the bucket of a
 * time is found by counting zeroes. There are no more histograms than states times reasons, whatever
 * the program sends.
 */
#include <stdlib.h>

#include "census_private.h"

_Static_assert(LTR_STATE_COUNT *LTR__HISTOGRAM_REASONS < UINT8_MAX, "an index + 1 fits");

uint64_t ltr_histogram_bound_ns(uint32_t bucket)
{
	return bucket < LTR_HISTOGRAM_BUCKETS - 1
		       ? UINT64_C(1) << (LTR_HISTOGRAM_FIRST_BIT + bucket)
		       : UINT64_MAX;
}

struct ltr_histogram *ltr__histogram_at(struct ltr__histograms *histograms, uint8_t state,
					uint8_t reason)
{
	if (state >= LTR_STATE_COUNT)
		state = LTR_STATE_UNKNOWN;
	if (reason >= LTR_REASON_COUNT)
		reason = LTR_REASON_COUNT;
	uint8_t *at = &histograms->at[state][reason];
	if (!*at) {
		if (ltr__grow(&histograms->all, &histograms->capacity, histograms->count + 1ull,
			      sizeof(*histograms->all)) < 0)
			return NULL;
		struct ltr_histogram *fresh = &histograms->all[histograms->count++];
		fresh->state = state;
		fresh->reason = reason;
		*at = (uint8_t)histograms->count;
	}
	return &histograms->all[*at - 1];
}

void ltr__histogram_add(struct ltr_histogram *histogram, uint64_t ns)
{
	unsigned int bucket = 0;

	if (ns > UINT64_C(1) << LTR_HISTOGRAM_FIRST_BIT)
		bucket = 64u - (unsigned int)__builtin_clzll(ns - 1) - LTR_HISTOGRAM_FIRST_BIT;
	if (bucket >= LTR_HISTOGRAM_BUCKETS)
		bucket = LTR_HISTOGRAM_BUCKETS - 1;
	histogram->buckets[bucket]++;
	histogram->count++;
	histogram->total_ns = ltr__add_saturated(histogram->total_ns, ns);
}

void ltr__histograms_done(struct ltr__histograms *histograms)
{
	free(histograms->all);
	*histograms = (struct ltr__histograms){0};
}

size_t ltr_census_histogram_count(const struct ltr_census *census)
{
	return census->histograms.count;
}

const struct ltr_histogram *ltr_census_histogram(const struct ltr_census *census, size_t index)
{
	return index < census->histograms.count ? &census->histograms.all[index] : NULL;
}
