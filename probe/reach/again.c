/* SPDX-License-Identifier: MIT */
/*
 * Reading memory again, after marking: is what was not reached, and is still what it was, referred to
 * from anywhere else? Only that is looked for, and only that is kept, so it takes a fraction of the
 * first reading and can be shared among threads.
 *
 * The blocks that were not reached are a guess, nothing more. A block that is not now where one of them
 * was, from its beginning to its end, is outside; whatever is outside counts as alive, also if it was
 * garbage all along. So this reading alone proves what marking does not reach in it, whatever the guess
 * came from.
 *
 * Areas are read in parts. A heap that sbrk() gives is cut where blocks began at the first reading:
 * the walk through one part has to arrive exactly where the next one begins, else the area is read
 * once more in one piece.
 */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "again.h"
#include "helper.h"

#define PART_BYTES  ((uint64_t)8 << 20)
#define THREADS_MAX 4u

/* --- parts ---------------------------------------------------------------------------------- */

static int add_part(struct ltr__again *again, const struct ltr__again_part *part)
{
	if (again->part_count == again->part_capacity) {
		size_t more = again->part_capacity ? again->part_capacity * 2 : 64;
		void *grown = reallocarray(again->parts, more, sizeof(*again->parts));

		if (!grown)
			return -ENOMEM;
		again->parts = grown;
		again->part_capacity = more;
	}
	again->parts[again->part_count++] = *part;
	return 0;
}

/* The offset of a block's header at the first reading, behind `from`; UINT64_MAX: none. */
static uint64_t next_cut(const struct ltr__again *again, const struct ltr__area *area,
			 uint64_t from)
{
	const struct ltr__graph *graph = &again->reach->graph;
	uint32_t limit = again->limits[area - again->areas.area];
	uint64_t granule = area->base + (from + PART_BYTES) / LTR__GRANULE;
	uint32_t block;

	if (!area->is_heap || granule >= limit || again->saved)
		return UINT64_MAX;
	block = graph->page_first[granule / LTR__GRANULES]; /* the one behind that */
	if (!block || block >= graph->block_count || graph->blocks[block].granule >= limit ||
	    graph->blocks[block].granule < area->base)
		return UINT64_MAX;
	return (uint64_t)(graph->blocks[block].granule - area->base) * LTR__GRANULE;
}

static int cut_area(struct ltr__again *again, const struct ltr__area *area)
{
	struct ltr__again_part part = {.area = area};
	int error;

	do {
		part.stop = next_cut(again, area, part.from);
		if (part.stop != UINT64_MAX && part.stop + LTR__GRANULE > area->end - area->start)
			part.stop = UINT64_MAX;
		error = add_part(again, &part);
		part.from = part.stop;
	} while (!error && part.stop != UINT64_MAX);
	return error;
}

/* Granules of areas that are where they were have the same numbers; no other block is guessed. */
static int cut_areas(struct ltr__again *again)
{
	const struct ltr__areas *then = &again->reach->areas;
	int error = 0;

	again->limits = calloc(again->areas.count + 1, sizeof(*again->limits));
	if (!again->limits)
		return -ENOMEM;
	for (size_t i = 0; i < again->areas.count && !error; i++) {
		struct ltr__area *area = &again->areas.area[i];
		const struct ltr__area *was = ltr__area_of(then, area->start);

		if (area->kind == LTR__AREA_STACKS)
			continue;
		if (area->kind == LTR__AREA_MEMORY) {
			area->base = 0;
			if (was && was->start == area->start && was->kind == area->kind) {
				area->base = was->base;
				again->limits[i] = was->base + (uint32_t)((was->end - was->start) /
									  LTR__GRANULE);
			}
		}
		error = cut_area(again, area);
	}
	return error;
}

/* --- looking -------------------------------------------------------------------------------- */

static void *look_in_thread(void *again)
{
	ltr__again_look(again);
	return NULL;
}

/* What no other thread could be had for, this one does. */
static void look_at_all(struct ltr__again *again, unsigned int threads)
{
	pthread_t others[THREADS_MAX];
	unsigned int count = 0;

	threads = threads < THREADS_MAX ? threads : THREADS_MAX;
	while (count + 1 < threads &&
	       ltr_helper_start(&others[count], 0, look_in_thread, again) == 0)
		count++;
	ltr__again_look(again);
	while (count)
		pthread_join(others[--count], NULL);
}

static void drop_found(struct ltr__again_part *part)
{
	ltr__reach_drop(part->leads.words, part->leads.capacity, sizeof(*part->leads.words));
	ltr__reach_drop(part->mallocs.words, part->mallocs.capacity, sizeof(*part->mallocs.words));
	ltr__reach_drop(part->inners, part->inner_capacity, sizeof(*part->inners));
	*part = (struct ltr__again_part){.area = part->area, .stop = UINT64_MAX};
}

/* As if none of the area's blocks had been seen. */
static void forget_same(struct ltr__again *again, const struct ltr__area *area)
{
	const struct ltr__graph *graph = &again->reach->graph;
	uint32_t limit = again->limits[area - again->areas.area];

	for (uint32_t i = 0; i < graph->block_count; i++)
		if (graph->blocks[i].granule >= area->base && graph->blocks[i].granule < limit)
			atomic_fetch_and_explicit(&again->same[i / 64], ~(1ull << i % 64),
						  memory_order_relaxed);
}

