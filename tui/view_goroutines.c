/* SPDX-License-Identifier: MIT */
/*
 * The table of goroutines: all of them, or those of one group.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "goroutine_columns.h"
#include "tui.h"

struct goroutines {
	struct ltr__view view;
	struct ltr__subject subject;
	struct ltr__list list;
	struct ltr__table table;
};

static struct goroutines *goroutines_of(struct ltr__view *view)
{
	return (struct goroutines *)view;
}

static int goroutines_open(const struct ltr__scene *scene, const struct ltr__subject *subject,
			   struct ltr__view **ret_view)
{
	struct goroutines *goroutines = calloc(1, sizeof(*goroutines));

	if (!goroutines)
		return -ENOMEM;
	goroutines->view.kind = &ltr__view_goroutines;
	goroutines->subject = *subject;
	goroutines->table.columns = ltr__goroutine_columns;
	goroutines->table.count = ltr__goroutine_column_count;
	goroutines->table.chosen = scene->columns;
	ltr__table_sort(&goroutines->table, "age");
	*ret_view = &goroutines->view;
	return 0;
}

static void goroutines_close(struct ltr__view *view)
{
	ltr__list_done(&goroutines_of(view)->list);
	free(view);
}

static bool is_shown(const struct goroutines *goroutines, struct ltr__scene *scene,
		     const struct ltr_goroutine *goroutine)
{
	return ltr__subject_has(&goroutines->subject, &scene->places, scene->findings,
				scene->moment.census, goroutine) &&
	       ltr__filter_lets(scene->filter, &scene->moment, goroutine);
}

static void goroutines_begin(struct ltr__view *view, struct ltr__scene *scene)
{
	struct goroutines *goroutines = goroutines_of(view);
	bool is_part = goroutines->subject.trait_count || !ltr__filter_is_empty(scene->filter);

	ltr__table_begin(&goroutines->table, scene, &goroutines->list,
			 is_part ? 0 : ltr__moment_count(&scene->moment));
}

static int goroutines_take(struct ltr__view *view, struct ltr__scene *scene, size_t from, size_t to)
{
	struct goroutines *goroutines = goroutines_of(view);
	int error = 0;

	for (size_t i = from; i < to && !error; i++) {
		const struct ltr_goroutine *goroutine = ltr__moment_at(&scene->moment, i);

		if (is_shown(goroutines, scene, goroutine))
			error = ltr__list_add(&goroutines->list,
					      ltr__table_row(&goroutines->table, scene, goroutine,
							     goroutine->id));
	}
	return error;
}

static int goroutines_end(struct ltr__view *view, struct ltr__scene *scene)
{
	(void)scene;
	ltr__list_end(&goroutines_of(view)->list);
	return 0;
}

/* The widest id on screen decides the width of their column. */
static void fit(struct goroutines *goroutines, int width)
{
	struct ltr__list *list = &goroutines->list;

	for (size_t i = list->first; i < list->shown.count && i < list->first + list->height; i++) {
		int digits = snprintf(NULL, 0, "%llu", (unsigned long long)list->shown.rows[i].id);

		if (digits > goroutines->table.id_width)
			goroutines->table.id_width = digits;
	}
	ltr__table_fit(&goroutines->table, width);
}

static void draw_row(struct goroutines *goroutines, const struct ltr__scene *scene, uint64_t id,
		     struct ltr__area line)
{
	const struct ltr_goroutine *goroutine = ltr__moment_find(&scene->moment, id);
	struct ltr_goroutine exited = {.id = id, .state = LTR_STATE_EXITED};

	/* it may have ended since the list was made: the next list will be without it */
	if (!goroutine) {
		ltr__table_draw_row(&goroutines->table, scene, &exited, line, false);
		ltr__restyle(line, 0, 0, line.width, LTR__STYLE_DIM);
		return;
	}
	ltr__table_draw_row(&goroutines->table, scene, goroutine, line,
			    goroutine->flags & LTR_IS_UNSURE);
}

