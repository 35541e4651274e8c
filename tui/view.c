/* SPDX-License-Identifier: MIT */
/*
 * Which views there are, and what several of them draw alike.
 */
#include "view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tui.h"

static const struct ltr__view_kind *const views[] = {
	&ltr__view_goroutines, &ltr__view_groups,   &ltr__view_objects, &ltr__view_overview,
	&ltr__view_graph,      &ltr__view_verdicts, &ltr__view_timeline};

static const enum ltr__action actions[] = {LTR__DO_GOROUTINES, LTR__DO_GROUPS, LTR__DO_OBJECTS,
					   LTR__DO_OVERVIEW,   LTR__DO_GRAPH,  LTR__DO_VERDICTS,
					   LTR__DO_TIMELINE};

_Static_assert(sizeof(actions) / sizeof(*actions) == sizeof(views) / sizeof(*views),
	       "each view at the bottom has a key");

enum ltr__action ltr__view_action(size_t index)
{
	return actions[index];
}

const struct ltr__view_kind *ltr__view_by_index(size_t index)
{
	return index < sizeof(views) / sizeof(*views) ? views[index] : NULL;
}

const char *ltr_tui_view_name(size_t index)
{
	const struct ltr__view_kind *view = ltr__view_by_index(index);

	return view ? view->name : NULL;
}

struct ltr__want ltr__want_goroutines(const struct ltr__subject *subject)
{
	return (struct ltr__want){
		.kind = LTR__WANT_OPEN,
		.view = &ltr__view_goroutines,
		.subject = *subject,
	};
}

struct ltr__want ltr__want_graph(uint64_t goroutine)
{
	if (!goroutine)
		return (struct ltr__want){0};
	return (struct ltr__want){
		.kind = LTR__WANT_OPEN,
		.view = &ltr__view_graph,
		.subject = {.goroutine = goroutine},
	};
}

struct ltr__want ltr__want_object(const struct ltr_goroutine *goroutine)
{
	struct ltr__subject subject = {.trait_count = 1};

	if (!goroutine || !ltr__object_of(goroutine, &subject.traits[0]))
		return (struct ltr__want){
			.kind = LTR__WANT_SAY,
			.say = "it waits on nothing that has an address or a number",
		};
	return ltr__want_goroutines(&subject);
}

int ltr__draw_place(struct ltr__area area, int x, int y, int columns,
		    const struct ltr__place *place)
{
	char line[300];
	int used;
	int room;

	if (place->function[0])
		used = ltr__text(area, x, y, columns,
				 place->is_entry ? LTR__STYLE_DIM : LTR__STYLE_FUNCTION,
				 place->function);
	else if (place->pc)
		used = ltr__textf(area, x, y, columns, LTR__STYLE_DIM, "0x%" PRIx64, place->pc);
	else
		used = 0;
	if (!place->file[0])
		return used;
	snprintf(line, sizeof(line), "%s:%" PRIu32, place->file, place->line);
	room = columns - used - (used > 0);
	if (used && ltr__text_columns(area.grid, line) > room)
		return used;
	used += used > 0;
	return used + ltr__text(area, x + used, y, room, LTR__STYLE_DIM, line);
}

void ltr__draw_note(struct ltr__area area, const char *text)
{
	int columns = ltr__text_columns(area.grid, text);
	int x = columns < area.width ? (area.width - columns) / 2 : 0;

	ltr__text(area, x, area.height / 3, area.width, LTR__STYLE_DIM, text);
}

/* How many bytes of `text` go on a line of `columns`: up to a blank, if there is one. */
static size_t line_bytes(const struct ltr__grid *grid, const char *text, int columns)
{
	size_t fits = 0;
	char part[1024];

	for (size_t at = 0; text[at] && at + 1 < sizeof(part);) {
		size_t word = strspn(text + at, " ");

		word += strcspn(text + at + word, " ");
		snprintf(part, sizeof(part), "%.*s", (int)(at + word), text);
		if (ltr__text_columns(grid, part) > columns)
			break;
		at += word;
		fits = at;
	}
	if (fits)
		return fits;
	/* one word that is longer than the line is cut, see ltr__text() */
	fits = strspn(text, " ");
	return fits + strcspn(text + fits, " ");
}

int ltr__draw_wrapped(struct ltr__area area, int x, int y, int columns, enum ltr__style style,
		      const char *text)
{
	int lines = 0;

	if (columns < 1)
		return 1;
	while (*text) {
		size_t bytes = line_bytes(area.grid, text, columns);

		if (y + lines >= 0 && y + lines < area.height)
			ltr__textf(area, x, y + lines, columns, style, "%.*s", (int)bytes, text);
		text += bytes;
		text += strspn(text, " ");
		lines++;
	}
	return lines ? lines : 1;
}

void ltr__say_place(const struct ltr__list *list, char *ret_text, size_t size)
{
	size_t last = list->first + list->height;

	if (last > list->shown.count)
		last = list->shown.count;
	if (!list->shown.count)
		snprintf(ret_text, size, "none");
	else
		snprintf(ret_text, size, "%s-%s of %s", ltr__words_count(list->first + 1).text,
			 ltr__words_count(last).text, ltr__words_count(list->shown.count).text);
}

int ltr__scroll(enum ltr__action action, int top, int lines, int height)
{
	int page = height > 1 ? height - 1 : 1;

	switch (action) {
	case LTR__DO_UP:
	case LTR__DO_WHEEL_UP:
		top--;
		break;
	case LTR__DO_DOWN:
	case LTR__DO_WHEEL_DOWN:
		top++;
		break;
	case LTR__DO_PAGE_UP:
		top -= page;
		break;
	case LTR__DO_PAGE_DOWN:
		top += page;
		break;
	case LTR__DO_TOP:
		top = 0;
		break;
	case LTR__DO_BOTTOM:
		top = lines;
		break;
	default:
		break;
	}
	if (top > lines - height)
		top = lines - height;
	return top > 0 ? top : 0;
}

void ltr__say_lines(int top, int lines, int height, char *ret_text, size_t size)
{
	if (lines <= height)
		ret_text[0] = 0;
	else
		snprintf(ret_text, size, "%d-%d of %d", top + 1, top + height, lines);
}
