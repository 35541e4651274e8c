/* SPDX-License-Identifier: MIT */
/* The wait-for graph as rows: trees of goroutines, of what they hold, and of who waits on that. */
#include "knots_private.h"

static struct ltr__knots_row *add_row(struct ltr__plan *plan, enum ltr__knots_kind kind, int depth,
				      uint16_t rails, bool is_last)
{
	struct ltr__knots_row *row = &plan->rows[plan->row_count];

	if (plan->row_count == LTR__KNOTS_ROWS)
		return NULL;
	plan->row_count++;
	*row = (struct ltr__knots_row){
		.kind = kind, .depth = (uint8_t)depth, .rails = rails, .is_last = is_last};
	return row;
}

static uint64_t holder_of(const struct ltr__edge *edge)
{
	return edge->holder;
}

static uint64_t target_of(const struct ltr__edge *edge)
{
	return edge->to;
}

/* Edges with that key in an order by it: [*ret_first, end) of the order. */
static uint32_t edges_with(const struct ltr__plan *plan, const uint32_t *order,
			   uint64_t (*key_of)(const struct ltr__edge *), uint64_t key,
			   uint32_t *ret_first)
{
	uint32_t low = 0;
	uint32_t high = plan->edge_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (key_of(&plan->edges[order[middle]]) < key)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_first = low;
	while (low < plan->edge_count && key_of(&plan->edges[order[low]]) == key)
		low++;
	return low;
}

static void show_object(struct ltr__plan *plan, uint32_t object, bool is_reading, int depth,
			uint16_t rails, bool is_last);

/*
 * What a goroutine holds, as far as it has not been shown yet; `is_more`: something else follows.
 */
static void show_held(struct ltr__plan *plan, uint64_t id, int depth, uint16_t rails, bool is_more)
{
	uint32_t first;
	uint32_t end = edges_with(plan, plan->by_holder, holder_of, id, &first);
	uint32_t last = LTR__KNOTS_NOBODY;

	for (uint32_t i = first; i < end; i++) {
		if (!plan->is_shown[plan->edges[plan->by_holder[i]].from])
			last = i;
	}
	for (uint32_t i = first; i < end && last != LTR__KNOTS_NOBODY; i++) {
		const struct ltr__edge *edge = &plan->edges[plan->by_holder[i]];

		if (!plan->is_shown[edge->from])
			show_object(plan, edge->from, edge->is_reading, depth, rails,
				    i == last && !is_more);
	}
}

static void show_goroutine(struct ltr__plan *plan, uint64_t id, int depth, uint16_t rails,
			   bool is_last)
{
	struct ltr__knots_row *row = add_row(plan, LTR__KNOTS_GOROUTINE, depth, rails, is_last);

	if (!row)
		return;
	row->id = id;
	if (!is_last)
		rails |= (uint16_t)(1u << depth);
	show_held(plan, id, depth + 1, rails, false);
}

struct waiters {
	uint64_t ids[LTR__KNOTS_FEW + 64];
	size_t count;
};

static void add_waiter(struct waiters *waiters, size_t limit, uint64_t id, uint64_t but)
{
	if (id == but || waiters->count == limit)
		return;
	for (size_t i = 0; i < waiters->count; i++) {
		if (waiters->ids[i] == id)
			return;
	}
	waiters->ids[waiters->count++] = id;
}

/* Who waits on an object: those who hold something first, then a few others, then how many more. */
static void show_waiters(struct ltr__plan *plan, uint32_t object, uint64_t but, int depth,
			 uint16_t rails)
{
	const struct ltr__object *at = &plan->graph->objects.objects[object];
	struct waiters waiters = {.count = 0};
	size_t holding;
	uint64_t others;
	uint32_t first;
	uint32_t end = edges_with(plan, plan->by_to, target_of, object, &first);

	for (uint32_t i = first; i < end; i++)
		add_waiter(&waiters, 64, plan->edges[plan->by_to[i]].holder, but);
	holding = waiters.count;
	for (uint32_t i = 0; i < LTR__KNOTS_FEW && i < at->waiting; i++)
		add_waiter(&waiters, holding + LTR__KNOTS_FEW, plan->graph->few[object].ids[i],
			   but);
	others = at->waiting - (but != 0);
	others = others > waiters.count ? others - waiters.count : 0;
	if (depth >= LTR__KNOTS_DEPTH) {
		others += waiters.count;
		waiters.count = 0;
	}
	for (size_t i = 0; i < waiters.count; i++)
		show_goroutine(plan, waiters.ids[i], depth, rails,
			       i + 1 == waiters.count && !others);
	if (others) {
		struct ltr__knots_row *row = add_row(plan, LTR__KNOTS_REST, depth, rails, true);

		if (row) {
			row->more = others;
			row->object = *at;
		}
	}
}

