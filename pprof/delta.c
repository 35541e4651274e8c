/* SPDX-License-Identifier: MIT */

/* Differences between two moments (delta.h). The samples of a base stand in the order of their keys. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "delta.h"

struct ltr_profile_base {
	struct ltr__sample *samples;
	size_t count;
	size_t capacity;
	uint64_t now_ns;
};

struct ltr__delta {
	const struct ltr_profile_base *base;
	bool met[]; /* for each sample of the base */
};

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, LTR__SAMPLE_KEY_BYTES);
}

static int keep(void *context, const struct ltr__sample *sample)
{
	struct ltr_profile_base *base = context;
	int err = ltr__pprof_array_reserve(&base->samples, &base->capacity, base->count,
					   sizeof(*sample));

	if (!err)
		base->samples[base->count++] = *sample;
	return err;
}

int ltr_profile_base_new(const struct ltr_census *census, const struct ltr_profile_type *type,
			 const struct ltr_profile_options *options,
			 struct ltr_profile_base **ret_base)
{
	static const struct ltr_profile_options all_off;
	__attribute__((cleanup(ltr__samples_done))) struct ltr__samples samples;
	struct ltr_profile_base *base = calloc(1, sizeof(*base));
	int err = base ? 0 : -ENOMEM;

	ltr__samples_init(&samples, LTR__BY_KEY, keep, base);
	if (!options)
		options = &all_off;
	if (!err && (options->per_goroutine || options->base))
		err = -EINVAL;
	if (!err)
		err = ltr__samples_collect(&samples, census, type, options);
	if (err) {
		ltr_profile_base_free(base);
		return err;
	}
	if (base->count > 0)
		qsort(base->samples, base->count, sizeof(*base->samples), compare);
	base->now_ns = ltr_census_info(census)->now_ns;
	*ret_base = base;
	return 0;
}

struct ltr_profile_base *ltr_profile_base_free(struct ltr_profile_base *base)
{
	if (base)
		free(base->samples);
	free(base);
	return NULL;
}

int ltr__delta_new(const struct ltr_profile_base *base, struct ltr__delta **ret_delta)
{
	struct ltr__delta *delta = calloc(1, sizeof(*delta) + base->count * sizeof(delta->met[0]));

	if (!delta)
		return -ENOMEM;
	delta->base = base;
	*ret_delta = delta;
	return 0;
}

struct ltr__delta *ltr__delta_free(struct ltr__delta *delta)
{
	free(delta);
	return NULL;
}

/* Values are never below 0, so this cannot overflow. */
bool ltr__delta_subtract(struct ltr__delta *delta, struct ltr__sample *sample)
{
	const struct ltr_profile_base *base = delta->base;
	const struct ltr__sample *before = base->count ? bsearch(sample, base->samples, base->count,
								 sizeof(*base->samples), compare)
						       : NULL;
	bool is_left = false;

	if (before)
		delta->met[before - base->samples] = true;
	for (size_t i = 0; i < LTR_PROFILE_VALUES_MAX; i++) {
		sample->values[i] -= before ? before->values[i] : 0;
		is_left |= sample->values[i] != 0;
	}
	return is_left;
}

int ltr__delta_rest(const struct ltr__delta *delta, ltr__sample_emit *emit, void *context)
{
	int err = 0;

	for (size_t i = 0; i < delta->base->count && !err; i++) {
		struct ltr__sample gone = delta->base->samples[i];

		if (delta->met[i])
			continue;
		for (size_t j = 0; j < LTR_PROFILE_VALUES_MAX; j++)
			gone.values[j] = -gone.values[j];
		err = emit(context, &gone);
	}
	return err;
}

int64_t ltr__delta_duration_ns(const struct ltr_profile_base *base, const struct ltr_census *census)
{
	uint64_t now_ns = ltr_census_info(census)->now_ns;

	return now_ns > base->now_ns ? ltr__pprof_clamp(now_ns - base->now_ns) : 0;
}
