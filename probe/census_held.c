// SPDX-License-Identifier: MIT
/*
 * Records that came before an earlier one of the same goroutine. Each goroutine has a list of its
 * held ones, in order of their sequence (a STACK after its PARK); all lists live in one pool of at
 * most LTR__HELD_MAX, so that a program that lies cannot make us grow without end. A record that is
 * still here LTR__HELD_GRACE_NS after an ltr_census_advance() saw it waits for something that will
 * not come: the gap before it is given up.
 */
#include <errno.h>
#include <stdlib.h>

#include "census_private.h"

static int pool_take(struct ltr_census *census, uint32_t *ret_at)
{
	if (census->held_free) {
		*ret_at = census->held_free - 1;
		census->held_free = census->held[*ret_at].next;
		return 0;
	}
	int err = ltr__grow(&census->held, &census->held_capacity, census->held_high + 1ull,
			    sizeof(*census->held));
	if (!err)
		*ret_at = census->held_high++;
	return err;
}

/* Whether `a` belongs before `b` in a list. */
static bool is_before(const struct ltr_event *a, const struct ltr_event *b)
{
	int32_t diff = ltr__sequence_diff(a->sequence, b->sequence);
	if (diff)
		return diff < 0;
	return a->kind != LTR_KIND_STACK && b->kind == LTR_KIND_STACK;
}

int ltr__held_add(struct ltr_census *census, uint32_t index, const struct ltr_event *event,
		  uint64_t ns, uint32_t ring)
{
	uint32_t at;
	int err = pool_take(census, &at);
	if (err)
		return err;
	struct ltr__held *held = &census->held[at];
	*held = (struct ltr__held){.event = *event, .ns = ns, .ring = ring, .used = true};

	struct ltr__follow *follow = &census->follows[index];
	uint32_t *link = &follow->held;
	if (*link && !is_before(event, &census->held[follow->held_last - 1].event))
		link = &census->held[follow->held_last - 1].next;
	while (*link && !is_before(event, &census->held[*link - 1].event))
		link = &census->held[*link - 1].next;
	held->next = *link;
	*link = at + 1;
	if (!held->next)
		follow->held_last = at + 1;
	census->held_count++;
	return 0;
}

void ltr__held_pop(struct ltr_census *census, uint32_t index)
{
	uint32_t *first = &census->follows[index].held;
	uint32_t at = *first - 1;

	*first = census->held[at].next;
	census->held[at].used = false;
	census->held[at].next = census->held_free;
	census->held_free = at + 1;
	if (--census->held_count == 0) {
		census->held_free = 0;
		census->held_high = 0;
	}
}

void ltr__held_drop_all(struct ltr_census *census, uint32_t index)
{
	while (census->follows[index].held)
		ltr__held_pop(census, index);
}

/*
 * With the pool full, everything counts as overdue: bounded memory goes before patience. A give-up
 * shortens lists and never adds to the pool, so walking the pool by index is safe.
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
