/* SPDX-License-Identifier: MIT */
/*
 * Tarjan's strongly connected components, with a stack of its own instead of recursion. Nodes are the
 * goroutines, then the objects. A component of one node is no cycle: no node leads to itself without
 * one of the other kind in between.
 */

#include "waitfor.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

struct walk {
	const struct ltr__waitfor *graph;
	uint32_t *seen; /* when it was come to first, from 1; 0: not yet */
	uint32_t *low;  /* the earliest that is known to be reached from it */
	uint32_t *edge; /* how many of its edges have been followed */
	uint32_t *path; /* from the root to the node that is being looked at */
	uint32_t *open; /* nodes whose component is not complete */
	bool *is_open;
	uint32_t time, path_count, open_count;
};

/* The node that the n-th edge of `node` leads to, or LTR__NOBODY. */
static uint32_t edge_of(const struct ltr__waitfor *graph, uint32_t node, uint32_t n)
{
	uint32_t object = node - graph->goroutines;

	if (node < graph->goroutines)
		return n == 0 && graph->waits[node] != LTR__NOBODY
			       ? graph->goroutines + graph->waits[node]
			       : LTR__NOBODY;
	if (n >= graph->holders_at[object + 1] - graph->holders_at[object])
		return LTR__NOBODY;
	return graph->holders[graph->holders_at[object] + n];
}

static void enter(struct walk *walk, uint32_t node)
{
	walk->seen[node] = walk->low[node] = ++walk->time;
	walk->path[walk->path_count++] = node;
	walk->open[walk->open_count++] = node;
	walk->is_open[node] = true;
}

/* `node` is the root of a component: the open nodes from it on. */
static void close_component(struct walk *walk, uint32_t node, uint32_t *cycle, uint32_t *count)
{
	bool is_cycle = walk->open[walk->open_count - 1] != node;
	uint32_t member;

	*count += is_cycle;
	do {
		member = walk->open[--walk->open_count];
		walk->is_open[member] = false;
		if (is_cycle && member < walk->graph->goroutines)
			cycle[member] = *count;
	} while (member != node);
}

static void lower(uint32_t *low, uint32_t value)
{
	if (value < *low)
		*low = value;
}

static void walk_from(struct walk *walk, uint32_t root, uint32_t *cycle, uint32_t *count)
{
	enter(walk, root);
	while (walk->path_count) {
		uint32_t node = walk->path[walk->path_count - 1];
		uint32_t next = edge_of(walk->graph, node, walk->edge[node]);

		if (next == LTR__NOBODY) {
			walk->path_count--;
			if (walk->path_count)
				lower(&walk->low[walk->path[walk->path_count - 1]],
				      walk->low[node]);
			if (walk->low[node] == walk->seen[node])
				close_component(walk, node, cycle, count);
			continue;
		}
		walk->edge[node]++;
		if (!walk->seen[next])
			enter(walk, next);
		else if (walk->is_open[next])
			lower(&walk->low[node], walk->seen[next]);
	}
}

int ltr__waitfor_cycles(const struct ltr__waitfor *graph, uint32_t *ret_ring, uint32_t *ret_count)
{
	size_t nodes = (size_t)graph->goroutines + graph->objects;
	uint32_t *numbers = calloc(nodes + 1, 5 * sizeof(*numbers));
	bool *is_open = calloc(nodes + 1, sizeof(*is_open));
	struct walk walk = {.graph = graph, .is_open = is_open};
	int error = numbers && is_open ? 0 : -ENOMEM;
	uint32_t count = 0;

	if (!error) {
		walk.seen = numbers;
		walk.low = numbers + nodes;
		walk.edge = numbers + 2 * nodes;
		walk.path = numbers + 3 * nodes;
		walk.open = numbers + 4 * nodes;
		for (uint32_t i = 0; i < graph->goroutines; i++)
			ret_ring[i] = 0;
		for (uint32_t i = 0; i < graph->goroutines; i++)
			if (!walk.seen[i])
				walk_from(&walk, i, ret_ring, &count);
		*ret_count = count;
	}
	free(numbers);
	free(is_open);
	return error;
}

