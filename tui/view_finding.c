/* SPDX-License-Identifier: MIT */
/*
 * One finding: how sure it is, what it rests on, where, and what to do. Enter shows its goroutines.
 * It is looked up by its key each time: what is found anew has the same one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tui.h"
#include "view.h"

#define LABELS 13 /* columns */

struct finding_page {
	struct ltr__view view;
	uint64_t key;
	int top;
	int lines;
	int height;
};

static struct finding_page *page_of(struct ltr__view *view)
{
	return (struct finding_page *)view;
}

static int page_open(const struct ltr__scene *scene, const struct ltr__subject *subject,
		     struct ltr__view **ret_view)
{
	struct finding_page *page = calloc(1, sizeof(*page));

	(void)scene;
	if (!page)
		return -ENOMEM;
	page->view.kind = &ltr__view_finding;
	page->key = subject->finding;
	*ret_view = &page->view;
	return 0;
}

static void page_close(struct ltr__view *view)
{
	free(view);
}

static void page_begin(struct ltr__view *view, struct ltr__scene *scene)
{
	(void)view;
	(void)scene;
}

static int page_take(struct ltr__view *view, struct ltr__scene *scene, size_t from, size_t to)
{
	(void)view;
	(void)scene;
	(void)from;
	(void)to;
	return 0;
}

static int page_end(struct ltr__view *view, struct ltr__scene *scene)
{
	(void)view;
	(void)scene;
	return 0;
}

int ltr__finding_draw_lines(const struct ltr_tui_finding *finding, struct ltr__area area, int y)
{
	int x = area.width < 40 ? 1 : 1 + LABELS;
	int start = y;

	for (size_t i = 0; i < finding->line_count; i++) {
		const struct ltr_tui_line *line = &finding->lines[i];

		if (*line->label)
			ltr__text(area, 1, y, LABELS - 1, LTR__STYLE_DIM, line->label);
		if (*line->label && x == 1)
			y++;
		y += ltr__draw_wrapped(area, x, y, area.width - x - 1, LTR__STYLE_NORMAL,
				       line->text);
	}
	return y - start;
}

static void draw_head(const struct ltr__scene *scene, const struct ltr_tui_finding *finding,
		      struct ltr__area area, int *y)
{
	uint64_t now_ns = ltr__moment_info(&scene->moment)->now_ns;
	uint64_t age_ns = ltr__finding_age(scene, finding);
	int x = 1;

	x += ltr__text(area, x, *y, area.width - x, ltr__finding_style(finding), finding->grade);
	if (finding->count)
		x += ltr__textf(area, x, *y, area.width - x, LTR__STYLE_STRONG, "  %s goroutine%s",
				ltr__words_count(finding->count).text,
				finding->count == 1 ? "" : "s");
	if (age_ns)
		x += ltr__textf(area, x, *y, area.width - x, LTR__STYLE_NORMAL, "  for %s",
				ltr__words_duration(age_ns).text);
	if (finding->found_ns && now_ns > finding->found_ns)
		ltr__textf(area, x, *y, area.width - x, LTR__STYLE_DIM, "  found %s ago",
			   ltr__words_duration(now_ns - finding->found_ns).text);
	*y += 2;
}

static void page_draw(struct ltr__view *view, struct ltr__scene *scene, struct ltr__area area)
{
	struct finding_page *page = page_of(view);
	const struct ltr_tui_finding *finding = ltr__finding_of(scene->findings, page->key);
	int y;

	page->height = area.height;
	if (!finding) {
		page->lines = 0;
		page->top = 0;
		ltr__draw_note(area, "this is not found any more: they have gone on");
		return;
	}
	if (page->top > page->lines - area.height)
		page->top = page->lines > area.height ? page->lines - area.height : 0;
	y = -page->top;
	draw_head(scene, finding, area, &y);
	y += ltr__draw_wrapped(area, 1, y, area.width - 2, LTR__STYLE_STRONG, finding->title);
	if (*finding->advice) {
		ltr__text(area, 1, ++y, area.width - 1, LTR__STYLE_TITLE, "What to do");
		y++;
		y += ltr__draw_wrapped(area, 4, y, area.width - 5, LTR__STYLE_STRONG,
				       finding->advice);
	}
	if (finding->line_count) {
		ltr__text(area, 1, ++y, area.width - 1, LTR__STYLE_TITLE, "What it rests on");
		y++;
		y += ltr__finding_draw_lines(finding, area, y);
	}
	page->lines = y + page->top;
}

static struct ltr__want page_act(struct ltr__view *view, struct ltr__scene *scene,
				 enum ltr__action action, int line)
{
	struct finding_page *page = page_of(view);
	const struct ltr_tui_finding *finding = ltr__finding_of(scene->findings, page->key);

	(void)line;
	if (action == LTR__DO_OPEN && finding && finding->id_count)
		return ltr__want_goroutines(&(struct ltr__subject){
			.trait_count = 1,
			.traits = {{LTR__TRAIT_FINDING, page->key}},
		});
	if (action == LTR__DO_OPEN)
		return (struct ltr__want){.kind = LTR__WANT_SAY,
					  .say = "there are no goroutines in it"};
	page->top = ltr__scroll(action, page->top, page->lines, page->height);
	return (struct ltr__want){0};
}

static void page_title(struct ltr__view *view, struct ltr__scene *scene, char *ret_text,
		       size_t size)
{
	const struct ltr_tui_finding *finding =
		ltr__finding_of(scene->findings, page_of(view)->key);

	snprintf(ret_text, size, "%s", finding ? finding->grade : "gone");
}

static void page_place(struct ltr__view *view, char *ret_text, size_t size)
{
	struct finding_page *page = page_of(view);

	ltr__say_lines(page->top, page->lines, page->height, ret_text, size);
}

static struct ltr__subject page_subject(const struct ltr__view *view)
{
	return (struct ltr__subject){
		.trait_count = 1,
		.traits = {{LTR__TRAIT_FINDING, ((const struct finding_page *)view)->key}},
	};
}

static const struct ltr_tui_finding *page_finding(const struct ltr__view *view,
						  const struct ltr__scene *scene)
{
	return ltr__finding_of(scene->findings, ((const struct finding_page *)view)->key);
}

const struct ltr__view_kind ltr__view_finding = {
	.name = "finding",
	.where = LTR__IN_FINDING,
	.open = page_open,
	.close = page_close,
	.begin = page_begin,
	.take = page_take,
	.end = page_end,
	.draw = page_draw,
	.act = page_act,
	.title = page_title,
	.place = page_place,
	.subject = page_subject,
	.finding = page_finding,
};
