/* SPDX-License-Identifier: MIT */
/*
 * Marking. Work is a stack of blocks, and one of goroutines, whose words count; a word that leads to a
 * block that is not marked, or to the stack of a candidate that is not reached, adds to it. Each block
 * and each goroutine is added once, so it ends whatever the bytes are.
 *
 * Where a word leads to is nowhere near in memory. So it goes through a queue first: when it enters, the
 * processor is told to fetch the page's entry, half-way the blocks, and at its end both are there.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "private.h"

#define QUEUE 64u /* a power of two */

/* A granule that a word leads to. */
struct lead {
	uint32_t granule;
	bool of_malloc;
};

struct marker {
	struct ltr_reach *reach;
	struct ltr_reach_goroutine *goroutines;
	size_t count;
	uint32_t *by_stack; /* goroutines with a stack, in order of addresses */
	size_t stack_count;
	size_t *part_of; /* by goroutine: its part, plus 1; 0: none */

	/* Blocks and goroutines whose words are still to be followed. */
	uint32_t *work;
	uint32_t work_count;
	uint32_t work_capacity;
	uint32_t *waiters;
	uint32_t waiter_count;
	uint32_t waiter_capacity;
	struct lead queue[QUEUE]; /* [queue_out, queue_in) of it, modulo QUEUE */
	uint32_t queue_in;
	uint32_t queue_out;
	int error;
};

static void reach_goroutine(struct marker *marker, uint32_t index)
{
	struct ltr_reach_goroutine *goroutine = &marker->goroutines[index];

	if (goroutine->reached)
		return;
	goroutine->reached = true;
	marker->error = ltr__reach_grow(&marker->waiters, &marker->waiter_capacity,
					marker->waiter_count, sizeof(*marker->waiters));
	if (!marker->error)
		marker->waiters[marker->waiter_count++] = index;
}

/* The goroutine whose stack has the address, or UINT32_MAX. */
static uint32_t stack_owner(const struct marker *marker, uint64_t address)
{
	size_t low = 0;
	size_t high = marker->stack_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (marker->goroutines[marker->by_stack[middle]].stack_low <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || marker->goroutines[marker->by_stack[low - 1]].stack_high <= address)
		return UINT32_MAX;
	return marker->by_stack[low - 1];
}

static void reach_stack(struct marker *marker, uint64_t address)
{
	uint32_t owner = stack_owner(marker, address);

	/* What is below the stack pointer is not in use. */
	if (owner != UINT32_MAX && address >= ltr__stack_used_from(&marker->goroutines[owner]))
		reach_goroutine(marker, owner);
}

static void reach_whole(struct marker *marker, uint32_t block)
{
	const struct ltr__graph *graph = &marker->reach->graph;

	if (ltr__bit(graph->marks, block))
		return;
	ltr__bit_set(graph->marks, block);
	marker->error = ltr__reach_grow(&marker->work, &marker->work_capacity, marker->work_count,
					sizeof(*marker->work));
	if (!marker->error)
		marker->work[marker->work_count++] = block;
	__builtin_prefetch(&graph->edges[graph->blocks[block].edge]);
}

/*
 * A header belongs to the block before, if there is one in the area: its bytes, and the place just
 * behind them, reach into it. malloc() itself refers to headers (to that of the rest of the heap, for
 * one), and does not mean the block before.
 */
static void reach_block(struct marker *marker, uint32_t granule, bool of_malloc)
{
	const struct ltr__graph *graph = &marker->reach->graph;
	uint32_t block = ltr__graph_at(graph, granule);

	if (block == UINT32_MAX)
		return;
	if (graph->blocks[block].granule == granule && !ltr__bit(graph->firsts, block)) {
		if (of_malloc)
			return;
		block--;
	}
	reach_whole(marker, block);
}

static void leave_queue(struct marker *marker)
{
	const struct lead *lead = &marker->queue[marker->queue_out++ % QUEUE];

	reach_block(marker, lead->granule, lead->of_malloc);
}

