// SPDX-License-Identifier: MIT
/*
 * A snapshot of a libloiter program, without stopping it: rounds of batches (libloiter_snapshot.h), the
 * first of all descriptors, each later one of those that moved while they were read.
 */
#include "libloiter_snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "array.h"

#define ROUNDS         4
#define UNREADABLE_MAX 65536u /* give up: this program is not what it says */
#define ROUND_PAUSE_NS 20000

struct snapshot {
	struct ltr__look look;
	struct ltr_census *census;
	struct ltr__words words;
	struct ltr__locks locks;
	struct ltr__selects *selects; /* the target's */
	uint64_t unreadable;
	bool complete;
	bool in_doubt;

	const uint64_t *addresses; /* of this round: of slabs in the first, then of descriptors */
	uint64_t count;            /* of descriptors */
	uint64_t *again;           /* addresses to try in the next round */
	uint32_t again_count;
	uint32_t again_capacity;
};

static int try_again(struct snapshot *snapshot, uint64_t address)
{
	return ltr__append(&snapshot->again, &snapshot->again_count, &snapshot->again_capacity,
			   &address, sizeof(address));
}

static int put_select(struct snapshot *snapshot, const struct ltr__as_read *reading)
{
	const struct ltr_goroutine *goroutine = &reading->goroutine;

	if (goroutine->reason != LTR_REASON_SELECT || goroutine->object || !reading->stack.saved_sp)
		return 0;
	return ltr__selects_note(
		snapshot->selects,
		&(struct ltr__select){goroutine->id, goroutine->transitions, reading->stack});
}

static int put_locks(struct snapshot *snapshot, const struct ltr__as_read *reading)
{
	const struct ltr_goroutine *goroutine = &reading->goroutine;
	int err = 0;

	if (snapshot->look.target->layout.lock_bytes && ltr_census_is_lock_wait(goroutine->reason))
		err = ltr__locks_want(&snapshot->locks, goroutine->object);
	for (int i = 0; i < 2 && !err; i++)
		if (reading->read_lock[i])
			err = ltr_census_snapshot_reader(
				snapshot->census,
				&(struct ltr_reader){reading->read_lock[i], goroutine->id});
	return err;
}

static int want_words(struct snapshot *snapshot, const struct ltr__batch *batch)
{
	int err = 0;

	for (uint32_t i = 0; i < batch->count && !err; i++) {
		const struct ltr__as_read *reading = &batch->readings[i];
		if (reading->skip)
			continue;
		err = ltr__words_want_name(&snapshot->words, reading->name);
		if (!err)
			err = ltr__words_want_labels(&snapshot->words, reading->labels);
	}
	return err ? err : ltr__words_read(&snapshot->words);
}

static int put_one(struct snapshot *snapshot, const struct ltr__as_read *reading)
{
	struct ltr_goroutine goroutine = reading->goroutine;
	int err = 0;

	if (reading->noted)
		goroutine.stack = ltr_census_defined_stack(snapshot->census, reading->noted);
	else if (!reading->stack_known)
		err = ltr_census_intern_stack(snapshot->census, reading->pcs, reading->depth,
					      &goroutine.stack);
	if (!err)
		err = ltr__words_site(&snapshot->words, reading->site, &goroutine.site);
	goroutine.name = ltr__words_name(&snapshot->words, reading->name);
	goroutine.labels = ltr__words_labels(&snapshot->words, reading->labels);
	snapshot->unreadable += reading->stack_damaged;
	if (!err)
		err = ltr_census_snapshot_put(snapshot->census, &goroutine);
	if (!err)
		err = put_locks(snapshot, reading);
	return err ? err : put_select(snapshot, reading);
}

/* What the program's table has for the notes of a batch. A table that cannot be read has nothing. */
static int want_noted(const struct snapshot *snapshot, struct ltr__libloiter *target,
		      const struct ltr__batch *batch)
{
	uint32_t highest = 0;
	int err = 0;

	for (uint32_t i = 0; i < batch->count; i++)
		if (!batch->readings[i].skip && batch->readings[i].noted > highest)
			highest = batch->readings[i].noted;
	if (highest)
		err = ltr__libloiter_stacks(target, snapshot->census, highest);
	return err == -ENOMEM ? err : 0;
}

static bool leads_nowhere(const struct snapshot *snapshot, const struct ltr__as_read *reading)
{
	return reading->noted && !ltr_census_defined_stack(snapshot->census, reading->noted);
}

static int put_batch(void *context, const struct ltr__batch *batch)
{
	struct snapshot *snapshot = context;
	int err;

	/* Nothing is looked at once too much could not be read; then it is no whole snapshot. */
	if (snapshot->unreadable >= UNREADABLE_MAX) {
		snapshot->complete = false;
		return 1;
	}
	snapshot->unreadable += batch->unreadable;
	snapshot->complete = snapshot->complete && batch->complete;
	snapshot->in_doubt = snapshot->in_doubt || batch->in_doubt;
	err = want_words(snapshot, batch);
	if (!err)
		err = want_noted(snapshot, snapshot->words.target, batch);
	for (uint32_t i = 0; i < batch->count && !err; i++) {
		const struct ltr__as_read *reading = &batch->readings[i];

		if (reading->again || (!reading->skip && leads_nowhere(snapshot, reading)))
			err = try_again(snapshot, batch->addresses[i]);
		else if (!reading->skip)
			err = put_one(snapshot, reading);
	}
	return err;
}

