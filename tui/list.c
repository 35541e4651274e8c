/* SPDX-License-Identifier: MIT */
/*
 * The list. Invariant after ltr__list_window(): rows[sorted_from .. sorted_to) hold what a full sort
 * would put there, the window lies inside, and `selected` is rows[rank].
 */
#include "list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void ltr__list_done(struct ltr__list *list)
{
	free(list->rows);
	*list = (struct ltr__list){0};
}

/* The total order. Keys are turned round when rows are added, so that only texts ask for the
 * direction; ids always ascend. */
static int compare(const struct ltr__list *list, const struct ltr__row *a, const struct ltr__row *b)
{
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (list->text && a->text != b->text) {
		int order = strcmp(list->text(list->context, a->text),
				   list->text(list->context, b->text));

		if (order)
			return list->descending ? -order : order;
	}
	return a->id < b->id ? -1 : a->id > b->id;
}

static int compare_rows(const void *a, const void *b, void *list)
{
	return compare(list, a, b);
}

static struct ltr__row directed(const struct ltr__list *list, struct ltr__row row)
{
	if (list->descending)
		row.key = ~row.key;
	return row;
}

void ltr__list_begin(struct ltr__list *list, bool descending, ltr__list_text *text,
		     const void *context)
{
	list->count = 0;
	list->descending = descending;
	list->text = text;
	list->context = context;
	list->is_found = false;
	list->sorted_from = 0;
	list->sorted_to = 0;
}

int ltr__list_add(struct ltr__list *list, struct ltr__row row)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 1024;
		struct ltr__row *rows = realloc(list->rows, capacity * sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		list->rows = rows;
		list->capacity = capacity;
	}
	row = directed(list, row);
	list->rows[list->count++] = row;
	if (list->has_selected && row.id == list->selected.id) {
		list->selected = row;
		list->is_found = true;
	}
	return 0;
}

static size_t rank_of(const struct ltr__list *list, const struct ltr__row *row)
{
	size_t rank = 0;

	for (size_t i = 0; i < list->count; i++)
		rank += compare(list, &list->rows[i], row) < 0;
	return rank;
}

/* Brings rank and first into what there is, the selected row into the window. */
static void clamp(struct ltr__list *list)
{
	size_t height = list->height ? list->height : 1;

	if (!list->count) {
		list->rank = 0;
		list->first = 0;
		return;
	}
	if (list->rank >= list->count)
		list->rank = list->count - 1;
	if (list->first + height > list->count)
		list->first = list->count > height ? list->count - height : 0;
	if (list->rank < list->first)
		list->first = list->rank;
	if (list->rank >= list->first + height)
		list->first = list->rank - height + 1;
}

void ltr__list_end(struct ltr__list *list)
{
	size_t line = list->rank - list->first;

	if (list->is_pinned || !list->has_selected) {
		list->is_pinned = true;
		list->rank = 0;
		list->first = 0;
	} else if (list->is_found) {
		list->rank = rank_of(list, &list->selected);
		list->first = list->rank > line ? list->rank - line : 0;
	}
	clamp(list);
}

static void swap(struct ltr__row *a, struct ltr__row *b)
{
	struct ltr__row row = *a;

	*a = *b;
	*b = row;
}

/*
 * Partition rows[low, high) so that the row of rank `nth` is in its place, nothing larger before it
 * and nothing smaller behind. Pivots are random: no program can choose ids that make this slow.
 */
static void put_in_place(struct ltr__list *list, size_t low, size_t high, size_t nth)
{
	static uint64_t seed = 0x9e3779b97f4a7c15ull;

	while (high - low > 1) {
		struct ltr__row pivot;
		size_t left = low;
		size_t right = high - 1;

		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		pivot = list->rows[low + seed % (high - low)];
		for (;;) {
			while (compare(list, &list->rows[left], &pivot) < 0)
				left++;
			while (compare(list, &pivot, &list->rows[right]) < 0)
				right--;
			if (left >= right)
				break;
			swap(&list->rows[left++], &list->rows[right--]);
		}
		/* rows up to `right` are not larger than the pivot, rows behind it not smaller;
		 * where both met stands the pivot itself */
		if (left == right && nth == right)
			return;
		if (left == right && nth < right)
			high = right;
		else if (nth <= right)
			high = right + 1;
		else
			low = right + 1;
	}
}

