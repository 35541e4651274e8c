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
#include <string.h>

#include "private.h"

#define PREVIOUS_IN_USE 1u
#define IS_MAPPED       2u
#define FLAGS           7u
#define HEADER          16u
#define LEAST           32u
#define HEAP_BYTES      (64ull << 20)
#define STATE_BYTES     2200u /* of an arena's state, behind the header of its first heap */
#define MAPPED_LEAST    (64u << 10)
#define GROWN_BYTES_MAX (1ull << 30)
#define FENCE_BYTES     64u /* a heap that was left behind ends with blocks of no size */

static uint64_t word_at(const unsigned char *bytes, size_t offset)
{
	uint64_t word;

	memcpy(&word, bytes + offset, sizeof(word));
	return word;
}

static uint64_t length_of(const struct ltr__walk *walk)
{
	return walk->area->end - walk->area->start;
}

static int begin_block(struct ltr__walk *walk, uint64_t offset)
{
	uint32_t granule = walk->area->base;

	if (walk->area->kind == LTR__AREA_MEMORY)
		granule += (uint32_t)(offset / LTR__GRANULE);
	walk->any = true;
	walk->skip = walk->in_root = false;
	return walk->ops->begin(walk->context, granule);
}

/* It has no words from here on, and those that it had are forgotten. */
static int begin_free(struct ltr__walk *walk, uint64_t offset, uint64_t next)
{
	int error = begin_block(walk, offset);

	walk->skip = true;
	walk->next = next;
	return error ? error : walk->ops->free(walk->context, true);
}

/* It was decided at `offset` what follows until walk->until. */
static int begin_reign(const struct ltr__walk *walk, uint64_t offset)
{
	uint32_t base = walk->area->base;

	if (!walk->ops->reign || walk->area->kind != LTR__AREA_MEMORY)
		return 0;
	return walk->ops->reign(walk->context, base + (uint32_t)(offset / LTR__GRANULE),
				walk->until == UINT64_MAX
					? UINT32_MAX
					: base + (uint32_t)(walk->until / LTR__GRANULE));
}

/* --- what begins here? ---------------------------------------------------------------------- */

/* A heap of another arena: the distance to its first block, or 0. */
static uint64_t arena_heap(const struct ltr__walk *walk, uint64_t offset, const unsigned char *page,
			   uint64_t *ret_bytes)
{
	uint64_t start = walk->area->start + offset;
	uint64_t arena = word_at(page, 0);
	uint64_t bytes = word_at(page, 16);
	uint64_t allowed = word_at(page, 24);
	uint64_t header;

	if (start % HEAP_BYTES || bytes < LTR__PAGE_BYTES || bytes % LTR__PAGE_BYTES ||
	    bytes > HEAP_BYTES || allowed < bytes || allowed > HEAP_BYTES)
		return 0;
	/* It may have grown since we asked where memory ends: its last block ends further on (has_grown()). */
	if (bytes > length_of(walk) - offset)
		bytes = length_of(walk) - offset;
	/* The header has become longer in glibc 2.35: it has the size of a page then. */
	header = word_at(page, 32) == LTR__PAGE_BYTES && word_at(page, 40) == 0 ? 48 : 32;
	*ret_bytes = bytes;
	if (arena == start + header)
		return (header + STATE_BYTES + LTR__GRANULE - 1) & ~(uint64_t)(LTR__GRANULE - 1);
	/* Another heap of the arena, which begins its first one. */
	return arena % HEAP_BYTES == header ? header : 0;
}

static uint64_t mapped_block(const struct ltr__walk *walk, uint64_t offset,
			     const unsigned char *page)
{
	uint64_t head = word_at(page, 8);
	uint64_t bytes = head & ~(uint64_t)FLAGS;

	if (word_at(page, 0) != 0 || (head & FLAGS) != IS_MAPPED || bytes % LTR__PAGE_BYTES ||
	    bytes < MAPPED_LEAST || bytes > length_of(walk) - offset)
		return 0;
	return bytes;
}

/* Until the next place where a heap of an arena may begin. */
static int begin_root(struct ltr__walk *walk, uint64_t offset)
{
	uint64_t boundary = (walk->area->start + offset + HEAP_BYTES) & ~(HEAP_BYTES - 1);
	int error = begin_block(walk, offset);

	walk->next = UINT64_MAX;
	if (!walk->as_root && walk->area->kind == LTR__AREA_MEMORY && boundary < walk->area->end)
		walk->next = boundary - walk->area->start;
	walk->until = walk->next;
	walk->in_root = true;
	if (!error)
		error = begin_reign(walk, offset);
	return error ? error : walk->ops->root(walk->context, walk->area->of_malloc);
}

static int decide(struct ltr__walk *walk, const unsigned char *page)
{
	uint64_t offset = walk->next;
	uint64_t first, bytes;
	int error;

	if (walk->as_root || walk->area->kind != LTR__AREA_MEMORY)
		return begin_root(walk, offset);
	if (walk->area->is_heap) {
		walk->until = length_of(walk);
		return begin_reign(walk, offset);
	}
	first = arena_heap(walk, offset, page, &bytes);
	if (first) {
		walk->until = offset + bytes;
		error = begin_reign(walk, offset);
		return error ? error : begin_free(walk, offset, offset + first);
	}
	bytes = mapped_block(walk, offset, page);
	if (!bytes)
		return begin_root(walk, offset);
	error = begin_block(walk, offset);
	walk->next = walk->until = offset + bytes;
	return error ? error : begin_reign(walk, offset);
}

/* --- headers -------------------------------------------------------------------------------- */