uint32_t ltr__waitfor_path(const struct ltr__waitfor *graph, const uint32_t *cycle, uint32_t first,
			   uint32_t *scratch, uint32_t *ret_path)
{
	uint32_t *before = scratch; /* by goroutine: who leads to it */
	uint32_t *done = scratch + graph->goroutines;
	uint32_t begin = 0, end = 0, length = 0;

	ret_path[end++] = first; /* the queue first, then the path */
	while (begin < end) {
		uint32_t from = ret_path[begin++];
		uint32_t object = graph->waits[from];

		if (object == LTR__NOBODY || done[object] == cycle[first])
			continue;
		done[object] = cycle[first];
		for (uint32_t i = graph->holders_at[object]; i < graph->holders_at[object + 1];
		     i++) {
			uint32_t to = graph->holders[i];

			if (to == first) {
				before[first] = from;
				begin = end; /* found */
				break;
			}
			if (cycle[to] != cycle[first] || before[to])
				continue;
			before[to] = from + 1;
			ret_path[end++] = to;
		}
	}
	/* Backwards from whoever leads to the first. */
	for (uint32_t at = before[first]; at != first; at = before[at] - 1)
		ret_path[++length] = at;
	ret_path[0] = first;
	for (uint32_t i = 1, k = length; i < k; i++, k--) {
		uint32_t swapped = ret_path[i];

		ret_path[i] = ret_path[k];
		ret_path[k] = swapped;
	}
	return length + 1;
}

/* Who waits for each object: as holders_at and holders, in one piece of memory. */
static uint32_t *index_waiting(const struct ltr__waitfor *graph, uint32_t **ret_waiting)
{
	uint32_t *at = calloc((size_t)graph->objects + graph->goroutines + 2, sizeof(*at));
	uint32_t *waiting;

	if (!at)
		return NULL;
	waiting = at + graph->objects + 2;
	/* Counted two further on; then each is where the one before it ends, and moves to its end. */
	for (uint32_t i = 0; i < graph->goroutines; i++)
		if (graph->waits[i] != LTR__NOBODY)
			at[graph->waits[i] + 2]++;
	for (uint32_t i = 2; i <= graph->objects + 1; i++)
		at[i] += at[i - 1];
	for (uint32_t i = 0; i < graph->goroutines; i++)
		if (graph->waits[i] != LTR__NOBODY)
			waiting[at[graph->waits[i] + 1]++] = i;
	*ret_waiting = waiting;
	return at;
}

int ltr__waitfor_spread(const struct ltr__waitfor *graph, uint32_t *marks)
{
	uint32_t *waiting = NULL;
	uint32_t *waiting_at = index_waiting(graph, &waiting);
	uint32_t *queue = calloc((size_t)graph->goroutines + 1, sizeof(*queue));
	uint32_t *holds_at = calloc((size_t)graph->goroutines + 2, sizeof(*holds_at));
	uint32_t holds_count = graph->objects ? graph->holders_at[graph->objects] : 0;
	uint32_t *holds = calloc((size_t)holds_count + 1, sizeof(*holds));
	int error = waiting_at && queue && holds_at && holds ? 0 : -ENOMEM;
	uint32_t end = 0;

	for (uint32_t i = 0; !error && i < holds_count; i++)
		holds_at[graph->holders[i] + 1]++;
	for (uint32_t i = 1; !error && i <= graph->goroutines; i++)
		holds_at[i] += holds_at[i - 1];
	for (uint32_t o = graph->objects; !error && o-- > 0;)
		for (uint32_t i = graph->holders_at[o]; i < graph->holders_at[o + 1]; i++)
			holds[--holds_at[graph->holders[i] + 1]] = o;
	for (uint32_t i = 0; !error && i < graph->goroutines; i++)
		if (marks[i])
			queue[end++] = i;
	for (uint32_t begin = 0; !error && begin < end; begin++) {
		uint32_t from = queue[begin];
		uint32_t last = from + 2 <= graph->goroutines ? holds_at[from + 2] : holds_count;

		for (uint32_t h = holds_at[from + 1]; h < last; h++)
			for (uint32_t i = waiting_at[holds[h]]; i < waiting_at[holds[h] + 1]; i++) {
				if (marks[waiting[i]])
					continue;
				marks[waiting[i]] = marks[from];
				queue[end++] = waiting[i];
			}
	}
	free(waiting_at);
	free(queue);
	free(holds_at);
	free(holds);
	return error;
}