static void goroutines_draw(struct ltr__view *view, struct ltr__scene *scene, struct ltr__area area)
{
	struct goroutines *goroutines = goroutines_of(view);
	struct ltr__list *list = &goroutines->list;
	int heading = area.height > 2;
	struct ltr__area body = ltr__area_part(area, 0, heading, area.width, area.height - heading);

	ltr__list_window(list, body.height);
	fit(goroutines, area.width);
	if (heading)
		ltr__table_draw_heading(&goroutines->table, area);
	for (size_t i = 0; i < list->height && list->first + i < list->shown.count; i++) {
		struct ltr__area line = ltr__area_part(body, 0, (int)i, body.width, 1);

		if (line.height < 1 || line.width < 1)
			break;
		draw_row(goroutines, scene, list->shown.rows[list->first + i].id, line);
		if (list->first + i == list->rank)
			ltr__table_draw_selected(line);
		if (scene->search)
			ltr__mark_text(line, 0, scene->search_text);
	}
	if (list->shown.count)
		return;
	ltr__draw_note(body, !ltr__filter_is_empty(scene->filter)
				     ? "nothing matches the filter; F shows everything"
			     : goroutines->subject.trait_count ? "all of these have gone on"
							       : "there are no goroutines");
}

static bool goroutines_search(struct ltr__view *view, struct ltr__scene *scene, bool forward)
{
	struct goroutines *goroutines = goroutines_of(view);
	struct ltr__list_search search = ltr__list_search_begin(&goroutines->list, forward);
	size_t count = ltr__moment_count(&scene->moment);

	for (size_t i = 0; i < count; i++) {
		const struct ltr_goroutine *goroutine = ltr__moment_at(&scene->moment, i);

		if (is_shown(goroutines, scene, goroutine) &&
		    ltr__filter_lets(scene->search, &scene->moment, goroutine))
			ltr__list_search_offer(&search, ltr__table_row(&goroutines->table, scene,
								       goroutine, goroutine->id));
	}
	return ltr__list_search_end(&search);
}

static struct ltr__want goroutines_act(struct ltr__view *view, struct ltr__scene *scene,
				       enum ltr__action action, int line)
{
	struct goroutines *goroutines = goroutines_of(view);
	struct ltr__list *list = &goroutines->list;

	if (action == LTR__DO_CLICK)
		action = ltr__table_click(&goroutines->table, list, scene->click_x, line);
	if (action == LTR__DO_OBJECT)
		return ltr__want_object(
			list->has_selected ? ltr__moment_find(&scene->moment, list->selected.id)
					   : NULL);
	if (action == LTR__DO_GRAPH_OF)
		return ltr__want_graph(list->has_selected ? list->selected.id : 0);
	if (ltr__table_act(&goroutines->table, action))
		return (struct ltr__want){.kind = LTR__WANT_RENEW};
	if (action == LTR__DO_OPEN && list->has_selected)
		return (struct ltr__want){
			.kind = LTR__WANT_OPEN,
			.view = &ltr__view_goroutine,
			.subject = {.goroutine = list->selected.id},
		};
	ltr__list_act(list, action, line - 1);
	return (struct ltr__want){0};
}

static void goroutines_title(struct ltr__view *view, struct ltr__scene *scene, char *ret_text,
			     size_t size)
{
	const struct ltr__subject *subject = &goroutines_of(view)->subject;
	int length = snprintf(ret_text, size, "goroutines%s", subject->trait_count ? " " : "");

	ltr__subject_say(subject, scene->moment.census, ret_text + length, size - (size_t)length);
}

static void goroutines_place(struct ltr__view *view, char *ret_text, size_t size)
{
	ltr__say_place(&goroutines_of(view)->list, ret_text, size);
}

static struct ltr__subject goroutines_subject(const struct ltr__view *view)
{
	return ((const struct goroutines *)view)->subject;
}

static int goroutines_sort(struct ltr__view *view, const char *name)
{
	return ltr__table_sort(&goroutines_of(view)->table, name);
}

static uint64_t goroutines_chosen(struct ltr__view *view)
{
	const struct ltr__list *list = &goroutines_of(view)->list;

	return list->has_selected ? list->selected.id : 0;
}

const struct ltr__view_kind ltr__view_goroutines = {
	.name = "goroutines",
	.where = LTR__IN_LISTS | LTR__IN_GOROUTINES,
	.open = goroutines_open,
	.close = goroutines_close,
	.begin = goroutines_begin,
	.take = goroutines_take,
	.end = goroutines_end,
	.draw = goroutines_draw,
	.act = goroutines_act,
	.title = goroutines_title,
	.place = goroutines_place,
	.search = goroutines_search,
	.subject = goroutines_subject,
	.sort = goroutines_sort,
	.chosen = goroutines_chosen,
};
