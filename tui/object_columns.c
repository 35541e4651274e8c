/* SPDX-License-Identifier: MIT */
/*
 * The columns of objects.
 */
#include "object_columns.h"

#include <inttypes.h>
#include <stdio.h>

#include "object.h"
#include "object_facts.h"

static const struct ltr__object *object_of(const void *item)
{
	return item;
}

/*
 * Among as many waiters the one on whom somebody has waited longest (to the millisecond) is first.
 */
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

/*
 * To ask for all of them takes too long: they are sorted by what is known already, of a recording.
 */
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
const struct ltr__column ltr__object_columns[] = {
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

const size_t ltr__object_column_count = sizeof(ltr__object_columns) / sizeof(*ltr__object_columns);
