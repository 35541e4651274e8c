// SPDX-License-Identifier: MIT
/*
 * How long goroutines have been in one state at one stack. Finished times are added up by (stack,
 * group, state, reason) the moment they end. Unfinished ones are only followed (ltr__follow.wait_*), and
 * added to a copy of the finished ones when somebody looks: a look costs what a walk over all
 * goroutines costs, a transition costs one look-up. A time that began before the watching did
 * counts from info->started_ns, one
 * that ended before it not at all. A time whose end was lost is not counted at all.
 */
#include <errno.h>
#include <stdlib.h>

#include "census_private.h"

static uint32_t key_hash(const struct ltr__wait_key *key)
{
	uint64_t where = (uint64_t)key->stack << 16 | (uint64_t)key->state << 8 | key->reason;

	return (uint32_t)ltr__mix(where ^ key->group * 0x9e3779b97f4a7c15ull);
}

static struct ltr__wait_key key_of(const struct ltr_wait_total *total)
{
	return (struct ltr__wait_key){total->stack, total->group, total->state, total->reason};
}

static int table_reserve(struct ltr__wait_table *table)
{
	int err = ltr__grow(&table->totals, &table->capacity, table->count + 1ull,
			    sizeof(*table->totals));
	if (err)
		return err;
	if ((table->count + 1ull) * 2 <= table->slot_count)
		return 0;

	uint32_t slot_count = table->slot_count ? table->slot_count * 2 : 64;
	uint32_t *slots = calloc(slot_count, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < table->count; i++) {
		struct ltr__wait_key key = key_of(&table->totals[i]);
		uint32_t at = key_hash(&key);
		while (slots[at & (slot_count - 1)])
			at++;
		slots[at & (slot_count - 1)] = i + 1;
	}
	free(table->slots);
	table->slots = slots;
	table->slot_count = slot_count;
	return 0;
}

/* NULL: there is none, and if there are slots, it would go into *ret_at. */
static struct ltr_wait_total *table_find(const struct ltr__wait_table *table,
					 const struct ltr__wait_key *key, uint32_t hash,
					 uint32_t *ret_at)
{
	uint32_t mask = table->slot_count - 1;
	uint32_t at = hash & mask;

	if (!table->slot_count)
		return NULL;
	for (; table->slots[at]; at = (at + 1) & mask) {
		struct ltr_wait_total *total = &table->totals[table->slots[at] - 1];
		if (total->stack == key->stack && total->group == key->group &&
		    total->state == key->state && total->reason == key->reason)
			return total;
	}
	*ret_at = at;
	return NULL;
}

/* The total of this key, made if there is none; NULL without memory. */
static struct ltr_wait_total *table_at(struct ltr_census *census, struct ltr__wait_table *table,
				       const struct ltr__wait_key *key)
{
	struct ltr__wait_key rest = *key;
	uint32_t hash = key_hash(key);
	uint32_t at = 0;
	struct ltr_wait_total *total = table_find(table, key, hash, &at);
	if (!total && key->group && table->count >= LTR__GROUPED_TOTALS_MAX) {
		census->groups_cut = true;
		rest.group = 0;
		key = &rest;
		hash = key_hash(key);
		total = table_find(table, key, hash, &at);
	}
	if (total)
		return total;
	if (table_reserve(table) < 0)
		return NULL;
	table_find(table, key, hash, &at);
	total = &table->totals[table->count++];
	*total = (struct ltr_wait_total){.stack = key->stack,
					 .group = key->group,
					 .state = key->state,
					 .reason = key->reason};
	table->slots[at] = table->count;
	return total;
}

void ltr__waits_done(struct ltr__wait_table *table)
{
	free(table->totals);
	free(table->slots);
	*table = (struct ltr__wait_table){0};
}

static uint64_t from_start(const struct ltr_census *census, uint64_t ns)
{
	return ns > census->info.started_ns ? ns : census->info.started_ns;
}

