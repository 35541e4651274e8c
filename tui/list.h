/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_LIST_H
#define LOITER_TUI_LIST_H

/*
 * A list of which a window is on screen: rows, in which order, where the window stands, which row is
 * selected. Both lists of the screen (goroutines, groups) are one of these.
 *
 * A million rows are never sorted. Their order is a total one (key, text, id), so what has to be
 * known is found by counting and partitioning: the rank of the selected row is the number of rows
 * before it, and the window is the part between two order statistics. Only the window is sorted.
 *
 * The selection is an id. It stays with its row, and the row stays on its line of the screen, while
 * rows come, go and move. Only at the very top is it pinned to the place instead (LTR__DO_TOP), so
 * that a person can watch who is first.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "key.h"

struct ltr__row {
	uint64_t key;
	uint64_t id;
	uint32_t
		text; /* a number by which ltr__list.text finds a string; decides if keys are equal */
};

typedef const char *ltr__list_text(const void *context, uint32_t text);

/* Rows in the making, or those that are shown. */
struct ltr__rows {
	struct ltr__row *rows;
	size_t count;
	size_t capacity;
	bool descending;
	ltr__list_text *text; /* NULL: keys alone decide */
	const void *context;
};

struct ltr__list {
	struct ltr__rows shown;
	struct ltr__rows next; /* from begin to end */

	struct ltr__row selected; /* good if has_selected */
	bool has_selected;
	bool is_pinned;
	size_t rank;  /* of the selected row */
	size_t first; /* rank of the first row on screen */
	size_t height;
	size_t sorted_from; /* rows [from, to) are known to be in place */
	size_t sorted_to;
};

void ltr__list_done(struct ltr__list *list);

/*
 * Renewal: begin, add all rows, end. Until the end the list goes on with the rows that it has, so it
 * may be spread over several frames. `expected`: how many rows there may be.
 */
void ltr__list_begin(struct ltr__list *list, bool descending, ltr__list_text *text,
		     const void *context, size_t expected);
int ltr__list_add(struct ltr__list *list, struct ltr__row row);
void ltr__list_end(struct ltr__list *list);

/* Put the rows of a window of `height` in place: shown.rows[first .. first + height), as far as
 * there are so many. */
void ltr__list_window(struct ltr__list *list, int height);

/* The selection moves as an action says; `line` is that of a click. False: not an action of lists. */
bool ltr__list_act(struct ltr__list *list, enum ltr__action action, int line);

/* Select a row that is in the list. */
void ltr__list_select(struct ltr__list *list, struct ltr__row row);

/*
 * Search: begin, offer every row that matches, end. Selects the next one behind (before) the
 * selection, or, if there is none, the first (last) of all. Returns false if nothing matched.
 */
struct ltr__list_search {
	struct ltr__list *list;
	bool forward;
	bool has_next;
	bool has_first;
	struct ltr__row next;
	struct ltr__row first;
};

struct ltr__list_search ltr__list_search_begin(struct ltr__list *list, bool forward);
void ltr__list_search_offer(struct ltr__list_search *search, struct ltr__row row);
bool ltr__list_search_end(struct ltr__list_search *search);

/* The key of a text that sorts as the text does, as far as its first 8 bytes. */
uint64_t ltr__list_text_key(const char *text);

#endif
