/* SPDX-License-Identifier: MIT */
/*
 * A walk over pages that were not written to since the first reading, and that nobody has read again: what
 * is in them is what it was then. A header that lies there says the same as then, so the walk goes on
 * from block to block of the first reading; if it comes to where no block began, it has gone astray.
 *
 * Of words, only those matter that may lead to what was not reached. Blocks that were reached have none in
 * such pages: marking would have followed them. So words come by of blocks that were not reached, and
 * of those that nobody had then: all of them, also those from other pages of the block, because a graph
 * does not know which word lay where. One too many is a reference that may not be there any more, which
 * hides a leak and invents none.
 */

#include <errno.h>
#include <stdlib.h>

#include "again.h"

int ltr__known_init(struct ltr__known *known, const struct ltr__graph *graph)
{
	size_t words = graph->block_count / 64 + 1;

	known->frees = calloc(words, sizeof(*known->frees));
	known->skips = calloc(words, sizeof(*known->skips));
	known->roots = calloc(words, sizeof(*known->roots));
	if (!known->frees || !known->skips || !known->roots)
		return -ENOMEM;
	for (uint32_t i = 0; i < graph->free_count; i++)
		ltr__bit_set(known->frees, graph->frees[i]);
	for (uint32_t i = 0; i < graph->skip_count; i++)
		ltr__bit_set(known->skips, graph->skips[i]);
	for (uint32_t i = 0; i < graph->root_count; i++)
		ltr__bit_set(known->roots, graph->roots[i]);
	return 0;
}

void ltr__known_done(struct ltr__known *known)
{
	free(known->frees);
	free(known->skips);
	free(known->roots);
	*known = (struct ltr__known){0};
}

/* --- words ---------------------------------------------------------------------------------- */

/* An address that has the granule. */
static uint64_t address_of(const struct ltr_reach *reach, uint32_t granule)
{
	size_t low = 0, high = reach->target_count;

	/* Of areas of one number the last; areas of stacks have that of the next one. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (reach->targets[middle]->base <= granule)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return 0;
	return reach->targets[low - 1]->start +
	       (uint64_t)(granule - reach->targets[low - 1]->base) * LTR__GRANULE;
}

static int tell_words(struct ltr__bridge *bridge, const struct ltr__walk *walk, uint32_t block)
{
	const struct ltr_reach *reach = bridge->again->reach;
	const struct ltr__graph *graph = &reach->graph;
	int error = 0;

	if (walk->skip ||
	    (ltr__bit(graph->marks, block) && !ltr__bit(bridge->again->known.frees, block)))
		return 0;
	/* Once for each block that it may be a part of now. */
	if (bridge->told && bridge->told_block == block && bridge->told_next == walk->next)
		return 0;
	bridge->told = true;
	bridge->told_block = block;
	bridge->told_next = walk->next;
	for (uint32_t i = graph->blocks[block].edge; i < graph->blocks[block + 1].edge && !error;
	     i++) {
		uint32_t to = graph->edges[i];
		uint64_t address = to & LTR__EDGE_STACK ? graph->stack_words[to & ~LTR__EDGE_STACK]
							: address_of(reach, to);

		if (address - bridge->again->hot.low < bridge->again->hot.span &&
		    ltr__is_hot(&bridge->again->hot, address))
			error = walk->ops->word(walk->context, address);
	}
	return error;
}

/* --- headers -------------------------------------------------------------------------------- */

static const struct ltr__reign *find_reign(const struct ltr__graph *graph, uint32_t granule)
{
	uint32_t low = 0, high = graph->reign_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (graph->reigns[middle].granule < granule)
			low = middle + 1;
		else
			high = middle;
	}
	return low < graph->reign_count && graph->reigns[low].granule == granule
		       ? &graph->reigns[low]
		       : NULL;
}

/* What was decided where the block begins holds on. */
static int decide_as_then(struct ltr__bridge *bridge, struct ltr__walk *walk, uint32_t block)
{
	const struct ltr__graph *graph = &bridge->again->reach->graph;
	const struct ltr__reign *reign = find_reign(graph, graph->blocks[block].granule);

	if (!reign)
		return -EBADMSG;
	if (walk->area->is_heap)
		walk->until = walk->area->end - walk->area->start;
	else if (reign->until == UINT32_MAX)
		walk->until = UINT64_MAX;
	else
		walk->until = (uint64_t)(reign->until - walk->area->base) * LTR__GRANULE;
	return 0;
}

