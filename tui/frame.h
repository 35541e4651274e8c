/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_FRAME_H
#define LOITER_TUI_FRAME_H

/*
 * A whole frame: header, the way to the view (with the filter and which rows are seen), the view, and
 * the foot (hints, a message, or the prompt).
 */

struct ltr__tui;

/* Draws everything into tui->grid. */
void ltr__frame_draw(struct ltr__tui *tui);

#endif
