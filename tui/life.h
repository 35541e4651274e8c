/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_LIFE_H
#define LOITER_TUI_LIFE_H

/*
 * What one goroutine has done until the moment on screen: its last states as a line, the last few of
 * them in words, and how long it has been in each.
 */

#include "lifeline.h"
#include "scene.h"

struct ltr__area;

/* Its transitions until the moment; 0: none is known. */
size_t ltr__life_count(const struct ltr_lifeline *life, uint64_t now_ns);

/* Draws at line `y`, which may be above the area, and returns the line below. */
int ltr__draw_life(const struct ltr__scene *scene, const struct ltr_lifeline *life,
		   struct ltr__area area, int y);

#endif
