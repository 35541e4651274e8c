/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_REWINDING_H
#define LOITER_TUI_REWINDING_H

/*
 * Going back in what is kept of a program that runs, and to the present again. While one is back,
 * the screen plays a recording (playing.h), and the program is watched on.
 */

#include <stdbool.h>

#include "key.h"

struct ltr__tui;

/* Once a frame: what is kept by now. */
void ltr__rewinding_look(struct ltr__tui *tui);

/*
 * While tui->is_rewinding, when nothing else uses the census. Returns whether the screen has to be
 * drawn.
 */
bool ltr__rewinding_go_on(struct ltr__tui *tui);

/* The moment that one wanted to be at is on screen. */
void ltr__rewinding_arrived(struct ltr__tui *tui);

/* Returns whether the action was one of its own. */
bool ltr__rewinding_act(struct ltr__tui *tui, enum ltr__action action);

#endif
