/* SPDX-License-Identifier: MIT */
/*
 * The graph: blocks, and where their words lead to. It grows at its end only; the block that was begun
 * last may still be forgotten.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "private.h"

#define GROW(graph, what)                                                                    \
	ltr__reach_grow(&(graph)->what##s, &(graph)->what##_capacity, (graph)->what##_count, \
			sizeof(*(graph)->what##s))
#define DROP(graph, what) \
	ltr__reach_drop((graph)->what##s, (graph)->what##_capacity, sizeof(*(graph)->what##s))

int ltr__graph_begin(struct ltr_reach *reach)
{
	struct ltr__areas *areas = &reach->areas;
	static const struct ltr__area nowhere;

	reach->targets = calloc(areas->count + 1, sizeof(struct ltr__area *));
	if (!reach->targets)
		return -ENOMEM;
	reach->target_count = 0;
	for (size_t i = 0; i < areas->count; i++)
		if (areas->area[i].kind != LTR__AREA_DATA)
			reach->targets[reach->target_count++] = &areas->area[i];
	reach->last = &nowhere;
	if (reach->target_count) {
		reach->low = reach->targets[0]->start;
		/* The end, too: a pointer just behind the last block. */
		reach->bytes = reach->targets[reach->target_count - 1]->end - reach->low + 1;
	}
	return 0;
}

void ltr__graph_done(struct ltr__graph *graph)
{
	DROP(graph, block);
	DROP(graph, edge);
	DROP(graph, stack_word);
	DROP(graph, root);
	DROP(graph, malloc);
	DROP(graph, free);
	DROP(graph, skip);
	DROP(graph, reign);
	free(graph->page_first);
	free(graph->marks);
	free(graph->firsts);
	*graph = (struct ltr__graph){0};
}

static const struct ltr__area *find_target(struct ltr_reach *reach, uint64_t address)
{
	size_t low = 0;
	size_t high = reach->target_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (reach->targets[middle]->start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || reach->targets[low - 1]->end <= address)
		return NULL;
	return reach->last = reach->targets[low - 1];
}

uint32_t ltr__reach_word(struct ltr_reach *reach, uint64_t word, uint64_t *ret_stack_address)
{
	const struct ltr__area *area = reach->last;
	uint64_t address = word & LTR__ADDRESS_MASK;

	if (address - reach->low >= reach->bytes)
		return UINT32_MAX;
	if (address < area->start || address >= area->end) {
		area = find_target(reach, address);
		if (!area)
			return UINT32_MAX;
	}
	if (area->kind == LTR__AREA_MEMORY)
		return area->base + (uint32_t)((address - area->start) / LTR__GRANULE);
	*ret_stack_address = address;
	return LTR__EDGE_STACK;
}

uint32_t ltr__reach_end(struct ltr_reach *reach, uint64_t word)
{
	uint64_t address = word & LTR__ADDRESS_MASK;
	const struct ltr__area *area;

	if (address % LTR__PAGE_BYTES || address - reach->low >= reach->bytes)
		return UINT32_MAX;
	area = find_target(reach, address - 1);
	if (!area || area->end != address || area->kind != LTR__AREA_MEMORY)
		return UINT32_MAX;
	return area->base + (uint32_t)((area->end - area->start) / LTR__GRANULE) - 1;
}

static int add_edge(struct ltr__graph *graph, uint32_t to, uint64_t stack_address)
{
	int error = GROW(graph, edge);

	if (error)
		return error;
	if (to == LTR__EDGE_STACK) {
		error = GROW(graph, stack_word);
		if (error || graph->stack_word_count == LTR__EDGE_STACK - 1)
			return -ENOMEM;
		to |= graph->stack_word_count;
		graph->stack_words[graph->stack_word_count++] = stack_address;
	}
	graph->edges[graph->edge_count++] = to;
	return 0;
}

int ltr__graph_word(struct ltr_reach *reach, uint64_t word)
{
	uint64_t stack_address = 0;
	uint32_t to = ltr__reach_word(reach, word, &stack_address);
	int error = to == UINT32_MAX ? 0 : add_edge(&reach->graph, to, stack_address);

	if (error || word % LTR__PAGE_BYTES)
		return error;
	to = ltr__reach_end(reach, word);
	return to == UINT32_MAX ? 0 : add_edge(&reach->graph, to, 0);
}

