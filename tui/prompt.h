/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_PROMPT_H
#define LOITER_TUI_PROMPT_H

/*
 * The line at the foot of the screen in which a person types a filter or a text to search for.
 */

#include "filter.h"
#include "filter_values.h"
#include "grid.h"
#include "key.h"

struct ltr__prompt {
	bool is_open;
	enum ltr__action purpose; /* LTR__DO_FILTER or LTR__DO_SEARCH */
	char text[LTR__FILTER_BYTES];
	size_t cursor;                  /* a byte of text where a rune begins, or its end */
	char before[LTR__FILTER_BYTES]; /* what Escape brings back */
	char why[160];                  /* what is wrong with the text; "" if nothing is */

	/* Completion: what the text was when Tab was first pressed, and how often since. */
	char completed[LTR__FILTER_BYTES];
	size_t completions;
	struct ltr__filter_values values; /* what the program offers for that text */
};

enum ltr__prompt_result {
	LTR__PROMPT_SAME,
	LTR__PROMPT_EDITED,
	LTR__PROMPT_DONE,
	LTR__PROMPT_CANCELLED,
};

void ltr__prompt_open(struct ltr__prompt *prompt, enum ltr__action purpose, const char *text);

/* `moment`: the program that Tab asks for values; NULL: none. */
enum ltr__prompt_result ltr__prompt_key(struct ltr__prompt *prompt, uint32_t key,
					const struct ltr__moment *moment);
void ltr__prompt_draw(const struct ltr__prompt *prompt, struct ltr__area line);

#endif