static void fetch_blocks(const struct marker *marker, const struct lead *lead)
{
	const struct ltr__graph *graph = &marker->reach->graph;
	uint32_t block = graph->page_first[lead->granule / LTR__GRANULES];

	if (!block)
		return;
	__builtin_prefetch(&graph->blocks[block - 1]);
	__builtin_prefetch(&graph->blocks[block + 7]); /* a page of small ones takes two lines */
	__builtin_prefetch(&graph->marks[(block - 1) / 64]);
}

static void enter_queue(struct marker *marker, uint32_t granule, bool of_malloc)
{
	const struct ltr__graph *graph = &marker->reach->graph;

	if (marker->queue_in - marker->queue_out == QUEUE)
		leave_queue(marker);
	__builtin_prefetch(&graph->page_first[granule / LTR__GRANULES]);
	marker->queue[marker->queue_in++ % QUEUE] = (struct lead){granule, of_malloc};
	if (marker->queue_in - marker->queue_out > QUEUE / 2)
		fetch_blocks(marker, &marker->queue[(marker->queue_in - QUEUE / 2) % QUEUE]);
}

static void follow_block(struct marker *marker, uint32_t block, bool of_malloc)
{
	const struct ltr__graph *graph = &marker->reach->graph;

	for (uint32_t i = graph->blocks[block].edge; i < graph->blocks[block + 1].edge; i++) {
		uint32_t to = graph->edges[i];

		if (to & LTR__EDGE_STACK)
			reach_stack(marker, graph->stack_words[to & ~LTR__EDGE_STACK]);
		else
			enter_queue(marker, to, of_malloc);
	}
}

static void follow_words(struct marker *marker, const unsigned char *bytes, size_t count,
			 bool of_malloc)
{
	for (size_t at = 0; at + 8 <= count; at += 8) {
		uint64_t word, address;
		uint32_t to;

		memcpy(&word, bytes + at, sizeof(word));
		to = ltr__reach_word(marker->reach, word, &address);
		if (to == LTR__EDGE_STACK)
			reach_stack(marker, address);
		else if (to != UINT32_MAX)
			enter_queue(marker, to, of_malloc);
		to = ltr__reach_end(marker->reach, word);
		if (to != UINT32_MAX)
			enter_queue(marker, to, of_malloc);
	}
}

static void follow_goroutine(struct marker *marker, uint32_t index)
{
	const struct ltr_reach_goroutine *goroutine = &marker->goroutines[index];

	follow_words(marker, goroutine->kept, goroutine->kept_bytes, false);
	if (marker->part_of[index]) {
		const struct ltr__part *part = &marker->reach->parts[marker->part_of[index] - 1];

		follow_words(marker, part->bytes, part->count, false);
	}
}

static void drain(struct marker *marker)
{
	while (!marker->error) {
		if (marker->work_count)
			follow_block(marker, marker->work[--marker->work_count], false);
		else if (marker->waiter_count)
			follow_goroutine(marker, marker->waiters[--marker->waiter_count]);
		else if (marker->queue_in != marker->queue_out)
			leave_queue(marker);
		else
			break;
	}
}

/* --- what goroutines wait on ---------------------------------------------------------------- */

/* Memory that nobody can tell blocks of is reached as a whole. */
static bool is_object_reached(const struct marker *marker, uint32_t index)
{
	uint64_t object = marker->goroutines[index].object;
	const struct ltr__area *area;
	uint32_t owner, block;

	if (!object)
		return false; /* the waiters lead to it */
	area = ltr__area_of(&marker->reach->areas, object);
	if (!area || area->kind == LTR__AREA_DATA)
		return true;
	if (area->kind == LTR__AREA_MEMORY) {
		block = ltr__graph_at(&marker->reach->graph,
				      area->base +
					      (uint32_t)((object - area->start) / LTR__GRANULE));
		return block == UINT32_MAX || ltr__bit(marker->reach->graph.marks, block);
	}
	owner = stack_owner(marker, object);
	return owner == UINT32_MAX || marker->goroutines[owner].reached;
}

/* --- preparations --------------------------------------------------------------------------- */

static int compare_stacks(const void *a, const void *b, void *context)
{
	const struct ltr_reach_goroutine *goroutines = context;
	uint64_t x = goroutines[*(const uint32_t *)a].stack_low;
	uint64_t y = goroutines[*(const uint32_t *)b].stack_low;

	return x < y ? -1 : x > y;
}

