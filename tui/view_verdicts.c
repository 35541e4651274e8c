/* SPDX-License-Identifier: MIT */
/*
 * Verdicts: what is wrong with the program, the surest first, and below the list what the selected
 * finding rests on and what to do. Enter opens it. Who judges, and what of, is the source's
 * business.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "column.h"
#include "tui.h"

#define DETAILS_FROM 14 /* height of an area from which there is room for the selected one */

struct verdicts {
	struct ltr__view view;
	struct ltr__list list; /* ids are the findings' keys */
	struct ltr__table table;
	bool shows_note;
};

static const struct ltr_tui_finding *finding_of(const void *item)
{
	return item;
}

enum ltr__style ltr__finding_style(const struct ltr_tui_finding *finding)
{
	return finding->is_serious ? LTR__STYLE_STATE_SYNC : LTR__STYLE_WARNING;
}

static uint64_t grade_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	(void)ret_text;
	/* as they come: the surest first, then the largest */
	return (uint64_t)(finding_of(item) - scene->findings->findings);
}

static void grade_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	(void)scene;
	ltr__text(area, 0, 0, area.width, ltr__finding_style(item), finding_of(item)->grade);
}

static uint64_t count_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	(void)scene;
	(void)ret_text;
	return finding_of(item)->count;
}

static void count_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	uint64_t count = finding_of(item)->count;

	(void)scene;
	if (count)
		ltr__text_right(area, 0, 0, area.width, LTR__STYLE_STRONG,
				ltr__words_count(count).text);
}

uint64_t ltr__finding_age(const struct ltr__scene *scene, const struct ltr_tui_finding *finding)
{
	uint64_t now_ns = ltr__moment_info(&scene->moment)->now_ns;
	uint64_t judged_ns = scene->findings ? scene->findings->judged_ns : now_ns;

	if (!finding->oldest_ns)
		return 0;
	return finding->oldest_ns + (now_ns > judged_ns ? now_ns - judged_ns : 0);
}

static uint64_t oldest_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	(void)ret_text;
	return ltr__finding_age(scene, item);
}

static void draw_duration(struct ltr__area area, uint64_t ns)
{
	if (ns)
		ltr__text_right(area, 0, 0, area.width, LTR__STYLE_NORMAL,
				ltr__words_duration(ns).text);
}

static void oldest_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	draw_duration(area, ltr__finding_age(scene, item));
}

static uint64_t found_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	(void)scene;
	(void)ret_text;
	return finding_of(item)->found_ns;
}

static void found_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	uint64_t now_ns = ltr__moment_info(&scene->moment)->now_ns;
	uint64_t found_ns = finding_of(item)->found_ns;

	if (!found_ns)
		return;
	if (now_ns > found_ns + 1000000)
		draw_duration(area, now_ns - found_ns);
	else
		ltr__text_right(area, 0, 0, area.width, LTR__STYLE_WARNING,
				scene->player.timeline ? "here" : "now");
}

static uint64_t what_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	(void)scene;
	(void)ret_text;
	return ltr__list_text_key(finding_of(item)->title);
}

static void what_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	(void)scene;
	ltr__text(area, 0, 0, area.width, LTR__STYLE_NORMAL, finding_of(item)->title);
}

/* name, heading, importance, least, wanted, share, extra, right, descending, key, text, draw */
static const struct ltr__column columns[] = {
	{"grade", "GRADE", 1, 12, 12, 0, false, false, false, grade_key, NULL, grade_draw},
	{"count", "COUNT", 3, 6, 9, 0, false, true, true, count_key, NULL, count_draw},
	{"oldest", "OLDEST", 4, 7, 7, 0, false, true, true, oldest_key, NULL, oldest_draw},
	{"found", "FOUND", 5, 6, 6, 0, false, true, true, found_key, NULL, found_draw},
	{"what", "WHAT", 2, 20, 40, 1, false, false, false, what_key, NULL, what_draw},
};

static struct verdicts *verdicts_of(struct ltr__view *view)
{
	return (struct verdicts *)view;
}

static int verdicts_open(const struct ltr__scene *scene, const struct ltr__subject *subject,
			 struct ltr__view **ret_view)
{
	struct verdicts *verdicts = calloc(1, sizeof(*verdicts));