int ltr__graph_block(struct ltr__graph *graph, uint32_t granule)
{
	int error = GROW(graph, block);

	if (error)
		return error;
	graph->blocks[graph->block_count++] = (struct ltr__block){granule, graph->edge_count};
	return 0;
}

int ltr__graph_root(struct ltr__graph *graph, bool of_malloc)
{
	int error = of_malloc ? GROW(graph, malloc) : GROW(graph, root);

	if (error)
		return error;
	if (of_malloc)
		graph->mallocs[graph->malloc_count++] = graph->block_count - 1;
	else
		graph->roots[graph->root_count++] = graph->block_count - 1;
	return 0;
}

int ltr__graph_free(struct ltr__graph *graph, bool skip)
{
	int error = GROW(graph, free);

	if (!error && skip)
		error = GROW(graph, skip);
	if (error)
		return error;
	graph->frees[graph->free_count++] = graph->block_count - 1;
	if (skip)
		graph->skips[graph->skip_count++] = graph->block_count - 1;
	if (!graph->keep)
		graph->edge_count = graph->blocks[graph->block_count - 1].edge;
	return 0;
}

int ltr__graph_reign(struct ltr__graph *graph, uint32_t granule, uint32_t until)
{
	int error = graph->keep ? GROW(graph, reign) : 0;

	if (!error && graph->keep)
		graph->reigns[graph->reign_count++] = (struct ltr__reign){granule, until};
	return error;
}

/* Each page in which a block begins, or which it covers, learns who has its first byte. */
static void note_pages(struct ltr__graph *graph, const struct ltr__area *area, uint32_t *block)
{
	uint32_t end = area->base + (uint32_t)((area->end - area->start) / LTR__GRANULE);
	uint32_t first;

	for (uint32_t at = area->base; at < end; at += LTR__GRANULES) {
		while (*block < graph->block_count && graph->blocks[*block].granule <= at)
			(*block)++;
		/* The last that begins there or before, if it is of this area. */
		if (*block && graph->blocks[*block - 1].granule >= area->base)
			graph->page_first[at / LTR__GRANULES] = *block;
	}
	while (*block < graph->block_count && graph->blocks[*block].granule < end)
		(*block)++;
	first = graph->page_first[area->base / LTR__GRANULES];
	if (first)
		ltr__bit_set(graph->firsts, first - 1);
}

int ltr__graph_end(struct ltr_reach *reach)
{
	struct ltr__graph *graph = &reach->graph;
	uint32_t block = 0;
	int error = ltr__graph_block(graph, UINT32_MAX);

	if (error)
		return error;
	graph->block_count--; /* it only ends the one before */
	graph->page_first =
		calloc(reach->areas.granules / LTR__GRANULES + 1, sizeof(*graph->page_first));
	graph->marks = calloc(graph->block_count / 64 + 1, sizeof(*graph->marks));
	graph->firsts = calloc(graph->block_count / 64 + 1, sizeof(*graph->firsts));
	if (!graph->page_first || !graph->marks || !graph->firsts)
		return -ENOMEM;
	for (size_t i = 0; i < reach->areas.count; i++)
		if (reach->areas.area[i].kind == LTR__AREA_MEMORY)
			note_pages(graph, &reach->areas.area[i], &block);
	for (uint32_t i = 0; i < graph->free_count; i++)
		ltr__bit_set(graph->marks, graph->frees[i]);
	return 0;
}

uint32_t ltr__graph_at(const struct ltr__graph *graph, uint32_t granule)
{
	uint32_t block = graph->page_first[granule / LTR__GRANULES];
	uint32_t next = graph->page_first[granule / LTR__GRANULES + 1];
	uint32_t count;

	if (!block)
		return UINT32_MAX;
	/* How many begin in this page, behind its first byte; not known at the end of some areas. */
	count = next >= block ? next - block : graph->block_count - block;
	block--;
	while (count) { /* it is one of [block, block + count]; without a branch to be guessed */
		uint32_t half = (count + 1) / 2;

		block += half * (graph->blocks[block + half].granule <= granule);
		count -= half;
	}
	return block;
}