static int sort_stacks(struct marker *marker)
{
	marker->by_stack = calloc(marker->count + 1, sizeof(*marker->by_stack));
	if (!marker->by_stack)
		return -ENOMEM;
	for (size_t i = 0; i < marker->count; i++)
		if (marker->goroutines[i].stack_low)
			marker->by_stack[marker->stack_count++] = (uint32_t)i;
	qsort_r(marker->by_stack, marker->stack_count, sizeof(*marker->by_stack), compare_stacks,
		marker->goroutines);
	return 0;
}

struct owner {
	uint64_t id;
	size_t part;
};

static int compare_owners(const void *a, const void *b)
{
	const struct owner *x = a;
	const struct owner *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

/* Parts carry ids, because goroutines may have been read into another array since. */
static int find_parts(struct marker *marker)
{
	const struct ltr_reach *reach = marker->reach;
	struct owner *owners = calloc(reach->part_count + 1, sizeof(*owners));
	size_t owner_count = 0;

	marker->part_of = calloc(marker->count + 1, sizeof(*marker->part_of));
	if (!owners || !marker->part_of) {
		free(owners);
		return -ENOMEM;
	}
	for (size_t i = 0; i < reach->part_count; i++)
		if (reach->parts[i].id)
			owners[owner_count++] = (struct owner){reach->parts[i].id, i};
	qsort(owners, owner_count, sizeof(*owners), compare_owners);
	for (size_t i = 0; i < marker->count; i++) {
		struct owner key = {.id = marker->goroutines[i].id};
		const struct owner *found =
			bsearch(&key, owners, owner_count, sizeof(*owners), compare_owners);

		if (found)
			marker->part_of[i] = found->part + 1;
	}
	free(owners);
	return 0;
}

/* --- the whole ------------------------------------------------------------------------------ */

static void mark_roots(struct marker *marker)
{
	const struct ltr_reach *reach = marker->reach;
	const struct ltr__graph *graph = &reach->graph;

	for (uint32_t i = 0; i < graph->root_count; i++)
		ltr__bit_set(graph->marks, graph->roots[i]);
	for (uint32_t i = 0; i < graph->malloc_count; i++)
		ltr__bit_set(graph->marks, graph->mallocs[i]);
	for (size_t i = 0; i < marker->count && !marker->error; i++) {
		marker->goroutines[i].reached = false;
		if (!marker->goroutines[i].candidate)
			reach_goroutine(marker, (uint32_t)i);
	}
	for (uint32_t i = 0; i < graph->root_count && !marker->error; i++)
		follow_block(marker, graph->roots[i], false);
	for (uint32_t i = 0; i < graph->malloc_count && !marker->error; i++)
		follow_block(marker, graph->mallocs[i], true);
	for (size_t i = 0; i < reach->part_count && !marker->error; i++)
		if (!reach->parts[i].id)
			follow_words(marker, reach->parts[i].bytes, reach->parts[i].count,
				     reach->parts[i].of_malloc);
	drain(marker);
}

static void mark_waiting(struct marker *marker)
{
	bool more = true;

	while (more && !marker->error) {
		more = false;
		for (size_t i = 0; i < marker->count; i++) {
			if (marker->goroutines[i].reached ||
			    !is_object_reached(marker, (uint32_t)i))
				continue;
			reach_goroutine(marker, (uint32_t)i);
			more = true;
		}
		drain(marker);
	}
}

int ltr_reach_mark(struct ltr_reach *reach, struct ltr_reach_goroutine *goroutines, size_t count)
{
	struct marker marker = {.reach = reach, .goroutines = goroutines, .count = count};

	if (count >= UINT32_MAX)
		return -ENOMEM;
	marker.error = ltr__again_end(reach);
	if (!marker.error)
		marker.error = sort_stacks(&marker);
	if (!marker.error)
		marker.error = find_parts(&marker);
	if (!marker.error) {
		mark_roots(&marker);
		mark_waiting(&marker);
	}
	free(marker.by_stack);
	free(marker.part_of);
	ltr__reach_drop(marker.work, marker.work_capacity, sizeof(*marker.work));
	ltr__reach_drop(marker.waiters, marker.waiter_capacity, sizeof(*marker.waiters));
	return marker.error;
}
