/* SPDX-License-Identifier: MIT */
/*
 * Goroutines in groups: by the stack at which they are, by who created them, by label, by state; the
 * view for "why are there ten thousand of these". `c` goes from one to the next, + and - unfold and
 * fold, `m` sets the mark that growth counts from (at first: when the view or the filter came).
 *
 * Rows are in the order of the tree. Invariant: order[] holds indexes of groups that are not empty,
 * and a row's key is its index in order[].
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "group_columns.h"

struct groups {
	struct ltr__view view;
	struct ltr__groups groups;
	struct ltr__list list;
	struct ltr__table tables[LTR__GROUP_BY_COUNT];
	char filter[LTR__FILTER_BYTES]; /* that the mark is of */
	uint32_t *order;
	struct sort_key *keys; /* by index of a group, while rows are ordered */
	size_t capacity;       /* of both */
};

struct sort_key {
	uint64_t key;
	bool is_seen; /* all above it are unfolded */
};

static struct groups *groups_of(struct ltr__view *view)
{
	return (struct groups *)view;
}

static struct ltr__table *table_of(struct groups *groups)
{
	return &groups->tables[groups->groups.by];
}

static int groups_open(const struct ltr__scene *scene, const struct ltr__subject *subject,
		       struct ltr__view **ret_view)
{
	struct groups *groups = calloc(1, sizeof(*groups));

	(void)scene;
	(void)subject;
	if (!groups)
		return -ENOMEM;
	groups->view.kind = &ltr__view_groups;
	for (int by = 0; by < LTR__GROUP_BY_COUNT; by++)
		ltr__group_table(by, &groups->tables[by]);
	*ret_view = &groups->view;
	return 0;
}

static void groups_close(struct ltr__view *view)
{
	struct groups *groups = groups_of(view);

	ltr__list_done(&groups->list);
	ltr__groups_done(&groups->groups);
	free(groups->order);
	free(groups->keys);
	free(groups);
}

static void groups_begin(struct ltr__view *view, struct ltr__scene *scene)
{
	(void)scene;
	ltr__groups_begin(&groups_of(view)->groups);
}

static int groups_take(struct ltr__view *view, struct ltr__scene *scene, size_t from, size_t to)
{
	int error = 0;

	for (size_t i = from; i < to && !error; i++) {
		const struct ltr_goroutine *goroutine = ltr__moment_at(&scene->moment, i);

		if (ltr__filter_lets(scene->filter, &scene->moment, goroutine))
			error = ltr__groups_add(&groups_of(view)->groups, &scene->places,
						scene->moment.census, goroutine);
	}
	return error;
}

/* What rows are ordered by, between siblings. */
struct ordering {
	const struct ltr__group *groups;
	const struct sort_key *keys;
	bool is_descending;
};

/* Whichever of two groups comes first; one comes before all that it consists of. */
static int compare(const void *left, const void *right, void *context)
{
	const struct ordering *ordering = context;
	const struct ltr__group *groups = ordering->groups;
	uint32_t a = *(const uint32_t *)left;
	uint32_t b = *(const uint32_t *)right;
	int deeper = (groups[a].depth > groups[b].depth) - (groups[a].depth < groups[b].depth);

	while (groups[a].depth > groups[b].depth)
		a = groups[a].parent;
	while (groups[b].depth > groups[a].depth)
		b = groups[b].parent;
	if (a == b)
		return deeper;
	while (groups[a].parent != groups[b].parent) {
		a = groups[a].parent;
		b = groups[b].parent;
	}
	if (ordering->keys[a].key != ordering->keys[b].key)
		return (ordering->keys[a].key < ordering->keys[b].key) != ordering->is_descending
			       ? -1
			       : 1;
	return groups[a].id < groups[b].id ? -1 : 1;
}

static int reserve(struct groups *groups)
{
	size_t capacity = groups->groups.capacity;
	uint32_t *order;
	struct sort_key *keys;

	if (capacity <= groups->capacity)
		return 0;
	order = realloc(groups->order, capacity * sizeof(*order));
	if (order)
		groups->order = order;
	keys = realloc(groups->keys, capacity * sizeof(*keys));
	if (keys)
		groups->keys = keys;
	if (!order || !keys)
		return -ENOMEM;
	groups->capacity = capacity;
	return 0;
}

