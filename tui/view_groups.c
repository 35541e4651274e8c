/* SPDX-License-Identifier: MIT */
/*
 * Goroutines by the stack at which they are, or by who created them: the view for "why are there ten
 * thousand of these". `c` switches between the two.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "column.h"
#include "group.h"

struct groups {
	struct ltr__view view;
	enum ltr__group_by by; /* asked for; what is shown may still be by something else */
	struct ltr__groups shown;
	struct ltr__groups next; /* in the making */
	struct ltr__list list;
	struct ltr__table tables[LTR__GROUP_BY_COUNT];
};

static const struct ltr__group *group_of(const void *item)
{
	return item;
}

static uint64_t count_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	(void)scene;
	(void)ret_text;
	return group_of(item)->count;
}

static void count_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	(void)scene;
	ltr__text_right(area, 0, 0, area.width, LTR__STYLE_STRONG,
			ltr__words_count(group_of(item)->count).text);
}

/* How much of everything that there is. */
static void share_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	const struct ltr__group *group = item;

	ltr__bar(area, 0, 0, area.width, ltr__state_style(group->state), group->count,
		 ltr__moment_count(&scene->moment));
}

static uint64_t oldest_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	(void)scene;
	(void)ret_text;
	return UINT64_MAX - group_of(item)->oldest_ns;
}

static void oldest_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	const struct ltr__group *group = item;
	struct ltr_goroutine oldest = {
		.since_ns = group->oldest_ns == UINT64_MAX ? 0 : group->oldest_ns,
		.flags = group->is_exact ? LTR_SINCE_EXACT : 0,
	};

	ltr__text_right(area, 0, 0, area.width, LTR__STYLE_NORMAL,
			ltr__words_age(&scene->moment, &oldest).text);
}

static uint64_t state_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	(void)scene;
	(void)ret_text;
	return (uint64_t)group_of(item)->state << 8 | group_of(item)->reason;
}

/* The reason if they all have the same, else their state, else how many are in which. */
static void state_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	const struct ltr__group *group = item;
	int x = 0;

	(void)scene;
	if (group->state < LTR_STATE_COUNT) {
		bool has_reason = group->reason && group->reason < LTR_REASON_COUNT;

		ltr__text(area, 0, 0, area.width, ltr__state_style(group->state),
			  has_reason ? ltr_reason_name(group->reason)
				     : ltr_state_name(group->state));
		return;
	}
	for (uint8_t state = 0; state < LTR_STATE_COUNT && x < area.width; state++) {
		if (!group->by_state[state])
			continue;
		x += ltr__textf(area, x, 0, area.width - x, ltr__state_style(state), "%s %s",
				ltr__words_short_count(group->by_state[state]).text,
				ltr_state_name(state));
		x++;
	}
}

static const char *where_text(const void *census, uint32_t text)
{
	return ltr__place_of_stack(census, text).function;
}

static uint64_t where_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	*ret_text = group_of(item)->number;
	return ltr__list_text_key(where_text(scene->moment.census, *ret_text));
}

static void where_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	struct ltr__place place = ltr__place_of_stack(scene->moment.census, group_of(item)->number);

	if (group_of(item)->number)
		ltr__draw_place(area, 0, 0, area.width, &place);
	else
		ltr__text(area, 0, 0, area.width, LTR__STYLE_DIM, "(no stack)");
}

/* Who called the function where they wait, outwards. */
static void callers_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	const struct ltr_census *census = scene->moment.census;
	uint32_t stack = group_of(item)->number;
	size_t depth;
	const uint64_t *pcs = ltr_census_stack(census, stack, &depth);
	int x = 0;

	for (size_t i = ltr_census_first_frame(census, stack) + 1; pcs && i < depth; i++) {
		const struct ltr_symbol *symbol = ltr_census_call_symbol(census, pcs[i]);

		if (symbol->is_runtime || !symbol->function[0])
			continue;
		if (x)
			x += ltr__text(area, x, 0, area.width - x, LTR__STYLE_DIM, " ← ");
		x += ltr__text(area, x, 0, area.width - x, LTR__STYLE_DIM, symbol->function);
		if (x >= area.width)
			break;
	}
}

static const char *creator_text(const void *census, uint32_t text)
{
	return ltr__place_of_site(census, text).function;
}

static uint64_t creator_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	*ret_text = group_of(item)->number;
	return ltr__list_text_key(creator_text(scene->moment.census, *ret_text));
}