void ltr__list_window(struct ltr__list *list, int height)
{
	size_t from;
	size_t to;

	list->height = height > 0 ? (size_t)height : 1;
	clamp(list);
	if (!list->count) {
		list->has_selected = false;
		return;
	}
	to = list->first + list->height;
	if (to > list->count)
		to = list->count;
	if (list->first < list->sorted_from || to > list->sorted_to) {
		/* a page more on either side, so that scrolling is free for a while */
		from = list->first > list->height ? list->first - list->height : 0;
		to = to + list->height < list->count ? to + list->height : list->count;
		put_in_place(list, 0, list->count, from);
		if (to < list->count)
			put_in_place(list, from, list->count, to);
		qsort_r(list->rows + from, to - from, sizeof(*list->rows), compare_rows, list);
		list->sorted_from = from;
		list->sorted_to = to;
	}
	list->selected = list->rows[list->rank];
	list->has_selected = true;
}

static void move_to(struct ltr__list *list, size_t rank)
{
	list->is_pinned = false;
	list->rank = rank;
	ltr__list_window(list, (int)list->height);
}

bool ltr__list_act(struct ltr__list *list, enum ltr__action action, int line)
{
	size_t page = list->height > 1 ? list->height - 1 : 1;
	size_t rank = list->rank;
	size_t last = list->count ? list->count - 1 : 0;

	switch (action) {
	case LTR__DO_UP:
	case LTR__DO_WHEEL_UP:
		move_to(list, rank ? rank - 1 : 0);
		return true;
	case LTR__DO_DOWN:
	case LTR__DO_WHEEL_DOWN:
		move_to(list, rank < last ? rank + 1 : last);
		return true;
	case LTR__DO_PAGE_UP:
		list->first = list->first > page ? list->first - page : 0;
		move_to(list, rank > page ? rank - page : 0);
		return true;
	case LTR__DO_PAGE_DOWN:
		list->first += page;
		move_to(list, last - rank > page ? rank + page : last);
		return true;
	case LTR__DO_TOP:
		move_to(list, 0);
		list->is_pinned = true;
		return true;
	case LTR__DO_BOTTOM:
		move_to(list, last);
		return true;
	case LTR__DO_CLICK:
		if (line >= 0 && (size_t)line < list->height && list->first + (size_t)line <= last)
			move_to(list, list->first + (size_t)line);
		return true;
	default:
		return false;
	}
}

void ltr__list_select(struct ltr__list *list, struct ltr__row row)
{
	row = directed(list, row);
	move_to(list, rank_of(list, &row));
}

struct ltr__list_search ltr__list_search_begin(struct ltr__list *list, bool forward)
{
	return (struct ltr__list_search){.list = list, .forward = forward};
}

void ltr__list_search_offer(struct ltr__list_search *search, struct ltr__row row)
{
	struct ltr__list *list = search->list;
	int sign = search->forward ? 1 : -1;

	row = directed(list, row);
	if (!search->has_first || sign * compare(list, &row, &search->first) < 0) {
		search->first = row;
		search->has_first = true;
	}
	if (list->has_selected && sign * compare(list, &row, &list->selected) <= 0)
		return;
	if (!search->has_next || sign * compare(list, &row, &search->next) < 0) {
		search->next = row;
		search->has_next = true;
	}
}

bool ltr__list_search_end(struct ltr__list_search *search)
{
	struct ltr__list *list = search->list;

	if (!search->has_first)
		return false;
	move_to(list, rank_of(list, search->has_next ? &search->next : &search->first));
	return true;
}

uint64_t ltr__list_text_key(const char *text)
{
	uint64_t key = 0;

	for (int i = 0; i < 8; i++) {
		key = key << 8 | (unsigned char)*text;
		if (*text)
			text++;
	}
	return key;
}
