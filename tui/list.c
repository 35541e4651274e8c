/* SPDX-License-Identifier: MIT */
/*
 * The list. Invariant after ltr__list_window(): shown.rows[sorted_from .. sorted_to) hold what a full
 * sort would put there, the window lies inside, and `selected` is shown.rows[rank].
 */
#include "list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void ltr__list_done(struct ltr__list *list)
{
	free(list->shown.rows);
	free(list->next.rows);
	*list = (struct ltr__list){0};
}

/* The total order. Keys are turned round when rows are added, so that only texts ask for the
 * direction; ids always ascend. */
static int compare(const struct ltr__rows *rows, const struct ltr__row *a, const struct ltr__row *b)
{
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (rows->text && a->text != b->text) {
		int order = strcmp(rows->text(rows->context, a->text),
				   rows->text(rows->context, b->text));

		if (order)
			return rows->descending ? -order : order;
	}
	return a->id < b->id ? -1 : a->id > b->id;
}

static int compare_rows(const void *a, const void *b, void *rows)
{
	return compare(rows, a, b);
}

static struct ltr__row directed(const struct ltr__rows *rows, struct ltr__row row)
{
	if (rows->descending)
		row.key = ~row.key;
	return row;
}

static int reserve(struct ltr__rows *rows, size_t capacity)
{
	struct ltr__row *more;

	if (capacity <= rows->capacity)
		return 0;
	more = realloc(rows->rows, capacity * sizeof(*more));
	if (!more)
		return -ENOMEM;
	rows->rows = more;
	rows->capacity = capacity;
	return 0;
}

void ltr__list_begin(struct ltr__list *list, bool descending, ltr__list_text *text,
		     const void *context, size_t expected)
{
	list->next.count = 0;
	list->next.descending = descending;
	list->next.text = text;
	list->next.context = context;
	(void)reserve(&list->next, expected); /* without it there is still growing by and by */
}

int ltr__list_add(struct ltr__list *list, struct ltr__row row)
{
	struct ltr__rows *next = &list->next;

	if (next->count == next->capacity && reserve(next, next->capacity * 2 + 64))
		return -ENOMEM;
	next->rows[next->count++] = directed(next, row);
	return 0;
}

static size_t rank_of(const struct ltr__rows *rows, const struct ltr__row *row)
{
	size_t rank = 0;

	for (size_t i = 0; i < rows->count; i++)
		rank += compare(rows, &rows->rows[i], row) < 0;
	return rank;
}

/* The row of an id; NULL: there is none. */
static const struct ltr__row *row_of(const struct ltr__rows *rows, uint64_t id)
{
	for (size_t i = 0; i < rows->count; i++) {
		if (rows->rows[i].id == id)
			return &rows->rows[i];
	}
	return NULL;
}

/* Brings rank and first into what there is, the selected row into the window. */
static void clamp(struct ltr__list *list)
{
	size_t height = list->height ? list->height : 1;

	if (!list->shown.count) {
		list->rank = 0;
		list->first = 0;
		return;
	}
	if (list->rank >= list->shown.count)
		list->rank = list->shown.count - 1;
	if (list->first + height > list->shown.count)
		list->first = list->shown.count > height ? list->shown.count - height : 0;
	if (list->rank < list->first)
		list->first = list->rank;
	if (list->rank >= list->first + height)
		list->first = list->rank - height + 1;
}

void ltr__list_end(struct ltr__list *list)
{
	size_t line = list->rank - list->first;
	const struct ltr__row *row = NULL;
	struct ltr__rows before = list->shown;

	list->shown = list->next;
	list->next = before;
	list->sorted_from = 0;
	list->sorted_to = 0;
	if (list->is_pinned || !list->has_selected) {
		list->is_pinned = true;
		list->rank = 0;
		list->first = 0;
	} else if ((row = row_of(&list->shown, list->selected.id))) {
		list->rank = rank_of(&list->shown, row);
		list->first = list->rank > line ? list->rank - line : 0;
	}
	clamp(list);
	/* a row that has gone hands the selection to the one in its place, see ltr__list_window() */
	if (row)
		list->selected = *row;
}

static void swap(struct ltr__row *a, struct ltr__row *b)
{
	struct ltr__row row = *a;

	*a = *b;
	*b = row;
}

