/* SPDX-License-Identifier: MIT */
/* See locks.h. Also the earlier look: a copy of the waits and of the locks of one census. */

#include "locks.h"

#include <errno.h>
#include <stdlib.h>

#include "internal.h"

struct seen_wait {
	uint64_t id;
	uint64_t object;
	uint32_t transitions;
};

struct seen_lock {
	struct ltr_lock lock; /* first */
	uint32_t owner_transitions;
};

struct ltr_look {
	struct seen_wait *wait; /* in order of ids */
	size_t wait_count;
	struct seen_lock *lock; /* in order of addresses */
	size_t lock_count;
	bool suspects;
};

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* Both kinds of waits begin with the id. */
static int compare_ids(const void *a, const void *b)
{
	return compare_u64(*(const uint64_t *)a, *(const uint64_t *)b);
}

static int compare_locks(const void *a, const void *b)
{
	return compare_u64(((const struct ltr_lock *)a)->object,
			   ((const struct ltr_lock *)b)->object);
}

/* The lock that it waits for, without an end that comes by itself; NULL: none. */
static const struct ltr_lock *lock_of(const struct ltr_census *census,
				      const struct ltr_goroutine *goroutine)
{
	if (goroutine->flags & (LTR_IS_TIMED | LTR_IS_UNSURE) ||
	    !ltr_census_knows_deadline(census, goroutine))
		return NULL;
	return ltr_census_lock_of(census, goroutine);
}

static bool has_lasted(const struct ltr_look *earlier, const struct ltr_goroutine *goroutine)
{
	const struct seen_wait *seen;

	if (!earlier)
		return true;
	if (!earlier->wait_count)
		return false;
	seen = bsearch(&goroutine->id, earlier->wait, earlier->wait_count, sizeof(*seen),
		       compare_ids);
	return seen && seen->object == goroutine->object &&
	       seen->transitions == goroutine->transitions;
}

/* 0: there is none, or it has ended. */
static uint32_t owner_transitions(const struct ltr_census *census, const struct ltr_lock *lock)
{
	const struct ltr_goroutine *owner =
		lock->owner_id ? ltr_census_find(census, lock->owner_id) : NULL;

	return owner ? owner->transitions : 0;
}

static bool is_settled(const struct ltr_look *earlier, const struct ltr_census *census,
		       const struct ltr_lock *lock)
{
	const struct seen_lock *seen;

	if (!earlier)
		return true;
	if (!earlier->lock_count)
		return false;
	seen = bsearch(lock, earlier->lock, earlier->lock_count, sizeof(*seen), compare_locks);
	return seen && seen->lock.owner_id == lock->owner_id &&
	       seen->lock.readers == lock->readers &&
	       seen->owner_transitions == owner_transitions(census, lock);
}

static int find_waits(struct ltr__lock_waits *waits, const struct ltr_look *earlier,
		      const uint32_t *among, size_t among_count)
{
	size_t count = among ? among_count : ltr_census_count(waits->census);
	size_t used = 0;

	for (size_t i = 0; i < count; i++)
		used += lock_of(waits->census,
				ltr_census_at(waits->census, among ? among[i] : i)) != NULL;
	waits->wait = calloc(used + 1, sizeof(*waits->wait));
	if (!waits->wait)
		return -ENOMEM;
	used = 0;
	for (size_t i = 0; i < count; i++) {
		size_t index = among ? among[i] : i;
		const struct ltr_goroutine *goroutine = ltr_census_at(waits->census, index);
		const struct ltr_lock *lock = lock_of(waits->census, goroutine);

		if (lock && has_lasted(earlier, goroutine))
			waits->wait[used++] = (struct ltr__lock_wait){
				.id = goroutine->id,
				.index = (uint32_t)index,
				.lock = (uint32_t)(lock - ltr_census_lock(waits->census, 0)),
			};
	}
	if (used > 1)
		qsort(waits->wait, used, sizeof(*waits->wait), compare_ids);
	waits->graph.goroutines = (uint32_t)used;
	return 0;
}

