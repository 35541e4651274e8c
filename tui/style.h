/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_STYLE_H
#define LOITER_TUI_STYLE_H

/*
 * Styles: what a cell means, not how it looks. The terminal decides the looks (colours if there are
 * any, else bold, dim, underline, reverse); whatever a style says is also said in words or marks, so
 * that a screen without colours loses nothing.
 */

#include <loiter/event.h>

/* X(NAME, letter in dumps of styles) */
#define LTR__STYLES(X)        \
	X(NORMAL, '.')        \
	X(DIM, ',')           \
	X(STRONG, 'b')        \
	X(TITLE, 'T')         \
	X(HEADING, 'h')       \
	X(SORTED, 'S')        \
	X(SELECTED, '#')      \
	X(LOUD, '!')          \
	X(WARNING, 'w')       \
	X(GOOD, 'g')          \
	X(KEY, 'k')           \
	X(HINT, 'i')          \
	X(PROMPT, 'p')        \
	X(CURSOR, 'c')        \
	X(MATCH, 'm')         \
	X(FUNCTION, 'f')      \
	X(BAR_EMPTY, '_')     \
	X(STATE_UNKNOWN, '0') \
	X(STATE_QUEUED, '1')  \
	X(STATE_RUNNING, '2') \
	X(STATE_SYSCALL, '3') \
	X(STATE_SLEEP, '4')   \
	X(STATE_NETWORK, '5') \
	X(STATE_CHAN, '6')    \
	X(STATE_SYNC, '7')    \
	X(STATE_EXITED, '8')

enum ltr__style {
#define LTR__STYLE(NAME, letter) LTR__STYLE_##NAME,
	LTR__STYLES(LTR__STYLE)
#undef LTR__STYLE
		LTR__STYLE_COUNT
};

/* The style of a state's words and bars. */
static inline enum ltr__style ltr__state_style(uint8_t state)
{
	if (state >= LTR_STATE_COUNT)
		return LTR__STYLE_STATE_UNKNOWN;
	return (enum ltr__style)(LTR__STYLE_STATE_UNKNOWN + state);
}

_Static_assert(LTR__STYLE_STATE_EXITED - LTR__STYLE_STATE_UNKNOWN == LTR_STATE_EXITED,
	       "styles of states follow the order of the states");

#endif
