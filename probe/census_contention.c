// SPDX-License-Identifier: MIT
/*
 * Who made others wait for locks. Of each lock that is waited for it is known how many wait; over time
 * that adds up to what they have waited together, and whoever unlocks is charged with it, as Go does it
 * in its mutex profile. A wait that began before an unlocking and ends after it is charged in parts.
 *
 * That needs the changes of all waiters of a lock in the order of time, while rings bring those of one
 * goroutine at a time. So changes are kept until there are CHANGES_MAX; then the older half is put in
 * order and counted. One that comes later still is counted as if it had come in time, into the sum that
 * the next one to unlock is charged with, or, if that would be less than nothing, one after that. So
 * nothing is lost or counted twice, sums agree with the wait totals to the nanosecond, and no charge ever
 * becomes less; but it may be that of the wrong one.
 *
 * Times are those of ltr__follow.wait_since_ns, so that they are cut off as those of the totals are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "census_private.h"

#define CHANGES_MAX (1u << 15)

enum what {
	BEGIN,
	END,
	FORGET, /* the END of what is not counted at all; at the time of its BEGIN */
};

/* --- the locks ---------------------------------------------------------------------------------- */

static uint32_t home_of(const struct ltr_census *census, uint64_t object)
{
	return (uint32_t)ltr__mix(object ^ census->hash_seed) &
	       (census->contentions.lock_slots - 1);
}

static struct ltr__awaited_lock *place_of(const struct ltr_census *census, uint64_t object)
{
	const struct ltr__contentions *all = &census->contentions;
	uint32_t at = home_of(census, object);

	while (all->locks[at].waiters && all->locks[at].object != object)
		at = (at + 1) & (all->lock_slots - 1);
	return &all->locks[at];
}

static int locks_reserve(struct ltr_census *census)
{
	struct ltr__contentions *all = &census->contentions;
	struct ltr__awaited_lock *old = all->locks;
	uint32_t old_slots = all->lock_slots;

	if ((all->lock_count + 1ull) * 2 <= old_slots)
		return 0;
	uint32_t slots = old_slots ? old_slots * 2 : 64;
	struct ltr__awaited_lock *locks = calloc(slots, sizeof(*locks));
	if (!locks)
		return -ENOMEM;
	all->locks = locks;
	all->lock_slots = slots;
	for (uint32_t i = 0; i < old_slots; i++)
		if (old[i].waiters)
			*place_of(census, old[i].object) = old[i];
	free(old);
	return 0;
}

/* Nobody waits for it any more; pulls back what had been pushed on by its slot's being full. */
static void remove_lock(struct ltr_census *census, struct ltr__awaited_lock *lock)
{
	struct ltr__contentions *all = &census->contentions;
	uint32_t mask = all->lock_slots - 1;
	uint32_t hole = (uint32_t)(lock - all->locks);

	for (uint32_t at = (hole + 1) & mask; all->locks[at].waiters; at = (at + 1) & mask) {
		uint32_t home = home_of(census, all->locks[at].object);

		if (((at - home) & mask) < ((at - hole) & mask))
			continue;
		all->locks[hole] = all->locks[at];
		hole = at;
	}
	all->locks[hole].waiters = 0;
	all->lock_count--;
}

/* --- counting ----------------------------------------------------------------------------------- */

/* How much of `ns` (modulo 2^64) is charged now. */
static uint64_t chargeable(struct ltr__contentions *all, uint64_t ns)
{
	if (ns > INT64_MAX) {
		all->over_ns -= ns;
		return 0;
	}
	uint64_t paid = ns < all->over_ns ? ns : all->over_ns;

	all->over_ns -= paid;
	return ns - paid;
}

static int find_charge(struct ltr_census *census, const struct ltr__lock_change *change,
		       uint32_t *ret_number)
{
	struct ltr__contentions *all = &census->contentions;
	struct ltr__wait_key key;

	memset(&key, 0, sizeof(key)); /* padding is a part of what is interned */
	key.stack = change->stack;
	key.group = change->group;
	key.state = LTR_STATE_SYNC;
	key.reason = change->reason;
	if (key.group && all->charge_count >= LTR__GROUPED_TOTALS_MAX) {
		*ret_number = ltr__intern_find(&all->keys, &key, sizeof(key));
		if (*ret_number)
			return 0;
		census->groups_cut = true;
		key.group = 0;
	}
	return ltr__intern_add(&all->keys, &key, sizeof(key), ret_number);
}