static void creator_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	struct ltr__place place = ltr__place_of_site(scene->moment.census, group_of(item)->number);

	if (group_of(item)->number)
		ltr__draw_place(area, 0, 0, area.width, &place);
	else
		ltr__text(area, 0, 0, area.width, LTR__STYLE_DIM, "(not known)");
}

/* name, heading, importance, least, wanted, share, extra, right, descending, key, text, draw */
static const struct ltr__column stack_columns[] = {
	{"count", "COUNT", 1, 6, 9, 0, false, true, true, count_key, NULL, count_draw},
	{"share", "SHARE", 6, 5, 10, 0, false, false, true, count_key, NULL, share_draw},
	{"oldest", "OLDEST", 4, 7, 7, 0, false, true, true, oldest_key, NULL, oldest_draw},
	{"state", "WAITS FOR", 3, 19, 19, 0, false, false, false, state_key, NULL, state_draw},
	{"where", "WHERE", 2, 11, 36, 1, false, false, false, where_key, where_text, where_draw},
	{"callers", "CALLED BY", 5, 12, 30, 2, false, false, false, where_key, where_text,
	 callers_draw},
};

static const struct ltr__column creator_columns[] = {
	{"count", "COUNT", 1, 6, 9, 0, false, true, true, count_key, NULL, count_draw},
	{"share", "SHARE", 5, 5, 10, 0, false, false, true, count_key, NULL, share_draw},
	{"oldest", "OLDEST", 4, 7, 7, 0, false, true, true, oldest_key, NULL, oldest_draw},
	{"where", "CREATED BY", 2, 11, 36, 1, false, false, false, creator_key, creator_text,
	 creator_draw},
	{"state", "THEY ARE", 3, 10, 30, 1, false, false, false, state_key, NULL, state_draw},
};

static struct groups *groups_of(struct ltr__view *view)
{
	return (struct groups *)view;
}

static struct ltr__table *table_of(struct groups *groups)
{
	return &groups->tables[groups->shown.by];
}

static int groups_open(const struct ltr__scene *scene, const struct ltr__subject *subject,
		       struct ltr__view **ret_view)
{
	struct groups *groups = calloc(1, sizeof(*groups));

	(void)scene;
	if (!groups)
		return -ENOMEM;
	groups->view.kind = &ltr__view_groups;
	groups->by = subject->by;
	groups->shown.by = subject->by;
	groups->tables[LTR__BY_STACK].columns = stack_columns;
	groups->tables[LTR__BY_STACK].count = sizeof(stack_columns) / sizeof(*stack_columns);
	groups->tables[LTR__BY_CREATOR].columns = creator_columns;
	groups->tables[LTR__BY_CREATOR].count = sizeof(creator_columns) / sizeof(*creator_columns);
	*ret_view = &groups->view;
	return 0;
}

static void groups_close(struct ltr__view *view)
{
	ltr__list_done(&groups_of(view)->list);
	ltr__groups_done(&groups_of(view)->shown);
	ltr__groups_done(&groups_of(view)->next);
	free(view);
}

static void groups_begin(struct ltr__view *view, struct ltr__scene *scene)
{
	(void)scene;
	ltr__groups_begin(&groups_of(view)->next, groups_of(view)->by);
}

static int groups_take(struct ltr__view *view, struct ltr__scene *scene, size_t from, size_t to)
{
	int error = 0;

	for (size_t i = from; i < to && !error; i++) {
		const struct ltr_goroutine *goroutine = ltr__moment_at(&scene->moment, i);

		if (ltr__filter_lets(scene->filter, &scene->moment, goroutine))
			error = ltr__groups_add(&groups_of(view)->next, goroutine);
	}
	return error;
}

static int groups_end(struct ltr__view *view, struct ltr__scene *scene)
{
	struct groups *groups = groups_of(view);
	struct ltr__groups before = groups->shown;
	int error = 0;

	groups->shown = groups->next;
	groups->next = before;
	ltr__table_begin(table_of(groups), scene, &groups->list, groups->shown.count);
	for (size_t i = 0; i < groups->shown.count && !error; i++) {
		const struct ltr__group *group = &groups->shown.groups[i];
		uint64_t id = ltr__group_id(&groups->shown, group);

		error = ltr__list_add(&groups->list,
				      ltr__table_row(table_of(groups), scene, group, id));
	}
	ltr__list_end(&groups->list);
	return error;
}