	(void)scene;
	(void)subject;
	if (!verdicts)
		return -ENOMEM;
	verdicts->view.kind = &ltr__view_verdicts;
	verdicts->table.columns = columns;
	verdicts->table.count = sizeof(columns) / sizeof(*columns);
	*ret_view = &verdicts->view;
	return 0;
}

static void verdicts_close(struct ltr__view *view)
{
	ltr__list_done(&verdicts_of(view)->list);
	free(view);
}

static size_t finding_count(const struct ltr__scene *scene)
{
	return scene->findings ? scene->findings->count : 0;
}

static void verdicts_begin(struct ltr__view *view, struct ltr__scene *scene)
{
	struct verdicts *verdicts = verdicts_of(view);

	ltr__table_begin(&verdicts->table, scene, &verdicts->list, finding_count(scene));
}

static int verdicts_take(struct ltr__view *view, struct ltr__scene *scene, size_t from, size_t to)
{
	(void)view;
	(void)scene;
	(void)from;
	(void)to;
	return 0;
}

static struct ltr__row row_of(const struct verdicts *verdicts, const struct ltr__scene *scene,
			      size_t i)
{
	const struct ltr_tui_finding *finding = &scene->findings->findings[i];

	return ltr__table_row(&verdicts->table, scene, finding, finding->key);
}

static int verdicts_end(struct ltr__view *view, struct ltr__scene *scene)
{
	struct verdicts *verdicts = verdicts_of(view);
	int error = 0;

	for (size_t i = 0; i < finding_count(scene) && !error; i++)
		error = ltr__list_add(&verdicts->list, row_of(verdicts, scene, i));
	ltr__list_end(&verdicts->list);
	return error;
}

/* Evidence and advice of the selected one. */
static void draw_details(const struct ltr__scene *scene, const struct ltr_tui_finding *finding,
			 struct ltr__area area)
{
	int y = 1;

	for (int x = 0; x < area.width; x++)
		ltr__put(area, x, 0, LTR__STYLE_BAR_EMPTY, scene->has_letters ? '-' : 0x2500);
	if (!finding)
		return;
	y += ltr__draw_wrapped(area, 1, y, area.width - 2, LTR__STYLE_STRONG, finding->title);
	if (*finding->advice) {
		ltr__text(area, 1, y, 12, LTR__STYLE_KEY, "advice");
		y += ltr__draw_wrapped(area, 14, y, area.width - 15, LTR__STYLE_STRONG,
				       finding->advice);
	}
	ltr__finding_draw_lines(finding, area, y);
}

static void draw_nothing(const struct ltr__scene *scene, struct ltr__area area)
{
	const char *note = scene->findings ? scene->findings->note : "";

	ltr__draw_note(area, !scene->findings ? "nobody judges what is shown here"
			     : scene->player.timeline
				     ? "nothing is known to be wrong at this moment"
				     : "nothing was found so far");
	if (*note)
		ltr__draw_wrapped(area, 4, area.height / 3 + 2, area.width - 8, LTR__STYLE_DIM,
				  note);
}

static void draw_list(struct verdicts *verdicts, const struct ltr__scene *scene,
		      struct ltr__area area)
{
	struct ltr__list *list = &verdicts->list;

	for (size_t i = 0; i < list->height && list->first + i < list->shown.count; i++) {
		struct ltr__area line = ltr__area_part(area, 0, (int)i, area.width, 1);
		const struct ltr_tui_finding *finding =
			ltr__finding_of(scene->findings, list->shown.rows[list->first + i].id);

		if (line.height < 1 || line.width < 1)
			break;
		if (finding)
			ltr__table_draw_row(&verdicts->table, scene, finding, line, false);
		if (list->first + i == list->rank)
			ltr__table_draw_selected(line);
		if (scene->search)
			ltr__mark_text(line, 0, scene->search_text);
	}
}

