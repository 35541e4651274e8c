/* SPDX-License-Identifier: MIT */
#ifndef LOITER_REACH_PRIVATE_H
#define LOITER_REACH_PRIVATE_H

/*
 * What the files of this folder share:
 *
 *   areas.c    which memory the process has, less what is left out; what of it is there
 *   read.c     reading areas, a piece at a time
 *   again.c    reading them again, for references to what was not reached; look.c: a part of it;
 *              hot.c: where that lies
 *   writes.c   which pages were written to meanwhile; borrow.c: a descriptor for that
 *   pinned.c   whether pages can be written to without being noted
 *   saved.c    copies of those; bridge.c: what the first reading knows of the others
 *   scan.c     which words of a piece may lead somewhere
 *   stacks.c   copies of stacks
 *   memory.c   arrays that grow
 *   blocks.c   where malloc()'s blocks are, as their words come by
 *   graph.c    what is kept of words: who refers to whom
 *   mark.c     marking
 *   threads.c  threads, and stopping them
 *
 * Memory is read once, in order, through a small buffer, and of its words only those are kept that
 * lead somewhere: a heap of a gigabyte is not copied, but becomes a graph of some megabytes. All
 * memory is cut into blocks, one behind the other: those of malloc(), and roots, which are reached in
 * any case.
 *
 * Places are numbered by granules of 16 bytes, area by area.
 */

#include <string.h>

#include "reach.h"

#define LTR__PAGE_BYTES 4096u
#define LTR__GRANULE    16u /* blocks of malloc() are aligned to that */
#define LTR__GRANULES   (LTR__PAGE_BYTES / LTR__GRANULE)
/* Tags in the highest bits are cut off: user space ends below. */
#define LTR__ADDRESS_MASK 0x00007fffffffffffull
#define LTR__GRANULES_MAX 0x80000000u /* of all areas; the upper half of edges is for stacks */
#define LTR__EDGE_STACK   0x80000000u /* the rest: an index in graph->stack_words */

enum ltr__area_kind {
	LTR__AREA_DATA,   /* a root; nothing leads there */
	LTR__AREA_MEMORY, /* perhaps blocks of malloc() */
	LTR__AREA_STACKS, /* of goroutines; not read here */
};

struct ltr__area {
	uint64_t start; /* page-aligned, as is end */
	uint64_t end;
	enum ltr__area_kind kind;
	bool is_heap;           /* what sbrk() gives */
	bool of_file;           /* pages that are the file's own have never been written to */
	bool known;             /* it is known what it is */
	bool of_data;           /* of a file, and written to by the process */
	bool of_malloc;         /* data of the C library: it has pointers to headers */
	bool of_nobody;         /* neither of a file nor shared */
	bool watched;           /* writes to it are noted (writes.h) */
	uint64_t unknown_bytes; /* of it, at the reading before */
	uint32_t
		base; /* the number of its first granule, a multiple of LTR__GRANULES; DATA has none:
			  it has that of the next area */
};

struct ltr__areas {
	struct ltr__area *area; /* in order of addresses, none overlaps */
	size_t count;
	size_t capacity;
	uint32_t granules; /* in all of them */
};

struct ltr__block {
	uint32_t granule; /* where it begins */
	uint32_t edge;    /* its edges are [edge, that of the next block) */
};

/* Where it was decided what follows, and until where that holds. */
struct ltr__reign {
	uint32_t granule;
	uint32_t until; /* UINT32_MAX: to the end of the area */
};

/* Who refers to whom. Blocks are in the order in which they were read, which is that of addresses. */
struct ltr__graph {
	struct ltr__block *blocks;
	uint32_t
		block_count; /* the one after the last is there, too, to end the last one's edges */
	uint32_t block_capacity;
	uint32_t *edges; /* granules, or LTR__EDGE_STACK */
	uint32_t edge_count;
	uint32_t edge_capacity;
	uint64_t *stack_words; /* addresses in stacks */
	uint32_t stack_word_count;
	uint32_t stack_word_capacity;
	uint32_t *roots; /* blocks */
	uint32_t root_count;
	uint32_t root_capacity;
	uint32_t
		*mallocs; /* roots, too, but malloc()'s: what they say of headers is no reference */
	uint32_t malloc_count;
	uint32_t malloc_capacity;
	uint32_t *frees; /* blocks that nobody has */
	uint32_t free_count;
	uint32_t free_capacity;
	uint32_t *skips; /* of these: those that are not malloc()'s to give out as they are */
	uint32_t skip_count;
	uint32_t skip_capacity;
	struct ltr__reign *reigns; /* in order of granules */
	uint32_t reign_count;
	uint32_t reign_capacity;
	bool keep;            /* edges of free blocks, too */
	uint32_t *page_first; /* by page: the block that has its first byte, + 1; 0: none */
	uint64_t *marks;      /* a bit for each block */
	uint64_t *firsts;     /* a bit for each block: its area begins with it */
};

