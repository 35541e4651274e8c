/* SPDX-License-Identifier: MIT */
/*
 * A look at parts of memory, in one thread: words of what is outside, and of blocks that are guessed and
 * still there, as far as they may lead to a guessed one (again.c has the idea). What a block is shows
 * when it ends; so its words wait until then.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "again.h"

struct look {
	struct ltr__reader reader;
	int pagemap;
	struct ltr__again *again;
	struct ltr__again_part *part;
	uint32_t limit;  /* of the part's area */
	uint32_t cursor; /* the first block of the first reading that does not begin before: */
	uint32_t granule;
	bool begun, root, of_malloc, free;
	struct ltr__words_found
		pending; /* of a block that may still turn out to be free, or a guessed one */
};

static int keep(struct ltr__words_found *words, uint64_t word)
{
	int error = ltr__reach_grow(&words->words, &words->capacity, words->count, sizeof(word));

	if (!error)
		words->words[words->count++] = word;
	return error;
}

/* --- what the walk tells -------------------------------------------------------------------- */

/* The guessed block that is [look->granule, end) now as it was then, or UINT32_MAX. */
static uint32_t guessed(const struct look *look, uint32_t end)
{
	const struct ltr__graph *graph = &look->again->reach->graph;
	uint32_t block = look->cursor;
	uint32_t was_end;

	if (look->root || look->granule >= look->limit || block >= graph->block_count ||
	    graph->blocks[block].granule != look->granule || ltr__bit(graph->marks, block))
		return UINT32_MAX;
	was_end = block + 1 < graph->block_count ? graph->blocks[block + 1].granule : look->limit;
	if (was_end > look->limit)
		was_end = look->limit;
	return end == was_end ? block : UINT32_MAX;
}

static int add_inner(struct ltr__again_part *part, uint32_t block, uint64_t word)
{
	int error = ltr__reach_grow(&part->inners, &part->inner_capacity, part->inner_count,
				    sizeof(*part->inners));

	if (!error)
		part->inners[part->inner_count++] = (struct ltr__inner){block, word};
	return error;
}

/* The block that was begun last ends here. */
static int end_block(struct look *look, uint32_t end)
{
	uint32_t block;
	int error = 0;

	if (!look->begun || look->free)
		return 0;
	block = guessed(look, end);
	if (block != UINT32_MAX)
		atomic_fetch_or_explicit(&look->again->same[block / 64], 1ull << block % 64,
					 memory_order_relaxed);
	for (uint32_t i = 0; i < look->pending.count && !error; i++)
		error = block == UINT32_MAX ? keep(&look->part->leads, look->pending.words[i])
					    : add_inner(look->part, block, look->pending.words[i]);
	return error;
}

static int begin(void *context, uint32_t granule)
{
	struct look *look = context;
	const struct ltr__graph *graph = &look->again->reach->graph;
	int error = end_block(look, granule);

	while (look->cursor < graph->block_count && graph->blocks[look->cursor].granule < granule)
		look->cursor++;
	/* Data before an area has the number of the area's first block, and comes first. */
	while (look->cursor + 1 < graph->block_count &&
	       graph->blocks[look->cursor + 1].granule == granule)
		look->cursor++;
	look->granule = granule;
	look->begun = true;
	look->root = look->of_malloc = look->free = false;
	look->pending.count = 0;
	return error;
}

static int word(void *context, uint64_t word)
{
	struct look *look = context;

	if (!look->root)
		return keep(&look->pending, word);
	return keep(look->of_malloc ? &look->part->mallocs : &look->part->leads, word);
}

static int root(void *context, bool of_malloc)
{
	struct look *look = context;

	look->root = true;
	look->of_malloc = of_malloc;
	return 0;
}

static int is_free(void *context, bool skip)
{
	struct look *look = context;

	(void)skip;
	look->free = true;
	look->pending.count = 0;
	return 0;
}

static const struct ltr__walk_ops ops = {begin, word, root, is_free, NULL};

/* --- which words ---------------------------------------------------------------------------- */

/* Whether a word really leads to what is guessed is found out when marking. */
static size_t sieve(struct ltr__reader *reader, const unsigned char *bytes, size_t count)
{
	const struct look *look = reader->walk.context;
	const struct ltr__hot *hot = &look->again->hot;
	size_t found = ltr__scan(bytes, count, hot->low, hot->span, reader->hits);
	size_t kept = 0;

	for (size_t i = 0; i < found; i++) {
		uint64_t word;

		memcpy(&word, bytes + reader->hits[i], sizeof(word));
		reader->hits[kept] = reader->hits[i];
		kept += ltr__is_hot(hot, word & LTR__ADDRESS_MASK);
	}
	return kept;
}

/* --- parts ---------------------------------------------------------------------------------- */

static uint32_t first_block(const struct ltr__graph *graph, uint32_t granule)
{
	uint32_t low = 0, high = graph->block_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (graph->blocks[middle].granule < granule)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void read_part(struct look *look, struct ltr__again_part *part)
{
	struct ltr__reader *reader = &look->reader;
	const struct ltr__area *area = part->area;
	uint64_t from = area->start + (part->from & ~(uint64_t)(LTR__PAGE_BYTES - 1));
	uint64_t to = area->end;
	uint32_t granule = area->base + (uint32_t)(part->from / LTR__GRANULE);
	uint64_t end;

	look->part = part;
	look->limit = look->again->limits[area - look->again->areas.area];
	look->cursor = first_block(&look->again->reach->graph, granule);
	look->begun = false;
	if (part->as_root || area->kind == LTR__AREA_DATA)
		ltr__walk_begin(&reader->walk, area, true);
	else
		ltr__walk_begin_part(&reader->walk, area, part->from, part->stop);
	if (part->stop != UINT64_MAX)
		to = area->start +
		     ((part->stop + LTR__PAGE_BYTES) & ~(uint64_t)(LTR__PAGE_BYTES - 1));
	if (look->again->saved)
		part->error = ltr__saved_run(look->again, reader);
	else
		part->error = ltr__reader_run(reader, look->pagemap, from, to);
	end = part->stop != UINT64_MAX ? part->stop : area->end - area->start;
	if (!part->error)
		part->error = end_block(look, area->base + (uint32_t)(end / LTR__GRANULE));
	part->unknown_bytes = area->watched ? area->unknown_bytes : reader->walk.unknown_bytes;
}

static int look_init(struct look *look, struct ltr__again *again)
{
	int error;

	*look = (struct look){.again = again};
	error = ltr__reader_init(&look->reader, again->reach->process);
	look->reader.sieve = sieve;
	look->reader.walk.ops = &ops;
	look->reader.walk.context = look;
	look->pagemap = ltr__pagemap_open(again->reach->process);
	return error;
}

static void look_done(struct look *look)
{
	atomic_fetch_add(&look->again->read_bytes, look->reader.read_bytes);
	if (look->pagemap >= 0)
		close(look->pagemap);
	ltr__reach_drop(look->pending.words, look->pending.capacity, sizeof(*look->pending.words));
	ltr__reader_done(&look->reader);
}

void ltr__again_look_at(struct ltr__again *again, struct ltr__again_part *part)
{
	struct look look;

	part->error = look_init(&look, again);
	if (!part->error)
		read_part(&look, part);
	look_done(&look);
}

void ltr__again_look(struct ltr__again *again)
{
	struct look look;
	int error = look_init(&look, again);
	size_t i;

	while ((i = atomic_fetch_add(&again->next, 1)) < again->part_count) {
		again->parts[i].error = error;
		if (!error)
			read_part(&look, &again->parts[i]);
	}
	look_done(&look);
}
