/* SPDX-License-Identifier: MIT */
#ifndef LOITER_REACH_AGAIN_H
#define LOITER_REACH_AGAIN_H

/*
 * What again.c and look.c share. again.c cuts memory into parts, and puts together what was found in
 * them; a look reads them, one after the other, in a thread of its own.
 */

#include <stdatomic.h>

#include "private.h"

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

struct ltr__again {
	struct ltr_reach *reach; /* the first reading */
	struct ltr__areas areas; /* as they are now; their bases are those of the first reading */
	uint32_t *limits;        /* by area: where the numbers of its granules ended then; or 0 */
	uint64_t *hot;           /* a bit for each page in which a guessed block lies */
	_Atomic uint64_t *same;  /* a bit for each guessed block that is still there */
	struct ltr__again_part *parts; /* in order of addresses */
	size_t part_count;
	size_t part_capacity;
	_Atomic size_t next; /* part that nobody has taken */
	_Atomic uint64_t read_bytes;
};

/* look.c: reads parts until none is left. Errors are in the parts. */
void ltr__again_look(struct ltr__again *again);
/* Only this one. */
void ltr__again_look_at(struct ltr__again *again, struct ltr__again_part *part);

#endif