/* A part of a stack, or words that came from elsewhere. */
struct ltr__part {
	uint64_t id;    /* the goroutine; 0: a root in any case */
	bool of_malloc; /* as in struct ltr__area */
	unsigned char *bytes;
	size_t count; /* of bytes */
};

struct ltr__buffer {
	unsigned char *at;
	size_t bytes;
};

struct ltr_reach {
	const struct ltr_process *process;
	uint64_t most_bytes;
	uint64_t copied_bytes; /* of stacks, in the buffers: at most so many */
	struct ltr__areas areas;
	struct ltr__graph graph;

	/* Where words may lead to; `last` is where one has led to. */
	struct ltr__area **targets;
	size_t target_count;
	const struct ltr__area *last;
	uint64_t low;
	uint64_t bytes;

	struct ltr__part *parts;
	size_t part_count;
	size_t part_capacity;
	struct ltr__buffer *buffers; /* what the parts point into */
	size_t buffer_count;
	struct ltr__buffer spare; /* zeros, in memory that was in use before; or nothing */
	struct ltr_reach_facts facts;
	struct ltr__again *again;   /* another reading, that was not marked in yet, or NULL */
	struct ltr__writes *writes; /* since the first reading; or NULL */
};

/*
 * memory.c. Make room for one more element of an array, which must come from here; large ones lie on
 * large pages where there are any, and are never copied.
 */
int ltr__reach_grow(void *array_pointer, uint32_t *capacity, uint32_t count, size_t element);
void ltr__reach_drop(void *array, uint32_t capacity, size_t element); /* takes NULL */

/*
 * scan.c. The offsets of the words in `bytes` that are in [low, low + span) without their tags, in
 * order. There is room for all words in ret_at; `bytes` is 8-aligned; returns how many.
 */
size_t ltr__scan(const unsigned char *bytes, size_t count, uint64_t low, uint64_t span,
		 uint32_t *ret_at);

/* areas.c */
int ltr__areas_read(const struct ltr_process *process, const struct ltr_reach_region *skip,
		    size_t skip_count, struct ltr__areas *ret_areas, struct ltr_why *why);
void ltr__areas_done(struct ltr__areas *areas);

/* The area that has the address, or NULL. */
const struct ltr__area *ltr__area_of(const struct ltr__areas *areas, uint64_t address);

/*
 * Calls `each` for every run of pages in [start, end) that is there, until one returns not 0.
 * `of_file`: without pages that are a file's own. `pagemap`: its descriptor, or -1: all are there.
 */
int ltr__pages_each(int pagemap, uint64_t start, uint64_t end, bool of_file,
		    int (*each)(void *context, uint64_t from, uint64_t to), void *context);
int ltr__pagemap_open(const struct ltr_process *process);

/* graph.c. Where words may lead to is known once areas are. */
int ltr__graph_begin(struct ltr_reach *reach);
void ltr__graph_done(struct ltr__graph *graph);
/* A word of the block that was begun last. */
int ltr__graph_word(struct ltr_reach *reach, uint64_t word);
int ltr__graph_block(struct ltr__graph *graph, uint32_t granule);
/* The block that was begun last is one; `of_malloc`: as in struct ltr__area. */
int ltr__graph_root(struct ltr__graph *graph, bool of_malloc);
/*
 * The block that was begun last has ended; nobody has it, and its words are forgotten, or kept where
 * nobody follows them. `skip`: as in struct ltr__walk.
 */
int ltr__graph_free(struct ltr__graph *graph, bool skip);
int ltr__graph_reign(struct ltr__graph *graph, uint32_t granule, uint32_t until);
/* After the last word: finds what lies where, and marks free blocks. */
int ltr__graph_end(struct ltr_reach *reach);
/* The block that has the granule, or UINT32_MAX. */
uint32_t ltr__graph_at(const struct ltr__graph *graph, uint32_t granule);

/* The number of what a word leads to; UINT32_MAX: nowhere. In a stack: LTR__EDGE_STACK and *ret. */
uint32_t ltr__reach_word(struct ltr_reach *reach, uint64_t word, uint64_t *ret_stack_address);

