/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_FILTER_TERM_H
#define LOITER_TUI_FILTER_TERM_H

/*
 * The parsed filter, between filter_parse.c, which makes it, and filter.c, which asks it.
 */

#include "filter.h"

enum ltr__filter_field {
	LTR__FIELD_TEXT,
	LTR__FIELD_STATE,
	LTR__FIELD_REASON,
	LTR__FIELD_AGE,
	LTR__FIELD_FUNCTION,
	LTR__FIELD_WHERE,
	LTR__FIELD_CREATOR,
	LTR__FIELD_NAME,
	LTR__FIELD_LABEL,
	LTR__FIELD_IS,
	LTR__FIELD_ID,
	LTR__FIELD_PARENT,
	LTR__FIELD_OBJECT,
	LTR__FIELD_STACK,
	LTR__FIELD_SITE,
	LTR__FIELD_LIFE,
	LTR__FIELD_MOVES,
};

enum ltr__comparison { LTR__GREATER, LTR__GREATER_OR_EQUAL, LTR__LESS, LTR__LESS_OR_EQUAL };

/* Under which kind of number a verdict is remembered. */
enum ltr__memo_of {
	LTR__MEMO_NAME,
	LTR__MEMO_SITE,
	LTR__MEMO_WHERE, /* by stack: its first frame */
	LTR__MEMO_STACK, /* by stack: all of it */
	LTR__MEMO_LABELS,
	LTR__MEMO_COUNT,
};

struct ltr__memo {
	uint8_t *verdicts;
	uint32_t capacity;
};

#define LTR__TERM_VALUES  8
#define LTR__FILTER_TERMS 16

/* A bit for each state or reason; what has a number beyond that matches no word. */
_Static_assert(LTR_STATE_COUNT <= 64 && LTR_REASON_COUNT <= 64, "sets of 64 bits");

struct ltr__term {
	enum ltr__filter_field field;
	enum ltr__comparison comparison; /* of what is compared */
	bool is_negated;
	bool is_digits; /* a bare word that could be part of an id */
	size_t value_count;
	char *values[LTR__TERM_VALUES]; /* in the filter's copy of the text; label: key, value */
	uint64_t numbers[LTR__TERM_VALUES];
	uint64_t states;  /* a bit for each */
	uint64_t reasons; /* a bit for each */
	struct ltr__memo memos[LTR__MEMO_COUNT];
};

struct ltr__filter {
	char text[LTR__FILTER_BYTES]; /* cut up by the parser */
	size_t term_count;
	struct ltr__term terms[LTR__FILTER_TERMS];
};

#endif
