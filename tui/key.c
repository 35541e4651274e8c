/* SPDX-License-Identifier: MIT */
/*
 * The table of keys. Order is the order of the help and of the hints at the foot.
 */
#include "key.h"

#include <string.h>

#include "rune.h"

#define CONTROL(letter) LTR__KEY_CONTROL(letter)

const struct ltr__binding ltr__bindings[] = {
	{{LTR__KEY_UP, 'k'}, LTR__DO_UP, LTR__IN_MOVES, "↑ k", NULL, "one line up"},
	{{LTR__KEY_DOWN, 'j'}, LTR__DO_DOWN, LTR__IN_MOVES, "↓ j", NULL, "one line down"},
	{{LTR__KEY_PAGE_UP, CONTROL('b'), CONTROL('u')},
	 LTR__DO_PAGE_UP,
	 LTR__IN_MOVES,
	 "PgUp ^B ^U",
	 NULL,
	 "one page up"},
	{{LTR__KEY_PAGE_DOWN, CONTROL('f'), CONTROL('d')},
	 LTR__DO_PAGE_DOWN,
	 LTR__IN_MOVES,
	 "PgDn ^F ^D",
	 NULL,
	 "one page down"},
	{{LTR__KEY_HOME, 'g'},
	 LTR__DO_TOP,
	 LTR__IN_MOVES,
	 "Home g",
	 NULL,
	 "first line; stays there while rows move"},
	{{LTR__KEY_END, 'G'}, LTR__DO_BOTTOM, LTR__IN_MOVES, "End G", NULL, "last line"},
	{{LTR__KEY_LEFT, ','}, LTR__DO_STEP_BACK, LTR__IN_SCRUB, "← ,", "step", "a step back"},
	{{LTR__KEY_RIGHT, '.'}, LTR__DO_STEP_ON, LTR__IN_SCRUB, "→ .", NULL, "a step on"},
	{{LTR__KEY_HOME, 'g'}, LTR__DO_TO_BEGIN, LTR__IN_SCRUB, "Home g", NULL, "to the beginning"},
	{{LTR__KEY_END, 'G'}, LTR__DO_TO_END, LTR__IN_SCRUB, "End G", NULL, "to the end"},
	{{'+', '='}, LTR__DO_FASTER, LTR__IN_SCRUB, "+ =", "faster", "play faster, up to x64"},
	{{'-'}, LTR__DO_SLOWER, LTR__IN_SCRUB, "-", "slower", "play slower, down to x1/4"},
	{{LTR__KEY_ENTER, '\n', LTR__KEY_RIGHT, 'l'},
	 LTR__DO_OPEN,
	 LTR__IN_LISTS | LTR__IN_GRAPH | LTR__IN_FINDING,
	 "Enter → l",
	 "open",
	 "open this goroutine, or the goroutines of this group"},
	{{LTR__KEY_ESCAPE, LTR__KEY_BACKSPACE, LTR__KEY_LEFT, 'h'},
	 LTR__DO_BACK,
	 LTR__IN_ALL,
	 "Esc ← h",
	 "back",
	 "back to where you came from"},
	{{LTR__KEY_SPACE},
	 LTR__DO_PAUSE,
	 LTR__IN_PLAYED,
	 "Space",
	 "play",
	 "play what was recorded, and pause"},
	{{'f'},
	 LTR__DO_FILTER,
	 LTR__IN_LISTS | LTR__IN_GRAPH,
	 "f",
	 "filter",
	 "show only what matches, see below; Tab completes"},
	{{'F'},
	 LTR__DO_CLEAR_FILTER,
	 LTR__IN_LISTS | LTR__IN_GRAPH,
	 "F",
	 NULL,
	 "show everything again"},
	{{'/'},
	 LTR__DO_SEARCH,
	 LTR__IN_LISTS | LTR__IN_GRAPH,
	 "/",
	 "search",
	 "jump to the next row with a text"},
	{{'n'}, LTR__DO_NEXT_MATCH, LTR__IN_LISTS | LTR__IN_GRAPH, "n", NULL, "the next match"},
	{{'N'},
	 LTR__DO_PREVIOUS_MATCH,
	 LTR__IN_LISTS | LTR__IN_GRAPH,
	 "N",
	 NULL,
	 "the match before"},
	{{'s', '>'}, LTR__DO_SORT_NEXT, LTR__IN_LISTS, "s >", "sort", "sort by the next column"},
	{{'S', '<'}, LTR__DO_SORT_PREVIOUS, LTR__IN_LISTS, "S <", NULL, "by the column before"},
	{{'r'}, LTR__DO_REVERSE, LTR__IN_LISTS, "r", NULL, "the other direction"},
	{{'1'}, LTR__DO_GOROUTINES, LTR__IN_ALL, "1", NULL, "all goroutines"},
	{{'2'}, LTR__DO_GROUPS, LTR__IN_ALL, "2", NULL, "groups of goroutines"},
	{{'3'}, LTR__DO_OBJECTS, LTR__IN_ALL, "3", NULL, "objects: what is waited on, by how many"},
	{{'4'}, LTR__DO_OVERVIEW, LTR__IN_ALL, "4", NULL, "overview: counts and rates over time"},
	{{'t'}, LTR__DO_TIMELINE, LTR__IN_ALL, "t", NULL, "timeline: back and forth in time"},
	{{'5'}, LTR__DO_GRAPH, LTR__IN_ALL, "5", NULL, "who waits for whom, drawn; cycles first"},
	{{'7'},
	 LTR__DO_VERDICTS,
	 LTR__IN_ALL,
	 "7",
	 NULL,
	 "verdicts: what is wrong, and what to do"},
	{{LTR__KEY_TAB},
	 LTR__DO_NEXT_VIEW,
	 LTR__IN_LISTS | LTR__IN_GRAPH | LTR__IN_OVERVIEW | LTR__IN_TIMELINE,
	 "Tab",
	 "next view",
	 "the next of these views"},
	{{'c'},
	 LTR__DO_RANGE,
	 LTR__IN_OVERVIEW,
	 "c",
	 "time",
	 "charts of a minute, of minutes, of an hour"},
	{{'c'},
	 LTR__DO_GROUP_BY,
	 LTR__IN_GROUPS,
	 "c",
	 "group by",
	 "by stack, by who created them, by label, by state"},
	{{'+', '='},
	 LTR__DO_UNFOLD,
	 LTR__IN_GROUPS,
	 "+ =",
	 "unfold",
	 "show what a group consists of"},
	{{'-'}, LTR__DO_FOLD, LTR__IN_GROUPS, "-", NULL, "fold it, or the group that it is in"},
	{{'*'}, LTR__DO_FOLD_ALL, LTR__IN_GROUPS, "*", NULL, "unfold all groups, or fold all"},
	{{'m'}, LTR__DO_MARK, LTR__IN_GROUPS, "m", "mark", "count growth from now on"},
	{{'p'}, LTR__DO_PARENT, LTR__IN_PAGE, "p", "parent", "the goroutine that created it"},
	{{'w'}, LTR__DO_WAKER, LTR__IN_PAGE, "w", "waker", "the goroutine that woke it last"},
	{{'o'},
	 LTR__DO_OBJECT,
	 LTR__IN_PAGE | LTR__IN_GOROUTINES,
	 "o",
	 "object",
	 "all that wait on the same"},
	{{'W'},
	 LTR__DO_GRAPH_OF,
	 LTR__IN_PAGE | LTR__IN_GOROUTINES,
	 "W",
	 NULL,
	 "where it stands in who waits for whom"},
	{{'H'}, LTR__DO_HOLDER, LTR__IN_PAGE, "H", NULL, "who holds the lock that it waits for"},
	{{'c'}, LTR__DO_CHILDREN, LTR__IN_PAGE, "c", "children", "the goroutines that it created"},
	{{'L'}, LTR__DO_LIVE, LTR__IN_REWOUND, "L", "live", "to the program as it is now"},
	{{','},
	 LTR__DO_STEP_BACK,
	 LTR__IN_KEPT,
	 ",",
	 NULL,
	 "back in time: what happened last is kept"},
	{{','}, LTR__DO_STEP_BACK, LTR__IN_PLAYED, ",", NULL, "in time: a step back"},
	{{'.'}, LTR__DO_STEP_ON, LTR__IN_PLAYED, ".", NULL, "a step on"},
	{{'['}, LTR__DO_LEAP_BACK, LTR__IN_PLAYED | LTR__IN_KEPT, "[", NULL, "ten steps back"},
	{{']'}, LTR__DO_LEAP_ON, LTR__IN_PLAYED, "]", NULL, "ten steps on"},
	{{'b'},
	 LTR__DO_TO_BLOCK,
	 LTR__IN_PLAYED | LTR__IN_KEPT,
	 "b",
	 NULL,
	 "to when the selected goroutine blocked, or a finding arose"},
	{{'{'},
	 LTR__DO_MOVE_BACK,
	 LTR__IN_PLAYED | LTR__IN_KEPT,
	 "{",
	 NULL,
	 "to its change of state before"},
	{{'}'}, LTR__DO_MOVE_ON, LTR__IN_PLAYED, "}", NULL, "to its next change of state"},
	{{'P'},
	 LTR__DO_PROVE,
	 LTR__IN_VERDICTS | LTR__IN_FINDING,
	 "P",
	 "prove",
	 "look at all references: who can never be woken; again: stop"},
	{{LTR__KEY_SPACE},
	 LTR__DO_PAUSE,
	 LTR__IN_LIVE,
	 "Space",
	 "pause",
	 "hold this moment; the program runs on"},
	{{'e'},
	 LTR__DO_SAVE,
	 LTR__IN_ALL,
	 "e",
	 NULL,
	 "save what is shown: text, the screen, JSON, a profile"},
	{{'u'}, LTR__DO_REFRESH, LTR__IN_ALL, "u", NULL, "read the whole program again, now"},
	{{CONTROL('l')}, LTR__DO_REDRAW, LTR__IN_ALL, "^L", NULL, "draw the screen again"},
	{{'?', LTR__KEY_F1}, LTR__DO_HELP, LTR__IN_ALL, "? F1", "help", "this page"},
	{{'q'}, LTR__DO_QUIT, LTR__IN_ALL, "q", "quit", "quit; the program runs on"},
	{{','}, LTR__DO_STEP_BACK, LTR__IN_KEPT, ",", "rewind", NULL},
	{{'M'},
	 LTR__DO_MOUSE,
	 LTR__IN_ALL,
	 "M",
	 NULL,
	 "the mouse: ours, or the terminal's for selecting text"},
	{{LTR__KEY_CLICK},
	 LTR__DO_CLICK,
	 LTR__IN_MOVES,
	 "click",
	 NULL,
	 "select, open, sort, a view's name, a hint"},
	{{LTR__KEY_WHEEL_UP}, LTR__DO_WHEEL_UP, LTR__IN_MOVES, "wheel", NULL, "up and down"},
	{{LTR__KEY_WHEEL_DOWN}, LTR__DO_WHEEL_DOWN, LTR__IN_MOVES, NULL, NULL, NULL},
};