static void verdicts_draw(struct ltr__view *view, struct ltr__scene *scene, struct ltr__area area)
{
	struct verdicts *verdicts = verdicts_of(view);
	struct ltr__list *list = &verdicts->list;
	int heading = area.height > 2;
	int height = area.height - heading;
	bool has_details = area.height >= DETAILS_FROM && list->shown.count;
	const char *note = scene->findings ? scene->findings->note : "";

	if (has_details && (size_t)height > list->shown.count + 10)
		height = (int)list->shown.count + 1;
	else if (has_details)
		height -= 9;
	verdicts->shows_note = area.height >= DETAILS_FROM;
	ltr__list_window(list, height);
	ltr__table_fit(&verdicts->table, area.width);
	if (heading)
		ltr__table_draw_heading(&verdicts->table, area);
	draw_list(verdicts, scene, ltr__area_part(area, 0, heading, area.width, height));
	if (!list->shown.count) {
		draw_nothing(scene, ltr__area_part(area, 0, heading, area.width, height));
		return;
	}
	if (!has_details)
		return;
	draw_details(scene, ltr__finding_of(scene->findings, list->selected.id),
		     ltr__area_part(area, 0, heading + height, area.width,
				    area.height - heading - height - 1));
	ltr__text(area, 1, area.height - 1, area.width - 2, LTR__STYLE_DIM, note);
}

/* A finding has no other text than what is seen of it. */
static bool verdicts_search(struct ltr__view *view, struct ltr__scene *scene, bool forward)
{
	struct verdicts *verdicts = verdicts_of(view);
	struct ltr__list_search search = ltr__list_search_begin(&verdicts->list, forward);

	for (size_t i = 0; i < finding_count(scene); i++) {
		const struct ltr_tui_finding *finding = &scene->findings->findings[i];

		if (ltr__contains(finding->title, scene->search_text) ||
		    ltr__contains(finding->grade, scene->search_text))
			ltr__list_search_offer(&search, row_of(verdicts, scene, i));
	}
	return ltr__list_search_end(&search);
}

static struct ltr__want verdicts_act(struct ltr__view *view, struct ltr__scene *scene,
				     enum ltr__action action, int line)
{
	struct verdicts *verdicts = verdicts_of(view);
	struct ltr__list *list = &verdicts->list;

	if (action == LTR__DO_CLICK)
		action = ltr__table_click(&verdicts->table, list, scene->click_x, line);
	if (ltr__table_act(&verdicts->table, action))
		return (struct ltr__want){.kind = LTR__WANT_RENEW};
	if (action == LTR__DO_OPEN && list->has_selected &&
	    ltr__finding_of(scene->findings, list->selected.id))
		return (struct ltr__want){
			.kind = LTR__WANT_OPEN,
			.view = &ltr__view_finding,
			.subject = {.finding = list->selected.id},
		};
	ltr__list_act(list, action, line - 1);
	return (struct ltr__want){0};
}

static void verdicts_title(struct ltr__view *view, struct ltr__scene *scene, char *ret_text,
			   size_t size)
{
	(void)view;
	if (scene->findings && scene->findings->more)
		snprintf(ret_text, size, "verdicts, and %s more",
			 ltr__words_count(scene->findings->more).text);
	else
		snprintf(ret_text, size, "verdicts");
}

static void verdicts_place(struct ltr__view *view, char *ret_text, size_t size)
{
	ltr__say_place(&verdicts_of(view)->list, ret_text, size);
}

static const struct ltr_tui_finding *verdicts_finding(const struct ltr__view *view,
						      const struct ltr__scene *scene)
{
	const struct verdicts *verdicts = (const struct verdicts *)view;

	return verdicts->list.has_selected
		       ? ltr__finding_of(scene->findings, verdicts->list.selected.id)
		       : NULL;
}

static bool verdicts_show_note(const struct ltr__view *view)
{
	return ((const struct verdicts *)view)->shows_note;
}

static int verdicts_sort(struct ltr__view *view, const char *name)
{
	return ltr__table_sort(&verdicts_of(view)->table, name);
}

const struct ltr__view_kind ltr__view_verdicts = {
	.name = "verdicts",
	.where = LTR__IN_LISTS | LTR__IN_VERDICTS,
	.open = verdicts_open,
	.close = verdicts_close,
	.begin = verdicts_begin,
	.take = verdicts_take,
	.end = verdicts_end,
	.draw = verdicts_draw,
	.act = verdicts_act,
	.title = verdicts_title,
	.place = verdicts_place,
	.search = verdicts_search,
	.sort = verdicts_sort,
	.finding = verdicts_finding,
	.shows_note = verdicts_show_note,
};
