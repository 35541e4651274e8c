/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_FRAME_H
#define LOITER_TUI_FRAME_H

/*
 * A whole frame: header, the way to the view (with the filter and which rows are seen), the view,
 * and the foot (hints, a message, or the prompt).
 */

struct ltr__tui;

/* Draws everything into tui->grid. */
void ltr__frame_draw(struct ltr__tui *tui);

/*
 * While nobody may look at the census (away.h): what there is on the grid, and a word about that.
 */
void ltr__frame_draw_away(struct ltr__tui *tui);

#endif