const size_t ltr__binding_count = sizeof(ltr__bindings) / sizeof(*ltr__bindings);

enum ltr__action ltr__key_action(uint32_t key, unsigned where)
{
	for (size_t i = 0; i < ltr__binding_count; i++) {
		const struct ltr__binding *binding = &ltr__bindings[i];

		if (!(binding->where & where))
			continue;
		for (size_t j = 0; j < 4 && binding->keys[j]; j++) {
			if (binding->keys[j] == key)
				return binding->action;
		}
	}
	return LTR__DO_NOTHING;
}

static const struct {
	const char *name;
	uint32_t key;
} names[] = {
	{"Up", LTR__KEY_UP},
	{"Down", LTR__KEY_DOWN},
	{"Left", LTR__KEY_LEFT},
	{"Right", LTR__KEY_RIGHT},
	{"PageUp", LTR__KEY_PAGE_UP},
	{"PageDown", LTR__KEY_PAGE_DOWN},
	{"Home", LTR__KEY_HOME},
	{"End", LTR__KEY_END},
	{"Delete", LTR__KEY_DELETE},
	{"F1", LTR__KEY_F1},
	{"Enter", LTR__KEY_ENTER},
	{"Esc", LTR__KEY_ESCAPE},
	{"Tab", LTR__KEY_TAB},
	{"Space", LTR__KEY_SPACE},
	{"Backspace", LTR__KEY_BACKSPACE},
	{"lt", '<'},
};

uint32_t ltr__key_take(const char **text)
{
	const char *end = **text == '<' ? strchr(*text, '>') : NULL;
	const char *name = *text + 1;
	size_t length;

	if (!end)
		return ltr__rune_next(text);
	length = (size_t)(end - name);
	*text = end + 1;
	if (length == 3 && name[0] == 'C' && name[1] == '-' && name[2] >= 'a' && name[2] <= 'z')
		return CONTROL(name[2]);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strlen(names[i].name) == length && !strncasecmp(names[i].name, name, length))
			return names[i].key;
	}
	return 0;
}
