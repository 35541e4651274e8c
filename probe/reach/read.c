/* SPDX-License-Identifier: MIT */
/*
 * Reading: areas go through a small buffer, piece by piece, into the graph.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "writes.h"

int ltr__reader_feed(struct ltr__reader *reader, uint64_t from, const unsigned char *bytes,
		     size_t count)
{
	struct ltr__walk *walk = &reader->walk;

	walk->hits = reader->hits;
	walk->hit_count = reader->sieve(reader, bytes, count);
	walk->hit_at = 0;
	return ltr__walk_pages(walk, from - walk->area->start, bytes, count);
}

/* A part that cannot be read is passed over: it is no memory, or not any more. */
static int read_piece(struct ltr__reader *reader, uint64_t from, uint64_t to)
{
	int error = 0;

	while (from < to && !error) {
		struct ltr_process_piece piece = {
			.address = from, .buffer = reader->buffer, .bytes = to - from};
		size_t whole;

		error = ltr_process_read_many(reader->process, &piece, 1);
		whole = piece.done & ~(size_t)(LTR__PAGE_BYTES - 1);
		if (!error && whole)
			error = ltr__reader_feed(reader, from, reader->buffer, whole);
		reader->read_bytes += whole;
		from += whole < piece.bytes ? whole + LTR__PAGE_BYTES : whole;
	}
	return error;
}

static int read_run(void *context, uint64_t from, uint64_t to)
{
	struct ltr__reader *reader = context;
	int error = 0;

	while (from < to && !error) {
		uint64_t stop = to - from > LTR__PIECE_BYTES ? from + LTR__PIECE_BYTES : to;

		error = read_piece(reader, from, stop);
		from = stop;
	}
	return error;
}

int ltr__reader_init(struct ltr__reader *reader, const struct ltr_process *process)
{
	*reader = (struct ltr__reader){
		.process = process,
		.buffer = malloc(LTR__PIECE_BYTES),
		.hits = malloc(LTR__PIECE_BYTES / 8 * sizeof(uint32_t)),
	};
	return reader->buffer && reader->hits ? 0 : -ENOMEM;
}

void ltr__reader_done(struct ltr__reader *reader)
{
	free(reader->buffer);
	free(reader->hits);
}

int ltr__reader_run(struct ltr__reader *reader, int pagemap, uint64_t from, uint64_t to)
{
	int error =
		ltr__pages_each(pagemap, from, to, reader->walk.area->of_file, read_run, reader);

	return error ? error : ltr__walk_end(&reader->walk);
}

/* --- into the graph ------------------------------------------------------------------------- */

static int begin_block(void *context, uint32_t granule)
{
	struct ltr_reach *reach = context;

	return ltr__graph_block(&reach->graph, granule);
}

static int add_word(void *context, uint64_t word)
{
	return ltr__graph_word(context, word);
}

static int is_root(void *context, bool of_malloc)
{
	struct ltr_reach *reach = context;

	return ltr__graph_root(&reach->graph, of_malloc);
}

static int is_free(void *context, bool skip)
{
	struct ltr_reach *reach = context;

	return ltr__graph_free(&reach->graph, skip);
}

static int reigns(void *context, uint32_t granule, uint32_t until)
{
	struct ltr_reach *reach = context;

	return ltr__graph_reign(&reach->graph, granule, until);
}

static const struct ltr__walk_ops into_graph = {begin_block, add_word, is_root, is_free, reigns};

static size_t sieve_targets(struct ltr__reader *reader, const unsigned char *bytes, size_t count)
{
	const struct ltr_reach *reach = reader->walk.context;

	return ltr__scan(bytes, count, reach->low, reach->bytes, reader->hits);
}

static int read_area(struct ltr_reach *reach, struct ltr__reader *reader, int pagemap,
		     struct ltr__area *area)
{
	struct ltr__graph *graph = &reach->graph;
	const struct ltr__graph before = *graph;
	int error;

	ltr__walk_begin(&reader->walk, area, area->kind == LTR__AREA_DATA);
	error = ltr__reader_run(reader, pagemap, area->start, area->end);
	if (error == -EBADMSG) {
		graph->block_count = before.block_count;
		graph->edge_count = before.edge_count;
		graph->stack_word_count = before.stack_word_count;
		graph->root_count = before.root_count;
		graph->malloc_count = before.malloc_count;
		graph->free_count = before.free_count;
		graph->skip_count = before.skip_count;
		graph->reign_count = before.reign_count;
		reach->facts.broken_heaps++;
		ltr__walk_begin(&reader->walk, area, true);
		error = ltr__reader_run(reader, pagemap, area->start, area->end);
	}
	area->unknown_bytes = reader->walk.unknown_bytes;
	reach->facts.unknown_bytes += area->unknown_bytes;
	return error;
}

static int read_areas(struct ltr_reach *reach)
{
	struct ltr__reader reader;
	int error = ltr__reader_init(&reader, reach->process);
	int pagemap = ltr__pagemap_open(reach->process);

	reader.sieve = sieve_targets;
	reader.walk.ops = &into_graph;
	reader.walk.context = reach;
	reader.walk.keep = reach->graph.keep;
	for (size_t i = 0; i < reach->areas.count && !error; i++)
		if (reach->areas.area[i].kind != LTR__AREA_STACKS)
			error = read_area(reach, &reader, pagemap, &reach->areas.area[i]);
	reach->facts.read_bytes += reader.read_bytes;
	if (pagemap >= 0)
		close(pagemap);
	ltr__reader_done(&reader);
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

int ltr_reach_watch_writes(struct ltr_reach *reach, const uint64_t words[2])
{
	int error = ltr__writes_new(reach->process, words, &reach->writes);

	reach->graph.keep = !error;
	return error;
}

/* All of it is read again, then. */
static void stop_watching(struct ltr_reach *reach)
{
	for (size_t i = 0; i < reach->areas.count; i++)
		reach->areas.area[i].watched = false;
	reach->graph.keep = false;
	reach->writes = ltr__writes_free(reach->writes);
}

static void watch_areas(struct ltr_reach *reach)
{
	for (size_t i = 0; i < reach->areas.count && reach->writes; i++) {
		struct ltr__area *area = &reach->areas.area[i];

		area->watched = area->kind == LTR__AREA_MEMORY && area->of_nobody &&
				ltr__writes_watch(reach->writes, area->start, area->end);
	}
	if (reach->writes && ltr__may_have_pinned(reach->process))
		stop_watching(reach);
}

int ltr_reach_read(struct ltr_reach *reach, const struct ltr_reach_region *skip, size_t skip_count,
		   struct ltr_why *ret_why)
{
	int error = ltr__areas_read(reach->process, skip, skip_count, &reach->areas, ret_why);

	if (error)
		return error;
	error = ltr__graph_begin(reach);
	watch_areas(reach);
	if (!error)
		error = read_areas(reach);
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
	ltr__parts_done(reach);
	ltr__again_free(reach->again);
	ltr__writes_free(reach->writes);
	free(reach);
	return NULL;
}

struct ltr_reach_facts ltr_reach_facts(const struct ltr_reach *reach)
{
	return reach->facts;
}