/* The rows anew, from groups that are there. */
static int order_rows(struct groups *groups, struct ltr__scene *scene)
{
	struct ltr__table *table = table_of(groups);
	const struct ltr__column *column = &table->columns[table->sorted];
	struct ordering ordering = {.groups = groups->groups.groups};
	uint32_t count = 0;
	int error = reserve(groups);

	ltr__list_begin(&groups->list, false, NULL, NULL, groups->groups.count);
	for (uint32_t i = 0; i < groups->groups.count && !error; i++) {
		const struct ltr__group *group = &groups->groups.groups[i];
		uint32_t parent = group->parent;
		uint32_t text = 0;

		groups->keys[i].key = column->key(scene, group, &text);
		groups->keys[i].is_seen =
			group->shown.count &&
			(parent == LTR__GROUP_ROOT ||
			 (groups->keys[parent].is_seen && groups->groups.groups[parent].is_open));
		if (groups->keys[i].is_seen)
			groups->order[count++] = i;
	}
	ordering.keys = groups->keys;
	ordering.is_descending = column->is_descending != table->is_reversed;
	if (count)
		qsort_r(groups->order, count, sizeof(*groups->order), compare, &ordering);
	for (uint32_t i = 0; i < count && !error; i++)
		error = ltr__list_add(&groups->list,
				      (struct ltr__row){
					      .key = i,
					      .id = ordering.groups[groups->order[i]].id,
				      });
	ltr__list_end(&groups->list);
	return error;
}

static int groups_end(struct ltr__view *view, struct ltr__scene *scene)
{
	struct groups *groups = groups_of(view);

	/* what another filter has let through did not grow */
	if (strcmp(groups->filter, scene->filter_text) != 0) {
		memcpy(groups->filter, scene->filter_text, sizeof(groups->filter));
		groups->groups.has_mark = false;
	}
	ltr__groups_end(&groups->groups, ltr__moment_info(&scene->moment)->now_ns);
	return order_rows(groups, scene);
}

static struct ltr__group *group_at(struct groups *groups, size_t rank)
{
	return &groups->groups.groups[groups->order[groups->list.shown.rows[rank].key]];
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
		struct ltr__group_item item = {&groups->groups, group_at(groups, list->first + i)};

		if (line.height < 1 || line.width < 1)
			break;
		ltr__table_draw_row(table_of(groups), scene, &item, line,
				    item.group->shown.unsure != 0);
		if (list->first + i == list->rank)
			ltr__table_draw_selected(line);
		if (scene->search)
			ltr__mark_text(line, 0, scene->search_text);
	}
	if (!list->shown.count)
		ltr__draw_note(body, !ltr__filter_is_empty(scene->filter)
					     ? "nothing matches the filter; F shows everything"
				     : ltr__moment_count(&scene->moment)
					     ? "counting…"
					     : "there are no goroutines");
}

/* A group is found if one of its goroutines is. */
static bool groups_search(struct ltr__view *view, struct ltr__scene *scene, bool forward)
{
	struct groups *groups = groups_of(view);
	struct ltr__list_search search = ltr__list_search_begin(&groups->list, forward);
	size_t count = ltr__moment_count(&scene->moment);

	ltr__groups_find(&groups->groups, &scene->places, scene->moment.census, NULL);
	for (size_t i = 0; i < count; i++) {
		const struct ltr_goroutine *goroutine = ltr__moment_at(&scene->moment, i);

		if (ltr__filter_lets(scene->filter, &scene->moment, goroutine) &&
		    ltr__filter_lets(scene->search, &scene->moment, goroutine))
			ltr__groups_find(&groups->groups, &scene->places, scene->moment.census,
					 goroutine);
	}
	for (size_t i = 0; i < groups->list.shown.count; i++) {
		if (group_at(groups, i)->is_found)
			ltr__list_search_offer(&search, groups->list.shown.rows[i]);
	}
	return ltr__list_search_end(&search);
}

