/* SPDX-License-Identifier: MIT */
/*
 * Objects: what goroutines wait on, how many on each side, since when, and where the oldest of them
 * stands. Enter shows the goroutines that wait on one; `o` leads from a goroutine back to it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "column.h"
#include "object.h"
#include "object_facts.h"

#define PIECE 16384 /* objects that are listed at once */

struct objects {
	struct ltr__view view;
	struct ltr__objects shown; /* the `text` of a row is its index in here */
	struct ltr__objects next;  /* in the making */
	uint32_t listed;           /* of these, in the list that is in the making */
	struct ltr__list list;
	struct ltr__table table;
};

static const struct ltr__object *object_of(const void *item)
{
	return item;
}

/* Among as many waiters the one on whom somebody has waited longest (to the millisecond) is first. */
static uint64_t waiting_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	const struct ltr__object *object = item;
	uint64_t waiting = object->waiting < 0xfffff ? object->waiting : 0xfffff;

	(void)scene;
	(void)ret_text;
	return waiting << 44 | (UINT64_MAX - object->since_ns) >> 20;
}

static void draw_count(struct ltr__area area, uint32_t count, enum ltr__style style)
{
	if (count)
		ltr__text_right(area, 0, 0, area.width, style, ltr__words_count(count).text);
	else
		ltr__text_right(area, 0, 0, area.width, LTR__STYLE_BAR_EMPTY, "·");
}

static void waiting_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	(void)scene;
	draw_count(area, object_of(item)->waiting, LTR__STYLE_STRONG);
}

static uint64_t kind_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	(void)scene;
	(void)ret_text;
	return ltr__list_text_key(ltr__object_kind(item));
}

static void kind_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	const struct ltr__object *object = item;
	bool is_file = object->trait.kind == LTR__TRAIT_FILE;
	uint8_t state = object->reason && object->reason < LTR_REASON_COUNT
				? ltr_reason_state(object->reason)
			: is_file ? LTR_STATE_NETWORK
				  : LTR_STATE_SYNC;

	(void)scene;
	ltr__text(area, 0, 0, area.width, ltr__state_style(state), ltr__object_kind(object));
}

static uint64_t object_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	(void)scene;
	(void)ret_text;
	return object_of(item)->trait.value;
}

static void object_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	const struct ltr__trait *trait = &object_of(item)->trait;

	(void)scene;
	if (trait->kind == LTR__TRAIT_FILE)
		ltr__textf(area, 0, 0, area.width, LTR__STYLE_NORMAL, "fd %" PRIu64, trait->value);
	else
		ltr__textf(area, 0, 0, area.width, LTR__STYLE_NORMAL, "0x%" PRIx64, trait->value);
}

static uint64_t senders_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	(void)scene;
	(void)ret_text;
	return object_of(item)->senders;
}

static void senders_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	(void)scene;
	draw_count(area, object_of(item)->senders, LTR__STYLE_NORMAL);
}

static uint64_t receivers_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	(void)scene;
	(void)ret_text;
	return object_of(item)->receivers;
}

static void receivers_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	(void)scene;
	draw_count(area, object_of(item)->receivers, LTR__STYLE_NORMAL);
}

static uint64_t selects_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	(void)scene;
	(void)ret_text;
	return object_of(item)->selects;
}

static void selects_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	(void)scene;
	draw_count(area, object_of(item)->selects, LTR__STYLE_NORMAL);
}

static uint64_t oldest_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	(void)scene;
	(void)ret_text;
	return UINT64_MAX - object_of(item)->since_ns;
}

static void oldest_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	const struct ltr__object *object = item;
	struct ltr_goroutine oldest = {
		.since_ns = object->since_ns == UINT64_MAX ? 0 : object->since_ns,
		.flags = object->is_exact ? LTR_SINCE_EXACT : 0,
	};

	ltr__text_right(area, 0, 0, area.width, LTR__STYLE_NORMAL,
			ltr__words_age(&scene->moment, &oldest).text);
}

/* Where its oldest waiter stands, if that one still lives. */
static struct ltr__place where_of(const struct ltr__scene *scene, const struct ltr__object *object)
{
	const struct ltr_goroutine *oldest = ltr__moment_find(&scene->moment, object->oldest);

	if (!oldest)
		return (struct ltr__place){.function = "", .file = ""};
	return ltr__place_of(scene->moment.census, oldest);
}

static uint64_t where_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	(void)ret_text;
	return ltr__list_text_key(where_of(scene, item).function);
}

static void where_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	struct ltr__place place = where_of(scene, item);

	ltr__draw_place(area, 0, 0, area.width, &place);
}

static uint64_t waiter_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	(void)scene;
	(void)ret_text;
	return object_of(item)->oldest;
}

static void waiter_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	uint64_t id = object_of(item)->oldest;
	const struct ltr_goroutine *oldest = ltr__moment_find(&scene->moment, id);

	ltr__textf(area, 0, 0, area.width, LTR__STYLE_DIM, "%" PRIu64 " %s", id,
		   oldest ? ltr_census_string(scene->moment.census, oldest->name) : "(gone)");
}

static uint64_t holder_of(const struct ltr__scene *scene, const struct ltr__object *object)
{
	const struct ltr_lock *lock = ltr__lock_at(&scene->moment, &object->trait);

	return lock ? lock->owner_id : 0;
}

static uint64_t holder_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	(void)ret_text;
	return holder_of(scene, item);
}

