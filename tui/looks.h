/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_LOOKS_H
#define LOITER_TUI_LOOKS_H

/*
 * How styles look, on a dark background and on a light one: in true colours, in the palette of 256,
 * in that of 8, and without any. What is written in one colour on another, or on the terminal's own
 * background, can be read: the test tui_looks has the figures.
 */

#include <stdbool.h>

#include "style.h"

enum ltr__look_attributes {
	LTR__LOOK_BOLD = 1,
	LTR__LOOK_REVERSE = 2,
	LTR__LOOK_UNDERLINE = 4,
};

/* A colour of -1 is the terminal's own. */
struct ltr__look {
	int front, back; /* 0xrrggbb */
	short front256, back256;
	short front8, back8;
	unsigned char attributes; /* with colours; of LTR__LOOK_ */
	unsigned char plain;      /* without */
};

const struct ltr__look *ltr__look_of(bool is_light, enum ltr__style style);

/*
 * What a colour of the palette of 256 commonly is, 0xrrggbb; of the first 16, which people change,
 * the number itself.
 */
int ltr__look_rgb(int colour256);

#endif