static size_t random_below(size_t limit)
{
	static uint64_t seed = 0x9e3779b97f4a7c15ull;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % limit;
}

/*
 * A row to split rows[low, high) at, on the way to the one of rank `nth`: near it in the order, and
 * so that it falls on the small side. Chosen from random rows: no program can pick ids that make
 * this slow.
 */
static struct ltr__row choose_pivot(struct ltr__rows *rows, size_t low, size_t high, size_t nth)
{
	enum { SAMPLES = 128, MARGIN = 6 };
	struct ltr__row samples[SAMPLES];
	size_t wanted = (size_t)((double)(nth - low) / (double)(high - low) * SAMPLES);

	if (high - low < (size_t)8 * SAMPLES)
		return rows->rows[low + random_below(high - low)];
	for (size_t i = 0; i < SAMPLES; i++)
		samples[i] = rows->rows[low + random_below(high - low)];
	qsort_r(samples, SAMPLES, sizeof(*samples), compare_rows, rows);
	if (wanted < SAMPLES / 2)
		return samples[wanted + MARGIN];
	return samples[wanted < SAMPLES ? wanted - MARGIN : SAMPLES - 1];
}

/*
 * Partition rows[low, high) so that the row of rank `nth` is in its place, nothing larger before it
 * and nothing smaller behind.
 */
static void put_in_place(struct ltr__rows *rows, size_t low, size_t high, size_t nth)
{
	while (high - low > 1) {
		struct ltr__row pivot = choose_pivot(rows, low, high, nth);
		size_t left = low;
		size_t right = high - 1;

		for (;;) {
			while (compare(rows, &rows->rows[left], &pivot) < 0)
				left++;
			while (compare(rows, &pivot, &rows->rows[right]) < 0)
				right--;
			if (left >= right)
				break;
			swap(&rows->rows[left++], &rows->rows[right--]);
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

/* Sort rows[from, to) of the whole into their places. */
static void sort_part(struct ltr__rows *rows, size_t from, size_t to)
{
	if (from)
		put_in_place(rows, 0, rows->count, from);
	if (to < rows->count)
		put_in_place(rows, from, rows->count, to);
	qsort_r(rows->rows + from, to - from, sizeof(*rows->rows), compare_rows, rows);
}

void ltr__list_window(struct ltr__list *list, int height)
{
	struct ltr__rows *rows = &list->shown;
	size_t from;
	size_t to;

	list->height = height > 0 ? (size_t)height : 1;
	clamp(list);
	if (!rows->count) {
		list->has_selected = false;
		return;
	}
	to = list->first + list->height;
	if (to > rows->count)
		to = rows->count;
	if (list->first < list->sorted_from || to > list->sorted_to) {
		/* a page more on either side, so that scrolling is free for a while */
		from = list->first > list->height ? list->first - list->height : 0;
		to = to + list->height < rows->count ? to + list->height : rows->count;
		sort_part(rows, from, to);
		list->sorted_from = from;
		list->sorted_to = to;
	}
	list->selected = rows->rows[list->rank];
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
	size_t last = list->shown.count ? list->shown.count - 1 : 0;

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
	row = directed(&list->shown, row);
	move_to(list, rank_of(&list->shown, &row));
}

struct ltr__list_search ltr__list_search_begin(struct ltr__list *list, bool forward)
{
	return (struct ltr__list_search){.list = list, .forward = forward};
}

void ltr__list_search_offer(struct ltr__list_search *search, struct ltr__row row)
{
	struct ltr__list *list = search->list;
	int sign = search->forward ? 1 : -1;

	row = directed(&list->shown, row);
	if (!search->has_first || sign * compare(&list->shown, &row, &search->first) < 0) {
		search->first = row;
		search->has_first = true;
	}
	if (list->has_selected && sign * compare(&list->shown, &row, &list->selected) <= 0)
		return;
	if (!search->has_next || sign * compare(&list->shown, &row, &search->next) < 0) {
		search->next = row;
		search->has_next = true;
	}
}

bool ltr__list_search_end(struct ltr__list_search *search)
{
	struct ltr__list *list = search->list;

	if (!search->has_first)
		return false;
	move_to(list, rank_of(&list->shown, search->has_next ? &search->next : &search->first));
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
