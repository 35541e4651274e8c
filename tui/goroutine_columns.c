/* SPDX-License-Identifier: MIT */
/*
 * The columns of the table of goroutines.
 */
#include "goroutine_columns.h"

#include <inttypes.h>
#include <stdio.h>

#include "wording.h"

static const struct ltr_goroutine *goroutine_of(const void *item)
{
	return item;
}

static uint64_t id_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	(void)scene;
	(void)ret_text;
	return goroutine_of(item)->id;
}

static void draw_number(struct ltr__area area, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	ltr__text_right(area, 0, 0, area.width, LTR__STYLE_NORMAL, text);
}

static void id_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	(void)scene;
	draw_number(area, goroutine_of(item)->id);
}

static const char *name_text(const void *census, uint32_t text)
{
	return ltr_census_string(census, text);
}

static uint64_t name_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	*ret_text = goroutine_of(item)->name;
	return ltr__list_text_key(ltr_census_string(scene->moment.census, *ret_text));
}

static void name_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	const struct ltr_goroutine *goroutine = item;
	const char *name = ltr_census_string(scene->moment.census, goroutine->name);

	if (!name[0] && goroutine->flags & LTR_IS_MAIN)
		ltr__text(area, 0, 0, area.width, LTR__STYLE_DIM, "main");
	else
		ltr__text(area, 0, 0, area.width, LTR__STYLE_STRONG, name);
}

static uint64_t state_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	(void)scene;
	(void)ret_text;
	return goroutine_of(item)->state;
}

static void state_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	uint8_t state = goroutine_of(item)->state;
	bool is_long = goroutine_of(item)->flags & LTR_IS_LONG;

	(void)scene;
	ltr__text(area, 0, 0, area.width, is_long ? LTR__STYLE_LOUD : ltr__state_style(state),
		  is_long ? "long" : ltr_state_name(state));
}

static uint64_t reason_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	(void)scene;
	(void)ret_text;
	return goroutine_of(item)->reason;
}

/* Where there is no more to say than the state does, what the kernel says of the thread. */
static void reason_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	const struct ltr_census *census = scene->moment.census;
	const struct ltr_goroutine *goroutine = item;
	const struct ltr_thread *thread = ltr_census_thread_of(census, goroutine);
	const char *call = thread ? ltr_census_string(census, thread->call_name) : "";

	if (goroutine->state == LTR_STATE_SYSCALL && call[0])
		ltr__text(area, 0, 0, area.width, ltr__state_style(goroutine->state), call);
	else if (goroutine->state == LTR_STATE_RUNNING && thread)
		ltr__textf(area, 0, 0, area.width, LTR__STYLE_DIM, "%s%s%s",
			   ltr_thread_state_name(thread->state), call[0] ? " in " : "", call);
	else
		ltr__text(area, 0, 0, area.width, ltr__state_style(goroutine->state),
			  ltr_reason_name(goroutine->reason));
}

/* Larger is older: does not change while a goroutine waits, unlike its age. */
static uint64_t since_key(uint64_t since_ns)
{
	return since_ns ? UINT64_MAX - since_ns : 0;
}

static uint64_t age_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	(void)scene;
	(void)ret_text;
	return since_key(goroutine_of(item)->since_ns);
}

static void age_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	struct ltr__words age = ltr__words_age(&scene->moment, item);

	ltr__text_right(area, 0, 0, area.width, LTR__STYLE_NORMAL, age.text);
}

static const char *where_text(const void *census, uint32_t text)
{
	return ltr__place_of_stack(census, text).function;
}

/* Those without a stack sort by their entry function, before the others of the same name. */
static uint64_t where_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	const struct ltr_goroutine *goroutine = item;

	*ret_text = goroutine->stack;
	return ltr__list_text_key(ltr__place_of(scene->moment.census, goroutine).function);
}

static void where_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	struct ltr__place place = ltr__place_of(scene->moment.census, item);

	ltr__draw_place(area, 0, 0, area.width, &place);
}

static const char *creator_text(const void *census, uint32_t text)
{
	return ltr__place_of_site(census, text).function;
}

static uint64_t creator_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	const struct ltr_goroutine *goroutine = item;

	*ret_text = goroutine->site;
	return ltr__list_text_key(ltr__creator_of(scene->moment.census, goroutine).function);
}

static void creator_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	struct ltr__place place = ltr__creator_of(scene->moment.census, item);

	ltr__draw_place(area, 0, 0, area.width, &place);
}

