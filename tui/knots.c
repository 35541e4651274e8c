/* SPDX-License-Identifier: MIT */
/*
 * The wait-for graph. Nodes are objects: an edge leads from a lock to the object that its holder waits
 * on, so whoever waits on the first waits behind those who wait on the second. Everything takes time in
 * proportion to the objects, and to the edges, of which there are EDGES_MAX at most.
 */
#include "knots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NOBODY    UINT32_MAX
#define EDGES_MAX 65536u
#define READERS   8   /* of one lock that are looked at */
#define ITEMS_MAX 256 /* trees that are laid out */

/* Somebody holds an object, and waits on another one, or does not. */
struct edge {
	uint32_t from;
	uint32_t to; /* NOBODY: its holder waits on nothing that is shown here */
	uint64_t holder;
	bool is_reading;
};

/* What stands at the left edge: a cycle, a goroutine that keeps others waiting, or an object. */
struct item {
	uint64_t weight;
	uint64_t holder; /* not 0: that goroutine */
	uint32_t object; /* else this one; of a cycle, one of it */
	uint32_t cycle;  /* not 0 */
	bool is_wanted;  /* somebody asked for this one: it comes first */
};

struct plan {
	struct ltr__knots *graph;
	const struct ltr__moment *moment;
	struct edge *edges; /* in order of `from` */
	uint32_t edge_count;
	uint32_t *by_holder; /* edges in order of their holders, and of `to` */
	uint32_t *by_to;
	uint32_t *first;  /* by object: its first edge, plus 1; 0: nobody holds it */
	uint32_t *cycle;  /* by object: number of the cycle that it is in; 0: none */
	uint32_t *next;   /* by object of a cycle: the edge that leads on */
	uint64_t *weight; /* by object: who waits on it and behind */
	bool *is_shown;   /* by object */
	uint32_t *order;  /* objects with edges, each before those that it leads to */
	uint32_t order_count;
	uint32_t cycles;
	struct item items[ITEMS_MAX];
	size_t item_count;
	uint64_t left_out;
	struct item wanted; /* where somebody stands who was asked for; all zero: nobody was */
	struct ltr__knots_row *rows;
	size_t row_count;
};

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

/* --- The graph ----------------------------------------------------------------------------------- */

static uint32_t find_object(const struct ltr__knots *graph, const struct ltr_goroutine *goroutine)
{
	const struct ltr__object *object;
	struct ltr__trait trait;

	if (!goroutine || !ltr__object_of(goroutine, &trait) || trait.kind != LTR__TRAIT_OBJECT)
		return NOBODY;
	object = ltr__objects_find(&graph->objects, &trait);
	return object ? (uint32_t)(object - graph->objects.objects) : NOBODY;
}

static void add_edge(struct plan *plan, uint32_t from, uint64_t holder, bool is_reading)
{
	struct edge *edge = &plan->edges[plan->edge_count];

	if (plan->edge_count == EDGES_MAX)
		return;
	*edge = (struct edge){
		.from = from,
		.to = find_object(plan->graph, ltr__moment_find(plan->moment, holder)),
		.holder = holder,
		.is_reading = is_reading,
	};
	plan->edge_count++;
	if (!plan->first[from])
		plan->first[from] = plan->edge_count;
}

static void add_holders(struct plan *plan, uint32_t object)
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
	const struct edge *x = (const struct edge *)edges + *(const uint32_t *)a;
	const struct edge *y = (const struct edge *)edges + *(const uint32_t *)b;

	if (x->holder != y->holder)
		return x->holder < y->holder ? -1 : 1;
	return x->from < y->from ? -1 : x->from > y->from;
}

static int compare_targets(const void *a, const void *b, void *edges)
{
	const struct edge *x = (const struct edge *)edges + *(const uint32_t *)a;
	const struct edge *y = (const struct edge *)edges + *(const uint32_t *)b;

	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	if (x->holder != y->holder)
		return x->holder < y->holder ? -1 : 1;
	return x->from < y->from ? -1 : x->from > y->from;
}

