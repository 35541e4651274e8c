/* SPDX-License-Identifier: MIT */
/*
 * The edges of the wait-for graph, and its cycles. Everything takes time in proportion to the
 * objects, and to the edges, of which there are EDGES_MAX at most.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "knots_private.h"

#define EDGES_MAX 65536u
#define READERS   8 /* of one lock that are looked at */

uint32_t ltr__knots_find_object(const struct ltr__knots *graph,
				const struct ltr_goroutine *goroutine)
{
	const struct ltr__object *object;
	struct ltr__trait trait;

	if (!goroutine || !ltr__object_of(goroutine, &trait) || trait.kind != LTR__TRAIT_OBJECT)
		return LTR__KNOTS_NOBODY;
	object = ltr__objects_find(&graph->objects, &trait);
	return object ? (uint32_t)(object - graph->objects.objects) : LTR__KNOTS_NOBODY;
}

static void add_edge(struct ltr__plan *plan, uint32_t from, uint64_t holder, bool is_reading)
{
	struct ltr__edge *edge = &plan->edges[plan->edge_count];

	if (plan->edge_count == EDGES_MAX)
		return;
	*edge = (struct ltr__edge){
		.from = from,
		.to = ltr__knots_find_object(plan->graph, ltr__moment_find(plan->moment, holder)),
		.holder = holder,
		.is_reading = is_reading,
	};
	plan->edge_count++;
	if (!plan->first[from])
		plan->first[from] = plan->edge_count;
}

static void add_holders(struct ltr__plan *plan, uint32_t object)
{
	const struct ltr__trait *trait = &plan->graph->objects.objects[object].trait;
	const struct ltr_lock *lock = ltr__lock_at(plan->moment, trait);
	size_t count;
	const struct ltr_reader *reader;

	if (!lock)
		return;
	if (lock->owner_id)
		add_edge(plan, object, lock->owner_id, false);
	reader = lock->readers ? ltr__moment_readers(plan->moment, trait->value, &count) : NULL;
	for (size_t i = 0; reader && i < count && i < READERS; i++)
		add_edge(plan, object, reader[i].goroutine_id, true);
}

static int compare_holders(const void *a, const void *b, void *edges)
{
	const struct ltr__edge *x = (const struct ltr__edge *)edges + *(const uint32_t *)a;
	const struct ltr__edge *y = (const struct ltr__edge *)edges + *(const uint32_t *)b;

	if (x->holder != y->holder)
		return x->holder < y->holder ? -1 : 1;
	return x->from < y->from ? -1 : x->from > y->from;
}

static int compare_targets(const void *a, const void *b, void *edges)
{
	const struct ltr__edge *x = (const struct ltr__edge *)edges + *(const uint32_t *)a;
	const struct ltr__edge *y = (const struct ltr__edge *)edges + *(const uint32_t *)b;

	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	if (x->holder != y->holder)
		return x->holder < y->holder ? -1 : 1;
	return x->from < y->from ? -1 : x->from > y->from;
}

int ltr__plan_init(struct ltr__plan *plan)
{
	size_t objects = plan->graph->objects.count;

	plan->edges = calloc(EDGES_MAX, sizeof(*plan->edges));
	plan->first = calloc(objects + 1, sizeof(*plan->first));
	plan->cycle = calloc(objects + 1, sizeof(*plan->cycle));
	plan->next = calloc(objects + 1, sizeof(*plan->next));
	plan->weight = calloc(objects + 1, sizeof(*plan->weight));
	plan->is_shown = calloc(objects + 1, sizeof(*plan->is_shown));
	plan->rows = calloc(LTR__KNOTS_ROWS + 1, sizeof(*plan->rows));
	if (!plan->edges || !plan->first || !plan->cycle || !plan->next || !plan->weight ||
	    !plan->is_shown || !plan->rows)
		return -ENOMEM;
	for (uint32_t i = 0; i < objects; i++) {
		plan->weight[i] = plan->graph->objects.objects[i].waiting;
		if (ltr_census_is_lock_wait(plan->graph->objects.objects[i].reason))
			add_holders(plan, i);
	}
	plan->by_holder = calloc(plan->edge_count + 1, sizeof(*plan->by_holder));
	plan->by_to = calloc(plan->edge_count + 1, sizeof(*plan->by_to));
	plan->order = calloc(plan->edge_count + 1, sizeof(*plan->order));
	if (!plan->by_holder || !plan->by_to || !plan->order)
		return -ENOMEM;
	for (uint32_t i = 0; i < plan->edge_count; i++)
		plan->by_holder[i] = plan->by_to[i] = i;
	qsort_r(plan->by_holder, plan->edge_count, sizeof(uint32_t), compare_holders, plan->edges);
	qsort_r(plan->by_to, plan->edge_count, sizeof(uint32_t), compare_targets, plan->edges);
	return 0;
}

