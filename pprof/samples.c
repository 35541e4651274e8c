/* SPDX-License-Identifier: MIT */

/*
 * Samples, grouped by their keys (samples.h). The order is that of the first of each group.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "samples.h"
#include "words.h"

void ltr__samples_init(struct ltr__samples *samples, enum ltr__grouping grouping)
{
	*samples = (struct ltr__samples){.grouping = grouping};
}

void ltr__samples_done(struct ltr__samples *samples)
{
	free(samples->all);
	ltr__table_done(&samples->table);
	*samples = (struct ltr__samples){0};
}

struct lookup {
	const struct ltr__samples *samples;
	const struct ltr__sample *sample;
};

static bool same_key(const void *context, uint32_t position)
{
	const struct lookup *lookup = context;

	return memcmp(&lookup->samples->all[position], lookup->sample, LTR__SAMPLE_KEY_BYTES) == 0;
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

	if (place.stack || place.pc) {
		place.site = 0;
		place.state = 0;
	}
	place.reason = 0;
	place.name = 0;
	return place;
}

static int append(struct ltr__samples *samples, const struct ltr__sample *sample)
{
	int err = ltr__array_reserve(&samples->all, &samples->capacity, samples->count,
				     sizeof(*samples->all));

	if (!err)
		samples->all[samples->count++] = *sample;
	return err;
}

int ltr__samples_add(struct ltr__samples *samples, const struct ltr__sample *sample)
{
	struct ltr__sample place;
	struct lookup lookup = {.samples = samples, .sample = sample};
	uint32_t position;
	uint32_t hash;
	int err;

	if (samples->count >= UINT32_MAX)
		return -EOVERFLOW;
	if (samples->grouping == LTR__BY_GOROUTINE)
		return append(samples, sample);
	if (samples->grouping == LTR__BY_PLACE) {
		place = place_of(sample);
		lookup.sample = &place;
	}
	hash = ltr__hash(lookup.sample, LTR__SAMPLE_KEY_BYTES);
	if (ltr__table_find(&samples->table, hash, same_key, &lookup, &position) == 0) {
		add_values(&samples->all[position], sample);
		return 0;
	}
	err = append(samples, lookup.sample);
	if (err)
		return err;
	err = ltr__table_add(&samples->table, hash, (uint32_t)(samples->count - 1));
	if (err)
		samples->count--;
	return err;
}

void ltr__samples_comment(struct ltr__samples *samples, const char *comment)
{
	if (samples->comment_count == LTR__COMMENTS_MAX)
		return;
	snprintf(samples->comments[samples->comment_count++], LTR__COMMENT_BYTES, "%s", comment);
}

struct ltr__sample ltr__sample_of(const struct ltr_census *census,
				  const struct ltr_goroutine *goroutine, bool per_goroutine)
{
	struct ltr__sample sample = {
		.stack = goroutine->stack,
		.site = goroutine->site,
		.name = goroutine->name,
		.labels = goroutine->labels,
		.state = goroutine->state,
		.reason = goroutine->reason,
	};
	size_t depth;

	if (!ltr_census_stack(census, sample.stack, &depth) || depth == 0) {
		sample.stack = 0;
		sample.pc = goroutine->entry_pc;
		if (sample.pc == 0 && sample.site == 0) {
			sample.pc = goroutine->creation_pc;
			sample.pc_is_call = sample.pc != 0;
		}
	}
	if (per_goroutine) {
		sample.goroutine = goroutine->id;
		sample.parent = goroutine->parent_id;
		sample.minutes = ltr__wait_minutes(census, goroutine);
	}
	return sample;
}

int64_t ltr__clamp(uint64_t number)
{
	return number > INT64_MAX ? INT64_MAX : (int64_t)number;
}