static int plan_init(struct plan *plan)
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

static void plan_done(struct plan *plan)
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
static void note_cycle(struct plan *plan, const uint32_t *path, uint32_t from, uint32_t length)
{
	plan->cycles++;
	for (uint32_t i = from; i < length; i++)
		plan->cycle[path[i]] = plan->cycles;
}

/*
 * Walk along the edges in depth: every object that leads back into the path closes a cycle, unless
 * somebody on it is in one already. Objects come into `order` backwards, when all that they lead to are
 * in it. -ENOMEM.
 */
static int find_cycles(struct plan *plan)
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
			if (to == NOBODY || is_done[to] || plan->cycle[object])
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

/* Who waits behind: those who wait on a lock are behind those who wait on what its holder waits on. */
static void weigh(struct plan *plan)
{
	for (uint32_t i = plan->order_count; i-- > 0;) {
		uint32_t object = plan->order[i];

		for (uint32_t e = plan->first[object] - 1;
		     e < plan->edge_count && plan->edges[e].from == object; e++) {
			uint32_t to = plan->edges[e].to;

			if (to != NOBODY && !(plan->cycle[to] && plan->cycle[object]))
				plan->weight[to] += plan->weight[object];
		}
	}
}

/* --- What stands at the left edge ---------------------------------------------------------------- */