static void groups_draw(struct ltr__view *view, struct ltr__scene *scene, struct ltr__area area)
{
	struct groups *groups = groups_of(view);
	struct ltr__list *list = &groups->list;
	int heading = area.height > 2;
	struct ltr__area body = ltr__area_part(area, 0, heading, area.width, area.height - heading);

	ltr__list_window(list, body.height);
	ltr__table_fit(table_of(groups), area.width);
	if (heading)
		ltr__table_draw_heading(table_of(groups), area);
	for (size_t i = 0; i < list->height && list->first + i < list->shown.count; i++) {
		struct ltr__area line = ltr__area_part(body, 0, (int)i, body.width, 1);
		const struct ltr__group *group =
			ltr__groups_find(&groups->shown, list->shown.rows[list->first + i].id);

		if (!group || line.height < 1 || line.width < 1)
			break;
		ltr__table_draw_row(table_of(groups), scene, group, line, group->unsure != 0);
		if (list->first + i == list->rank)
			ltr__table_draw_selected(line);
		if (scene->search)
			ltr__mark_text(line, 0, scene->search_text);
	}
	if (!list->shown.count)
		ltr__draw_note(body, ltr__filter_is_empty(scene->filter)
					     ? "there are no goroutines"
					     : "nothing matches the filter; F shows everything");
}

/* A group is found if one of its goroutines is. */
static bool groups_search(struct ltr__view *view, struct ltr__scene *scene, bool forward)
{
	struct groups *groups = groups_of(view);
	struct ltr__list_search search = ltr__list_search_begin(&groups->list, forward);
	struct ltr__groups matches = {0};
	size_t count = ltr__moment_count(&scene->moment);

	ltr__groups_begin(&matches, groups->shown.by);
	for (size_t i = 0; i < count; i++) {
		const struct ltr_goroutine *goroutine = ltr__moment_at(&scene->moment, i);

		if (ltr__filter_lets(scene->filter, &scene->moment, goroutine) &&
		    ltr__filter_lets(scene->search, &scene->moment, goroutine) &&
		    ltr__groups_add(&matches, goroutine))
			break;
	}
	for (size_t i = 0; i < matches.count; i++) {
		uint64_t id = ltr__group_id(&matches, &matches.groups[i]);
		const struct ltr__group *group = ltr__groups_find(&groups->shown, id);

		if (group)
			ltr__list_search_offer(&search,
					       ltr__table_row(table_of(groups), scene, group, id));
	}
	ltr__groups_done(&matches);
	return ltr__list_search_end(&search);
}

static struct ltr__want groups_act(struct ltr__view *view, struct ltr__scene *scene,
				   enum ltr__action action, int line)
{
	struct groups *groups = groups_of(view);
	const struct ltr__group *group;

	(void)scene;
	if (action == LTR__DO_GROUP_BY) {
		groups->by = (groups->by + 1) % LTR__GROUP_BY_COUNT;
		ltr__list_act(&groups->list, LTR__DO_TOP, 0); /* there is no such row then */
		return (struct ltr__want){.kind = LTR__WANT_RENEW};
	} else if (ltr__table_act(table_of(groups), action)) {
		return (struct ltr__want){.kind = LTR__WANT_RENEW};
	} else if (action == LTR__DO_OPEN && groups->list.has_selected) {
		group = ltr__groups_find(&groups->shown, groups->list.selected.id);
		if (group)
			return (struct ltr__want){
				.kind = LTR__WANT_OPEN,
				.view = &ltr__view_goroutines,
				.subject = ltr__group_subject(&groups->shown, group),
			};
	} else {
		ltr__list_act(&groups->list, action, line - 1);
	}
	return (struct ltr__want){0};
}

static void groups_title(struct ltr__view *view, struct ltr__scene *scene, char *ret_text,
			 size_t size)
{
	(void)scene;
	snprintf(ret_text, size, "groups by %s",
		 groups_of(view)->by == LTR__BY_STACK ? "stack" : "creator");
}

static void groups_place(struct ltr__view *view, char *ret_text, size_t size)
{
	ltr__say_place(&groups_of(view)->list, ret_text, size);
}

static int groups_sort(struct ltr__view *view, const char *name)
{
	return ltr__table_sort(table_of(groups_of(view)), name);
}

const struct ltr__view_kind ltr__view_groups = {
	.name = "groups",
	.where = LTR__IN_LISTS | LTR__IN_GROUPS,
	.open = groups_open,
	.close = groups_close,
	.begin = groups_begin,
	.take = groups_take,
	.end = groups_end,
	.draw = groups_draw,
	.act = groups_act,
	.title = groups_title,
	.place = groups_place,
	.search = groups_search,
	.sort = groups_sort,
};
