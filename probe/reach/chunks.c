/* SPDX-License-Identifier: MIT */
/*
 * The blocks of malloc() in the GNU C library: each begins with its size, in which the lowest bits
 * say whether the block before it is in use (1), whether it has a mapping of its own (2) and whether
 * it belongs to another arena than the first (4). A block's bytes begin 16 behind and reach 8 into
 * the next one's header. Blocks fill
 *
 *   the heap that sbrk() gives, from its beginning to its end;
 *   heaps of other arenas, which are aligned to 64 MiB and begin with a header;
 *   mappings that are one block each.
 *
 * A walk counts only if it ends exactly where memory ends. Memory that does not fit is no heap, or
 * was just being changed: it is alive as a whole. Small blocks that were freed a moment ago are
 * kept by malloc() as if in use, and look like it.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "private.h"

#define PREVIOUS_IN_USE 1u
#define IS_MAPPED       2u
#define FLAGS           7u
#define LEAST           32u
#define HEAP_BYTES      (64ull << 20)
#define STATE_BYTES     2200u /* of an arena's state, behind the header of its first heap */
#define MAPPED_LEAST    (64u << 10)
#define GROWN_BYTES_MAX (1ull << 30)
#define FENCE_BYTES     64u /* a heap that was left behind ends with blocks of no size */

static uint64_t word_at(const struct ltr__area *area, uint64_t offset)
{
	uint64_t word;

	memcpy(&word, area->copy + offset, sizeof(word));
	return word;
}

uint64_t ltr__chunk_bytes(const struct ltr__area *area, uint32_t granule)
{
	uint64_t offset = (uint64_t)granule * LTR__GRANULE;
	uint64_t length = area->end - area->start;
	uint64_t bytes = word_at(area, offset + 8) & ~(uint64_t)FLAGS;

	return bytes < length - offset ? bytes : length - offset;
}

uint32_t ltr__chunk_start(const struct ltr__area *area, uint32_t granule)
{
	uint32_t first = granule / LTR__GRANULES * LTR__GRANULES / 64;

	for (uint32_t at = granule / 64;; at--) {
		uint64_t bits = area->starts[at];

		if (at == granule / 64)
			bits &= ~0ull >> (63 - granule % 64);
		if (bits)
			return at * 64 + 63 - (uint32_t)__builtin_clzll(bits);
		if (at == first)
			return area->page_first[granule / LTR__GRANULES] - 1;
	}
}

static int make_maps(struct ltr__area *area)
{
	uint64_t granules = (area->end - area->start) / LTR__GRANULE;

	area->starts = calloc(granules / 64 + 1, sizeof(uint64_t));
	area->marks = calloc(granules / 64 + 1, sizeof(uint64_t));
	area->page_first = calloc(granules / LTR__GRANULES + 1, sizeof(uint32_t));
	return area->starts && area->marks && area->page_first ? 0 : -ENOMEM;
}

static void drop_maps(struct ltr__area *area)
{
	free(area->starts);
	free(area->marks);
	free(area->page_first);
	area->starts = area->marks = NULL;
	area->page_first = NULL;
}

/* A block of [offset, offset + bytes), in use or free. */
static void note_block(struct ltr__area *area, uint64_t offset, uint64_t bytes, bool free)
{
	uint32_t granule = (uint32_t)(offset / LTR__GRANULE);
	uint64_t page = offset / LTR__PAGE_BYTES + 1;

	ltr__bit_set(area->starts, granule);
	if (free)
		ltr__bit_set(area->marks, granule);
	for (; page * LTR__PAGE_BYTES < offset + bytes; page++)
		area->page_first[page] = granule + 1;
}

/* The heap may have grown since we asked where it ends: then its last block ends further on. */
static bool has_grown(uint64_t bytes, uint64_t left, uint64_t end)
{
	return bytes > left && bytes - left <= GROWN_BYTES_MAX &&
	       (end + (bytes - left)) % LTR__PAGE_BYTES == 0;
}

/* What is left belongs to nobody yet, or was given out a moment ago: a root. */
static bool keep_rest(struct ltr_reach *reach, struct ltr__area *area, uint64_t offset)
{
	uint64_t left = area->end - area->start - offset;
	const struct ltr__part part = {
		.address = area->start + offset, .bytes = area->copy + offset, .count = left};

	note_block(area, offset, left, true);
	return ltr__part_add(reach, &part) == 0;
}

/* Walk from `offset` to the end of the area. The last block is the rest that nobody was given yet. */
static bool walk(struct ltr_reach *reach, struct ltr__area *area, uint64_t offset)
{
	uint64_t length = area->end - area->start;

	while (offset + LEAST <= length) {
		uint64_t head = word_at(area, offset + 8);
		uint64_t bytes = head & ~(uint64_t)FLAGS;
		uint64_t next;

		if (bytes <= 16 && length - offset <= FENCE_BYTES && (head & PREVIOUS_IN_USE)) {
			note_block(area, offset, length - offset, true);
			return true;
		}
		if (has_grown(bytes, length - offset, area->end) && !(head & (FLAGS & ~1u)))
			return keep_rest(reach, area, offset);
		if (bytes < LEAST || bytes % LTR__GRANULE || bytes > length - offset ||
		    (head & IS_MAPPED))
			return false;
		next = offset + bytes;
		if (length - next < 16) {
			/* Whatever the last one is, nobody was given it. */
			note_block(area, offset, bytes, true);
			return next == length || length - next < LTR__GRANULE;
		}
		note_block(area, offset, bytes, !(word_at(area, next + 8) & PREVIOUS_IN_USE));
		offset = next;
	}
	/* Less than a block is left: only what a fence leaves. */
	return length - offset <= FENCE_BYTES;
}

