/* SPDX-License-Identifier: MIT */
/*
 * The page of one goroutine: what it does, since when, on which object, its stack, who created it
 * and where, and their creators as far as they still live. When it ends, the page keeps what was
 * known last and says so. Source lines are read once for each place, when they are drawn first.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "goroutine_facts.h"
#include "life.h"
#include "source.h"
#include "tui.h"
#include "view.h"

#define ANCESTORS 32

struct page {
	struct ltr__view view;
	uint64_t id;
	struct ltr_goroutine last; /* as it was seen last; its id is 0 if it never was */
	bool is_gone;
	uint64_t sharing;      /* others that wait on the same object */
	uint64_t children;     /* that live */
	uint64_t next_sharing; /* in the making */
	uint64_t next_children;
	char source_file[256]; /* that `source` was asked for; "": nobody asked yet */
	uint32_t source_line;
	bool has_source;
	bool is_newer; /* the source than the program */
	struct ltr__source source;
	int top;   /* the first line on screen */
	int lines; /* how many there were when it was drawn last */
	int height;
};

static struct page *page_of(struct ltr__view *view)
{
	return (struct page *)view;
}

static int page_open(const struct ltr__scene *scene, const struct ltr__subject *subject,
		     struct ltr__view **ret_view)
{
	struct page *page = calloc(1, sizeof(*page));

	(void)scene;
	if (!page)
		return -ENOMEM;
	page->view.kind = &ltr__view_goroutine;
	page->id = subject->goroutine;
	*ret_view = &page->view;
	return 0;
}

static void page_close(struct ltr__view *view)
{
	free(view);
}

static void page_begin(struct ltr__view *view, struct ltr__scene *scene)
{
	struct page *page = page_of(view);
	const struct ltr_goroutine *goroutine = ltr__moment_find(&scene->moment, page->id);

	page->next_sharing = 0;
	page->next_children = 0;
	page->is_gone = !goroutine;
	if (goroutine)
		page->last = *goroutine;
}

/* Counts who else waits on its object, and its children. */
static int page_take(struct ltr__view *view, struct ltr__scene *scene, size_t from, size_t to)
{
	struct page *page = page_of(view);
	struct ltr__trait object;
	bool has_object = ltr__object_of(&page->last, &object);

	for (size_t i = from; i < to; i++) {
		const struct ltr_goroutine *other = ltr__moment_at(&scene->moment, i);
		struct ltr__trait others;

		page->next_children += other->parent_id == page->id;
		page->next_sharing += has_object && other->id != page->id &&
				      ltr__object_of(other, &others) &&
				      others.kind == object.kind && others.value == object.value;
	}
	return 0;
}

static int page_end(struct ltr__view *view, struct ltr__scene *scene)
{
	(void)scene;
	page_of(view)->sharing = page_of(view)->next_sharing;
	page_of(view)->children = page_of(view)->next_children;
	return 0;
}

static void heading(struct ltr__pen *pen, const char *text)
{
	pen->y++;
	ltr__text(pen->area, 1, pen->y++, pen->area.width - 1, LTR__STYLE_TITLE, text);
}

static void draw_title(struct ltr__pen *pen, const struct ltr__scene *scene,
		       const struct page *page)
{
	const struct ltr_goroutine *goroutine = &page->last;
	int x = 1 + ltr__draw_goroutine(pen->area, 1, pen->y, scene, page->id);

	x += ltr__textf(pen->area, x, pen->y, pen->area.width - x,
			ltr__state_style(goroutine->state), "  %s%s%s",
			ltr_state_name(goroutine->state), goroutine->reason ? ": " : "",
			ltr_reason_name(goroutine->reason));
	ltr__textf(pen->area, x, pen->y++, pen->area.width - x, LTR__STYLE_NORMAL, "  for %s",
		   ltr__words_age(&scene->moment, goroutine).text);
	if (page->is_gone)
		ltr__text(pen->area, 1, pen->y++, pen->area.width - 1, LTR__STYLE_LOUD,
			  scene->player.timeline
				  ? " It is not there at this moment. This is what was shown last. "
				  : " It has ended. This is what was known last. ");
	if (goroutine->flags & LTR_IS_LONG)
		ltr__text(pen->area, 1, pen->y++, pen->area.width - 1, LTR__STYLE_LOUD,
			  " No scheduling step since then: it computes, or blocks its thread. ");
	if (goroutine->flags & LTR_IS_UNSURE)
		ltr__text(pen->area, 1, pen->y++, pen->area.width - 1, LTR__STYLE_LOUD,
			  " Unsure: records of it were lost, its state may be old. ");
	pen->y++;
}

