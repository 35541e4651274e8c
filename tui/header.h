/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_HEADER_H
#define LOITER_TUI_HEADER_H

/*
 * The top of the screen: which program, how it is watched, counts, rates, and whatever a person must
 * not overlook (losses, the program's end).
 */

#include "grid.h"
#include "scene.h"

/* How many lines it wants on a screen of this size. */
int ltr__header_height(const struct ltr__scene *scene, int width, int height);
void ltr__header_draw(const struct ltr__scene *scene, struct ltr__area area, int screen_height);

#endif