static int find_in_heap(struct ltr_reach *reach, size_t index)
{
	struct ltr__area *area = &reach->areas.area[index];

	if (make_maps(area))
		return -ENOMEM;
	if (walk(reach, area, 0)) {
		area->kind = LTR__AREA_BLOCKS;
		area->known = true;
	} else {
		drop_maps(area);
		reach->facts.broken_heaps++;
	}
	return 0;
}

/* Is there a heap of another arena? Returns the offset of its first block, or 0. */
static uint64_t arena_heap(const struct ltr__area *area, uint64_t *ret_bytes)
{
	uint64_t length = area->end - area->start;
	uint64_t arena, bytes, header;

	if (area->start % HEAP_BYTES || length < LTR__PAGE_BYTES)
		return 0;
	arena = word_at(area, 0);
	bytes = word_at(area, 16);
	if (bytes < LTR__PAGE_BYTES || bytes % LTR__PAGE_BYTES || bytes > length ||
	    bytes > HEAP_BYTES || word_at(area, 24) < bytes || word_at(area, 24) > HEAP_BYTES)
		return 0;
	*ret_bytes = bytes;
	/* The header has become longer in glibc 2.35: it has the size of a page then. */
	header = word_at(area, 32) == LTR__PAGE_BYTES && word_at(area, 40) == 0 ? 48 : 32;
	if (arena == area->start + header)
		return (header + STATE_BYTES + LTR__GRANULE - 1) & ~(uint64_t)(LTR__GRANULE - 1);
	/* Another heap of the arena, which begins its first one. */
	if (arena % HEAP_BYTES != header || arena - header == area->start)
		return 0;
	return header;
}

static int find_in_arena(struct ltr_reach *reach, size_t index, uint64_t first, uint64_t bytes)
{
	struct ltr__area *area = &reach->areas.area[index];
	int error;

	if (area->start + bytes < area->end) {
		error = ltr__areas_split(&reach->areas, index, area->start + bytes);
		if (error)
			return error;
		area = &reach->areas.area[index];
	}
	if (make_maps(area))
		return -ENOMEM;
	if (walk(reach, area, first)) {
		area->kind = LTR__AREA_BLOCKS;
		area->known = true;
	} else {
		drop_maps(area);
		reach->facts.broken_heaps++;
	}
	return 0;
}

/* A mapping that is one block, at the beginning of the area. */
static int find_mapped(struct ltr_reach *reach, size_t index)
{
	struct ltr__area *area = &reach->areas.area[index];
	uint64_t head = word_at(area, 8);
	uint64_t bytes = head & ~(uint64_t)FLAGS;
	int error;

	if (word_at(area, 0) != 0 || (head & FLAGS) != IS_MAPPED || bytes % LTR__PAGE_BYTES ||
	    bytes < MAPPED_LEAST || bytes > area->end - area->start)
		return 0;
	if (area->start + bytes < area->end) {
		error = ltr__areas_split(&reach->areas, index, area->start + bytes);
		if (error)
			return error;
		area = &reach->areas.area[index];
	}
	if (make_maps(area))
		return -ENOMEM;
	note_block(area, 0, bytes, false);
	area->kind = LTR__AREA_BLOCKS;
	area->known = true;
	return 0;
}

/* What comes first may be anybody's; a heap of an arena may begin further on. */
static int split_before_arena(struct ltr_reach *reach, size_t index)
{
	struct ltr__area *area = &reach->areas.area[index];
	uint64_t at = (area->start + HEAP_BYTES) & ~(HEAP_BYTES - 1);

	for (; at < area->end; at += HEAP_BYTES) {
		struct ltr__area tail = *area;
		uint64_t bytes;

		tail.start = at;
		tail.copy += at - area->start;
		if (arena_heap(&tail, &bytes))
			return ltr__areas_split(&reach->areas, index, at);
	}
	return 0;
}

int ltr__chunks_find(struct ltr_reach *reach, size_t index)
{
	struct ltr__area *area = &reach->areas.area[index];
	uint64_t first, bytes;
	int error;

	if (area->kind != LTR__AREA_ROOT || area->end - area->start > LTR__CHUNKED_MAX)
		return 0;
	if (area->guess == LTR__GUESS_HEAP)
		return find_in_heap(reach, index);
	if (area->guess != LTR__GUESS_OTHER)
		return 0;
	first = arena_heap(area, &bytes);
	if (first)
		return find_in_arena(reach, index, first, bytes);
	error = find_mapped(reach, index);
	if (error || reach->areas.area[index].kind == LTR__AREA_BLOCKS)
		return error;
	return split_before_arena(reach, index);
}
