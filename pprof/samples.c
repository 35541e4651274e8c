/* SPDX-License-Identifier: MIT */

/*
 * Samples, grouped by their keys (samples.h). The groups of one stack are in the order of the first
 * sample of each; when a sample of another stack comes, they are finished and leave.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delta.h"
#include "samples.h"

void ltr__samples_init(struct ltr__samples *samples, enum ltr__grouping grouping,
		       ltr__sample_emit *emit, void *context)
{
	*samples = (struct ltr__samples){.grouping = grouping, .emit = emit, .context = context};
}

void ltr__samples_done(struct ltr__samples *samples)
{
	free(samples->groups);
	ltr__pprof_table_done(&samples->table);
	ltr__delta_free(samples->delta);
	*samples = (struct ltr__samples){0};
}

/* A finished sample leaves, if the options want it. */
static int emit(struct ltr__samples *samples, const struct ltr__sample *sample)
{
	struct ltr__sample left = *sample;

	if (!ltr__filter_keeps(&samples->filter, samples->census, samples->options, sample))
		return 0;
	if (samples->delta && !ltr__delta_subtract(samples->delta, &left))
		return 0;
	return samples->emit(samples->context, &left);
}

static int finish_groups(struct ltr__samples *samples)
{
	int err = 0;

	for (size_t i = 0; i < samples->group_count && !err; i++)
		err = emit(samples, &samples->groups[i]);
	samples->group_count = 0;
	ltr__pprof_table_done(&samples->table);
	return err;
}

int ltr__samples_collect(struct ltr__samples *samples, const struct ltr_census *census,
			 const struct ltr_profile_type *type,
			 const struct ltr_profile_options *options)
{
	int err = 0;

	samples->census = census;
	samples->options = options;
	if (options->base)
		err = ltr__delta_new(options->base, &samples->delta);
	if (!err)
		err = type->collect(census, options, samples);
	if (!err)
		err = finish_groups(samples);
	if (!err && samples->delta)
		err = ltr__delta_rest(samples->delta, samples->emit, samples->context);
	if (options->base)
		samples->duration_ns = ltr__delta_duration_ns(options->base, census);
	ltr__filter_comment(samples, options);
	return err;
}

struct lookup {
	const struct ltr__samples *samples;
	const struct ltr__sample *sample;
};

static bool same_key(const void *context, uint32_t position)
{
	const struct lookup *lookup = context;

	return memcmp(&lookup->samples->groups[position], lookup->sample, LTR__SAMPLE_KEY_BYTES) ==
	       0;
}

static void add_values(struct ltr__sample *sum, const struct ltr__sample *sample)
{
	for (size_t i = 0; i < LTR_PROFILE_VALUES_MAX; i++)
		if (__builtin_add_overflow(sum->values[i], sample->values[i], &sum->values[i]))
			sum->values[i] = INT64_MAX;
}

/* Only what says where the sample is, and the program's own labels. */
static struct ltr__sample place_of(const struct ltr__sample *sample)
{
	struct ltr__sample place = *sample;

	if (place.stack || place.pc || place.site_is_label)
		place.site = 0;
	if (place.stack || place.pc)
		place.state = 0;
	place.site_is_label = 0;
	place.reason = 0;
	place.name = 0;
	return place;
}

static int add_group(struct ltr__samples *samples, const struct ltr__sample *sample, uint32_t hash)
{
	int err;

	if (samples->group_count >= UINT32_MAX)
		return -EOVERFLOW;
	err = ltr__pprof_array_reserve(&samples->groups, &samples->group_capacity,
				       samples->group_count, sizeof(*samples->groups));
	if (!err)
		err = ltr__pprof_table_add(&samples->table, hash, (uint32_t)samples->group_count);
	if (!err)
		samples->groups[samples->group_count++] = *sample;
	return err;
}

