/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_PLAYING_H
#define LOITER_TUI_PLAYING_H

/*
 * What the loop does with a recording: it moves when the player says so, and the screen follows.
 * All of these do nothing where there is no recording to be played.
 */

#include <stdbool.h>
#include <stdint.h>

#include "key.h"

struct ltr__tui;

/* Before the first frame. */
void ltr__playing_begin(struct ltr__tui *tui);

/*
 * The same at some moment of it, and when it is none any more. The selected goroutine stays chosen.
 */
void ltr__playing_begin_at(struct ltr__tui *tui, uint64_t moment_ns);
void ltr__playing_end(struct ltr__tui *tui);

/* To a moment, and then say this (NULL: nothing). */
void ltr__playing_go_to(struct ltr__tui *tui, uint64_t moment_ns, const char *say);

/* Whether there is a recording to be played. */
bool ltr__playing_is_on(const struct ltr__tui *tui);

/* The charts up to the moment on screen. */
void ltr__playing_show_history(struct ltr__tui *tui);

/* `wall_ns` have passed since the last one. */
void ltr__playing_frame(struct ltr__tui *tui, uint64_t wall_ns);

/* Another view is about to be shown: the goroutine that is selected in this one stays chosen. */
void ltr__playing_leave(struct ltr__tui *tui);

/*
 * Before a frame is drawn: if it is the page of a goroutine, that one is followed, live programs'
 * too.
 */
void ltr__playing_follow(struct ltr__tui *tui);

/* Returns whether the action was one of its own. */
bool ltr__playing_act(struct ltr__tui *tui, enum ltr__action action);

#endif
