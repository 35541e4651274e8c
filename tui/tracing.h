/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_TRACING_H
#define LOITER_TUI_TRACING_H

/*
 * To the moment of a recording at which a finding arose. If that is not known, it is looked for
 * beside the screen, which goes on: until it is found, until a person goes elsewhere in time, or
 * types Esc.
 */

#include <stdbool.h>
#include <stddef.h>

#include "key.h"

struct ltr__tui;
struct ltr_tui_finding;

/* NULL: there is none. */
void ltr__tracing_begin(struct ltr__tui *tui, const struct ltr_tui_finding *finding);
/* The same by what is known of one that is not found yet at the moment on screen. */
void ltr__tracing_begin_with(struct ltr__tui *tui, uint64_t key, uint64_t arose_ns);

/* While tui->is_tracing, and no errand is on. Returns whether the screen has to be drawn. */
bool ltr__tracing_go_on(struct ltr__tui *tui);
void ltr__tracing_stop(struct ltr__tui *tui);

/* Of any action, before it is done. Returns whether it was to stop this. */
bool ltr__tracing_act(struct ltr__tui *tui, enum ltr__action action);

/* "looking for when it arose: ..." */
void ltr__tracing_say(const struct ltr__tui *tui, char *ret_text, size_t size);

#endif