/* The goroutine of the graph, or LTR__NOBODY: who does not wait for a lock leads nowhere. */
static uint32_t find_wait(const struct ltr__lock_waits *waits, uint64_t id)
{
	const struct ltr__lock_wait *found = NULL;

	if (waits->graph.goroutines)
		found = bsearch(&id, waits->wait, waits->graph.goroutines, sizeof(*found),
				compare_ids);
	return found ? (uint32_t)(found - waits->wait) : LTR__NOBODY;
}

/* The readers of the lock among the census's, from *reader on: all are in order of addresses. */
static uint32_t count_readers(const struct ltr_census *census, const struct ltr_lock *lock,
			      size_t *reader)
{
	size_t count = ltr_census_reader_count(census);
	uint32_t found = 0;

	while (*reader < count && ltr_census_reader(census, *reader)->object < lock->object)
		++*reader;
	while (*reader + found < count &&
	       ltr_census_reader(census, *reader + found)->object == lock->object)
		found++;
	return found;
}

static int find_holders(struct ltr__lock_waits *waits)
{
	const struct ltr_census *census = waits->census;
	uint32_t locks = waits->graph.objects;
	uint32_t *at = calloc(locks + 1, sizeof(*at));
	uint32_t *holders = calloc(locks + ltr_census_reader_count(census) + 1, sizeof(*holders));
	uint32_t used = 0;
	size_t reader = 0;

	waits->graph.holders_at = at;
	waits->graph.holders = holders;
	if (!at || !holders)
		return -ENOMEM;
	for (uint32_t i = 0; i < locks; i++) {
		const struct ltr_lock *lock = ltr_census_lock(census, i);
		uint32_t noted = count_readers(census, lock, &reader);

		at[i] = used;
		if (!waits->is_settled[i])
			continue;
		if (lock->owner_id && !lock->stray_unlock)
			holders[used++] = find_wait(waits, lock->owner_id);
		/* More of them than there are: some of that is old. */
		for (uint32_t k = 0; !lock->stray_reader && noted <= lock->readers && k < noted;
		     k++)
			holders[used++] = find_wait(
				waits, ltr_census_reader(census, reader + k)->goroutine_id);
		while (used > at[i] && holders[used - 1] == LTR__NOBODY)
			used--;
		for (uint32_t k = at[i]; k < used; k++)
			if (holders[k] == LTR__NOBODY)
				holders[k] = holders[--used];
	}
	at[locks] = used;
	return 0;
}

static int find_edges(struct ltr__lock_waits *waits)
{
	uint32_t count = waits->graph.goroutines;
	uint32_t *object = calloc(count + 1, sizeof(*object));

	waits->graph.waits = object;
	waits->writer = calloc(waits->graph.objects + 1, sizeof(*waits->writer));
	if (!object || !waits->writer)
		return -ENOMEM;
	for (uint32_t i = 0; i < waits->graph.objects; i++)
		waits->writer[i] = LTR__NOBODY;
	for (uint32_t i = count; i-- > 0;)
		if (ltr_census_at(waits->census, waits->wait[i].index)->reason ==
		    LTR_REASON_RWMUTEX_LOCK)
			waits->writer[waits->wait[i].lock] = i;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t lock = waits->wait[i].lock;
		uint8_t reason = ltr_census_at(waits->census, waits->wait[i].index)->reason;

		object[i] = lock;
		/* A reader waits for readers only as long as a writer stands between them. */
		if (reason == LTR_REASON_RWMUTEX_RLOCK &&
		    !ltr_census_lock(waits->census, lock)->owner_id &&
		    waits->writer[lock] == LTR__NOBODY)
			object[i] = LTR__NOBODY;
	}
	return 0;
}

int ltr__lock_waits_new(const struct ltr_census *census, const struct ltr_look *earlier,
			const uint32_t *among, size_t among_count,
			struct ltr__lock_waits *ret_waits)
{
	size_t locks = ltr_census_lock_count(census);
	struct ltr__lock_waits waits = {.census = census};
	int error = 0;

	waits.graph.objects = (uint32_t)locks;
	waits.is_settled = calloc(locks + 1, sizeof(*waits.is_settled));
	if (!waits.is_settled)
		error = -ENOMEM;
	for (size_t i = 0; !error && i < locks; i++)
		waits.is_settled[i] = is_settled(earlier, census, ltr_census_lock(census, i));
	if (!error)
		error = find_waits(&waits, earlier, among, among_count);
	if (!error)
		error = find_holders(&waits);
	if (!error)
		error = find_edges(&waits);
	if (error)
		ltr__lock_waits_done(&waits);
	else
		*ret_waits = waits;
	return error;
}