/* An area that could not be walked, in `count` parts: in one, and if that cannot be either, as a root. */
static int look_once_more(struct ltr__again *again, struct ltr__again_part *parts, size_t count)
{
	for (int root = count > 1 ? 0 : 1; root < 2; root++) {
		for (size_t i = 0; i < count; i++)
			drop_found(&parts[i]);
		forget_same(again, parts->area);
		parts->as_root = root;
		again->reach->facts.broken_heaps += root;
		ltr__again_look_at(again, parts);
		if (parts->error != -EBADMSG)
			break;
	}
	return parts->error;
}

static int repair(struct ltr__again *again)
{
	int error = 0;

	for (size_t i = 0, next; i < again->part_count && !error; i = next) {
		bool broken = false;

		for (next = i; next < again->part_count &&
			       again->parts[next].area == again->parts[i].area && !error;
		     next++) {
			if (again->parts[next].error == -EBADMSG)
				broken = true;
			else
				error = again->parts[next].error;
		}
		if (broken && !error)
			error = look_once_more(again, &again->parts[i], next - i);
	}
	return error;
}

static int look(struct ltr__again *again)
{
	int error = cut_areas(again);

	if (error)
		return error;
	/* In a child of what is looked at, the forked copy of a program with threads starts none. */
	look_at_all(again, ltr_process_is_own(again->reach->process) ? 1 : ltr_helper_cpus());
	return repair(again);
}

/* What can be done before, so that a process need not stand meanwhile. */
int ltr_reach_forget(struct ltr_reach *reach)
{
	struct ltr__again *again = calloc(1, sizeof(*again));

	ltr__again_free(reach->again);
	reach->again = again;
	ltr__parts_forget(reach);
	reach->facts = (struct ltr_reach_facts){0};
	if (!again)
		return -ENOMEM;
	again->reach = reach;
	again->same = calloc(reach->graph.block_count / 64 + 1, sizeof(*again->same));
	return again->same ? ltr__hot_init(&again->hot, reach) : -ENOMEM;
}

int ltr_reach_read_again(struct ltr_reach *reach, const struct ltr_reach_region *skip,
			 size_t skip_count, struct ltr_why *ret_why)
{
	struct ltr__again *again = reach->again;
	int error = ltr__areas_read(reach->process, skip, skip_count, &again->areas, ret_why);

	if (error)
		return error;
	error = reach->writes ? ltr__saved_new(again) : -EFBIG;
	if (error == -EFBIG)
		error = look(again);
	again->read = true;
	reach->facts.read_bytes += again->read_bytes;
	if (error)
		return ltr_why_set(ret_why, error, "its memory cannot be looked at: %s",
				   error == -ENOMEM ? "it is too large" : strerror(-error));
	return 0;
}

struct ltr__again *ltr__again_free(struct ltr__again *again)
{
	if (!again)
		return NULL;
	for (size_t i = 0; i < again->part_count; i++)
		drop_found(&again->parts[i]);
	free(again->parts);
	free(again->limits);
	ltr__hot_done(&again->hot);
	ltr__known_done(&again->known);
	ltr__saved_free(again->saved);
	free((void *)again->same);
	ltr__areas_done(&again->areas);
	free(again);
	return NULL;
}

/* --- into the graph ------------------------------------------------------------------------- */

/* Edges of guessed blocks, and no others. */
static int replace_edges(struct ltr__again *again)
{
	struct ltr__graph *graph = &again->reach->graph;
	uint32_t block = 0;
	int error = 0;

	graph->edge_count = graph->stack_word_count = 0;
	for (size_t i = 0; i < again->part_count; i++) {
		const struct ltr__again_part *part = &again->parts[i];

		for (uint32_t j = 0; j < part->inner_count && !error; j++) {
			while (block <= part->inners[j].block)
				graph->blocks[block++].edge = graph->edge_count;
			error = ltr__graph_word(again->reach, part->inners[j].word);
		}
	}
	while (block <= graph->block_count)
		graph->blocks[block++].edge = graph->edge_count;
	return error;
}

/* Roots are the guessed blocks that are no more: all of their words are among the leads. */
static int replace_roots(struct ltr__again *again)
{
	struct ltr__graph *graph = &again->reach->graph;
	int error = 0;

	graph->root_count = graph->malloc_count = 0;
	for (uint32_t i = 0; i < graph->block_count && !error; i++) {
		uint64_t same = atomic_load_explicit(&again->same[i / 64], memory_order_relaxed);

		if (ltr__bit(graph->marks, i) || same >> i % 64 & 1)
			continue;
		error = ltr__reach_grow(&graph->roots, &graph->root_capacity, graph->root_count,
					sizeof(*graph->roots));
		if (!error)
			graph->roots[graph->root_count++] = i;
	}
	return error;
}

/* The process runs on meanwhile. */
static int look_at_saved(struct ltr__again *again)
{
	int error = ltr__known_init(&again->known, &again->reach->graph);

	return error ? error : look(again);
}

int ltr__again_end(struct ltr_reach *reach)
{
	struct ltr__again *again = reach->again;
	int error;

	if (!again || !again->read)
		return 0;
	reach->writes = ltr__writes_free(reach->writes);
	error = again->saved ? look_at_saved(again) : 0;
	if (!error)
		error = replace_edges(again);
	if (!error)
		error = replace_roots(again);
	for (size_t i = 0; i < again->part_count && !error; i++) {
		const struct ltr__again_part *part = &again->parts[i];

		reach->facts.unknown_bytes += part->unknown_bytes;
		error = ltr__part_add_words(reach, part->leads.words, part->leads.count, false);
		if (!error)
			error = ltr__part_add_words(reach, part->mallocs.words, part->mallocs.count,
						    true);
	}
	reach->again = ltr__again_free(again);
	return error;
}
