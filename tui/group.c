/* SPDX-License-Identifier: MIT */
/*
 * Counting goroutines into groups.
 */
#include "group.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A census numbers its strings, stacks and sites one after the other; so many it never has. */
#define NUMBER_MAX (1u << 28)

void ltr__groups_done(struct ltr__groups *groups)
{
	free(groups->groups);
	free(groups->slots);
	*groups = (struct ltr__groups){0};
}

void ltr__groups_begin(struct ltr__groups *groups, enum ltr__group_by by)
{
	groups->by = by;
	groups->count = 0;
	groups->largest = 0;
	if (groups->slots)
		memset(groups->slots, 0, groups->slot_count * sizeof(*groups->slots));
}

/* What has no stack is grouped by its state: such numbers come first. */
static size_t slot_number(enum ltr__group_by by, uint32_t number, uint8_t state)
{
	if (number)
		return (size_t)LTR_STATE_COUNT + number;
	return by == LTR__BY_STACK && state < LTR_STATE_COUNT ? state : 0;
}

static int reserve_slot(struct ltr__groups *groups, size_t slot)
{
	size_t count = groups->slot_count ? groups->slot_count : 1024;
	uint32_t *slots;

	if (slot < groups->slot_count)
		return 0;
	if (slot > NUMBER_MAX)
		return -ENOMEM;
	while (count <= slot)
		count *= 2;
	slots = realloc(groups->slots, count * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	memset(slots + groups->slot_count, 0, (count - groups->slot_count) * sizeof(*slots));
	groups->slots = slots;
	groups->slot_count = count;
	return 0;
}

static int add_group(struct ltr__groups *groups, size_t slot, uint32_t number,
		     const struct ltr_goroutine *first)
{
	if (groups->count == groups->capacity) {
		size_t capacity = groups->capacity ? groups->capacity * 2 : 256;
		struct ltr__group *more = realloc(groups->groups, capacity * sizeof(*more));

		if (!more)
			return -ENOMEM;
		groups->groups = more;
		groups->capacity = capacity;
	}
	groups->groups[groups->count++] = (struct ltr__group){
		.number = number,
		.state = first->state,
		.reason = first->reason,
		.oldest_ns = UINT64_MAX,
	};
	groups->slots[slot] = (uint32_t)groups->count;
	return 0;
}

int ltr__groups_add(struct ltr__groups *groups, const struct ltr_goroutine *goroutine)
{
	uint32_t number = groups->by == LTR__BY_STACK ? goroutine->stack : goroutine->site;
	size_t slot = slot_number(groups->by, number, goroutine->state);
	struct ltr__group *group;
	int error = reserve_slot(groups, slot);

	if (!error && !groups->slots[slot])
		error = add_group(groups, slot, number, goroutine);
	if (error)
		return error;
	group = &groups->groups[groups->slots[slot] - 1];
	group->count++;
	if (group->count > groups->largest)
		groups->largest = group->count;
	group->unsure += (goroutine->flags & LTR_IS_UNSURE) != 0;
	if (goroutine->state < LTR_STATE_COUNT)
		group->by_state[goroutine->state]++;
	if (group->state != goroutine->state)
		group->state = LTR_STATE_COUNT;
	if (group->reason != goroutine->reason)
		group->reason = LTR_REASON_COUNT;
	if (goroutine->since_ns && goroutine->since_ns < group->oldest_ns) {
		group->oldest_ns = goroutine->since_ns;
		group->is_exact = goroutine->flags & LTR_SINCE_EXACT;
	}
	return 0;
}

uint64_t ltr__group_id(const struct ltr__groups *groups, const struct ltr__group *group)
{
	return slot_number(groups->by, group->number, group->state) + 1;
}

const struct ltr__group *ltr__groups_find(const struct ltr__groups *groups, uint64_t id)
{
	size_t slot = (size_t)id - 1;

	if (!id || slot >= groups->slot_count || !groups->slots[slot])
		return NULL;
	return &groups->groups[groups->slots[slot] - 1];
}

struct ltr__subject ltr__group_subject(const struct ltr__groups *groups,
				       const struct ltr__group *group)
{
	return (struct ltr__subject){
		.is_group = true,
		.by = groups->by,
		.number = group->number,
		.state = group->state,
	};
}