static int charge(struct ltr_census *census, const struct ltr__lock_change *change, uint64_t ns,
		  uint64_t count)
{
	struct ltr__contentions *all = &census->contentions;
	uint32_t number;
	int err = ltr__grow(&all->charges, &all->charge_capacity, all->charge_count + 1ull,
			    sizeof(*all->charges));
	if (!err)
		err = find_charge(census, change, &number);
	if (err)
		return err;
	if (number > all->charge_count)
		all->charge_count = number;
	all->charges[number - 1].total_ns += chargeable(all, ns);
	all->charges[number - 1].count += count;
	return 0;
}

/* All of it, or, without memory, nothing. */
static int count_change(struct ltr_census *census, const struct ltr__lock_change *change)
{
	struct ltr__awaited_lock lock = {.object = change->object, .at_ns = change->ns};
	struct ltr__awaited_lock *place;
	uint64_t owed = 0;
	int err = locks_reserve(census);

	if (err)
		return err;
	place = place_of(census, change->object);
	if (place->waiters)
		lock = *place;
	if (change->ns > lock.at_ns) {
		lock.owed_ns += (uint64_t)lock.waiters * (change->ns - lock.at_ns);
		lock.at_ns = change->ns;
	}
	/* For what comes late, as if it had come in time. */
	uint64_t late = lock.at_ns - change->ns;
	lock.owed_ns += change->what == BEGIN ? late : -late;
	lock.waiters += change->what == BEGIN ? 1 : -1;
	if (change->what == BEGIN)
		lock.reason = change->reason;
	if (!lock.waiters || (change->what == END && change->stack)) {
		owed = lock.owed_ns;
		lock.owed_ns = 0;
	}
	if (owed || change->what == END)
		err = charge(census, change, owed, change->what == END);
	if (err)
		return err;
	if (!place->waiters)
		census->contentions.lock_count++;
	*place = lock;
	if (!lock.waiters)
		remove_lock(census, place);
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct ltr__lock_change *x = a;
	const struct ltr__lock_change *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? -1 : 1;
	return (x->what != BEGIN) - (y->what != BEGIN);
}

/* The `count` oldest. Those that there is no memory for are kept, to be counted later. */
static int count_changes(struct ltr_census *census, uint32_t count)
{
	struct ltr__contentions *all = &census->contentions;
	uint32_t done = 0;
	int err = 0;

	if (!all->change_count)
		return 0;
	qsort(all->changes, all->change_count, sizeof(*all->changes), by_time);
	for (; done < count; done++) {
		err = count_change(census, &all->changes[done]);
		if (err)
			break;
	}
	all->change_count -= done;
	memmove(all->changes, all->changes + done, all->change_count * sizeof(*all->changes));
	return err;
}

/* --- what is told ------------------------------------------------------------------------------- */

static int add_change(struct ltr_census *census, const struct ltr__lock_change *change)
{
	struct ltr__contentions *all = &census->contentions;
	int err = 0;

	if (all->change_count >= CHANGES_MAX)
		err = count_changes(census, CHANGES_MAX / 2);
	if (!err)
		err = ltr__append(&all->changes, &all->change_count, &all->change_capacity, change,
				  sizeof(*change));
	if (err)
		return err;
	all->view_old = true;
	return 0;
}

int ltr__lock_wait_begin(struct ltr_census *census, struct ltr__follow *follow, uint64_t object)
{
	struct ltr__lock_change change = {
		.ns = follow->wait_since_ns,
		.object = object,
		.reason = follow->wait_reason,
		.what = BEGIN,
	};

	if (!census->keep_waits)
		return 0;
	int err = add_change(census, &change);
	if (err)
		return err;
	follow->lock = object;
	follow->bits |= LTR__FOLLOW_LOCK;
	return 0;
}

