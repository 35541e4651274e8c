/* SPDX-License-Identifier: MIT */
/*
 * Tables: widths, headings, rows, sorting. Column 0 of the screen holds marks; a column's text
 * begins one blank behind the one before it.
 */
#include "column.h"

#include <errno.h>
#include <string.h>

#include "rune.h"

#define MARKS 1 /* columns at the left for '>' and '!' */
#define GAP   1

const char *ltr__columns_choose(const struct ltr__column *columns, size_t count, const char *names,
				uint32_t *ret_chosen)
{
	uint32_t chosen = 0;

	for (const char *name = names; *name;) {
		size_t length = strcspn(name, ",");
		size_t i = 0;

		while (i < count && (strlen(columns[i].name) != length ||
				     strncmp(columns[i].name, name, length) != 0))
			i++;
		if (i == count)
			return name;
		chosen |= UINT32_C(1) << i;
		name += length;
		name += *name == ',' && name[1]; /* one at the end is no column, and wrong */
		if (*name == ',')
			return name;
	}
	*ret_chosen = chosen;
	return NULL;
}

static bool is_wanted(const struct ltr__table *table, size_t i)
{
	return !table->chosen || table->chosen >> i & 1;
}

static int least_width(const struct ltr__table *table, size_t i)
{
	int least = table->columns[i].least;

	return i == 0 && table->id_width > least ? table->id_width : least;
}

/* The least important column that is still there; count if there is but one left. */
static size_t least_important(const struct ltr__table *table)
{
	size_t worst = table->count;
	size_t there = 0;

	for (size_t i = 0; i < table->count; i++) {
		if (!table->width[i])
			continue;
		there++;
		if (worst == table->count ||
		    table->columns[i].importance > table->columns[worst].importance)
			worst = i;
	}
	return there > 1 ? worst : table->count;
}

/* Give one column of the screen to each table column below `limit`, while there are any. */
static bool grow(struct ltr__table *table, int *left, bool by_share)
{
	bool grew = false;

	for (size_t i = 0; i<table->count && * left> 0; i++) {
		const struct ltr__column *column = &table->columns[i];
		int more;

		if (!table->width[i])
			continue;
		if (by_share)
			more = column->share;
		else
			more = table->width[i] < column->wanted;
		if (more > *left)
			more = *left;
		table->width[i] += more;
		*left -= more;
		grew |= more > 0;
	}
	return grew;
}

/* Least widths for all columns, but for the extra ones that would crowd the others. */
static void drop_extras(struct ltr__table *table, int left)
{
	for (size_t i = 0; i < table->count; i++) {
		int wanted = table->columns[i].wanted;

		table->width[i] = 0;
		if (!is_wanted(table, i))
			continue;
		table->width[i] = least_width(table, i);
		left -= (table->width[i] > wanted ? table->width[i] : wanted) + (i ? GAP : 0);
	}
	while (left < 0) {
		size_t worst = least_important(table);

		if (worst == table->count || !table->columns[worst].is_extra || table->chosen)
			return;
		left += table->columns[worst].wanted + GAP;
		table->width[worst] = 0;
	}
}

void ltr__table_fit(struct ltr__table *table, int width)
{
	int left = width - MARKS;
	int x = MARKS;

	drop_extras(table, left);
	for (size_t i = 0; i < table->count; i++) {
		if (table->width[i])
			left -= table->width[i] + (i ? GAP : 0);
	}
	while (left < 0) {
		size_t worst = least_important(table);

		if (worst == table->count)
			break;
		left += table->width[worst] + GAP;
		table->width[worst] = 0;
	}
	while (left > 0 && grow(table, &left, false))
		;
	while (left > 0 && grow(table, &left, true))
		;
	for (size_t i = 0; i < table->count; i++) {
		table->x[i] = x;
		if (table->width[i])
			x += table->width[i] + GAP;
	}
}