static void select_group(struct groups *groups, const struct ltr__group *group)
{
	for (size_t i = 0; i < groups->list.shown.count; i++) {
		if (groups->list.shown.rows[i].id == group->id) {
			ltr__list_select(&groups->list, groups->list.shown.rows[i]);
			return;
		}
	}
}

/* Fold a group that is unfolded, else the one that it is in. */
static void fold(struct groups *groups, struct ltr__scene *scene, struct ltr__group *group)
{
	if (!group->is_open && group->parent != LTR__GROUP_ROOT)
		group = &groups->groups.groups[group->parent];
	group->is_open = false;
	order_rows(groups, scene);
	select_group(groups, group);
}

static void unfold_all(struct groups *groups, struct ltr__scene *scene)
{
	bool any_open = false;

	for (uint32_t i = 0; i < groups->groups.count; i++)
		any_open |=
			groups->groups.groups[i].is_open && groups->groups.groups[i].shown.count;
	for (uint32_t i = 0; i < groups->groups.count; i++)
		groups->groups.groups[i].is_open = !any_open;
	order_rows(groups, scene);
}

static struct ltr__want act_on_group(struct groups *groups, struct ltr__scene *scene,
				     enum ltr__action action, struct ltr__group *group)
{
	struct ltr__subject subject = ltr__group_subject(&groups->groups, group);

	if (action == LTR__DO_OPEN && group->trait.kind == LTR__TRAIT_OTHER)
		return (struct ltr__want){
			.kind = LTR__WANT_SAY,
			.say = "these are of too many groups to be told apart",
		};
	if (action == LTR__DO_OPEN)
		return ltr__want_goroutines(&subject);
	if (action == LTR__DO_UNFOLD && group->children) {
		group->is_open = true;
		order_rows(groups, scene);
	} else if (action == LTR__DO_FOLD) {
		fold(groups, scene, group);
	}
	return (struct ltr__want){0};
}

static struct ltr__want groups_act(struct ltr__view *view, struct ltr__scene *scene,
				   enum ltr__action action, int line)
{
	struct groups *groups = groups_of(view);
	struct ltr__list *list = &groups->list;

	if (action == LTR__DO_CLICK)
		action = ltr__table_click(table_of(groups), list, scene->click_x, line);
	switch (action) {
	case LTR__DO_GROUP_BY:
		ltr__groups_clear(&groups->groups, (groups->groups.by + 1) % LTR__GROUP_BY_COUNT);
		ltr__groups_begin(&groups->groups);
		order_rows(groups, scene);
		ltr__list_act(list, LTR__DO_TOP, 0);
		return (struct ltr__want){.kind = LTR__WANT_RENEW};
	case LTR__DO_MARK:
		ltr__groups_mark(&groups->groups, ltr__moment_info(&scene->moment)->now_ns);
		order_rows(groups, scene);
		return (struct ltr__want){.kind = LTR__WANT_SAY,
					  .say = "growth counts from now on"};
	case LTR__DO_FOLD_ALL:
		unfold_all(groups, scene);
		return (struct ltr__want){0};
	case LTR__DO_OPEN:
	case LTR__DO_UNFOLD:
	case LTR__DO_FOLD:
		if (!list->has_selected || list->rank >= list->shown.count)
			return (struct ltr__want){0};
		return act_on_group(groups, scene, action, group_at(groups, list->rank));
	default:
		if (ltr__table_act(table_of(groups), action))
			order_rows(groups, scene);
		else
			ltr__list_act(list, action, line - 1);
		return (struct ltr__want){0};
	}
}

static void groups_title(struct ltr__view *view, struct ltr__scene *scene, char *ret_text,
			 size_t size)
{
	static const char *const names[LTR__GROUP_BY_COUNT] = {"stack", "creator", "label",
							       "state"};
	const struct ltr__groups *groups = &groups_of(view)->groups;
	uint64_t now = ltr__moment_info(&scene->moment)->now_ns;

	if (!groups->has_mark || now <= groups->mark_ns)
		snprintf(ret_text, size, "groups by %s", names[groups->by]);
	else
		snprintf(ret_text, size, "groups by %s, growth in %s", names[groups->by],
			 ltr__words_duration(now - groups->mark_ns).text);
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
