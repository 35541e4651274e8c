/* SPDX-License-Identifier: MIT */
/*
 * Objects: what goroutines wait on, how many on each side, since when, and where the oldest of them
 * stands. Enter shows the goroutines that wait on one; `o` leads from a goroutine back to it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "column.h"
#include "object.h"
#include "object_columns.h"

#define PIECE 16384 /* objects that are listed at once */

struct objects {
	struct ltr__view view;
	struct ltr__objects shown; /* the `text` of a row is its index in here */
	struct ltr__objects next;  /* in the making */
	uint32_t listed;           /* of these, in the list that is in the making */
	struct ltr__list list;
	struct ltr__table table;
};

static struct objects *objects_of(struct ltr__view *view)
{
	return (struct objects *)view;
}

static int objects_open(const struct ltr__scene *scene, const struct ltr__subject *subject,
			struct ltr__view **ret_view)
{
	struct objects *objects = calloc(1, sizeof(*objects));

	(void)scene;
	(void)subject;
	if (!objects)
		return -ENOMEM;
	objects->view.kind = &ltr__view_objects;
	objects->table.columns = ltr__object_columns;
	objects->table.count = ltr__object_column_count;
	*ret_view = &objects->view;
	return 0;
}

static void objects_close(struct ltr__view *view)
{
	ltr__list_done(&objects_of(view)->list);
	ltr__objects_done(&objects_of(view)->shown);
	ltr__objects_done(&objects_of(view)->next);
	free(view);
}

static void objects_begin(struct ltr__view *view, struct ltr__scene *scene)
{
	objects_of(view)->listed = 0;
	/* each goroutine waits on one object at most */
	ltr__objects_begin(&objects_of(view)->next, ltr__moment_count(&scene->moment));
}

static int objects_take(struct ltr__view *view, struct ltr__scene *scene, size_t from, size_t to)
{
	int error = 0;

	for (size_t i = from; i < to && !error; i++) {
		const struct ltr_goroutine *goroutine = ltr__moment_at(&scene->moment, i);

		if (ltr__filter_lets(scene->filter, &scene->moment, goroutine))
			error = ltr__objects_add(&objects_of(view)->next, goroutine);
	}
	return error;
}

/* An id for lists; programs that claim addresses of more than 63 bits may have two of one id. */
static uint64_t id_of(const struct ltr__trait *trait)
{
	return trait->value << 1 | (trait->kind == LTR__TRAIT_FILE);
}

static struct ltr__row row_of(const struct objects *objects, const struct ltr__scene *scene,
			      const struct ltr__objects *of, uint32_t i)
{
	const struct ltr__object *object = &of->objects[i];
	struct ltr__row row = ltr__table_row(&objects->table, scene, object, id_of(&object->trait));

	row.text = i;
	return row;
}

/* There may be as many objects as goroutines: they are listed in pieces, too. */
static int objects_end(struct ltr__view *view, struct ltr__scene *scene)
{
	struct objects *objects = objects_of(view);
	uint32_t to = objects->next.count - objects->listed > PIECE ? objects->listed + PIECE
								    : objects->next.count;
	int error = 0;

	if (!objects->listed)
		ltr__table_begin(&objects->table, scene, &objects->list, objects->next.count);
	for (; objects->listed < to && !error; objects->listed++)
		error = ltr__list_add(&objects->list,
				      row_of(objects, scene, &objects->next, objects->listed));
	if (!error && to < objects->next.count)
		return 1;
	/* rows are numbers of objects: both change at once */
	ltr__objects_hand_over(&objects->next, &objects->shown);
	ltr__list_end(&objects->list);
	return error;
}