/* Words of the block that was begun last, of the pages that come by. */
static int take_words(struct ltr__walk *walk, const unsigned char *pages, uint64_t from,
		      uint64_t to)
{
	int error = 0;

	while (walk->hit_at < walk->hit_count && walk->hits[walk->hit_at] < from)
		walk->hit_at++;
	while (walk->hit_at < walk->hit_count && walk->hits[walk->hit_at] < to && !error)
		error = walk->ops->word(walk->context, word_at(pages, walk->hits[walk->hit_at++]));
	return error;
}

/* The block before ends here: now it turns out whether anybody has it. */
static int end_previous(struct ltr__walk *walk, const unsigned char *pages, uint64_t at)
{
	bool in_use = word_at(pages, at + 8) & PREVIOUS_IN_USE;
	int error = 0;

	if (!walk->any)
		return 0;
	if (walk->keep || (in_use && !walk->skip))
		error = take_words(walk, pages, at, walk->keep ? at + HEADER : at + 8);
	if (error || walk->skip || in_use)
		return error;
	return walk->ops->free(walk->context, false);
}

/* The heap may have grown since we asked where it ends: then its last block ends further on. */
static bool has_grown(const struct ltr__walk *walk, uint64_t bytes, uint64_t left)
{
	uint64_t end = walk->area->start + walk->until;

	return bytes > left && bytes - left <= GROWN_BYTES_MAX &&
	       (end + (bytes - left)) % LTR__PAGE_BYTES == 0;
}

static int take_header(struct ltr__walk *walk, const unsigned char *pages, uint64_t at)
{
	uint64_t head = word_at(pages, at + 8);
	uint64_t bytes = head & ~(uint64_t)FLAGS;
	uint64_t offset = walk->next;
	uint64_t left = walk->until - offset;
	int error = end_previous(walk, pages, at);

	if (error)
		return error;
	/* What lies before the fence may have been given out, or not. */
	if (left <= FENCE_BYTES && (bytes == HEADER || (!bytes && (head & PREVIOUS_IN_USE))))
		return begin_free(walk, offset, walk->until);
	if (head & IS_MAPPED)
		return -EBADMSG;
	if (has_grown(walk, bytes, left)) {
		/* What is left is nobody's yet, or was given out a moment ago. */
		error = begin_block(walk, offset);
		walk->next = walk->until;
		return error ? error : walk->ops->root(walk->context, walk->area->of_malloc);
	}
	if (bytes < LEAST || bytes % LTR__GRANULE || bytes > left)
		return -EBADMSG;
	/* Whatever the last one is, nobody was given it. */
	if (bytes == left)
		return begin_free(walk, offset, walk->until);
	if (left - bytes < HEADER)
		return -EBADMSG;
	error = begin_block(walk, offset);
	walk->next = offset + bytes;
	return error;
}

/* --- pages ---------------------------------------------------------------------------------- */

void ltr__walk_begin(struct ltr__walk *walk, const struct ltr__area *area, bool as_root)
{
	*walk = (struct ltr__walk){
		.ops = walk->ops,
		.context = walk->context,
		.keep = walk->keep,
		.area = area,
		.stop = UINT64_MAX,
		.as_root = as_root,
	};
}

void ltr__walk_begin_part(struct ltr__walk *walk, const struct ltr__area *area, uint64_t from,
			  uint64_t stop)
{
	ltr__walk_begin(walk, area, false);
	walk->next = from;
	walk->stop = stop;
	if (from) {
		walk->until = length_of(walk);
		walk->any = walk->skip = true; /* what lies before is another part's */
	}
}

/* Something begins at walk->next, `at` in these pages: returns how much of it was taken. */
static int begin_next(struct ltr__walk *walk, const unsigned char *pages, uint64_t at,
		      uint64_t *ret_taken)
{
	bool decided = walk->next == walk->until;
	uint64_t offset = walk->next;
	int error = 0;

	*ret_taken = 0;
	if (offset == walk->stop) {
		walk->stopped = true;
		return end_previous(walk, pages, at);
	}
	if (decided)
		error = decide(walk, pages + at);
	if (error || walk->next == UINT64_MAX)
		return error;
	/* The first block of the heap begins where the heap does; others behind what was decided. */
	if (!decided || walk->next == offset) {
		error = take_header(walk, pages, at);
		*ret_taken = HEADER;
	}
	return error;
}

int ltr__walk_pages(struct ltr__walk *walk, uint64_t offset, const unsigned char *bytes,
		    size_t count)
{
	uint64_t first = offset;
	uint64_t end = offset + count;
	int error = 0;

	while (offset < end && !error && !walk->stopped) {
		uint64_t stop = walk->next < end ? walk->next : end;
		uint64_t taken;

		if (offset < walk->next) {
			if (!walk->skip || walk->keep)
				error = take_words(walk, bytes, offset - first, stop - first);
			if (walk->in_root && !walk->area->known)
				walk->unknown_bytes += stop - offset;
			offset = stop;
		} else if (offset == walk->next) {
			error = begin_next(walk, bytes, offset - first, &taken);
			offset += taken;
		} else if (walk->next == walk->until) {
			error = begin_root(walk, walk->next); /* its first page is not there */
		} else {
			error = -EBADMSG;
		}
		if (walk->next > walk->stop && walk->next != UINT64_MAX)
			error = -EBADMSG;
	}
	return error;
}

int ltr__walk_end(struct ltr__walk *walk)
{
	if (walk->stop != UINT64_MAX)
		return walk->stopped ? 0 : -EBADMSG;
	if (walk->next < walk->until && walk->next < length_of(walk))
		return -EBADMSG;
	return walk->any ? 0 : begin_free(walk, 0, UINT64_MAX);
}
