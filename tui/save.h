/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_SAVE_H
#define LOITER_TUI_SAVE_H

/*
 * What is shown, in a file: as text (the header and the view, with as many of its rows as go into a
 * thousand lines, from the first one on screen on), the screen as it is, or its goroutines in a format
 * that the source writes.
 */

#include <stddef.h>
#include <stdint.h>

struct ltr__tui;

/* Which formats there are, in a line for the foot of the screen. */
extern const char ltr__save_question[];

/*
 * `key` answers that question. Writes a new file in the working directory, for its owner alone; a file
 * that is there is left alone, another number is taken, and nothing half-written ever has a name.
 * `ret_say` tells where it is, or what is wrong; "" if the key means none.
 */
void ltr__save(struct ltr__tui *tui, uint32_t key, char *ret_say, size_t size);

#endif
