/* SPDX-License-Identifier: MIT */
/*
 * The pages in which anything lies that was not reached, and all stacks; the header behind a block, and
 * the place just behind an area, are taken for the block's.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "again.h"

static int warm(struct ltr__hot *hot, uint64_t address)
{
	uint64_t offset = address - hot->low;
	uint32_t *chunk = &hot->chunks[offset >> LTR__HOT_SHIFT];
	uint32_t page = (uint32_t)(offset % (1u << LTR__HOT_SHIFT) / LTR__PAGE_BYTES);
	size_t bytes = LTR__HOT_CHUNK_WORDS * sizeof(*hot->bits);

	if (!*chunk) {
		int error =
			ltr__reach_grow(&hot->bits, &hot->chunk_capacity, hot->chunk_count, bytes);

		if (error)
			return error;
		*chunk = hot->chunk_count++;
		memset(hot->bits + (size_t)*chunk * LTR__HOT_CHUNK_WORDS, 0, bytes);
	}
	ltr__bit_set(hot->bits + (size_t)*chunk * LTR__HOT_CHUNK_WORDS, page);
	return 0;
}

/* All pages of [from, to], as far as words are looked at that lead there. */
static int warm_range(struct ltr__hot *hot, uint64_t from, uint64_t to)
{
	int error = 0;

	from &= ~(uint64_t)(LTR__PAGE_BYTES - 1);
	for (; from <= to && from - hot->low < hot->span && !error; from += LTR__PAGE_BYTES)
		error = warm(hot, from);
	return error;
}

/* Blocks come in the order of areas. */
static int warm_blocks(struct ltr__hot *hot, const struct ltr_reach *reach,
		       const struct ltr__area *area, uint32_t *block)
{
	const struct ltr__graph *graph = &reach->graph;
	uint32_t limit = area->base + (uint32_t)((area->end - area->start) / LTR__GRANULE);
	int error = 0;

	for (; *block < graph->block_count && graph->blocks[*block].granule < limit && !error;
	     ++*block) {
		uint32_t granule = graph->blocks[*block].granule;
		uint32_t end = limit;

		if (ltr__bit(graph->marks, *block) || granule < area->base)
			continue;
		if (*block + 1 < graph->block_count && graph->blocks[*block + 1].granule < limit)
			end = graph->blocks[*block + 1].granule;
		error = warm_range(hot,
				   area->start + (uint64_t)(granule - area->base) * LTR__GRANULE,
				   area->start + (uint64_t)(end - area->base) * LTR__GRANULE);
	}
	return error;
}

int ltr__hot_init(struct ltr__hot *hot, const struct ltr_reach *reach)
{
	uint32_t block = 0;
	int error;

	*hot = (struct ltr__hot){.low = reach->low & ~(uint64_t)(LTR__PAGE_BYTES - 1)};
	hot->span = reach->low + reach->bytes - hot->low;
	hot->chunks = calloc((hot->span >> LTR__HOT_SHIFT) + 1, sizeof(*hot->chunks));
	if (!hot->chunks)
		return -ENOMEM;
	/* The first chunk is what all others lead to: nothing is hot there. */
	error = ltr__reach_grow(&hot->bits, &hot->chunk_capacity, 0,
				LTR__HOT_CHUNK_WORDS * sizeof(*hot->bits));
	if (error)
		return error;
	memset(hot->bits, 0, LTR__HOT_CHUNK_WORDS * sizeof(*hot->bits));
	hot->chunk_count = 1;
	for (size_t i = 0; i < reach->areas.count && !error; i++) {
		const struct ltr__area *area = &reach->areas.area[i];

		if (area->kind == LTR__AREA_STACKS)
			error = warm_range(hot, area->start, area->end);
		else if (area->kind == LTR__AREA_MEMORY)
			error = warm_blocks(hot, reach, area, &block);
	}
	return error;
}

void ltr__hot_done(struct ltr__hot *hot)
{
	free(hot->chunks);
	ltr__reach_drop(hot->bits, hot->chunk_capacity, LTR__HOT_CHUNK_WORDS * sizeof(*hot->bits));
}
