/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_KNOTS_H
#define LOITER_TUI_KNOTS_H

/*
 * Who waits for whom: goroutines wait on objects, and some objects (locks) are held by goroutines, which
 * may wait in turn. Counted as objects are (object.h), then laid out as rows of a tree: whoever keeps
 * others waiting stands above them. Cycles come first, then whoever has most goroutines behind him.
 *
 * Work and memory are bounded whatever the program is: LTR__KNOTS_ROWS rows at most, of each object a few of
 * those who wait on it, and no deeper than LTR__KNOTS_DEPTH; what is left out is counted in rows of its own.
 */

#include "object.h"

#define LTR__KNOTS_ROWS  1000
#define LTR__KNOTS_DEPTH 12
#define LTR__KNOTS_FEW   4

enum ltr__knots_kind {
	LTR__KNOTS_CYCLE, /* a heading: a cycle of `more` goroutines */
	LTR__KNOTS_MEMBER, /* a goroutine of the cycle, which holds what the one before it waits on */
	LTR__KNOTS_ON,     /* the object that it waits on */
	LTR__KNOTS_CLOSE, /* the first goroutine of the cycle once more: here it closes */
	LTR__KNOTS_GOROUTINE,
	LTR__KNOTS_OBJECT,
	/* `more` who also wait on the object; or, at depth 0, so many trees besides (0: part of one) that
	 * there is no room for */
	LTR__KNOTS_REST,
};

struct ltr__knots_row {
	enum ltr__knots_kind kind;
	uint8_t depth;
	bool is_last;    /* of its parent's children */
	bool is_reading; /* OBJECT, MEMBER: held for reading */
	bool is_in_rail; /* between the members of a cycle */
	uint16_t rails;  /* a bit for each depth at which a line goes on */
	uint64_t id;     /* of a goroutine */
	uint64_t more;   /* a count; of an OBJECT: how many wait on it and behind */
	struct ltr__object object;
};

struct ltr__few {
	uint64_t ids[LTR__KNOTS_FEW];
};

struct ltr__knots {
	struct ltr__objects objects; /* in the making */
	struct ltr__few *few;        /* by object: some who wait on it */
	uint32_t few_capacity;
	struct ltr__knots_row *rows; /* those that are shown */
	size_t row_count;
	size_t cycles;
};

void ltr__knots_done(struct ltr__knots *graph);

/* Counting, as of objects; rows stay as they are. -ENOMEM. */
void ltr__knots_begin(struct ltr__knots *graph, uint64_t expected);
int ltr__knots_add(struct ltr__knots *graph, const struct ltr_goroutine *goroutine);

/* New rows of what was counted; first those with goroutine `wanted` (0: nobody's). -ENOMEM. */
int ltr__knots_end(struct ltr__knots *graph, const struct ltr__moment *moment, uint64_t wanted);

#endif
