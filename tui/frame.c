/* SPDX-License-Identifier: MIT */
/*
 * The layout of the screen. On a low one the line with the way to the view is left out and the foot
 * tells the most important of it; on three lines or less there is nothing but the view.
 */
#include "frame.h"

#include <stdio.h>
#include <string.h>

#include "away.h"
#include "header.h"
#include "tracing.h"
#include "tui_private.h"

#define WAY_FROM  10 /* heights from which there is a line for the way, or a foot */
#define FOOT_FROM 4
#define TABS_FROM 120 /* width */

static void add_spot(struct ltr__tui *tui, struct ltr__area line, int x, int width,
		     enum ltr__action action, size_t depth)
{
	if (tui->spot_count == LTR__TUI_SPOTS || width <= 0)
		return;
	tui->spots[tui->spot_count++] = (struct ltr__spot){
		.x = line.x + x, .y = line.y, .width = width, .action = action, .depth = depth};
}

static void title_of(struct ltr__tui *tui, size_t i, char *ret_title, size_t size)
{
	struct ltr__view *view = i ? tui->opened[i - 1] : tui->roots[tui->root];

	view->kind->title(view, &tui->scene, ret_title, size);
}

/* The first view of the way that there is room for, if all behind it are to be seen. */
static size_t first_title(struct ltr__tui *tui, int columns)
{
	char title[160];
	size_t first = tui->depth + 1;

	while (first > 0) {
		title_of(tui, first - 1, title, sizeof(title));
		columns -= ltr__text_columns(&tui->grid, title) + 3;
		if (columns < 0 && first <= tui->depth)
			break;
		first--;
	}
	return first;
}

/* Draws "goroutines > groups > ..." and returns the columns. */
static int draw_views(struct ltr__tui *tui, struct ltr__area line, int columns)
{
	size_t first = first_title(tui, columns - 3);
	char title[160];
	int width;
	int x = 1;

	if (first)
		x += ltr__text(line, x, 0, columns - x, LTR__STYLE_DIM, "… › ");
	for (size_t i = first; i <= tui->depth; i++) {
		bool is_last = i == tui->depth;

		title_of(tui, i, title, sizeof(title));
		if (i > first)
			x += ltr__text(line, x, 0, columns - x, LTR__STYLE_DIM, " › ");
		width = ltr__text(line, x, 0, columns - x,
				  is_last ? LTR__STYLE_STRONG : LTR__STYLE_DIM, title);
		add_spot(tui, line, x, width, LTR__DO_BACK, i);
		x += width;
	}
	return x;
}

/* The key of an action, as a person writes it. */
static const char *label_of(enum ltr__action action)
{
	for (size_t i = 0; i < ltr__binding_count; i++) {
		if (ltr__bindings[i].action == action)
			return ltr__bindings[i].label;
	}
	return "";
}

/* The names of all views with their keys, against the right edge, if there is room from `x` on. */
static void draw_tabs(struct ltr__tui *tui, struct ltr__area line, int x, int end)
{
	const struct ltr__view_kind *kind;
	int width = 0;

	for (size_t i = 0; i < ltr__tui_roots(tui) && (kind = ltr__view_by_index(i)); i++)
		width += (int)strlen(label_of(ltr__view_action(i))) + 1 + (int)strlen(kind->name) +
			 2;
	if (end - width < x || line.width < TABS_FROM)
		return;
	x = end - width;
	for (size_t i = 0; i < ltr__tui_roots(tui) && (kind = ltr__view_by_index(i)); i++) {
		int start = x;

		x += ltr__text(line, x, 0, end - x, LTR__STYLE_KEY, label_of(ltr__view_action(i))) +
		     1;
		x += ltr__text(line, x, 0, end - x,
			       i == tui->root ? LTR__STYLE_STRONG : LTR__STYLE_DIM, kind->name);
		add_spot(tui, line, start, x - start, ltr__view_action(i), 0);
		x += 2;
	}
}

static void draw_way(struct ltr__tui *tui, struct ltr__area line)
{
	struct ltr__view *view = ltr__tui_view(tui);
	char place[96] = "";
	int room;
	int x;

	view->kind->place(view, place, sizeof(place));
	room = line.width - ltr__text_columns(line.grid, place) - 2;
	ltr__text_right(line, room, 0, line.width - room - 1, LTR__STYLE_DIM, place);
	x = draw_views(tui, line, room) + 3;
	if (!ltr__filter_is_empty(tui->scene.filter)) {
		x += ltr__text(line, x, 0, room - x, LTR__STYLE_KEY, "filter ");
		x += ltr__text(line, x, 0, room - x, LTR__STYLE_WARNING, tui->scene.filter_text) +
		     3;
	}
	if (tui->scene.search) {
		x += ltr__text(line, x, 0, room - x, LTR__STYLE_KEY, "search ");
		x += ltr__text(line, x, 0, room - x, LTR__STYLE_NORMAL, tui->scene.search_text) + 3;
	}
	draw_tabs(tui, line, x, room - 2);
}

/* One hint: the first of the keys, and a word. Returns the columns, 0 if there is no room. */
static int draw_hint(struct ltr__area line, int x, int room, const struct ltr__binding *binding,
		     const char *hint)
{
	char key[16];
	int width;

	snprintf(key, sizeof(key), "%.*s", (int)strcspn(binding->label, " "), binding->label);
	width = ltr__text_columns(line.grid, key) + 1 + ltr__text_columns(line.grid, hint);
	if (width > room)
		return 0;
	x += ltr__text(line, x, 0, room, LTR__STYLE_KEY, key) + 1;
	ltr__text(line, x, 0, room, LTR__STYLE_HINT, hint);
	return width + 2;
}

