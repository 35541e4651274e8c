/* SPDX-License-Identifier: MIT */
#ifndef LOITER_REACH_PRIVATE_H
#define LOITER_REACH_PRIVATE_H

/*
 * What the files of this folder share:
 *
 *   areas.c    which memory the process has, less what is left out; what of it is there
 *   copy.c     the copy, of areas and of stacks
 *   chunks.c   where malloc()'s blocks are in an area
 *   mark.c     marking
 *   threads.c  threads, and stopping them
 *
 * An area of addresses is copied to `copy`, at the same distances; what was not there is zero.
 */

#include "reach.h"

#define LTR__PAGE_BYTES  4096u
#define LTR__PAGE_SHIFT  12
#define LTR__GRANULE     16u /* blocks of malloc() are aligned to that */
#define LTR__GRANULES    (LTR__PAGE_BYTES / LTR__GRANULE)
#define LTR__CHUNKED_MAX (1ull << 36) /* bytes of an area with blocks: granules have 32 bits */

enum ltr__area_kind {
	LTR__AREA_ROOT,   /* all words count */
	LTR__AREA_BLOCKS, /* blocks count when they are reached */
	LTR__AREA_STACKS, /* of goroutines; not copied here */
};

/* What a mapping is said to be, before somebody has looked. */
enum ltr__area_guess {
	LTR__GUESS_DATA,  /* of a file, or the stack of the first thread */
	LTR__GUESS_HEAP,  /* what sbrk() gives */
	LTR__GUESS_OTHER, /* no name: perhaps malloc()'s, perhaps anything */
};

struct ltr__area {
	uint64_t start; /* page-aligned, as is end */
	uint64_t end;
	enum ltr__area_kind kind;
	enum ltr__area_guess guess;
	bool of_file; /* pages that are the file's own have never been written to */
	bool known;   /* it is known what it is */
	unsigned char *copy;

	/* With blocks: a bit for each granule. A free block is there, and marked from the start. */
	uint64_t *starts;
	uint64_t *marks;
	uint32_t
		*page_first; /* by page: the granule of the last block that begins before it, + 1 */
};

struct ltr__areas {
	struct ltr__area *area; /* in order of addresses, none overlaps */
	size_t count;
	size_t capacity;
};

/* A part of a stack, or words that came from elsewhere. */
struct ltr__part {
	uint64_t id; /* the goroutine; 0: a root in any case */
	uint64_t address;
	unsigned char *bytes;
	size_t count; /* of bytes */
};

/* Pages that were there when the areas were copied. */
struct ltr__run {
	uint64_t from;
	uint64_t to;
};

struct ltr_reach {
	const struct ltr_process *process;
	uint64_t most_bytes;
	struct ltr__areas areas;
	unsigned char *copies; /* one mapping for all areas */
	uint64_t copies_bytes;
	struct ltr__run *runs; /* in order of addresses; each was in one area */
	size_t run_count;
	size_t run_capacity;
	struct ltr__part *parts;
	size_t part_count;
	size_t part_capacity;
	unsigned char **buffers; /* what the parts point into */
	size_t buffer_count;
	struct ltr_reach_facts facts;
};

/* areas.c */
int ltr__areas_read(const struct ltr_process *process, const struct ltr_reach_region *skip,
		    size_t skip_count, struct ltr__areas *ret_areas, struct ltr_why *why);
void ltr__areas_done(struct ltr__areas *areas);

/* Split off what lies from `at` on, as a new area behind it. The index stays good. */
int ltr__areas_split(struct ltr__areas *areas, size_t index, uint64_t at);

/*
 * Calls `each` for every run of pages in [start, end) that is there, until one returns not 0.
 * `of_file`: without pages that are a file's own. `pagemap`: its descriptor, or -1: all are there.
 */
int ltr__pages_each(int pagemap, uint64_t start, uint64_t end, bool of_file,
		    int (*each)(void *context, uint64_t from, uint64_t to), void *context);
int ltr__pagemap_open(const struct ltr_process *process);

/*
 * chunks.c: finds the blocks of the area, which was copied, and makes it one of LTR__AREA_BLOCKS; may
 * split it. What cannot be walked stays as it is. 0 or -ENOMEM.
 */
int ltr__chunks_find(struct ltr_reach *reach, size_t index);

/* The size of the block that begins at the granule. */
uint64_t ltr__chunk_bytes(const struct ltr__area *area, uint32_t granule);

/* The granule at which the block begins that has this granule, or UINT32_MAX. */
uint32_t ltr__chunk_start(const struct ltr__area *area, uint32_t granule);

/* copy.c: the bytes stay the caller's, or are in one of reach->buffers. */
int ltr__part_add(struct ltr_reach *reach, const struct ltr__part *part);

/* Where the used part of its stack begins; 0: not known, or it has none. */
uint64_t ltr__stack_used_from(const struct ltr_reach_goroutine *goroutine);

static inline bool ltr__bit(const uint64_t *bits, uint32_t number)
{
	return bits[number / 64] >> number % 64 & 1;
}

static inline void ltr__bit_set(uint64_t *bits, uint32_t number)
{
	bits[number / 64] |= 1ull << number % 64;
}

#endif