static void show_object(struct ltr__plan *plan, uint32_t object, bool is_reading, int depth,
			uint16_t rails, bool is_last)
{
	struct ltr__knots_row *row = add_row(plan, LTR__KNOTS_OBJECT, depth, rails, is_last);

	plan->is_shown[object] = true;
	if (!row)
		return;
	row->object = plan->graph->objects.objects[object];
	row->is_reading = is_reading;
	row->more = plan->weight[object];
	if (!is_last)
		rails |= (uint16_t)(1u << depth);
	show_waiters(plan, object, 0, depth + 1, rails);
}

static size_t cycle_length(const struct ltr__plan *plan, uint32_t object)
{
	size_t length = 0;
	uint32_t at = object;

	do {
		length++;
		at = plan->edges[plan->next[at]].to;
	} while (at != object && length <= plan->edge_count);
	return length;
}

/*
 * A member of a cycle, and what it waits on, which is returned; LTR__KNOTS_NOBODY: there is no
 * room.
 */
static uint32_t show_member(struct ltr__plan *plan, uint32_t object, bool is_first)
{
	const struct ltr__edge *edge = &plan->edges[plan->next[object]];
	struct ltr__knots_row *row = add_row(plan, LTR__KNOTS_MEMBER, 0, 0, is_first);
	size_t from = plan->row_count;

	if (!row)
		return LTR__KNOTS_NOBODY;
	row->id = edge->holder;
	row->is_reading = edge->is_reading;
	show_held(plan, edge->holder, 1, 0, true);
	row = add_row(plan, LTR__KNOTS_ON, 1, 0, true);
	if (row)
		row->object = plan->graph->objects.objects[edge->to];
	show_waiters(plan, edge->to, edge->holder, 2, 0);
	for (; from < plan->row_count; from++)
		plan->rows[from].is_in_rail = true;
	return row ? edge->to : LTR__KNOTS_NOBODY;
}

/* Each holds what the one before it waits on; the first holds what the last one waits on. */
static void show_cycle(struct ltr__plan *plan, uint32_t object)
{
	size_t length = cycle_length(plan, object);
	struct ltr__knots_row *row = add_row(plan, LTR__KNOTS_CYCLE, 0, 0, true);
	uint32_t at = object;

	if (row)
		row->more = length;
	for (size_t i = 0; i < length; i++) {
		plan->is_shown[at] = true;
		at = plan->edges[plan->next[at]].to;
	}
	for (size_t i = 0; i < length && at != LTR__KNOTS_NOBODY; i++)
		at = show_member(plan, at, i == 0);
	row = add_row(plan, LTR__KNOTS_CLOSE, 0, 0, true);
	if (row)
		row->id = plan->edges[plan->next[object]].holder;
}

void ltr__plan_show(struct ltr__plan *plan)
{
	struct ltr__knots_row *row;

	for (size_t i = 0; i < plan->item_count; i++) {
		const struct ltr__knots_item *item = &plan->items[i];

		/* the last row is for how many there is no room for */
		if (plan->row_count >= LTR__KNOTS_ROWS - 1)
			plan->left_out++;
		else if (item->cycle)
			show_cycle(plan, item->object);
		else if (item->holder)
			show_goroutine(plan, item->holder, 0, 0, true);
		else if (!plan->is_shown[item->object])
			show_object(plan, item->object, false, 0, 0, true);
	}
	if (!plan->left_out && plan->row_count < LTR__KNOTS_ROWS)
		return;
	if (plan->row_count == LTR__KNOTS_ROWS)
		plan->row_count--;
	row = add_row(plan, LTR__KNOTS_REST, 0, 0, true);
	if (row)
		row->more = plan->left_out;
}
