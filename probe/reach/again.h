/* SPDX-License-Identifier: MIT */
#ifndef LOITER_REACH_AGAIN_H
#define LOITER_REACH_AGAIN_H

/*
 * What again.c and look.c share. again.c cuts memory into parts, and puts together what was found in
 * them; a look reads them, one after the other, in a thread of its own.
 */

#include <stdatomic.h>

#include "writes.h"

#define LTR__HOT_SHIFT       26u /* of addresses, to chunks */
#define LTR__HOT_CHUNK_WORDS ((1u << LTR__HOT_SHIFT) / LTR__PAGE_BYTES / 64)

/* A word in a block that was not reached. */
struct ltr__inner {
	uint32_t block;
	uint64_t word;
};

struct ltr__words_found {
	uint64_t *words;
	uint32_t count;
	uint32_t capacity;
};

struct ltr__again_part {
	const struct ltr__area *area;
	uint64_t from; /* offsets in the area; of block headers, but for the first and the end */
	uint64_t stop; /* UINT64_MAX: to the end */
	bool as_root;
	int error;
	uint64_t unknown_bytes;
	struct ltr__words_found leads;   /* words of what is outside */
	struct ltr__words_found mallocs; /* the same, of malloc()'s own variables */
	struct ltr__inner *inners;       /* in order of blocks */
	uint32_t inner_count;
	uint32_t inner_capacity;
};

/*
 * Pages that a word has to lead to, to be of interest: a bit for each, in chunks, of which only those
 * exist that have any.
 */
struct ltr__hot {
	uint64_t low;
	uint64_t span;    /* addresses from `low` on */
	uint32_t *chunks; /* by chunk of addresses: its place in `bits`, in chunks; 0: none */
	uint64_t *bits;
	uint32_t chunk_count;
	uint32_t chunk_capacity;
};

static inline bool ltr__is_hot(const struct ltr__hot *hot, uint64_t address)
{
	uint64_t offset = address - hot->low;
	uint32_t chunk = hot->chunks[offset >> LTR__HOT_SHIFT];
	uint32_t page = (uint32_t)(offset % (1u << LTR__HOT_SHIFT) / LTR__PAGE_BYTES);

	return ltr__bit(hot->bits + (size_t)chunk * LTR__HOT_CHUNK_WORDS, page);
}

/* hot.c. Everything that was not reached; -ENOMEM. */
int ltr__hot_init(struct ltr__hot *hot, const struct ltr_reach *reach);
void ltr__hot_done(struct ltr__hot *hot);

/* By block of the first reading, a bit each. */
struct ltr__known {
	uint64_t *frees; /* nobody had it */
	uint64_t *skips; /* of these, those that were no blocks of malloc() */
	uint64_t *roots;
};

struct ltr__again {
	struct ltr_reach *reach; /* the first reading */
	struct ltr__areas areas; /* as they are now; their bases are those of the first reading */
	uint32_t *limits;        /* by area: where the numbers of its granules ended then; or 0 */
	struct ltr__hot hot;
	_Atomic uint64_t *same;        /* a bit for each guessed block that is still there */
	struct ltr__again_part *parts; /* in order of addresses */
	size_t part_count;
	size_t part_capacity;
	_Atomic size_t next; /* part that nobody has taken */
	_Atomic uint64_t read_bytes;
	bool read;                /* there is something to mark in, or to look at */
	struct ltr__saved *saved; /* what is to be looked at, or NULL: it was looked at already */
	struct ltr__known known;
};

/* look.c: reads parts until none is left. Errors are in the parts. */
void ltr__again_look(struct ltr__again *again);
/* Only this one. */
void ltr__again_look_at(struct ltr__again *again, struct ltr__again_part *part);

/*
 * saved.c. Copy what has to be looked at; areas learn whether they are watched. -EFBIG: too much to be
 * copied; -ENOMEM, -ESRCH.
 */
int ltr__saved_new(struct ltr__again *again);
struct ltr__saved *ltr__saved_free(struct ltr__saved *saved); /* takes NULL; returns NULL */
/* The walk has begun: all pages of its area come by, from the copies or as they were known. */
int ltr__saved_run(const struct ltr__again *again, struct ltr__reader *reader);

/* bridge.c */
int ltr__known_init(struct ltr__known *known, const struct ltr__graph *graph);
void ltr__known_done(struct ltr__known *known);

struct ltr__bridge {
	const struct ltr__again *again;
	bool told; /* words of this block, when the walk was here */
	uint32_t told_block;
	uint64_t told_next;
};

/*
 * The walk of a watched area goes through the pages in [from, to), of which none was written to, or is
 * there. -EBADMSG: it does not fit.
 */
int ltr__bridge(struct ltr__bridge *bridge, struct ltr__walk *walk, uint64_t from, uint64_t to);

#endif
