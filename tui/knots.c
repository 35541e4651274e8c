/* SPDX-License-Identifier: MIT */
/*
 * The wait-for graph: counts who waits on what, and decides what stands at the left edge: cycles,
 * goroutines that keep others waiting, and objects that nobody holds.
 */
#include "knots.h"

#include <errno.h>
#include <stdlib.h>

#include "knots_private.h"

void ltr__knots_done(struct ltr__knots *graph)
{
	ltr__objects_done(&graph->objects);
	free(graph->few);
	free(graph->rows);
	*graph = (struct ltr__knots){0};
}

void ltr__knots_begin(struct ltr__knots *graph, uint64_t expected)
{
	ltr__objects_begin(&graph->objects, expected);
}

int ltr__knots_add(struct ltr__knots *graph, const struct ltr_goroutine *goroutine)
{
	const struct ltr__object *object;
	struct ltr__trait trait;
	uint32_t at;
	int error;

	/* what comes from outside the program is held by nobody in it */
	if (!ltr__object_of(goroutine, &trait) || trait.kind != LTR__TRAIT_OBJECT)
		return 0;
	error = ltr__objects_add(&graph->objects, goroutine);
	if (error)
		return error;
	object = ltr__objects_find(&graph->objects, &trait);
	at = (uint32_t)(object - graph->objects.objects);
	if (at >= graph->few_capacity) {
		uint32_t capacity = graph->few_capacity * 2 + 256;
		struct ltr__few *few = reallocarray(graph->few, capacity, sizeof(*few));

		if (!few)
			return -ENOMEM;
		graph->few = few;
		graph->few_capacity = capacity;
	}
	if (object->waiting <= LTR__KNOTS_FEW)
		graph->few[at].ids[object->waiting - 1] = goroutine->id;
	return 0;
}

static bool is_before(const struct ltr__knots_item *a, const struct ltr__knots_item *b)
{
	if (a->is_wanted != b->is_wanted)
		return a->is_wanted;
	if (!a->cycle != !b->cycle)
		return a->cycle != 0;
	if (a->weight != b->weight)
		return a->weight > b->weight;
	return a->holder != b->holder ? a->holder < b->holder : a->object < b->object;
}

/* What stands at the left edge above goroutine `id`. */
static void find_wanted(struct ltr__plan *plan, uint64_t id)
{
	uint32_t object = ltr__knots_find_object(plan->graph, ltr__moment_find(plan->moment, id));
	struct ltr__knots_item *wanted = &plan->wanted;

	*wanted = (struct ltr__knots_item){.is_wanted = true, .holder = id};
	for (uint32_t steps = 0; steps <= plan->edge_count && object != LTR__KNOTS_NOBODY;
	     steps++) {
		const struct ltr__edge *edge;

		if (plan->cycle[object] || !plan->first[object]) {
			wanted->cycle = plan->cycle[object];
			wanted->object = object;
			wanted->holder = 0;
			return;
		}
		edge = &plan->edges[plan->first[object] - 1];
		wanted->holder = edge->holder;
		object = edge->to;
	}
}

/* Keeps the first LTR__KNOTS_ITEMS of all in order. */
static void offer(struct ltr__plan *plan, struct ltr__knots_item item)
{
	const struct ltr__knots_item *wanted = &plan->wanted;
	size_t at = plan->item_count;

	item.is_wanted = wanted->is_wanted && item.cycle == wanted->cycle &&
			 (item.cycle || (item.holder == wanted->holder &&
					 (item.holder || item.object == wanted->object)));
	if (at == LTR__KNOTS_ITEMS && !is_before(&item, &plan->items[at - 1])) {
		plan->left_out++;
		return;
	}
	if (at == LTR__KNOTS_ITEMS) {
		plan->left_out++;
		at--;
	} else {
		plan->item_count++;
	}
	for (; at > 0 && is_before(&item, &plan->items[at - 1]); at--)
		plan->items[at] = plan->items[at - 1];
	plan->items[at] = item;
}

/* Those who hold something and wait on nothing that is shown: nobody stands above them. */
static void offer_holders(struct ltr__plan *plan)
{
	for (uint32_t i = 0, end; i < plan->edge_count; i = end) {
		const struct ltr__edge *edge = &plan->edges[plan->by_holder[i]];
		struct ltr__knots_item item = {.holder = edge->holder, .object = edge->from};

		for (end = i; end < plan->edge_count &&
			      plan->edges[plan->by_holder[end]].holder == edge->holder;
		     end++)
			item.weight += plan->weight[plan->edges[plan->by_holder[end]].from];
		if (edge->to == LTR__KNOTS_NOBODY)
			offer(plan, item);
	}
}

static void offer_objects(struct ltr__plan *plan)
{
	uint32_t seen = 0; /* cycles are numbered as they are found, but not in order of objects */

	for (uint32_t i = 0; i < plan->graph->objects.count; i++) {
		struct ltr__knots_item item = {.weight = plan->weight[i], .object = i};

		if (!plan->first[i] && !plan->cycle[i])
			offer(plan, item);
	}
	for (uint32_t i = 0; i < plan->order_count && seen < plan->cycles; i++) {
		uint32_t object = plan->order[i];
		struct ltr__knots_item item = {.object = object, .cycle = plan->cycle[object]};
		uint32_t at = object;
		bool is_first = item.cycle != 0;

		/* of each cycle the object that was created, or is read, first stands for it */
		for (uint32_t steps = 0; is_first && steps <= plan->order_count; steps++) {
			item.weight += plan->weight[at];
			at = plan->edges[plan->next[at]].to;
			if (at == object)
				break;
			is_first = at > object;
		}
		if (is_first) {
			offer(plan, item);
			seen++;
		}
	}
}

int ltr__knots_end(struct ltr__knots *graph, const struct ltr__moment *moment, uint64_t wanted)
{
	struct ltr__plan *plan = calloc(1, sizeof(*plan));
	int error = plan ? 0 : -ENOMEM;

	if (!error) {
		plan->graph = graph;
		plan->moment = moment;
		error = ltr__plan_init(plan);
	}
	if (!error)
		error = ltr__plan_find_cycles(plan);
	if (!error) {
		ltr__plan_weigh(plan);
		if (wanted)
			find_wanted(plan, wanted);
		offer_holders(plan);
		offer_objects(plan);
		ltr__plan_show(plan);
		free(graph->rows);
		graph->rows = plan->rows;
		graph->row_count = plan->row_count;
		graph->cycles = plan->cycles;
		plan->rows = NULL;
	}
	if (plan)
		ltr__plan_done(plan);
	free(plan);
	return error;
}
