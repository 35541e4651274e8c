/* SPDX-License-Identifier: MIT */

/*
 * Who makes others wait for mutexes and read-write locks, as in Go's profile of this name: at the
 * stack that unlocks, with what all those who waited then had waited since the unlocking before.
 * What has not been unlocked, which Go leaves out, is where its holder stands: if that one waits
 * itself, at the stack of that wait, else at the call by which it locked. Labels are those of who
 * unlocks or holds; only one sample for each goroutine that waits has the labels of that one, as it
 * has its id.
 *
 * The holder is known from a snapshot, made before or after the moment of the waits. It is believed
 * if it has done nothing since: a goroutine that does nothing unlocks nothing.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "profile_types.h"
#include "samples.h"

/* Where the time spent waiting for a lock is laid to somebody's charge. */
static struct ltr__sample place_of_holder(const struct ltr_census *census, uint64_t object)
{
	const struct ltr_lock *lock = ltr_census_find_lock(census, object);
	const struct ltr_goroutine *owner =
		lock && lock->owner_id ? ltr_census_find(census, lock->owner_id) : NULL;
	struct ltr__sample place = {.state = LTR_STATE_SYNC, .site_is_label = true};

	if (!owner || !owner->since_ns || owner->since_ns > ltr_census_info(census)->looked_ns)
		return place;
	place.site = owner->site;
	place.name = owner->name;
	place.labels = owner->labels;
	place.stack = owner->stack < ltr_census_stack_count(census) ? owner->stack : 0;
	if (place.stack)
		return place;
	place.pc = ltr_census_locked_pc(census, lock);
	place.pc_is_call = place.pc != 0;
	return place;
}

static int by_stack(const void *a, const void *b)
{
	const struct ltr__sample *x = a;
	const struct ltr__sample *y = b;

	return x->stack < y->stack ? -1 : x->stack > y->stack;
}

static void comment_on_unknown(const struct ltr__sample *charges, size_t count,
			       struct ltr__samples *samples)
{
	char text[LTR__COMMENT_BYTES];
	int64_t unknown = 0;

	for (size_t i = 0; i < count; i++)
		if (!charges[i].stack && !charges[i].pc)
			unknown += charges[i].values[0];
	if (!unknown)
		return;
	snprintf(text, sizeof(text),
		 "loiter: of %" PRId64 " waits it is not known who held the lock", unknown);
	ltr__samples_comment(samples, text);
}

static size_t charge_contentions(const struct ltr_census *census,
				 const struct ltr_profile_options *options, size_t all,
				 struct ltr__sample *charges)
{
	size_t count = 0;

	for (size_t i = 0; i < all; i++) {
		const struct ltr_contention *one = ltr_census_contention(census, i);
		struct ltr__sample sample = {.stack = one->stack, .state = LTR_STATE_SYNC};

		if (one->object && options->grows_only)
			continue;
		if (one->object)
			sample = place_of_holder(census, one->object);
		else
			ltr__sample_name_group(census, one->group, &sample);
		sample.reason = one->reason;
		sample.values[0] = ltr__pprof_clamp(one->count);
		sample.values[1] = ltr__pprof_clamp(one->total_ns);
		charges[count++] = sample;
	}
	return count;
}

/* Each wait that is under way: all that is known without events. */
static size_t charge_waiting(const struct ltr_census *census,
			     const struct ltr_profile_options *options, size_t all,
			     struct ltr__sample *charges)
{
	size_t count = 0;

	for (size_t i = 0; i < all; i++) {
		const struct ltr_goroutine *goroutine = ltr_census_at(census, i);
		struct ltr__sample *sample = &charges[count];

		if (!ltr_census_is_lock_wait(goroutine->reason))
			continue;
		*sample = place_of_holder(census, goroutine->object);
		if (options->per_goroutine) {
			sample->site = goroutine->site;
			sample->name = goroutine->name;
			sample->labels = goroutine->labels;
			sample->goroutine = (uint32_t)i + 1;
		}
		sample->state = goroutine->state;
		sample->reason = goroutine->reason;
		sample->values[0] = 1;
		sample->values[1] = ltr__pprof_clamp(ltr_census_age_ns(census, goroutine));
		count++;
	}
	return count;
}

static int collect_mutex(const struct ltr_census *census, const struct ltr_profile_options *options,
			 struct ltr__samples *samples)
{
	const struct ltr_census_info *info = ltr_census_info(census);
	size_t most = ltr_census_count(census);
	struct ltr__sample *charges;
	size_t count;
	int err = ltr_census_wait_count(census, &count);
	bool totals = !err && count > 0 && !options->per_goroutine;

	if (totals)
		err = ltr_census_contention_count(census, &most);
	if (err)
		return err;
	charges = calloc(most + 1, sizeof(*charges));
	if (!charges)
		return -ENOMEM;
	if (totals) {
		count = charge_contentions(census, options, most, charges);
		comment_on_unknown(charges, count, samples);
		ltr__samples_comment_groups(census, samples);
		if (info->now_ns > info->started_ns)
			samples->duration_ns = ltr__pprof_clamp(info->now_ns - info->started_ns);
	} else {
		ltr__samples_comment(samples, "loiter: only the waits that have not ended yet");
		count = charge_waiting(census, options, most, charges);
	}
	if (count > 0)
		qsort(charges, count, sizeof(*charges), by_stack);
	for (size_t i = 0; i < count && !err; i++)
		err = ltr__samples_add(samples, &charges[i]);
	free(charges);
	return err;
}

const struct ltr_profile_type ltr__profile_mutex = {
	.name = "mutex",
	.what = "waits for mutexes and read-write locks, at the stack of who held them",
	.values = {{"contentions", "count"}, {"delay", "nanoseconds"}},
	.value_count = 2,
	.period_type = {"contentions", "count"},
	.period = 1,
	.from_waits = true,
	.collect = collect_mutex,
};
