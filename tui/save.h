/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_SAVE_H
#define LOITER_TUI_SAVE_H

/*
 * What is shown, as text in a file: the header and the view, with as many of its rows as go into a
 * thousand lines, from the first one on screen on.
 */

#include <stddef.h>

struct ltr__tui;

/*
 * Writes a new file in the working directory, for its owner alone; a file that is there is left
 * alone, another number is taken. `ret_say` tells where it is, or what is wrong.
 */
void ltr__save_text(struct ltr__tui *tui, char *ret_say, size_t size);

#endif
