/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_KEY_H
#define LOITER_TUI_KEY_H

/*
 * Keys, and the one table of what they do. The loop looks actions up in it, the help prints it, the
 * line at the foot of the screen shows its most important lines: a key that is not in the table does
 * not exist.
 */

#include <stddef.h>
#include <stdint.h>

/* A key is the code point that it types (control characters included), or one of these. */
enum ltr__key {
	LTR__KEY_TAB = '\t',
	LTR__KEY_ENTER = '\r',
	LTR__KEY_ESCAPE = 0x1b,
	LTR__KEY_SPACE = ' ',
	LTR__KEY_BACKSPACE = 0x7f,
	LTR__KEY_UP = 0x110000,
	LTR__KEY_DOWN,
	LTR__KEY_LEFT,
	LTR__KEY_RIGHT,
	LTR__KEY_PAGE_UP,
	LTR__KEY_PAGE_DOWN,
	LTR__KEY_HOME,
	LTR__KEY_END,
	LTR__KEY_DELETE,
	LTR__KEY_F1,
	LTR__KEY_CLICK, /* the mouse: the place is in ltr__input */
	LTR__KEY_WHEEL_UP,
	LTR__KEY_WHEEL_DOWN,
};

#define LTR__KEY_CONTROL(letter) ((uint32_t)(letter)&0x1fu)

/* Where a key works; a view names the bits that are its own. */
#define LTR__IN_ALL        0x01u
#define LTR__IN_LISTS      0x02u
#define LTR__IN_GOROUTINES 0x04u
#define LTR__IN_GROUPS     0x08u
#define LTR__IN_PAGE       0x10u
#define LTR__IN_HELP       0x20u
#define LTR__IN_OVERVIEW   0x40u
#define LTR__IN_VERDICTS   0x80u
#define LTR__IN_FINDING    0x100u
#define LTR__IN_GRAPH      0x200u
#define LTR__IN_TIMELINE   0x1000u
#define LTR__IN_PLAYED     0x2000u  /* in all views of a recording that can be played */
#define LTR__IN_LIVE       0x4000u  /* in all views of anything else */
#define LTR__IN_KEPT       0x8000u  /* the same, if one can go back in what is kept of it */
#define LTR__IN_REWOUND    0x10000u /* in all views of what was kept of a program that runs */
#define LTR__IN_SCRUB      0x20000u /* in the timeline of either */
#define LTR__IN_MOVES \
	(LTR__IN_LISTS | LTR__IN_PAGE | LTR__IN_HELP | LTR__IN_FINDING | LTR__IN_GRAPH)

enum ltr__action {
	LTR__DO_NOTHING,
	LTR__DO_UP,
	LTR__DO_DOWN,
	LTR__DO_PAGE_UP,
	LTR__DO_PAGE_DOWN,
	LTR__DO_TOP,
	LTR__DO_BOTTOM,
	LTR__DO_OPEN,
	LTR__DO_BACK,
	LTR__DO_SORT_NEXT,
	LTR__DO_SORT_PREVIOUS,
	LTR__DO_REVERSE,
	LTR__DO_FILTER,
	LTR__DO_CLEAR_FILTER,
	LTR__DO_SEARCH,
	LTR__DO_NEXT_MATCH,
	LTR__DO_PREVIOUS_MATCH,
	LTR__DO_GOROUTINES,
	LTR__DO_GROUPS,
	LTR__DO_OBJECTS,
	LTR__DO_OVERVIEW,
	LTR__DO_NEXT_VIEW,
	LTR__DO_GROUP_BY,
	LTR__DO_RANGE,
	LTR__DO_MARK,
	LTR__DO_UNFOLD,
	LTR__DO_FOLD,
	LTR__DO_FOLD_ALL,
	LTR__DO_PARENT,
	LTR__DO_WAKER,
	LTR__DO_OBJECT,
	LTR__DO_CHILDREN,
	LTR__DO_HOLDER,
	LTR__DO_PAUSE,
	LTR__DO_SAVE,
	LTR__DO_REFRESH,
	LTR__DO_REDRAW,
	LTR__DO_HELP,
	LTR__DO_QUIT,
	LTR__DO_CLICK,
	LTR__DO_WHEEL_UP,
	LTR__DO_WHEEL_DOWN,
	LTR__DO_VERDICTS,
	LTR__DO_PROVE,
	LTR__DO_GRAPH,
	LTR__DO_GRAPH_OF,
	LTR__DO_MOUSE,
	LTR__DO_TIMELINE,
	LTR__DO_STEP_BACK,
	LTR__DO_STEP_ON,
	LTR__DO_LEAP_BACK,
	LTR__DO_LEAP_ON,
	LTR__DO_TO_BEGIN,
	LTR__DO_TO_END,
	LTR__DO_FASTER,
	LTR__DO_SLOWER,
	LTR__DO_TO_BLOCK,
	LTR__DO_MOVE_BACK,
	LTR__DO_MOVE_ON,
	LTR__DO_LIVE,
};

struct ltr__binding {
	uint32_t keys[4]; /* 0 ends */
	enum ltr__action action;
	unsigned where;    /* LTR__IN_* */
	const char *label; /* the keys as a person writes them */
	const char *hint;  /* one word for the foot of the screen; NULL: not there */
	const char *help;
};

extern const struct ltr__binding ltr__bindings[];
extern const size_t ltr__binding_count;

enum ltr__action ltr__key_action(uint32_t key, unsigned where);

/*
 * The key that a name in angle brackets means, "<Enter>", "<C-d>"; takes it off the text. Other
 * text is one key a code point. Returns 0 for a name that does not exist.
 */
uint32_t ltr__key_take(const char **text);

#endif