static void holder_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	const struct ltr_lock *lock = ltr__lock_at(&scene->moment, &object_of(item)->trait);
	const struct ltr_goroutine *owner;

	if (lock && lock->owner_id) {
		owner = ltr__moment_find(&scene->moment, lock->owner_id);
		ltr__textf(area, 0, 0, area.width, LTR__STYLE_WARNING, "%" PRIu64 " %s",
			   lock->owner_id,
			   owner ? ltr_census_string(scene->moment.census, owner->name) : "(gone)");
	} else if (lock && lock->readers) {
		ltr__textf(area, 0, 0, area.width, LTR__STYLE_WARNING, "%" PRIu32 " readers",
			   lock->readers);
	}
}

/* Asks for what is known of it; false: nothing. */
static bool facts_of(const struct ltr__scene *scene, const struct ltr__object *object,
		     struct ltr_object *ret_facts)
{
	const struct ltr_goroutine *oldest = ltr__moment_find(&scene->moment, object->oldest);

	return oldest && ltr_census_object_now(scene->moment.census, oldest, ret_facts);
}

/* To ask for all of them takes too long: they are sorted by what is known already, of a recording. */
static const struct ltr_object *known_facts(const struct ltr__scene *scene, const void *item)
{
	const struct ltr_goroutine *oldest =
		ltr__moment_find(&scene->moment, object_of(item)->oldest);

	return oldest ? ltr_census_object_of(scene->moment.census, oldest) : NULL;
}

static uint64_t fill_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	const struct ltr_object *facts = known_facts(scene, item);

	(void)ret_text;
	return facts && facts->counted ? (uint64_t)facts->count ^ UINT64_C(1) << 63 : 0;
}

static void fill_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	struct ltr_object facts;

	if (facts_of(scene, object_of(item), &facts))
		ltr__text_right(area, 0, 0, area.width,
				facts.closed ? LTR__STYLE_WARNING : LTR__STYLE_NORMAL,
				ltr__object_fill(&facts).text);
}

static uint64_t made_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	const struct ltr_object *facts = known_facts(scene, item);

	(void)ret_text;
	return facts ? ltr_census_made_pc(scene->moment.census, facts) : 0;
}

static void made_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	struct ltr__place place;
	struct ltr_object facts;
	uint64_t pc;

	if (!facts_of(scene, object_of(item), &facts))
		return;
	pc = ltr_census_made_pc(scene->moment.census, &facts);
	if (!pc)
		return;
	place = ltr__place_of_symbol(ltr_census_call_place(scene->moment.census, pc), pc);
	ltr__draw_place(area, 0, 0, area.width, &place);
}

static struct ltr__came_last came_last(const struct ltr__scene *scene,
				       const struct ltr__object *object,
				       const struct ltr_object *facts)
{
	return ltr__object_came_last(scene->moment.census, facts, object->reason, true);
}

static uint64_t last_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	const struct ltr_object *facts = known_facts(scene, item);

	(void)ret_text;
	return facts ? came_last(scene, item, facts).id : 0;
}

static void last_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	const struct ltr_goroutine *comer;
	struct ltr__came_last last;
	struct ltr_object facts;

	if (!facts_of(scene, object_of(item), &facts))
		return;
	last = came_last(scene, item, &facts);
	if (!last.verb)
		return;
	comer = ltr__moment_find(&scene->moment, last.id);
	if (!last.id)
		ltr__textf(area, 0, 0, area.width, LTR__STYLE_WARNING, "%s: nobody", last.verb);
	else
		ltr__textf(area, 0, 0, area.width, LTR__STYLE_DIM, "%s: %" PRIu64 " %s", last.verb,
			   last.id,
			   comer ? ltr_census_string(scene->moment.census, comer->name)
				 : "(ended)");
}

/* name, heading, importance, least, wanted, share, extra, right, descending, key, text, draw */
static const struct ltr__column columns[] = {
	{"waiting", "WAITING", 1, 8, 9, 0, false, true, true, waiting_key, NULL, waiting_draw},
	{"kind", "KIND", 3, 10, 10, 0, false, false, false, kind_key, NULL, kind_draw},
	{"object", "OBJECT", 2, 14, 18, 0, false, false, false, object_key, NULL, object_draw},
	{"senders", "SEND", 6, 6, 8, 0, false, true, true, senders_key, NULL, senders_draw},
	{"receivers", "RECEIVE", 7, 8, 8, 0, false, true, true, receivers_key, NULL,
	 receivers_draw},
	{"selects", "SELECT", 10, 7, 8, 0, true, true, true, selects_key, NULL, selects_draw},
	{"oldest", "OLDEST", 4, 7, 7, 0, false, true, true, oldest_key, NULL, oldest_draw},
	{"where", "WHERE", 5, 12, 34, 2, false, false, false, where_key, NULL, where_draw},
	{"fill", "FILL", 8, 7, 7, 0, false, true, true, fill_key, NULL, fill_draw},
	{"holder", "HELD BY", 9, 10, 18, 0, false, false, false, holder_key, NULL, holder_draw},
	{"made", "MADE AT", 11, 14, 28, 1, true, false, false, made_key, NULL, made_draw},
	{"last", "CAME LAST", 12, 14, 24, 0, true, false, false, last_key, NULL, last_draw},
	{"waiter", "WAITS LONGEST", 13, 14, 22, 1, true, false, false, waiter_key, NULL,
	 waiter_draw},
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
	objects->table.columns = columns;
	objects->table.count = sizeof(columns) / sizeof(*columns);
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