static const char *hint_of(const struct ltr__tui *tui, const struct ltr__binding *binding)
{
	if (binding->action == LTR__DO_BACK && !tui->depth)
		return NULL;
	if (binding->action == LTR__DO_PAUSE && ltr__moment_is_held(&tui->scene.moment))
		return "go on";
	if (binding->action == LTR__DO_PAUSE && tui->scene.player.is_playing)
		return "pause";
	if (binding->action == LTR__DO_PROVE && tui->scene.player.timeline)
		return NULL;
	if (binding->action == LTR__DO_NEXT_VIEW)
		return ltr__view_by_index(ltr__tui_next_root(tui))->name;
	return binding->hint;
}

/* Help first: it leads to everything that there is no room for. Then the way out of the past. */
static int hint_rank(const struct ltr__binding *binding)
{
	return binding->action == LTR__DO_HELP ? 0 : binding->action == LTR__DO_LIVE ? 1 : 2;
}

static void draw_hints(struct ltr__tui *tui, struct ltr__area line, int columns)
{
	unsigned where = ltr__tui_where(tui);
	char text[96];
	int width;
	int x = 1;

	if (tui->is_proving)
		x += ltr__textf(
			     line, x, 0, columns - x, LTR__STYLE_WARNING,
			     "looking at all references, for %s (%sP: stop)",
			     ltr__words_duration(ltr__tui_clock_ns() - tui->proving_since_ns).text,
			     where & (LTR__IN_VERDICTS | LTR__IN_FINDING) ? "" : "7 ") +
		     2;
	if (tui->is_tracing) {
		ltr__tracing_say(tui, text, sizeof(text));
		x += ltr__text(line, x, 0, columns - x, LTR__STYLE_WARNING, text) + 2;
	}
	for (int pass = 0; pass < 3; pass++) {
		for (size_t i = 0; i < ltr__binding_count; i++) {
			const struct ltr__binding *binding = &ltr__bindings[i];
			const char *hint = hint_of(tui, binding);

			if (!hint || !(binding->where & where) || hint_rank(binding) != pass)
				continue;
			width = draw_hint(line, x, columns - x, binding, hint);
			add_spot(tui, line, x, width - 2, binding->action, tui->depth - 1);
			x += width;
		}
	}
}

/* What a proof has come to may stand in the view itself. */
static bool has_message(const struct ltr__tui *tui)
{
	const struct ltr__view *view = ltr__tui_view(tui);

	if (!tui->message[0] || !tui->scene.findings || !view->kind->shows_note ||
	    !view->kind->shows_note(view))
		return tui->message[0] != 0;
	return strncmp(tui->message, tui->scene.findings->note, sizeof(tui->message) - 1) != 0;
}

static void draw_foot(struct ltr__tui *tui, struct ltr__area line, bool has_way)
{
	struct ltr__view *view = ltr__tui_view(tui);
	char place[96] = "";
	int room = line.width;

	if (tui->prompt.is_open) {
		ltr__prompt_draw(&tui->prompt, line);
		return;
	}
	if (has_message(tui)) {
		ltr__text(line, 1, 0, line.width - 1, LTR__STYLE_WARNING, tui->message);
		return;
	}
	if (!has_way) {
		view->kind->place(view, place, sizeof(place));
		room -= ltr__text_columns(line.grid, place) + 1;
		ltr__text_right(line, room, 0, line.width - room, LTR__STYLE_DIM, place);
		if (!ltr__filter_is_empty(tui->scene.filter)) {
			ltr__textf(line, 1, 0, room - 2, LTR__STYLE_WARNING, "filter %s",
				   tui->scene.filter_text);
			return;
		}
	}
	draw_hints(tui, line, room);
}

void ltr__frame_draw(struct ltr__tui *tui)
{
	struct ltr__area screen = ltr__grid_area(&tui->grid);
	struct ltr__view *view = ltr__tui_view(tui);
	bool has_way = screen.height >= WAY_FROM;
	bool is_asked = tui->prompt.is_open || tui->message[0];
	bool has_foot = screen.height >= (is_asked ? 2 : FOOT_FROM);
	int header = ltr__header_height(&tui->scene, screen.width, screen.height);
	int body;

	/* alarms must not push the view off the screen */
	if (header > screen.height / 2)
		header = screen.height / 2;
	body = screen.height - header - has_way - has_foot;
	if (body < 1) {
		header = 0;
		body = screen.height - has_way - has_foot;
	}
	tui->spot_count = 0;
	ltr__grid_clear(&tui->grid);
	ltr__header_draw(&tui->scene, ltr__area_part(screen, 0, 0, screen.width, header),
			 screen.height);
	tui->body_y = header + has_way;
	view->kind->draw(view, &tui->scene,
			 ltr__area_part(screen, 0, tui->body_y, screen.width, body));
	/* which rows are seen is known when they are drawn */
	if (has_way)
		draw_way(tui, ltr__area_part(screen, 0, header, screen.width, 1));
	if (has_foot)
		draw_foot(tui, ltr__area_part(screen, 0, screen.height - 1, screen.width, 1),
			  has_way);
}

void ltr__frame_draw_away(struct ltr__tui *tui)
{
	struct ltr__area screen = ltr__grid_area(&tui->grid);
	struct ltr__area foot =
		ltr__area_part(screen, 0, screen.height - 1, screen.width, screen.height >= 2);
	char text[80];

	if (tui->prompt.is_open)
		ltr__prompt_draw(&tui->prompt, foot);
	if (tui->prompt.is_open || tui->is_saving || !ltr__away_say(tui, text, sizeof(text)))
		return;
	ltr__fill(foot, 0, 0, foot.width, LTR__STYLE_NORMAL, ' ');
	ltr__text(foot, 1, 0, foot.width - 1, LTR__STYLE_WARNING, text);
}