static uint64_t labels_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	(void)scene;
	(void)ret_text;
	return goroutine_of(item)->labels;
}

static void labels_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	const struct ltr_census *census = scene->moment.census;
	size_t count;
	const struct ltr_census_label *label =
		ltr_census_labels(census, goroutine_of(item)->labels, &count);
	char text[512];
	int length = 0;

	text[0] = 0;
	for (size_t i = 0; label && i < count && length < (int)sizeof(text); i++)
		length += snprintf(text + length, sizeof(text) - (size_t)length, "%s%s=%s",
				   i ? " " : "", ltr_census_string(census, label[i].key),
				   ltr_census_string(census, label[i].value));
	ltr__text(area, 0, 0, area.width, LTR__STYLE_NORMAL, text);
}

static uint64_t life_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	(void)scene;
	(void)ret_text;
	return since_key(goroutine_of(item)->created_ns);
}

static void life_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	uint64_t now = ltr__moment_info(&scene->moment)->now_ns;
	uint64_t created = goroutine_of(item)->created_ns;
	struct ltr__words life = ltr__words_duration(now > created ? now - created : 0);

	ltr__text_right(area, 0, 0, area.width, LTR__STYLE_NORMAL, created ? life.text : "?");
}

static uint64_t waker_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	(void)scene;
	(void)ret_text;
	return goroutine_of(item)->waker_id;
}

static void waker_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	(void)scene;
	if (goroutine_of(item)->waker_id)
		draw_number(area, goroutine_of(item)->waker_id);
}

static uint64_t object_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	(void)scene;
	(void)ret_text;
	return goroutine_of(item)->object;
}

static void object_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	const struct ltr_goroutine *goroutine = item;
	struct ltr_census_socket socket = {0};

	if (goroutine->state == LTR_STATE_NETWORK)
		ltr_census_socket(scene->moment.census, goroutine, &socket);
	if (goroutine->state == LTR_STATE_NETWORK)
		ltr__textf(area, 0, 0, area.width, LTR__STYLE_DIM, "fd %" PRIu64 " %s",
			   goroutine->object, socket.peer);
	else if (goroutine->object && goroutine->state != LTR_STATE_SLEEP)
		ltr__textf(area, 0, 0, area.width, LTR__STYLE_DIM, "0x%" PRIx64, goroutine->object);
}

static uint64_t moves_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	(void)scene;
	(void)ret_text;
	return goroutine_of(item)->transitions;
}

static void moves_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	struct ltr__words moves = ltr__words_short_count(goroutine_of(item)->transitions);

	(void)scene;
	ltr__text_right(area, 0, 0, area.width, LTR__STYLE_DIM, moves.text);
}

/* name, heading, importance, least, wanted, share, extra, right, descending, key, text, draw */
const struct ltr__column ltr__goroutine_columns[] = {
	{"id", "ID", 1, 4, 4, 0, false, true, false, id_key, NULL, id_draw},
	{"name", "NAME", 6, 8, 14, 1, false, false, false, name_key, name_text, name_draw},
	{"state", "STATE", 3, 7, 7, 0, false, false, false, state_key, NULL, state_draw},
	{"reason", "REASON", 5, 19, 19, 0, false, false, false, reason_key, NULL, reason_draw},
	{"age", "AGE", 2, 6, 7, 0, false, true, true, age_key, NULL, age_draw},
	{"where", "WHERE", 4, 12, 30, 3, false, false, false, where_key, where_text, where_draw},
	{"creator", "CREATED BY", 7, 11, 26, 2, false, false, false, creator_key, creator_text,
	 creator_draw},
	{"labels", "LABELS", 8, 14, 24, 2, true, false, false, labels_key, NULL, labels_draw},
	{"life", "LIFE", 9, 7, 7, 0, true, true, true, life_key, NULL, life_draw},
	{"object", "OBJECT", 11, 14, 14, 0, true, false, false, object_key, NULL, object_draw},
	{"waker", "WOKEN BY", 10, 9, 9, 0, true, true, false, waker_key, NULL, waker_draw},
	{"moves", "MOVES", 12, 6, 6, 0, true, true, true, moves_key, NULL, moves_draw},
};

const size_t ltr__goroutine_column_count =
	sizeof(ltr__goroutine_columns) / sizeof(*ltr__goroutine_columns);
