/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_GRID_H
#define LOITER_TUI_GRID_H

/*
 * The grid: a screen as cells, before any terminal sees it. All drawing happens through an area, a
 * rectangle of a grid, in coordinates that begin at its upper left corner; what lies outside is cut
 * off. So no view can write outside its own rectangle, whatever it computes.
 *
 * Texts are cleaned on the way in (rune.h). A wide rune takes two cells, the second of width 0; the
 * grid never holds half of one. Nothing in here allocates but ltr__grid_resize().
 */

#include <stdbool.h>
#include <stdint.h>

#include "style.h"

struct ltr__cell {
	uint32_t rune;     /* 0 in the second half of a wide one */
	uint32_t marks[2]; /* combining marks on it; 0: none */
	uint8_t width;     /* 1, 2, or 0 for the second half */
	uint8_t style;     /* enum ltr__style */
};

struct ltr__grid {
	int width;
	int height;
	bool ascii; /* let nothing but ASCII in */
	struct ltr__cell *cells;
};

#define LTR__GRID_MAX_WIDTH  2000
#define LTR__GRID_MAX_HEIGHT 1000

struct ltr__area {
	struct ltr__grid *grid;
	int x; /* of its upper left corner in the grid */
	int y;
	int width; /* never negative, never beyond the grid */
	int height;
};

/* Sizes are brought into 1 .. MAX; what has room stays. -ENOMEM leaves the grid as it was. */
int ltr__grid_resize(struct ltr__grid *grid, int width, int height);
void ltr__grid_done(struct ltr__grid *grid);
void ltr__grid_clear(struct ltr__grid *grid);
const struct ltr__cell *ltr__grid_at(const struct ltr__grid *grid, int x, int y);

/* One line as UTF-8, without the blanks at its end. Returns its bytes, at most `size` - 1. */
int ltr__grid_line(const struct ltr__grid *grid, int y, char *ret_text, int size);

struct ltr__area ltr__grid_area(struct ltr__grid *grid);

/* A part of an area, cut to what lies inside. */
struct ltr__area ltr__area_part(struct ltr__area area, int x, int y, int width, int height);

/* One rune. Returns the columns it took: 0 if it does not fit. */
int ltr__put(struct ltr__area area, int x, int y, enum ltr__style style, uint32_t rune);

/*
 * A text of at most `columns` columns. One that is longer is cut and ends in an ellipsis. Returns
 * the columns it took.
 */
int ltr__text(struct ltr__area area, int x, int y, int columns, enum ltr__style style,
	      const char *text);
int ltr__textf(struct ltr__area area, int x, int y, int columns, enum ltr__style style,
	       const char *format, ...) __attribute__((format(printf, 6, 7)));

/* The same, against the right edge of the `columns`. */
int ltr__text_right(struct ltr__area area, int x, int y, int columns, enum ltr__style style,
		    const char *text);

/* How many columns a text takes if nothing is cut. */
int ltr__text_columns(const struct ltr__grid *grid, const char *text);

/* `columns` times the same rune of width 1. */
void ltr__fill(struct ltr__area area, int x, int y, int columns, enum ltr__style style,
	       uint32_t rune);

/* Change the style of what is there. */
void ltr__restyle(struct ltr__area area, int x, int y, int columns, enum ltr__style style);

/* Mark where `text` (any case) occurs in a line. */
void ltr__mark_text(struct ltr__area area, int y, const char *text);

/*
 * A bar of `columns` cells of which part / whole are full; something that is not 0 is never empty.
 */
void ltr__bar(struct ltr__area area, int x, int y, int columns, enum ltr__style style,
	      uint64_t part, uint64_t whole);

#endif
