/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_AWAY_H
#define LOITER_TUI_AWAY_H

/*
 * The screen while an errand in a recording (errand.h) is on: it stays as it was drawn last, and
 * says where it is going. Steps add up to where to go next, Esc leads back, and other keys wait
 * until it is there. Whoever judges gives way to any key.
 */

#include <stdbool.h>
#include <stddef.h>

#include "errand.h"

struct ltr__tui;
struct ltr__input;

/* Begin one while none is on. What is short is done, and on screen, when this returns. */
void ltr__away_set_out(struct ltr__tui *tui, struct ltr__errand wanted);

/* Whether one is on: nobody but it may look at the census. */
bool ltr__away_is_on(const struct ltr__tui *tui);

/*
 * While one is on: whether it has ended, so that the screen has to be drawn; a key; a line for the
 * foot, false: as it was drawn.
 */
bool ltr__away_go_on(struct ltr__tui *tui);
void ltr__away_key(struct ltr__tui *tui, const struct ltr__input *input);
bool ltr__away_say(const struct ltr__tui *tui, char *ret_text, size_t size);

/* While none is on: to tui->next_ns; to judge the moment on screen. */
void ltr__away_go_next(struct ltr__tui *tui);
void ltr__away_judge(struct ltr__tui *tui);

/*
 * At the end of the screen, when the terminal is as it was: wait for its end, which is near if the
 * source can `leave`, and leave it at that.
 */
void ltr__away_abort(struct ltr__tui *tui);

#endif