static bool is_before(const struct item *a, const struct item *b)
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
static void find_wanted(struct plan *plan, uint64_t id)
{
	uint32_t object = find_object(plan->graph, ltr__moment_find(plan->moment, id));
	struct item *wanted = &plan->wanted;

	*wanted = (struct item){.is_wanted = true, .holder = id};
	for (uint32_t steps = 0; steps <= plan->edge_count && object != NOBODY; steps++) {
		const struct edge *edge;

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

/* Keeps the first ITEMS_MAX of all in order. */
static void offer(struct plan *plan, struct item item)
{
	const struct item *wanted = &plan->wanted;
	size_t at = plan->item_count;

	item.is_wanted = wanted->is_wanted && item.cycle == wanted->cycle &&
			 (item.cycle || (item.holder == wanted->holder &&
					 (item.holder || item.object == wanted->object)));
	if (at == ITEMS_MAX && !is_before(&item, &plan->items[at - 1])) {
		plan->left_out++;
		return;
	}
	if (at == ITEMS_MAX) {
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
static void offer_holders(struct plan *plan)
{
	for (uint32_t i = 0, end; i < plan->edge_count; i = end) {
		const struct edge *edge = &plan->edges[plan->by_holder[i]];
		struct item item = {.holder = edge->holder, .object = edge->from};

		for (end = i; end < plan->edge_count &&
			      plan->edges[plan->by_holder[end]].holder == edge->holder;
		     end++)
			item.weight += plan->weight[plan->edges[plan->by_holder[end]].from];
		if (edge->to == NOBODY)
			offer(plan, item);
	}
}

static void offer_objects(struct plan *plan)
{
	uint32_t seen = 0; /* cycles are numbered as they are found, but not in order of objects */

	for (uint32_t i = 0; i < plan->graph->objects.count; i++) {
		struct item item = {.weight = plan->weight[i], .object = i};

		if (!plan->first[i] && !plan->cycle[i])
			offer(plan, item);
	}
	for (uint32_t i = 0; i < plan->order_count && seen < plan->cycles; i++) {
		uint32_t object = plan->order[i];
		struct item item = {.object = object, .cycle = plan->cycle[object]};
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

/* --- Rows ---------------------------------------------------------------------------------------- */

static struct ltr__knots_row *add_row(struct plan *plan, enum ltr__knots_kind kind, int depth,
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

static uint64_t holder_of(const struct edge *edge)
{
	return edge->holder;
}

static uint64_t target_of(const struct edge *edge)
{
	return edge->to;
}

/* Edges with that key in an order by it: [*ret_first, end) of the order. */
static uint32_t edges_with(const struct plan *plan, const uint32_t *order,
			   uint64_t (*key_of)(const struct edge *), uint64_t key,
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

static void show_object(struct plan *plan, uint32_t object, bool is_reading, int depth,
			uint16_t rails, bool is_last);

/* What a goroutine holds, as far as it has not been shown yet; `is_more`: something else follows. */
static void show_held(struct plan *plan, uint64_t id, int depth, uint16_t rails, bool is_more)
{
	uint32_t first;
	uint32_t end = edges_with(plan, plan->by_holder, holder_of, id, &first);
	uint32_t last = NOBODY;

	for (uint32_t i = first; i < end; i++) {
		if (!plan->is_shown[plan->edges[plan->by_holder[i]].from])
			last = i;
	}
	for (uint32_t i = first; i < end && last != NOBODY; i++) {
		const struct edge *edge = &plan->edges[plan->by_holder[i]];

		if (!plan->is_shown[edge->from])
			show_object(plan, edge->from, edge->is_reading, depth, rails,
				    i == last && !is_more);
	}
}

static void show_goroutine(struct plan *plan, uint64_t id, int depth, uint16_t rails, bool is_last)
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
static void show_waiters(struct plan *plan, uint32_t object, uint64_t but, int depth,
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

static void show_object(struct plan *plan, uint32_t object, bool is_reading, int depth,
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

static size_t cycle_length(const struct plan *plan, uint32_t object)
{
	size_t length = 0;
	uint32_t at = object;

	do {
		length++;
		at = plan->edges[plan->next[at]].to;
	} while (at != object && length <= plan->edge_count);
	return length;
}

/* A member of a cycle, and what it waits on, which is returned; NOBODY: there is no room. */
static uint32_t show_member(struct plan *plan, uint32_t object, bool is_first)
{
	const struct edge *edge = &plan->edges[plan->next[object]];
	struct ltr__knots_row *row = add_row(plan, LTR__KNOTS_MEMBER, 0, 0, is_first);
	size_t from = plan->row_count;

	if (!row)
		return NOBODY;
	row->id = edge->holder;
	row->is_reading = edge->is_reading;
	show_held(plan, edge->holder, 1, 0, true);
	row = add_row(plan, LTR__KNOTS_ON, 1, 0, true);
	if (row)
		row->object = plan->graph->objects.objects[edge->to];
	show_waiters(plan, edge->to, edge->holder, 2, 0);
	for (; from < plan->row_count; from++)
		plan->rows[from].is_in_rail = true;
	return row ? edge->to : NOBODY;
}

/* Each holds what the one before it waits on; the first holds what the last one waits on. */
static void show_cycle(struct plan *plan, uint32_t object)
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
	for (size_t i = 0; i < length && at != NOBODY; i++)
		at = show_member(plan, at, i == 0);
	row = add_row(plan, LTR__KNOTS_CLOSE, 0, 0, true);
	if (row)
		row->id = plan->edges[plan->next[object]].holder;
}

static void show_items(struct plan *plan)
{
	struct ltr__knots_row *row;

	for (size_t i = 0; i < plan->item_count; i++) {
		const struct item *item = &plan->items[i];

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

int ltr__knots_end(struct ltr__knots *graph, const struct ltr__moment *moment, uint64_t wanted)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	int error = plan ? 0 : -ENOMEM;

	if (!error) {
		plan->graph = graph;
		plan->moment = moment;
		error = plan_init(plan);
	}
	if (!error)
		error = find_cycles(plan);
	if (!error) {
		weigh(plan);
		if (wanted)
			find_wanted(plan, wanted);
		offer_holders(plan);
		offer_objects(plan);
		show_items(plan);
		free(graph->rows);
		graph->rows = plan->rows;
		graph->row_count = plan->row_count;
		graph->cycles = plan->cycles;
		plan->rows = NULL;
	}
	if (plan)
		plan_done(plan);
	free(plan);
	return error;
}