int ltr__samples_add(struct ltr__samples *samples, const struct ltr__sample *sample)
{
	struct ltr__sample place;
	struct lookup lookup = {.samples = samples, .sample = sample};
	uint32_t position;
	uint32_t hash;
	int err;

	if (samples->grouping == LTR__BY_GOROUTINE)
		return emit(samples, sample);
	if (samples->group_count > 0 && samples->groups[0].stack != sample->stack) {
		err = finish_groups(samples);
		if (err)
			return err;
	}
	if (samples->grouping == LTR__BY_PLACE || samples->grouping == LTR__BY_STACK) {
		place = place_of(sample);
		if (samples->grouping == LTR__BY_STACK)
			place.labels = 0;
		lookup.sample = &place;
	}
	hash = ltr__pprof_hash(lookup.sample, LTR__SAMPLE_KEY_BYTES);
	if (ltr__pprof_table_find(&samples->table, hash, same_key, &lookup, &position) < 0)
		return add_group(samples, lookup.sample, hash);
	add_values(&samples->groups[position], sample);
	return 0;
}

void ltr__samples_comment(struct ltr__samples *samples, const char *comment)
{
	if (samples->comment_count == LTR__COMMENTS_MAX)
		return;
	snprintf(samples->comments[samples->comment_count++], LTR__COMMENT_BYTES, "%s", comment);
}

void ltr__sample_name_group(const struct ltr_census *census, uint32_t group,
			    struct ltr__sample *sample)
{
	const struct ltr_census_group *whose = ltr_census_group(census, group);

	sample->site = whose->site;
	sample->name = whose->name;
	sample->labels = whose->labels;
	sample->site_is_label = true;
}

void ltr__samples_comment_groups(const struct ltr_census *census, struct ltr__samples *samples)
{
	if (ltr_census_groups_cut(census))
		ltr__samples_comment(samples, "loiter: too many different names and labels: what "
					      "came late has none");
}

/* Counting sort: the first pass counts, the second one places. */
int ltr__samples_order(const struct ltr_census *census, size_t count,
		       uint32_t (*stack_of)(const struct ltr_census *census, size_t i),
		       uint32_t **ret_order)
{
	size_t stack_count = ltr_census_stack_count(census);
	uint32_t *order = calloc(count + 1, sizeof(*order));
	size_t *starts = calloc(stack_count + 2, sizeof(*starts));

	if (!order || !starts || count > UINT32_MAX) {
		free(order);
		free(starts);
		return count > UINT32_MAX ? -EOVERFLOW : -ENOMEM;
	}
	for (size_t i = 0; i < count; i++)
		starts[stack_of(census, i) + 1]++;
	for (size_t i = 1; i <= stack_count; i++)
		starts[i] += starts[i - 1];
	for (size_t i = 0; i < count; i++)
		order[starts[stack_of(census, i)]++] = (uint32_t)i;
	free(starts);
	*ret_order = order;
	return 0;
}

void ltr__samples_order_free(uint32_t **order)
{
	free(*order);
}

uint32_t ltr__goroutine_stack(const struct ltr_census *census, size_t index)
{
	uint32_t stack = ltr_census_at(census, index)->stack;
	size_t depth;

	if (stack == 0 || stack >= ltr_census_stack_count(census))
		return 0;
	return ltr_census_stack(census, stack, &depth) && depth > 0 ? stack : 0;
}

struct ltr__sample ltr__sample_of(const struct ltr_census *census, size_t index, bool per_goroutine)
{
	const struct ltr_goroutine *goroutine = ltr_census_at(census, index);
	struct ltr__sample sample = {
		.stack = ltr__goroutine_stack(census, index),
		.site = goroutine->site,
		.name = goroutine->name,
		.labels = goroutine->labels,
		.goroutine = per_goroutine ? (uint32_t)index + 1 : 0,
		.state = goroutine->state,
		.reason = goroutine->reason,
	};

	if (sample.stack)
		return sample;
	sample.pc = goroutine->entry_pc;
	if (sample.pc == 0 && sample.site == 0) {
		sample.pc = goroutine->creation_pc;
		sample.pc_is_call = sample.pc != 0;
	}
	return sample;
}

int64_t ltr__pprof_clamp(uint64_t number)
{
	return number > INT64_MAX ? INT64_MAX : (int64_t)number;
}