/* One function; functions inlined into another are shown before it, as if they were called. */
static void draw_frame(struct ltr__pen *pen, const struct ltr_symbol *symbol, uint64_t pc,
		       bool is_first)
{
	struct ltr__place place = ltr__place_of_symbol(symbol, pc);
	struct ltr__area area = pen->area;
	int columns = area.width - 4;
	int half = columns / 2 > 28 ? columns / 2 : 28;

	if (is_first)
		ltr__put(area, 2, pen->y, LTR__STYLE_NORMAL, 0x25b8);
	if (!place.file[0]) {
		ltr__draw_place(area, 4, pen->y, columns, &place);
	} else if (columns < 40) {
		ltr__draw_place(area, 4, pen->y, columns, &place);
	} else {
		ltr__text(area, 4, pen->y, half - 1, LTR__STYLE_FUNCTION,
			  place.function[0] ? place.function : "?");
		ltr__textf(area, 4 + half, pen->y, columns - half, LTR__STYLE_DIM, "%s:%" PRIu32,
			   place.file, place.line);
	}
	if (symbol->is_runtime)
		ltr__restyle(area, 4, pen->y, columns, LTR__STYLE_DIM);
	pen->y++;
}

/* Whether a file was changed after the program that `symbol` is of was written. */
static bool is_newer(const struct ltr_census *census, const struct ltr_symbol *symbol,
		     int64_t changed_s)
{
	struct stat program;

	return symbol->module < ltr_census_module_count(census) &&
	       !stat(ltr_census_module(census, symbol->module)->path, &program) &&
	       program.st_mtime < changed_s;
}

static void find_source(struct page *page, const struct ltr_census *census,
			const struct ltr_symbol *symbol)
{
	if (page->source_line == symbol->line && !strcmp(page->source_file, symbol->file))
		return;
	page->source_line = symbol->line;
	snprintf(page->source_file, sizeof(page->source_file), "%s", symbol->file);
	page->has_source = !ltr__source_read(symbol->file, symbol->line, &page->source);
	page->is_newer = page->has_source && is_newer(census, symbol, page->source.changed_s);
}

/* The lines around the call at which it stands. */
static void draw_source(struct ltr__pen *pen, struct page *page, const struct ltr_census *census,
			const struct ltr_symbol *symbol)
{
	struct ltr__area area = pen->area;

	find_source(page, census, symbol);
	for (unsigned i = 0; page->has_source && i < page->source.count; i++) {
		uint32_t number = page->source.first + i;
		bool is_here = number == symbol->line;

		ltr__textf(area, 4, pen->y, 6, is_here ? LTR__STYLE_KEY : LTR__STYLE_DIM,
			   "%6" PRIu32, number);
		ltr__put(area, 11, pen->y, is_here ? LTR__STYLE_KEY : LTR__STYLE_DIM,
			 is_here ? 0x25b8 : 0x2502);
		ltr__text(area, 13, pen->y++, area.width - 13,
			  is_here ? LTR__STYLE_STRONG : LTR__STYLE_DIM, page->source.text[i]);
	}
	if (page->has_source && page->is_newer)
		ltr__text(area, 11, pen->y++, area.width - 11, LTR__STYLE_WARNING,
			  "changed since the program was built: lines may have moved");
}

/* Why there is no stack to show. */
static const char *no_stack(const struct ltr__scene *scene, const struct page *page)
{
	if (page->is_gone || scene->is_ended)
		return "no stack was read while it was there";
	if (page->last.state == LTR_STATE_RUNNING)
		return "no stack while it runs";
	if (scene->player.timeline)
		return "no stack is recorded of this moment";
	return "no stack is known yet (u reads the program)";
}

static void draw_stack(struct ltr__pen *pen, const struct ltr__scene *scene, struct page *page)
{
	const struct ltr_census *census = scene->moment.census;
	const struct ltr_goroutine *goroutine = &page->last;
	size_t depth;
	const uint64_t *pcs = ltr_census_stack(census, goroutine->stack, &depth);
	size_t first = ltr_census_first_frame(census, goroutine->stack);

	heading(pen, goroutine->state >= LTR_STATE_SYSCALL ? "Where it waits" : "Where it is");
	if (!pcs || !depth) {
		struct ltr__place entry = ltr__place_of(census, goroutine);
		int x = 4;

		x += ltr__text(pen->area, x, pen->y, pen->area.width - x, LTR__STYLE_DIM,
			       no_stack(scene, page));
		if (entry.function[0] || entry.pc)
			x += ltr__text(pen->area, x, pen->y, pen->area.width - x, LTR__STYLE_DIM,
				       "; it began at ");
		ltr__draw_place(pen->area, x, pen->y++, pen->area.width - x, &entry);
		return;
	}
	for (size_t i = 0; i < depth; i++) {
		const struct ltr_symbol *symbol = ltr_census_call_symbol(census, pcs[i]);
		bool is_first = i == first;

		for (int inlined = 0; symbol && inlined < 64; inlined++, symbol = symbol->outer) {
			draw_frame(pen, symbol, pcs[i], is_first);
			if (is_first)
				draw_source(pen, page, census, symbol);
			is_first = false;
		}
	}
}