/* How many of a round's descriptors are in this batch; *ret_first is the first. */
static uint32_t size_of_batch(const struct snapshot *snapshot, uint64_t number, uint64_t *ret_first)
{
	uint64_t first = number * LTR__BATCH;

	*ret_first = first;
	return snapshot->count - first < LTR__BATCH ? (uint32_t)(snapshot->count - first)
						    : LTR__BATCH;
}

static void fill_from_slabs(void *context, struct ltr__batch *batch, uint64_t number)
{
	const struct snapshot *snapshot = context;
	const struct ltr_layout *layout = &snapshot->look.target->layout;
	uint64_t first;

	batch->count = size_of_batch(snapshot, number, &first);
	batch->notes = ltr__has_notes(layout) && first + batch->count <= layout->note_max
			       ? layout->notes + first * sizeof(struct ltr_stack_note)
			       : 0;
	batch->end = first + batch->count;
	for (uint32_t i = 0; i < batch->count; i++)
		batch->addresses[i] =
			snapshot->addresses[(first + i) / layout->slab_descriptors] +
			(first + i) % layout->slab_descriptors * layout->descriptor_bytes;
}

static void fill_from_list(void *context, struct ltr__batch *batch, uint64_t number)
{
	const struct snapshot *snapshot = context;
	uint64_t first;

	batch->count = size_of_batch(snapshot, number, &first);
	batch->notes = 0;
	for (uint32_t i = 0; i < batch->count; i++)
		batch->addresses[i] = snapshot->addresses[first + i];
}

/* Who has been put already is looked up in the census by readers, unless nobody was: then several read. */
static int do_round(struct snapshot *snapshot,
		    void (*fill)(void *context, struct ltr__batch *batch, uint64_t number))
{
	const struct ltr__batch_work work = {fill, put_batch, snapshot};
	uint64_t batches = (snapshot->count + LTR__BATCH - 1) / LTR__BATCH;
	int err = ltr__batches_do(&snapshot->look, &work, batches, !snapshot->look.known);

	return err < 0 ? err : 0;
}

static int first_round(struct snapshot *snapshot)
{
	uint64_t *slabs;
	uint32_t count;
	bool all;

	int err = ltr__slab_addresses(snapshot->look.target, &slabs, &count, &all);
	if (err)
		return err;
	if (!all)
		snapshot->complete = false;
	snapshot->addresses = slabs;
	snapshot->count = (uint64_t)count * snapshot->look.target->layout.slab_descriptors;
	ltr__notes_begin(snapshot->look.target, snapshot->count, snapshot->look.notes);
	ltr_census_reserve(snapshot->census, snapshot->count);
	err = do_round(snapshot, fill_from_slabs);
	free(slabs);
	return err;
}

static int next_round(struct snapshot *snapshot)
{
	uint64_t *addresses = snapshot->again;

	snapshot->addresses = addresses;
	snapshot->count = snapshot->again_count;
	snapshot->again = NULL;
	snapshot->again_count = snapshot->again_capacity = 0;
	nanosleep(&(struct timespec){.tv_nsec = ROUND_PAUSE_NS}, NULL);
	int err = do_round(snapshot, fill_from_list);
	free(addresses);
	return err;
}

static int look_around(struct snapshot *snapshot)
{
	int err = first_round(snapshot);

	for (int round = 1; round < ROUNDS && !err && snapshot->again_count; round++) {
		snapshot->look.last_round = round + 1 == ROUNDS;
		err = next_round(snapshot);
	}
	return err;
}

int ltr__libloiter_snapshot(void *context, struct ltr_census *census, uint64_t exact_ns)
{
	struct ltr__libloiter *target = context;
	struct ltr__notes_wait notes = {.over = true};
	struct snapshot snapshot = {
		.look = {.target = target,
			 .notes = &notes,
			 .known = ltr_census_count(census) ? census : NULL,
			 .exact_ns = exact_ns},
		.census = census,
		.words = {.target = target, .census = census},
		.selects = &target->selects,
		.complete = true,
	};

	ltr__libloiter_rate(target, &snapshot.look.rate);
	int err = ltr_census_snapshot_begin(census, ltr_process_now_ns());
	if (!err) {
		target->selects.count = 0;
		err = look_around(&snapshot);
		if (!err)
			err = ltr__locks_read(&snapshot.locks, target, census);
		target->had_snapshot = true;
		int end = ltr_census_snapshot_end(census, snapshot.complete && !err);
		err = err ? err : end;
		if (!err && snapshot.in_doubt)
			ltr_census_note_doubt(census);
		ltr_census_info_mut(census)->unreadable = snapshot.unreadable;
	}
	ltr__words_done(&snapshot.words);
	ltr__locks_done(&snapshot.locks);
	free(snapshot.again);
	/* Where the layout's own tables are not mapped any more, another program runs here now. */
	return err == -EFAULT ? -ESRCH : err;
}