static uint64_t lasted(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

/* Only waits have a stack of their own. */
static struct ltr__wait_key key_of_follow(const struct ltr__follow *follow)
{
	return (struct ltr__wait_key){ltr__is_wait(follow->wait_state) ? follow->stack : 0,
				      follow->group, follow->wait_state, follow->wait_reason};
}

/*
 * The time that `follow` is in has ended; another one begins, at the same stack if it `stays`
 * there. Changes nothing without memory.
 */
int ltr__wait_change(struct ltr_census *census, struct ltr__follow *follow, uint8_t state,
		     uint8_t reason, uint64_t ns, bool stays)
{
	if (census->keep_waits && follow->bits & LTR__FOLLOW_WAITING &&
	    ns > census->info.started_ns) {
		struct ltr__wait_key key = key_of_follow(follow);
		struct ltr_histogram *histogram = ltr__histogram_at(
			&census->histograms, follow->wait_state, follow->wait_reason);
		struct ltr_wait_total *total = table_at(census, &census->finished, &key);
		if (!total || !histogram)
			return -ENOMEM;
		uint64_t spent = lasted(follow->wait_since_ns, ns);
		ltr__histogram_add(histogram, spent);
		total->count++;
		total->total_ns = ltr__add_saturated(total->total_ns, spent);
		if (spent > total->longest_ns)
			total->longest_ns = spent;
	}
	/* Clocks of two threads may differ a little: no time begins before the one before it did. */
	if (!(follow->bits & LTR__FOLLOW_WAITING) || ns > follow->wait_since_ns)
		follow->wait_since_ns = from_start(census, ns);
	follow->bits |= LTR__FOLLOW_WAITING;
	follow->wait_state = state;
	follow->wait_reason = reason;
	if (!stays)
		follow->stack = 0;
	census->view_old = true;
	return 0;
}

/* Follow from a snapshot on, forgetting what was before, but when: clocks may differ a little. */
void ltr__wait_start(struct ltr_census *census, struct ltr__follow *follow,
		     const struct ltr_goroutine *goroutine)
{
	uint64_t before_ns = follow->bits & LTR__FOLLOW_WAITING ? follow->wait_since_ns : 0;

	ltr__lock_wait_forget(census, follow);
	follow->bits &= (uint8_t)~LTR__FOLLOW_WAITING;
	follow->stack = goroutine->stack;
	census->view_old = true;
	if (!goroutine->since_ns)
		return;
	follow->bits |= LTR__FOLLOW_WAITING;
	follow->wait_state = goroutine->state;
	follow->wait_reason = goroutine->reason;
	follow->wait_since_ns = from_start(census, goroutine->since_ns);
	if (follow->wait_since_ns < before_ns)
		follow->wait_since_ns = before_ns;
	if (ltr_census_is_lock_wait(goroutine->reason)) /* without memory it is not counted */
		(void)ltr__lock_wait_begin(census, follow, goroutine->object);
}

uint32_t ltr__defined_stack(const struct ltr_census *census, uint32_t stack)
{
	if (!(stack & LTR__UNDEFINED_STACK))
		return stack;
	stack &= ~LTR__UNDEFINED_STACK;
	return stack < census->defined_count ? census->defined[stack] : 0;
}

static int view_add(struct ltr_census *census, const struct ltr_wait_total *more)
{
	struct ltr__wait_key key = key_of(more);
	key.stack = ltr__defined_stack(census, key.stack);
	struct ltr_wait_total *total = table_at(census, &census->view, &key);
	if (!total)
		return -ENOMEM;
	total->count += more->count;
	total->unfinished += more->unfinished;
	total->total_ns = ltr__add_saturated(total->total_ns, more->total_ns);
	if (more->longest_ns > total->longest_ns)
		total->longest_ns = more->longest_ns;
	return 0;
}

static int view_make(struct ltr_census *census)
{
	ltr__waits_done(&census->view);
	for (uint32_t i = 0; i < census->finished.count; i++) {
		int err = view_add(census, &census->finished.totals[i]);
		if (err)
			return err;
	}
	for (uint32_t index = 0; index < census->total; index++) {
		const struct ltr__follow *follow = &census->follows[index];
		/* Whom a snapshot did not have any more: records still on their way tell the rest. */
		if (!(follow->bits & LTR__FOLLOW_WAITING) || follow->bits & LTR__FOLLOW_GONE)
			continue;
		uint64_t spent = lasted(follow->wait_since_ns, census->info.now_ns);
		struct ltr__wait_key key = key_of_follow(follow);
		struct ltr_wait_total one = {.stack = key.stack,
					     .group = key.group,
					     .state = key.state,
					     .reason = key.reason,
					     .count = 1,
					     .unfinished = 1,
					     .total_ns = spent,
					     .longest_ns = spent};
		int err = view_add(census, &one);
		if (err)
			return err;
	}
	return 0;
}

int ltr_census_wait_count(const struct ltr_census *census, size_t *ret_count)
{
	struct ltr_census *mutable = (struct ltr_census *)census;

	if (census->keep_waits && census->view_old) {
		int err = view_make(mutable);

		if (err) {
			ltr__waits_done(&mutable->view);
			return err;
		}
		mutable->view_old = false;
	}
	*ret_count = census->keep_waits ? census->view.count : 0;
	return 0;
}

const struct ltr_wait_total *ltr_census_wait(const struct ltr_census *census, size_t index)
{
	size_t count = 0;

	(void)ltr_census_wait_count(census, &count);
	return index < count ? &census->view.totals[index] : NULL;
}

int ltr_census_keep_waits(struct ltr_census *census)
{
	census->keep_waits = true;
	census->view_old = true;
	for (uint32_t index = 0; index < census->total; index++)
		census->follows[index].group = ltr__group_of(census, &census->goroutines[index]);
	return 0;
}