static void objects_draw(struct ltr__view *view, struct ltr__scene *scene, struct ltr__area area)
{
	struct objects *objects = objects_of(view);
	struct ltr__list *list = &objects->list;
	int heading = area.height > 2;
	struct ltr__area body = ltr__area_part(area, 0, heading, area.width, area.height - heading);

	ltr__list_window(list, body.height);
	ltr__table_fit(&objects->table, area.width);
	if (heading)
		ltr__table_draw_heading(&objects->table, area);
	for (size_t i = 0; i < list->height && list->first + i < list->shown.count; i++) {
		struct ltr__area line = ltr__area_part(body, 0, (int)i, body.width, 1);
		const struct ltr__object *object =
			&objects->shown.objects[list->shown.rows[list->first + i].text];

		if (line.height < 1 || line.width < 1)
			break;
		ltr__table_draw_row(&objects->table, scene, object, line, object->unsure != 0);
		if (list->first + i == list->rank)
			ltr__table_draw_selected(line);
		if (scene->search)
			ltr__mark_text(line, 0, scene->search_text);
	}
	if (!list->shown.count)
		ltr__draw_note(body, ltr__filter_is_empty(scene->filter)
					     ? "nobody waits on anything that has an address"
					     : "nothing matches the filter; F shows everything");
}

/* An object is found if one of its waiters is. */
static bool objects_search(struct ltr__view *view, struct ltr__scene *scene, bool forward)
{
	struct objects *objects = objects_of(view);
	struct ltr__list_search search = ltr__list_search_begin(&objects->list, forward);
	size_t count = ltr__moment_count(&scene->moment);
	struct ltr__objects matches = {0};

	for (size_t i = 0; i < count; i++) {
		const struct ltr_goroutine *goroutine = ltr__moment_at(&scene->moment, i);

		if (ltr__filter_lets(scene->filter, &scene->moment, goroutine) &&
		    ltr__filter_lets(scene->search, &scene->moment, goroutine) &&
		    ltr__objects_add(&matches, goroutine))
			break;
	}
	for (uint32_t i = 0; i < objects->shown.count; i++) {
		const struct ltr__object *object = &objects->shown.objects[i];

		if (ltr__objects_find(&matches, &object->trait))
			ltr__list_search_offer(&search, row_of(objects, scene, &objects->shown, i));
	}
	ltr__objects_done(&matches);
	return ltr__list_search_end(&search);
}

static struct ltr__want objects_act(struct ltr__view *view, struct ltr__scene *scene,
				    enum ltr__action action, int line)
{
	struct objects *objects = objects_of(view);
	struct ltr__list *list = &objects->list;
	uint32_t at;

	if (action == LTR__DO_CLICK)
		action = ltr__table_click(&objects->table, list, scene->click_x, line);
	at = list->selected.text;
	if (ltr__table_act(&objects->table, action)) {
		return (struct ltr__want){.kind = LTR__WANT_RENEW};
	} else if (action == LTR__DO_OPEN) {
		/* the selected row may have gone with a renewal that was not drawn yet */
		if (list->has_selected && at < objects->shown.count &&
		    id_of(&objects->shown.objects[at].trait) == list->selected.id)
			return ltr__want_goroutines(&(struct ltr__subject){
				.trait_count = 1,
				.traits = {objects->shown.objects[at].trait},
			});
	} else {
		ltr__list_act(list, action, line - 1);
	}
	return (struct ltr__want){0};
}

static void objects_title(struct ltr__view *view, struct ltr__scene *scene, char *ret_text,
			  size_t size)
{
	(void)view;
	(void)scene;
	snprintf(ret_text, size, "objects that are waited on");
}

static void objects_place(struct ltr__view *view, char *ret_text, size_t size)
{
	ltr__say_place(&objects_of(view)->list, ret_text, size);
}

static int objects_sort(struct ltr__view *view, const char *name)
{
	return ltr__table_sort(&objects_of(view)->table, name);
}

const struct ltr__view_kind ltr__view_objects = {
	.name = "objects",
	.where = LTR__IN_LISTS,
	.open = objects_open,
	.close = objects_close,
	.begin = objects_begin,
	.take = objects_take,
	.end = objects_end,
	.draw = objects_draw,
	.act = objects_act,
	.title = objects_title,
	.place = objects_place,
	.search = objects_search,
	.sort = objects_sort,
};
