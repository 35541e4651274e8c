/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_CHART_H
#define LOITER_TUI_CHART_H

/*
 * Charts made of cells: a line of small bars, and columns of stacked parts. The newest value stands
 * at the right edge. In blocks of an eighth of a cell, or, on a grid of ASCII, in characters that get
 * denser; parts of a stack then are letters, so that they can be told apart without colours.
 */

#include "grid.h"

/* What there is nothing to say of; such a column stays empty. */
#define LTR__NO_VALUE (-1.0)

/*
 * The last `columns` of the values, one a column; `peak` fills a cell (0: the largest of them).
 * Something that is not 0 is never empty.
 */
void ltr__spark(struct ltr__area area, int x, int y, int columns, enum ltr__style style,
		const double *values, int count, double peak);

#define LTR__STACK_PARTS 16

/* How a part of a stack looks. */
struct ltr__stack_part {
	enum ltr__style style;
	char letter;
};

/* One column of stacked parts, the lowest first. */
struct ltr__stack_column {
	bool is_known;
	double part[LTR__STACK_PARTS];
};

/*
 * The last columns, as many as the area is wide; `top` is the value of its upper edge. With letters
 * the parts are written as such, otherwise as blocks in their styles.
 */
void ltr__stack_chart(struct ltr__area area, const struct ltr__stack_column *columns, int count,
		      const struct ltr__stack_part *parts, int part_count, double top,
		      bool with_letters);

/* The next number that is pleasant at an axis: 1, 2 or 5 and zeros. */
double ltr__round_up(double value);

#endif