int ltr__lock_wait_end(struct ltr_census *census, struct ltr__follow *follow, uint64_t ns,
		       uint32_t stack, uint32_t group)
{
	struct ltr__lock_change change = {
		.ns = ns > follow->wait_since_ns ? ns : follow->wait_since_ns,
		.object = follow->lock,
		.stack = stack,
		.group = group,
		.reason = follow->wait_reason,
		.what = END,
	};

	/* What ended before the watching began is in no total. */
	if (ns <= census->info.started_ns) {
		ltr__lock_wait_forget(census, follow);
		return 0;
	}
	int err = add_change(census, &change);
	if (!err)
		follow->bits &= (uint8_t)~LTR__FOLLOW_LOCK;
	return err;
}

void ltr__lock_wait_forget(struct ltr_census *census, struct ltr__follow *follow)
{
	struct ltr__lock_change change = {
		.ns = follow->wait_since_ns,
		.object = follow->lock,
		.reason = follow->wait_reason,
		.what = FORGET,
	};

	if (!(follow->bits & LTR__FOLLOW_LOCK))
		return;
	(void)add_change(census, &change);
	follow->bits &= (uint8_t)~LTR__FOLLOW_LOCK;
}

/* --- for those who look ------------------------------------------------------------------------- */

static int view_add(struct ltr__contentions *all, const struct ltr_contention *one)
{
	return ltr__append(&all->view, &all->view_count, &all->view_capacity, one, sizeof(*one));
}

static int view_make(struct ltr_census *census)
{
	struct ltr__contentions *all = &census->contentions;
	int err = count_changes(census, all->change_count);

	all->view_count = 0;
	for (uint32_t i = 0; i < all->charge_count && !err; i++) {
		size_t bytes;
		const struct ltr__wait_key *key = ltr__intern_get(&all->keys, i + 1, &bytes);
		struct ltr_contention one = {
			.stack = ltr__defined_stack(census, key->stack),
			.group = key->group,
			.reason = key->reason,
			.count = all->charges[i].count,
			.total_ns = all->charges[i].total_ns,
		};

		err = view_add(all, &one);
	}
	for (uint32_t i = 0; i < all->lock_slots && !err; i++) {
		const struct ltr__awaited_lock *lock = &all->locks[i];
		uint64_t now_ns = census->info.now_ns;
		uint64_t ns = lock->owed_ns;
		struct ltr_contention one = {.object = lock->object, .reason = lock->reason};

		if (lock->waiters <= 0)
			continue;
		if (now_ns > lock->at_ns)
			ns += (uint64_t)lock->waiters * (now_ns - lock->at_ns);
		one.count = (uint64_t)lock->waiters;
		one.total_ns = ns <= INT64_MAX ? ns : 0;
		err = view_add(all, &one);
	}
	return err;
}

int ltr_census_contention_count(const struct ltr_census *census, size_t *ret_count)
{
	struct ltr_census *mutable = (struct ltr_census *)census;
	struct ltr__contentions *all = &mutable->contentions;

	if (all->view_old) {
		int err = view_make(mutable);

		if (err)
			return err;
		all->view_old = false;
	}
	*ret_count = all->view_count;
	return 0;
}

const struct ltr_contention *ltr_census_contention(const struct ltr_census *census, size_t index)
{
	size_t count = 0;

	(void)ltr_census_contention_count(census, &count);
	return index < count ? &census->contentions.view[index] : NULL;
}

size_t ltr__contentions_bytes(const struct ltr__contentions *contentions)
{
	return contentions->change_capacity * sizeof(*contentions->changes) +
	       contentions->lock_slots * sizeof(*contentions->locks) +
	       contentions->keys.chunk_bytes +
	       contentions->charge_capacity * sizeof(*contentions->charges) +
	       contentions->view_capacity * sizeof(*contentions->view);
}

void ltr__contentions_done(struct ltr__contentions *contentions)
{
	free(contentions->changes);
	free(contentions->locks);
	ltr__intern_done(&contentions->keys);
	free(contentions->charges);
	free(contentions->view);
	*contentions = (struct ltr__contentions){0};
}
