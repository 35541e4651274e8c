/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_COLUMN_H
#define LOITER_TUI_COLUMN_H

/*
 * Columns of a table, and how they share a width: as many as fit at their least widths, the most
 * important first; what is left over goes to those that want it.
 */

#include "view.h"

/* Goroutines and groups have tables; `item` is a goroutine or a group. */
struct ltr__column {
	const char *name; /* for options: --sort NAME */
	const char *heading;
	uint8_t importance; /* 1: the last to go on a narrow screen */
	uint8_t least;      /* widths */
	uint8_t wanted;
	uint8_t share;      /* of what is left when all have what they want; 0: none */
	bool is_extra;      /* only there if all others get what they want */
	bool is_right;      /* numbers stand to the right */
	bool is_descending; /* the direction that a person means first */

	/* For sorting. `ret_text`, if not 0 and keys are equal, is a number for `text`. */
	uint64_t (*key)(const struct ltr__scene *scene, const void *item, uint32_t *ret_text);
	ltr__list_text *text; /* its context is the census */

	/* Into an area of one line, as wide as the column. */
	void (*draw)(const struct ltr__scene *scene, const void *item, struct ltr__area area);
};

#define LTR__COLUMNS_MAX 16

struct ltr__table {
	const struct ltr__column *columns;
	size_t count;
	size_t sorted; /* index of the column that rows are sorted by */
	bool is_reversed;
	uint32_t chosen; /* a bit for each column that is to be there; 0: as many as fit */
	int id_width;    /* the first column holds numbers that get longer; it never shrinks */

	/* Set by ltr__table_fit(): where each column stands, width 0 if it is not there. */
	int x[LTR__COLUMNS_MAX];
	int width[LTR__COLUMNS_MAX];
};

/*
 * The columns that a list of names means, with commas between. Returns NULL, or where in the list
 * there is a name that is none.
 */
const char *ltr__columns_choose(const struct ltr__column *columns, size_t count, const char *names,
				uint32_t *ret_chosen);

void ltr__table_fit(struct ltr__table *table, int width);
void ltr__table_draw_heading(const struct ltr__table *table, struct ltr__area area);

/* One line: a mark at its left ('!' or ' '), then the columns. */
void ltr__table_draw_row(const struct ltr__table *table, const struct ltr__scene *scene,
			 const void *item, struct ltr__area line, bool is_unsure);
void ltr__table_draw_selected(struct ltr__area line);

struct ltr__row ltr__table_row(const struct ltr__table *table, const struct ltr__scene *scene,
			       const void *item, uint64_t id);
void ltr__table_begin(const struct ltr__table *table, const struct ltr__scene *scene,
		      struct ltr__list *list, size_t expected);

/* Actions on the sorting. False: not one of these. */
bool ltr__table_act(struct ltr__table *table, enum ltr__action action);
/*
 * What a click at (x, line) of the table's area means: to sort by a heading, to open the row that is
 * selected, or to select another one.
 */
enum ltr__action ltr__table_click(struct ltr__table *table, const struct ltr__list *list, int x,
				  int line);
int ltr__table_sort(struct ltr__table *table, const char *name);

#endif
