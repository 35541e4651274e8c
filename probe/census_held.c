// SPDX-License-Identifier: MIT
/*
 * Records that came before an earlier one of the same goroutine. Each goroutine has a heap of its held
 * ones, the first in order of sequence at its top (a STACK after its PARK); all heaps live in one pool of
 * at most LTR__HELD_MAX, so that a program that lies cannot make us grow without end. A record that is
 * still here LTR__HELD_GRACE_NS after an ltr_census_advance() saw it waits for something that will not
 * come: the gap before it is given up.
 *
 * They are pairing heaps: whatever the order in which rings bring the records of a goroutine, to add one
 * is one comparison, and to take one away a number of them that grows with the logarithm of how many
 * there are, on average over the life of a heap.
 */

#include "census_private.h"

static int pool_take(struct ltr_census *census, uint32_t *ret_at)
{
	if (census->held_free) {
		*ret_at = census->held_free - 1;
		census->held_free = census->held[*ret_at].sibling;
		return 0;
	}
	int err = ltr__grow(&census->held, &census->held_capacity, census->held_high + 1ull,
			    sizeof(*census->held));
	if (!err)
		*ret_at = census->held_high++;
	return err;
}

/* Whether `a` belongs before `b`. */
static bool is_before(const struct ltr_event *a, const struct ltr_event *b)
{
	int32_t diff = ltr__sequence_diff(a->sequence, b->sequence);
	if (diff)
		return diff < 0;
	return a->kind != LTR_KIND_STACK && b->kind == LTR_KIND_STACK;
}

/* Makes one heap of two, of which one may be empty. */
static uint32_t meld(struct ltr__held *held, uint32_t a, uint32_t b)
{
	if (!a || !b)
		return a ? a : b;
	if (is_before(&held[b - 1].event, &held[a - 1].event)) {
		uint32_t top = b;
		b = a;
		a = top;
	}
	held[b - 1].sibling = held[a - 1].child;
	held[a - 1].child = b;
	return a;
}

int ltr__held_add(struct ltr_census *census, uint32_t index, const struct ltr_event *event,
		  uint64_t ns, uint32_t ring)
{
	uint32_t *top = &census->follows[index].held;
	uint32_t at;
	int err = pool_take(census, &at);
	if (err)
		return err;
	census->held[at] =
		(struct ltr__held){.event = *event, .ns = ns, .ring = ring, .used = true};
	*top = meld(census->held, *top, at + 1);
	census->held_count++;
	return 0;
}

/* One heap of many: by twos from the first to the last, then those from the last to the first. */
static uint32_t meld_all(struct ltr__held *held, uint32_t first)
{
	uint32_t pairs = 0;
	uint32_t whole = 0;

	while (first) {
		uint32_t second = held[first - 1].sibling;
		uint32_t rest = second ? held[second - 1].sibling : 0;
		uint32_t pair = meld(held, first, second);

		held[pair - 1].sibling = pairs;
		pairs = pair;
		first = rest;
	}
	while (pairs) {
		uint32_t rest = held[pairs - 1].sibling;

		whole = meld(held, whole, pairs);
		pairs = rest;
	}
	return whole;
}

/* Takes the first away from the heap, not from the pool; returns its index. */
static uint32_t take_top(struct ltr_census *census, uint32_t *top)
{
	uint32_t at = *top - 1;

	*top = meld_all(census->held, census->held[at].child);
	return at;
}

void ltr__held_pop(struct ltr_census *census, uint32_t index)
{
	uint32_t at = take_top(census, &census->follows[index].held);

	census->held[at].used = false;
	census->held[at].sibling = census->held_free;
	census->held_free = at + 1;
	if (--census->held_count == 0) {
		census->held_free = 0;
		census->held_high = 0;
	}
}

/* A chain in which each has the next as its only child is a heap as any other. */
void ltr__held_sort(struct ltr_census *census, uint32_t index)
{
	uint32_t *top = &census->follows[index].held;
	uint32_t left = *top;
	uint32_t *link = top;

	while (left) {
		uint32_t at = take_top(census, &left);

		*link = at + 1;
		link = &census->held[at].child;
		census->held[at].sibling = 0;
	}
	*link = 0;
}

void ltr__held_drop_all(struct ltr_census *census, uint32_t index)
{
	while (census->follows[index].held)
		ltr__held_pop(census, index);
}

/*
 * With the pool full, everything counts as overdue: bounded memory goes before patience. A give-up
 * takes from heaps and never adds to the pool, so walking the pool by index is safe.
 */
int ltr__held_overdue(struct ltr_census *census, uint64_t now_ns)
{
	bool full = census->held_count >= LTR__HELD_MAX;

	if (!census->held_count)
		return 0;
	if (!full && now_ns - census->held_looked_ns < LTR__HELD_GRACE_NS / 8)
		return 0;
	census->held_looked_ns = now_ns;

	for (uint32_t at = 0; at < census->held_high; at++) {
		struct ltr__held *held = &census->held[at];
		if (!held->used)
			continue;
		if (!full && !held->seen_ns) {
			held->seen_ns = now_ns ? now_ns : 1;
			continue;
		}
		while (held->used && (full || now_ns - held->seen_ns >= LTR__HELD_GRACE_NS)) {
			int err = ltr__events_give_up(census, held->event.goroutine);
			if (err)
				return err;
		}
	}
	return 0;
}