void ltr__table_draw_heading(const struct ltr__table *table, struct ltr__area area)
{
	ltr__fill(area, 0, 0, area.width, LTR__STYLE_HEADING, ' ');
	for (size_t i = 0; i < table->count; i++) {
		const struct ltr__column *column = &table->columns[i];
		bool is_sorted = i == table->sorted;
		bool is_down = column->is_descending != table->is_reversed;
		enum ltr__style style = is_sorted ? LTR__STYLE_SORTED : LTR__STYLE_HEADING;
		int room = table->width[i];
		int length = (int)strlen(column->heading);
		int x = table->x[i];

		if (!room)
			continue;
		if (length + is_sorted > room)
			length = room - is_sorted;
		if (column->is_right)
			x += room - length - is_sorted;
		ltr__textf(area, x, 0, room, style, "%.*s", length, column->heading);
		if (is_sorted)
			ltr__put(area, x + length, 0, style, is_down ? 0x25bc : 0x25b2);
	}
}

void ltr__table_draw_row(const struct ltr__table *table, const struct ltr__scene *scene,
			 const void *item, struct ltr__area line, bool is_unsure)
{
	if (is_unsure)
		ltr__put(line, 0, 0, LTR__STYLE_WARNING, '!');
	for (size_t i = 0; i < table->count; i++) {
		if (table->width[i])
			table->columns[i].draw(
				scene, item,
				ltr__area_part(line, table->x[i], 0, table->width[i], 1));
	}
}

void ltr__table_draw_selected(struct ltr__area line)
{
	uint32_t mark = ltr__grid_at(line.grid, line.x, line.y)->rune;

	/* Where one is must be seen without colours; what is unsure as well, if there is room. */
	if (mark == '!' && line.width > 1 &&
	    ltr__grid_at(line.grid, line.x + 1, line.y)->rune == ' ')
		ltr__put(line, 1, 0, LTR__STYLE_WARNING, '!');
	if (mark == ' ' || mark == '!')
		ltr__put(line, 0, 0, LTR__STYLE_SELECTED, 0x25b8);
	ltr__restyle(line, 0, 0, line.width, LTR__STYLE_SELECTED);
}

struct ltr__row ltr__table_row(const struct ltr__table *table, const struct ltr__scene *scene,
			       const void *item, uint64_t id)
{
	struct ltr__row row = {.id = id};

	row.key = table->columns[table->sorted].key(scene, item, &row.text);
	return row;
}

void ltr__table_begin(const struct ltr__table *table, const struct ltr__scene *scene,
		      struct ltr__list *list, size_t expected)
{
	const struct ltr__column *column = &table->columns[table->sorted];

	ltr__list_begin(list, column->is_descending != table->is_reversed, column->text,
			scene->moment.census, expected);
}

bool ltr__table_act(struct ltr__table *table, enum ltr__action action)
{
	size_t step = action == LTR__DO_SORT_PREVIOUS ? table->count - 1 : 1;

	switch (action) {
	case LTR__DO_REVERSE:
		table->is_reversed = !table->is_reversed;
		return true;
	case LTR__DO_SORT_NEXT:
	case LTR__DO_SORT_PREVIOUS:
		/* only columns that are seen; the one sorted by may itself be hidden */
		for (size_t i = 0; i < table->count; i++) {
			table->sorted = (table->sorted + step) % table->count;
			if (table->width[table->sorted])
				break;
		}
		table->is_reversed = false;
		return true;
	default:
		return false;
	}
}

enum ltr__action ltr__table_click(struct ltr__table *table, const struct ltr__list *list, int x,
				  int line)
{
	if (line > 0 && list->has_selected && list->first + (size_t)line - 1 == list->rank)
		return LTR__DO_OPEN;
	for (size_t i = 0; line == 0 && i < table->count; i++) {
		if (!table->width[i] || x < table->x[i] || x >= table->x[i] + table->width[i])
			continue;
		/* the direction is turned round once more by whoever does it */
		if (i != table->sorted)
			table->is_reversed = true;
		table->sorted = i;
		return LTR__DO_REVERSE;
	}
	return LTR__DO_CLICK;
}

int ltr__table_sort(struct ltr__table *table, const char *name)
{
	bool is_reversed = *name == '-';

	for (size_t i = 0; i < table->count; i++) {
		if (!strcmp(table->columns[i].name, name + is_reversed)) {
			table->sorted = i;
			table->is_reversed = is_reversed;
			return 0;
		}
	}
	return -EINVAL;
}