void ltr__lock_waits_done(struct ltr__lock_waits *waits)
{
	free(waits->wait);
	free(waits->is_settled);
	free(waits->writer);
	free((uint32_t *)waits->graph.waits);
	free((uint32_t *)waits->graph.holders_at);
	free((uint32_t *)waits->graph.holders);
}

bool ltr__lock_is_abandoned(const struct ltr__lock_waits *waits, uint32_t lock)
{
	const struct ltr_lock *at = ltr_census_lock(waits->census, lock);
	const struct ltr_census_info *info = ltr_census_info(waits->census);

	return at->owner_id && !at->stray_unlock && waits->is_settled[lock] && !info->unreadable &&
	       !info->lost && !ltr_census_find(waits->census, at->owner_id);
}

/* Does the owner wait in turn, for whatever it may be, without an end that comes by itself? */
static bool owner_waits(const struct ltr_census *census, const struct ltr_lock *lock)
{
	const struct ltr_goroutine *owner =
		lock->owner_id ? ltr_census_find(census, lock->owner_id) : NULL;

	return owner && owner->reason && !(owner->flags & LTR_IS_TIMED) &&
	       (owner->state == LTR_STATE_CHAN || owner->state == LTR_STATE_SYNC);
}

/* Taken alone, does this census show anything that would be a deadlock if it lasted? */
static int suspect(const struct ltr__lock_waits *waits, bool *ret_suspects)
{
	uint32_t *cycle = calloc(waits->graph.goroutines + 1, sizeof(*cycle));
	uint32_t cycles = 0;
	int error = cycle ? ltr__waitfor_cycles(&waits->graph, cycle, &cycles) : -ENOMEM;

	free(cycle);
	*ret_suspects = cycles != 0;
	for (uint32_t i = 0; !error && i < waits->graph.objects; i++)
		*ret_suspects = *ret_suspects || ltr__lock_is_abandoned(waits, i) ||
				owner_waits(waits->census, ltr_census_lock(waits->census, i));
	return error;
}

static int remember(struct ltr_look *look, const struct ltr__lock_waits *waits)
{
	look->wait = calloc(waits->graph.goroutines + 1, sizeof(*look->wait));
	look->lock = calloc(waits->graph.objects + 1, sizeof(*look->lock));
	if (!look->wait || !look->lock)
		return -ENOMEM;
	for (uint32_t i = 0; i < waits->graph.goroutines; i++) {
		const struct ltr_goroutine *goroutine =
			ltr_census_at(waits->census, waits->wait[i].index);

		look->wait[look->wait_count++] = (struct seen_wait){
			goroutine->id, goroutine->object, goroutine->transitions};
	}
	for (uint32_t i = 0; i < waits->graph.objects; i++) {
		const struct ltr_lock *lock = ltr_census_lock(waits->census, i);

		look->lock[look->lock_count++] =
			(struct seen_lock){*lock, owner_transitions(waits->census, lock)};
	}
	return 0;
}

int ltr_look_new(const struct ltr_census *census, struct ltr_look **ret_look)
{
	return ltr_look_new_among(census, NULL, 0, ret_look);
}

int ltr_look_new_among(const struct ltr_census *census, const uint32_t *among, size_t among_count,
		       struct ltr_look **ret_look)
{
	struct ltr_look *look = calloc(1, sizeof(*look));
	struct ltr__lock_waits waits;
	int error = look ? ltr__lock_waits_new(census, NULL, among, among_count, &waits) : -ENOMEM;

	if (error) {
		free(look);
		return error;
	}
	error = suspect(&waits, &look->suspects);
	if (!error && look->suspects)
		error = remember(look, &waits);
	ltr__lock_waits_done(&waits);
	if (error)
		ltr_look_free(look);
	else
		*ret_look = look;
	return error;
}

bool ltr_look_suspects(const struct ltr_look *look)
{
	return look->suspects;
}

struct ltr_look *ltr_look_free(struct ltr_look *look)
{
	if (!look)
		return NULL;
	free(look->wait);
	free(look->lock);
	free(look);
	return NULL;
}
