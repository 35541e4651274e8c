/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_VIEW_H
#define LOITER_TUI_VIEW_H

/*
 * A view is what fills the middle of the screen: a const table of functions and a struct of its own
 * that begins with struct ltr__view. It draws what it is told to, in the area that it gets; it says
 * what it wants next, and only the loop (tui.c) acts on that. To add one, write a file that ends in
 * such a table, name the table below, and list it in view.c if it has a key of its own.
 */

#include "chart.h"
#include "grid.h"
#include "key.h"
#include "list.h"
#include "scene.h"
#include "wording.h"

enum ltr__want_kind {
	LTR__WANT_NOTHING,
	LTR__WANT_OPEN,  /* `view` on `subject`, on top of this one */
	LTR__WANT_RENEW, /* another order or grouping */
	LTR__WANT_SAY,   /* show `say` at the foot */
};

struct ltr__view_kind;

struct ltr__want {
	enum ltr__want_kind kind;
	const struct ltr__view_kind *view;
	struct ltr__subject subject;
	const char *say;
};

struct ltr__view {
	const struct ltr__view_kind *kind;
};

struct ltr__view_kind {
	const char *name;
	unsigned where; /* LTR__IN_*: which keys it understands, besides LTR__IN_ALL */

	/* -ENOMEM. The view is renewed after that. */
	int (*open)(const struct ltr__scene *scene, const struct ltr__subject *subject,
		    struct ltr__view **ret_view);
	void (*close)(struct ltr__view *view);

	/*
	 * Renewal: the moment or the filter is another one. Begin, then take all goroutines of the
	 * moment, [from, to) at a time, then end. It may be spread over several frames, in which
	 * the view shows what it had, or be begun again. The census is not polled meanwhile.
	 * -ENOMEM: it shows what it could take. An end of 1 is not the end: it is called again.
	 */
	void (*begin)(struct ltr__view *view, struct ltr__scene *scene);
	int (*take)(struct ltr__view *view, struct ltr__scene *scene, size_t from, size_t to);
	int (*end)(struct ltr__view *view, struct ltr__scene *scene);

	void (*draw)(struct ltr__view *view, struct ltr__scene *scene, struct ltr__area area);

	/* `line` is that of a click, in the view's area. */
	struct ltr__want (*act)(struct ltr__view *view, struct ltr__scene *scene,
				enum ltr__action action, int line);

	/*
	 * What the view shows, and which part of it, for a person: "goroutines of ...", "1-20 of
	 * 97"
	 */
	void (*title)(struct ltr__view *view, struct ltr__scene *scene, char *ret_text,
		      size_t size);
	void (*place)(struct ltr__view *view, char *ret_text, size_t size);

	/* Jump to the next (or previous) row that scene->search finds. NULL: nothing to search. */
	bool (*search)(struct ltr__view *view, struct ltr__scene *scene, bool forward);

	/* Whose goroutines it shows; NULL: those of the whole program. */
	struct ltr__subject (*subject)(const struct ltr__view *view);

	/* Sort by a column, '-' before its name for the other direction. -EINVAL; NULL: cannot. */
	int (*sort)(struct ltr__view *view, const char *name);

	/* The goroutine that is selected, or that it is about; 0: none. NULL: it has none. */
	uint64_t (*chosen)(struct ltr__view *view);

	/*
	 * The finding that is selected, or that it is about; NULL: none. No function: it has none.
	 */
	const struct ltr_tui_finding *(*finding)(const struct ltr__view *view,
						 const struct ltr__scene *scene);

	/* Is the note of scene->findings on screen, as it was drawn last? NULL: never. */
	bool (*shows_note)(const struct ltr__view *view);
};

extern const struct ltr__view_kind ltr__view_goroutines;
extern const struct ltr__view_kind ltr__view_groups;
extern const struct ltr__view_kind ltr__view_objects;
extern const struct ltr__view_kind ltr__view_overview;
extern const struct ltr__view_kind ltr__view_timeline;
extern const struct ltr__view_kind ltr__view_goroutine;
extern const struct ltr__view_kind ltr__view_graph;
extern const struct ltr__view_kind ltr__view_verdicts;
extern const struct ltr__view_kind ltr__view_finding;
extern const struct ltr__view_kind ltr__view_help;

/*
 * The views that can stand at the bottom, in the order of their keys 1, 2, ...; NULL after the
 * last.
 */
const struct ltr__view_kind *ltr__view_by_index(size_t index);
enum ltr__action ltr__view_action(size_t index);

/* The table of goroutines, and what a list of something else opens for a row. */
struct ltr__want ltr__want_goroutines(const struct ltr__subject *subject);

/* Where a goroutine (0: there is none) stands in who waits for whom. */
struct ltr__want ltr__want_graph(uint64_t goroutine);

/* Those that wait on the same as `goroutine` (NULL: there is none), or a sentence. */
struct ltr__want ltr__want_object(const struct ltr_goroutine *goroutine);

/* A place as most views write it: function, then file and line if there is room for both. */
int ltr__draw_place(struct ltr__area area, int x, int y, int columns,
		    const struct ltr__place *place);

/* States as parts of a stack, the lowest first, and a line that says which is which. */
void ltr__state_parts(struct ltr__stack_part ret_parts[LTR_STATE_EXITED]);
void ltr__draw_states(const struct ltr__scene *scene, struct ltr__area line, int x);
/*
 * How a finding's grade looks; how long its oldest goroutine has been there, by now; its evidence
 * from line y on, as many lines as are returned.
 */
enum ltr__style ltr__finding_style(const struct ltr_tui_finding *finding);
uint64_t ltr__finding_age(const struct ltr__scene *scene, const struct ltr_tui_finding *finding);
int ltr__finding_draw_lines(const struct ltr_tui_finding *finding, struct ltr__area area, int y);

/* How far one can go back in what is kept. */
uint64_t ltr__kept_ns(const struct ltr__scene *scene);

/* A short sentence in the middle of an area that has nothing else to show. */
void ltr__draw_note(struct ltr__area area, const char *text);

/*
 * A text on as many lines as it takes, broken at blanks, in `columns` from (x, y) on. Returns the
 * lines; those outside the area are counted as well.
 */
int ltr__draw_wrapped(struct ltr__area area, int x, int y, int columns, enum ltr__style style,
		      const char *text);

/* "12-34 of 10,243" */
void ltr__say_place(const struct ltr__list *list, char *ret_text, size_t size);

/* For views that are a text to scroll: the first line on screen after an action, and "3-20 of 41",
 * or nothing if all lines are on screen. */
int ltr__scroll(enum ltr__action action, int top, int lines, int height);
void ltr__say_lines(int top, int lines, int height, char *ret_text, size_t size);

#endif