static void draw_creation(struct ltr__pen *pen, const struct ltr__scene *scene,
			  const struct ltr_goroutine *goroutine)
{
	const struct ltr_census *census = scene->moment.census;
	uint64_t parent = goroutine->parent_id;

	heading(pen, "Where it was created");
	for (int i = 0; i < ANCESTORS; i++) {
		struct ltr__place place = ltr__creator_of(census, goroutine);
		int x = 4;

		if (place.function[0] || place.file[0] || place.pc)
			x += 2 + ltr__draw_place(pen->area, x, pen->y, pen->area.width - x, &place);
		if (!parent) {
			ltr__text(pen->area, x, pen->y++, pen->area.width - x, LTR__STYLE_DIM,
				  "by no goroutine");
			return;
		}
		x += ltr__text(pen->area, x, pen->y, pen->area.width - x, LTR__STYLE_DIM, "in ");
		ltr__draw_goroutine(pen->area, x, pen->y++, scene, parent);
		goroutine = ltr__moment_find(&scene->moment, parent);
		if (!goroutine || goroutine->parent_id >= parent)
			return; /* not known further, or not what a program can be */
		parent = goroutine->parent_id;
	}
	ltr__text(pen->area, 4, pen->y++, pen->area.width - 4, LTR__STYLE_DIM, "…");
}

static void page_draw(struct ltr__view *view, struct ltr__scene *scene, struct ltr__area area)
{
	const struct ltr_lifeline *life = ltr_census_lifeline(scene->moment.census);
	struct page *page = page_of(view);
	struct ltr__pen pen = {.area = area};

	if (!page->last.id) {
		char text[80];

		snprintf(text, sizeof(text), "goroutine %" PRIu64 " is not there (any more)",
			 page->id);
		ltr__draw_note(area, text);
		return;
	}
	/* a page that was scrolled may have become shorter; its length is known when it is drawn */
	page->height = area.height;
	if (page->top > page->lines - area.height)
		page->top = page->lines > area.height ? page->lines - area.height : 0;
	pen.y = -page->top;
	draw_title(&pen, scene, page);
	ltr__draw_facts(&pen, scene, &page->last, page->sharing, page->children);
	draw_stack(&pen, scene, page);
	if (life && life->id == page->id)
		pen.y = ltr__draw_life(scene, life, area, pen.y);
	draw_creation(&pen, scene, &page->last);
	page->lines = pen.y + page->top;
}

static struct ltr__want page_act(struct ltr__view *view, struct ltr__scene *scene,
				 enum ltr__action action, int line)
{
	struct page *page = page_of(view);
	uint64_t other = action == LTR__DO_PARENT   ? page->last.parent_id
			 : action == LTR__DO_HOLDER ? ltr__holder_of(scene, &page->last)
						    : page->last.waker_id;

	(void)line;
	if (action == LTR__DO_OBJECT)
		return ltr__want_object(page->last.id ? &page->last : NULL);
	if (action == LTR__DO_GRAPH_OF)
		return ltr__want_graph(page->id);
	if (action == LTR__DO_CHILDREN && !page->children)
		return (struct ltr__want){.kind = LTR__WANT_SAY,
					  .say = "it created none that still lives"};
	if (action == LTR__DO_CHILDREN)
		return ltr__want_goroutines(&(struct ltr__subject){
			.trait_count = 1,
			.traits = {{LTR__TRAIT_PARENT, page->id}},
		});
	if (action != LTR__DO_PARENT && action != LTR__DO_WAKER && action != LTR__DO_HOLDER) {
		page->top = ltr__scroll(action, page->top, page->lines, page->height);
		return (struct ltr__want){0};
	}
	if (!other)
		return (struct ltr__want){
			.kind = LTR__WANT_SAY,
			.say = action == LTR__DO_PARENT ? "no goroutine created it"
			       : action == LTR__DO_HOLDER
				       ? "nobody is known to hold what it waits for"
				       : "no goroutine is known to have woken it",
		};
	if (!ltr__moment_find(&scene->moment, other))
		return (struct ltr__want){.kind = LTR__WANT_SAY, .say = "that one has ended"};
	return (struct ltr__want){
		.kind = LTR__WANT_OPEN,
		.view = &ltr__view_goroutine,
		.subject = {.goroutine = other},
	};
}

static void page_title(struct ltr__view *view, struct ltr__scene *scene, char *ret_text,
		       size_t size)
{
	(void)scene;
	snprintf(ret_text, size, "goroutine %" PRIu64, page_of(view)->id);
}

static void page_place(struct ltr__view *view, char *ret_text, size_t size)
{
	struct page *page = page_of(view);

	ltr__say_lines(page->top, page->lines, page->height, ret_text, size);
}

static uint64_t page_chosen(struct ltr__view *view)
{
	return page_of(view)->id;
}

static struct ltr__subject page_subject(const struct ltr__view *view)
{
	return (struct ltr__subject){.goroutine = ((const struct page *)view)->id};
}

const struct ltr__view_kind ltr__view_goroutine = {
	.name = "goroutine",
	.where = LTR__IN_PAGE,
	.open = page_open,
	.close = page_close,
	.begin = page_begin,
	.take = page_take,
	.end = page_end,
	.draw = page_draw,
	.act = page_act,
	.title = page_title,
	.chosen = page_chosen,
	.place = page_place,
	.subject = page_subject,
};
