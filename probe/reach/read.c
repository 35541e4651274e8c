/* SPDX-License-Identifier: MIT */
/*
 * Reading: areas go through a small buffer, piece by piece, into the graph.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "private.h"

struct passing {
	struct ltr_reach *reach;
	struct ltr__walk walk;
	unsigned char *buffer;
	uint32_t *hits;
};

/* A part that cannot be read is passed over: it is no memory, or not any more. */
static int pass_piece(struct passing *passing, uint64_t from, uint64_t to)
{
	uint64_t start = passing->walk.area->start;
	int error = 0;

	while (from < to && !error) {
		struct ltr_process_piece piece = {
			.address = from, .buffer = passing->buffer, .bytes = to - from};
		size_t whole;

		error = ltr_process_read_many(passing->reach->process, &piece, 1);
		whole = piece.done & ~(size_t)(LTR__PAGE_BYTES - 1);
		if (!error && whole)
			error = ltr__walk_pages(&passing->walk, from - start, passing->buffer,
						whole);
		passing->reach->facts.read_bytes += whole;
		from += whole < piece.bytes ? whole + LTR__PAGE_BYTES : whole;
	}
	return error;
}

static int pass_run(void *context, uint64_t from, uint64_t to)
{
	struct passing *passing = context;
	int error = 0;

	while (from < to && !error) {
		uint64_t stop = to - from > LTR__PIECE_BYTES ? from + LTR__PIECE_BYTES : to;

		error = pass_piece(passing, from, stop);
		from = stop;
	}
	return error;
}

static int pass_area(struct passing *passing, int pagemap, const struct ltr__area *area)
{
	struct ltr__graph *graph = &passing->reach->graph;
	const struct ltr__graph before = *graph;
	uint64_t unknown_bytes = passing->reach->facts.unknown_bytes;
	int error;

	ltr__walk_begin(&passing->walk, passing->reach, area, area->kind == LTR__AREA_DATA,
			passing->hits);
	error = ltr__pages_each(pagemap, area->start, area->end, area->of_file, pass_run, passing);
	if (!error)
		error = ltr__walk_end(&passing->walk);
	if (error != -EBADMSG)
		return error;
	graph->block_count = before.block_count;
	graph->edge_count = before.edge_count;
	graph->stack_word_count = before.stack_word_count;
	graph->root_count = before.root_count;
	graph->malloc_count = before.malloc_count;
	graph->free_count = before.free_count;
	passing->reach->facts.unknown_bytes = unknown_bytes;
	passing->reach->facts.broken_heaps++;
	ltr__walk_begin(&passing->walk, passing->reach, area, true, passing->hits);
	error = ltr__pages_each(pagemap, area->start, area->end, area->of_file, pass_run, passing);
	return error ? error : ltr__walk_end(&passing->walk);
}

static int pass_areas(struct ltr_reach *reach)
{
	struct passing passing = {.reach = reach,
				  .buffer = malloc(LTR__PIECE_BYTES),
				  .hits = malloc(LTR__PIECE_BYTES / 8 * sizeof(uint32_t))};
	int pagemap;
	int error = passing.buffer && passing.hits ? 0 : -ENOMEM;

	pagemap = ltr__pagemap_open(reach->process);
	for (size_t i = 0; i < reach->areas.count && !error; i++)
		if (reach->areas.area[i].kind != LTR__AREA_STACKS)
			error = pass_area(&passing, pagemap, &reach->areas.area[i]);
	if (pagemap >= 0)
		close(pagemap);
	free(passing.buffer);
	free(passing.hits);
	return error;
}

int ltr_reach_new(const struct ltr_process *process, uint64_t most_bytes,
		  struct ltr_reach **ret_reach)
{
	struct ltr_reach *reach = calloc(1, sizeof(*reach));

	if (!reach)
		return -ENOMEM;
	reach->process = process;
	reach->most_bytes = most_bytes;
	*ret_reach = reach;
	return 0;
}

int ltr_reach_read(struct ltr_reach *reach, const struct ltr_reach_region *skip, size_t skip_count,
		   struct ltr_why *ret_why)
{
	int error = ltr__areas_read(reach->process, skip, skip_count, &reach->areas, ret_why);

	if (error)
		return error;
	error = ltr__graph_begin(reach);
	if (!error)
		error = pass_areas(reach);
	if (!error)
		error = ltr__graph_end(reach);
	if (error)
		return ltr_why_set(ret_why, error, "its memory cannot be looked at: %s",
				   error == -ENOMEM ? "it is too large" : strerror(-error));
	return 0;
}

struct ltr_reach *ltr_reach_free(struct ltr_reach *reach)
{
	if (!reach)
		return NULL;
	ltr__areas_done(&reach->areas);
	ltr__graph_done(&reach->graph);
	free(reach->targets);
	for (size_t i = 0; i < reach->buffer_count; i++)
		free(reach->buffers[i]);
	free(reach->buffers);
	free(reach->parts);
	free(reach);
	return NULL;
}

struct ltr_reach_facts ltr_reach_facts(const struct ltr_reach *reach)
{
	return reach->facts;
}
