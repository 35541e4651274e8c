/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_RUNE_H
#define LOITER_TUI_RUNE_H

/*
 * Runes: the code points of a text that may come from anywhere. What leaves this file is harmless to
 * a terminal: it has a width of its own, moves nothing and hides nothing.
 */

#include <stdbool.h>
#include <stdint.h>

#define LTR__RUNE_BAD 0xfffdu

/*
 * Takes the next rune off a NUL-ended UTF-8 text; 0 at its end. A byte that begins no valid rune is
 * LTR__RUNE_BAD, alone: overlong forms, surrogates and cut sequences do not swallow what follows.
 */
uint32_t ltr__rune_next(const char **text);

/* How many columns: 2 (wide), 1, 0 (a mark that combines with the rune before it); -1: must not be
 * printed (controls, text direction, invisible ones, unassigned). Does not depend on the locale. */
int ltr__rune_width(uint32_t rune);

/*
 * What to print for `rune`: itself if it is harmless, else one visible rune of width 1 in its place
 * (the picture of a control character, otherwise LTR__RUNE_BAD). With `ascii`, the nearest ASCII
 * character, '?' if there is none.
 */
uint32_t ltr__rune_clean(uint32_t rune, bool ascii);

/* Writes `rune` as UTF-8 and returns its length, 1 .. 4; no NUL. */
int ltr__rune_encode(uint32_t rune, char ret_bytes[4]);

#endif