/* The last granule of an area, if the word points just behind it; else UINT32_MAX. */
uint32_t ltr__reach_end(struct ltr_reach *reach, uint64_t word);

#define LTR__PIECE_BYTES ((size_t)128 << 10) /* the most that comes by at once */

/* What a walk tells, of the block that was begun last. A block ends where the next one begins. */
struct ltr__walk_ops {
	int (*begin)(void *context, uint32_t granule);
	int (*word)(void *context, uint64_t word);
	int (*root)(void *context, bool of_malloc); /* it is one */
	int (*free)(void *context, bool skip); /* nobody has it: its words are to be forgotten */
	/* What follows is like that until there, as in struct ltr__reign; may be NULL. */
	int (*reign)(void *context, uint32_t granule, uint32_t until);
};

/*
 * blocks.c. The pages of an area come by in order of addresses, without those that are not there.
 * -EBADMSG: they do not fit; forget the area's blocks, and read it again as a root. Every area of
 * memory has a block at its beginning.
 */
struct ltr__walk {
	const struct ltr__walk_ops *ops;
	void *context;
	const struct ltr__area *area;
	uint64_t next;  /* offset of the next header; UINT64_MAX: none will come */
	uint64_t until; /* where the blocks end that follow each other; there it is decided anew */
	uint64_t stop;  /* the header that ends a part; UINT64_MAX: to the end of the area */
	bool as_root;   /* do not look for blocks */
	bool skip;      /* nobody has the block that was begun last */
	bool keep;      /* all words come by, also of what nobody has */
	bool in_root;   /* it is a root, and not of malloc() */
	bool any;       /* there is one */
	bool stopped;   /* at `stop` */
	uint64_t unknown_bytes;

	/* Of the pages that come by: words that may lead somewhere; whose walk it is finds them. */
	const uint32_t *hits; /* offsets, in order */
	size_t hit_count;
	size_t hit_at; /* those before were dealt with */
};

void ltr__walk_begin(struct ltr__walk *walk, const struct ltr__area *area, bool as_root);
/* Only the blocks that begin in [from, stop); headers must be there, and in the right place. */
void ltr__walk_begin_part(struct ltr__walk *walk, const struct ltr__area *area, uint64_t from,
			  uint64_t stop);
int ltr__walk_pages(struct ltr__walk *walk, uint64_t offset, const unsigned char *bytes,
		    size_t count);
int ltr__walk_end(struct ltr__walk *walk);

/* read.c: feeds a walk. */
struct ltr__reader {
	const struct ltr_process *process;
	struct ltr__walk walk;
	unsigned char *buffer;
	uint32_t *hits;
	/* Fills `hits` from so many bytes; returns how many. */
	size_t (*sieve)(struct ltr__reader *reader, const unsigned char *bytes, size_t count);
	uint64_t read_bytes;
};

int ltr__reader_init(struct ltr__reader *reader, const struct ltr_process *process);
void ltr__reader_done(struct ltr__reader *reader);
/* The walk has begun; the pages in [from, to) of its area come by. */
int ltr__reader_run(struct ltr__reader *reader, int pagemap, uint64_t from, uint64_t to);
/* Whole pages, that were read from `from`. */
int ltr__reader_feed(struct ltr__reader *reader, uint64_t from, const unsigned char *bytes,
		     size_t count);

/* again.c. The graph becomes that of another reading, if there was one. */
int ltr__again_end(struct ltr_reach *reach);
struct ltr__again *ltr__again_free(struct ltr__again *again); /* takes NULL; returns NULL */

/* stacks.c. Words that are roots. */
int ltr__part_add_words(struct ltr_reach *reach, const uint64_t *words, size_t count,
			bool of_malloc);
/* Forget all parts; some of their memory is kept, touched already, for others. */
void ltr__parts_forget(struct ltr_reach *reach);
void ltr__parts_done(struct ltr_reach *reach);

/* Where the used part of its stack begins; 0: not known, or it has none. */
uint64_t ltr__stack_used_from(const struct ltr_reach_goroutine *goroutine);

static inline bool ltr__begins_with(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static inline bool ltr__bit(const uint64_t *bits, uint32_t number)
{
	return bits[number / 64] >> number % 64 & 1;
}

static inline void ltr__bit_set(uint64_t *bits, uint32_t number)
{
	bits[number / 64] |= 1ull << number % 64;
}

#endif