/* `end` is where the block ended then, in the area. */
static int begin_as_then(struct ltr__bridge *bridge, struct ltr__walk *walk, uint32_t block,
			 uint64_t end)
{
	const struct ltr__known *known = &bridge->again->known;
	const struct ltr__graph *graph = &bridge->again->reach->graph;
	bool decided = walk->next == walk->until;
	bool rooted = ltr__bit(known->roots, block);
	int error = 0;

	if (decided)
		error = decide_as_then(bridge, walk, block);
	/* Its header says whether somebody has the block before: not, if nobody had then. */
	else if (block && walk->any && !walk->skip && ltr__bit(known->frees, block - 1) &&
		 !ltr__bit(known->skips, block - 1))
		error = walk->ops->free(walk->context, false);
	if (error)
		return error;
	/* What lies behind, and was never there, has no block of its own. */
	if (end > walk->until && !walk->area->is_heap)
		end = walk->until;
	walk->in_root = rooted && decided;
	walk->next = walk->in_root ? walk->until : end;
	walk->skip = ltr__bit(known->skips, block);
	walk->any = true;
	if (walk->next > walk->until)
		return -EBADMSG;
	error = walk->ops->begin(walk->context, graph->blocks[block].granule);
	if (!error && walk->skip)
		error = walk->ops->free(walk->context, true);
	else if (!error && rooted)
		error = walk->ops->root(walk->context, walk->area->of_malloc);
	return error;
}

/* --- the whole ------------------------------------------------------------------------------ */

static int begin_root(struct ltr__walk *walk)
{
	int error = walk->ops->begin(walk->context, walk->area->base);

	walk->any = walk->in_root = true;
	walk->next = walk->until = UINT64_MAX;
	return error ? error : walk->ops->root(walk->context, walk->area->of_malloc);
}

/* The block that has the place, in the area at the first reading; what is behind its end has none. */
static uint32_t block_at(const struct ltr__graph *graph, uint32_t granule, uint32_t limit)
{
	return granule < limit ? ltr__graph_at(graph, granule) : UINT32_MAX;
}

/* None of its pages was there. */
static bool was_empty(const struct ltr__bridge *bridge, const struct ltr__area *area)
{
	return !find_reign(&bridge->again->reach->graph, area->base);
}

int ltr__bridge(struct ltr__bridge *bridge, struct ltr__walk *walk, uint64_t from, uint64_t to)
{
	const struct ltr__again *again = bridge->again;
	const struct ltr__graph *graph = &again->reach->graph;
	const struct ltr__area *area = walk->area;
	uint32_t limit = again->limits[area - again->areas.area];
	uint32_t block = block_at(graph, area->base + (uint32_t)(from / LTR__GRANULE), limit);
	uint64_t stop = (uint64_t)(limit - area->base) * LTR__GRANULE;
	int error = 0;

	stop = stop < to ? stop : to;
	if (block == UINT32_MAX || was_empty(bridge, area))
		return 0;
	if (walk->as_root && !walk->any)
		error = begin_root(walk);
	/* A header has a word of the block before. */
	if (graph->blocks[block].granule == area->base + from / LTR__GRANULE && from && !error)
		error = tell_words(bridge, walk, block - 1);
	for (; block < graph->block_count && graph->blocks[block].granule < limit && !error;
	     block++) {
		uint64_t start =
			(uint64_t)(graph->blocks[block].granule - area->base) * LTR__GRANULE;
		uint32_t next = graph->blocks[block + 1].granule;
		uint64_t end =
			(uint64_t)((next < limit ? next : limit) - area->base) * LTR__GRANULE;

		if (start >= stop)
			break;
		if (start >= from && start > walk->next)
			return -EBADMSG;
		if (start >= from && start == walk->next)
			error = begin_as_then(bridge, walk, block, end);
		if (!error)
			error = tell_words(bridge, walk, block);
	}
	return !error && walk->next < stop && walk->next != walk->until ? -EBADMSG : error;
}