void ltr__plan_done(struct ltr__plan *plan)
{
	free(plan->edges);
	free(plan->by_holder);
	free(plan->by_to);
	free(plan->first);
	free(plan->cycle);
	free(plan->next);
	free(plan->weight);
	free(plan->is_shown);
	free(plan->order);
	free(plan->rows);
}

/* A path from its first object leads back to path[from]: that part is a cycle. */
static void note_cycle(struct ltr__plan *plan, const uint32_t *path, uint32_t from, uint32_t length)
{
	plan->cycles++;
	for (uint32_t i = from; i < length; i++)
		plan->cycle[path[i]] = plan->cycles;
}

/*
 * Walk along the edges in depth: every object that leads back into the path closes a cycle, unless
 * somebody on it is in one already. Objects come into `order` backwards, when all that they lead to
 * are in it. -ENOMEM.
 */
int ltr__plan_find_cycles(struct ltr__plan *plan)
{
	size_t objects = plan->graph->objects.count;
	uint32_t *path = calloc((size_t)plan->edge_count + 2, sizeof(*path));
	uint32_t *at = calloc((size_t)plan->edge_count + 2, sizeof(*at)); /* next edge to follow */
	uint32_t *place = calloc(objects + 1, sizeof(*place));            /* in the path, plus 1 */
	bool *is_done = calloc(objects + 1, sizeof(*is_done));
	int error = path && at && place && is_done ? 0 : -ENOMEM;

	for (uint32_t i = 0; !error && i < plan->edge_count; i++) {
		uint32_t length = 0;

		if (is_done[plan->edges[i].from] || plan->first[plan->edges[i].from] != i + 1)
			continue;
		path[length] = plan->edges[i].from;
		at[length] = i;
		place[path[length++]] = 1;
		while (length) {
			uint32_t object = path[length - 1];
			uint32_t edge = at[length - 1]++;
			uint32_t to;

			if (edge >= plan->edge_count || plan->edges[edge].from != object) {
				place[object] = 0;
				is_done[object] = true;
				plan->order[plan->order_count++] = object;
				length--;
				continue;
			}
			to = plan->edges[edge].to;
			if (to == LTR__KNOTS_NOBODY || is_done[to] || plan->cycle[object])
				continue;
			plan->next[object] = edge;
			if (place[to] && !plan->cycle[to])
				note_cycle(plan, path, place[to] - 1, length);
			else if (!place[to] && plan->first[to]) {
				path[length] = to;
				at[length] = plan->first[to] - 1;
				place[to] = ++length;
			}
		}
	}
	free(path);
	free(at);
	free(place);
	free(is_done);
	return error;
}

/*
 * Who waits behind: those who wait on a lock are behind those who wait on what its holder waits on.
 */
void ltr__plan_weigh(struct ltr__plan *plan)
{
	for (uint32_t i = plan->order_count; i-- > 0;) {
		uint32_t object = plan->order[i];

		for (uint32_t e = plan->first[object] - 1;
		     e < plan->edge_count && plan->edges[e].from == object; e++) {
			uint32_t to = plan->edges[e].to;

			if (to != LTR__KNOTS_NOBODY && !(plan->cycle[to] && plan->cycle[object]))
				plan->weight[to] += plan->weight[object];
		}
	}
}
