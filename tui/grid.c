/* SPDX-License-Identifier: MIT */
/*
 * The grid of cells and all clipping. Only put_cell() writes a cell for a view, and it checks the
 * area first.
 */
#include "grid.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rune.h"

#define ELLIPSIS 0x2026u

static const struct ltr__cell blank = {.rune = ' ', .width = 1};

static int clamp(int value, int low, int high)
{
	return value < low ? low : value > high ? high : value;
}

/* What is in both; a wide rune of which the edge cuts off a half is blank. */
static void copy_cells(struct ltr__cell *to, int to_width, int to_height,
		       const struct ltr__grid *from)
{
	int width = from->width < to_width ? from->width : to_width;

	for (int i = 0; i < to_width * to_height; i++)
		to[i] = blank;
	for (int y = 0; y < from->height && y < to_height; y++) {
		struct ltr__cell *line = &to[(size_t)y * (size_t)to_width];

		memcpy(line, &from->cells[(size_t)y * (size_t)from->width],
		       sizeof(*line) * (size_t)width);
		if (line[width - 1].width == 2)
			line[width - 1] = blank;
	}
}

int ltr__grid_resize(struct ltr__grid *grid, int width, int height)
{
	struct ltr__cell *cells;

	width = clamp(width, 1, LTR__GRID_MAX_WIDTH);
	height = clamp(height, 1, LTR__GRID_MAX_HEIGHT);
	cells = malloc(sizeof(*cells) * (size_t)width * (size_t)height);
	if (!cells)
		return -ENOMEM;
	copy_cells(cells, width, height, grid);
	free(grid->cells);
	grid->cells = cells;
	grid->width = width;
	grid->height = height;
	return 0;
}

void ltr__grid_done(struct ltr__grid *grid)
{
	free(grid->cells);
	*grid = (struct ltr__grid){0};
}

void ltr__grid_clear(struct ltr__grid *grid)
{
	for (int i = 0; i < grid->width * grid->height; i++)
		grid->cells[i] = blank;
}

static struct ltr__cell *cell_at(const struct ltr__grid *grid, int x, int y)
{
	return &grid->cells[y * grid->width + x];
}

const struct ltr__cell *ltr__grid_at(const struct ltr__grid *grid, int x, int y)
{
	return cell_at(grid, x, y);
}

int ltr__grid_line(const struct ltr__grid *grid, int y, char *ret_text, int size)
{
	int length = 0;
	int end = 0;

	for (int x = 0; x < grid->width; x++) {
		const struct ltr__cell *cell = cell_at(grid, x, y);

		if (cell->width == 0)
			continue;
		if (length + 12 >= size)
			break;
		length += ltr__rune_encode(cell->rune, ret_text + length);
		for (int i = 0; i < 2 && cell->marks[i]; i++)
			length += ltr__rune_encode(cell->marks[i], ret_text + length);
		if (cell->rune != ' ')
			end = length;
	}
	ret_text[end] = 0;
	return end;
}

struct ltr__area ltr__grid_area(struct ltr__grid *grid)
{
	return (struct ltr__area){.grid = grid, .width = grid->width, .height = grid->height};
}

struct ltr__area ltr__area_part(struct ltr__area area, int x, int y, int width, int height)
{
	int left = clamp(x, 0, area.width);
	int top = clamp(y, 0, area.height);

	return (struct ltr__area){
		.grid = area.grid,
		.x = area.x + left,
		.y = area.y + top,
		.width = clamp(width + x - left, 0, area.width - left),
		.height = clamp(height + y - top, 0, area.height - top),
	};
}

/* Blank the other half of a wide rune of which one half is about to be overwritten. */
static void heal(struct ltr__grid *grid, int x, int y)
{
	struct ltr__cell *cell = cell_at(grid, x, y);

	if (cell->width == 0 && x > 0)
		*cell_at(grid, x - 1, y) = blank;
	if (cell->width == 2 && x + 1 < grid->width)
		*cell_at(grid, x + 1, y) = blank;
}

static int put_cell(struct ltr__area area, int x, int y, enum ltr__style style, uint32_t rune,
		    int width)
{
	struct ltr__grid *grid = area.grid;

	if (x < 0 || y < 0 || y >= area.height || x + width > area.width)
		return 0;
	x += area.x;
	y += area.y;
	heal(grid, x, y);
	*cell_at(grid, x, y) =
		(struct ltr__cell){.rune = rune, .width = (uint8_t)width, .style = (uint8_t)style};
	if (width == 2) {
		heal(grid, x + 1, y);
		*cell_at(grid, x, y) =
			(struct ltr__cell){.rune = rune, .width = 2, .style = (uint8_t)style};
		*cell_at(grid, x + 1, y) = (struct ltr__cell){.style = (uint8_t)style};
	}
	return width;
}

/* The printable form of a rune and its columns; a wide one is two '?' in ASCII. */
static int clean(const struct ltr__grid *grid, uint32_t *rune)
{
	int width = ltr__rune_width(*rune);

	*rune = ltr__rune_clean(*rune, grid->ascii);
	if (grid->ascii && width != 2)
		return 1;
	return width < 0 ? 1 : width;
}

int ltr__put(struct ltr__area area, int x, int y, enum ltr__style style, uint32_t rune)
{
	int width = clean(area.grid, &rune);

	if (width == 0)
		return 0;
	if (width == 2 && area.grid->ascii) {
		put_cell(area, x + 1, y, style, '?', 1);
		return put_cell(area, x, y, style, '?', 1) + 1;
	}
	return put_cell(area, x, y, style, rune, width);
}

static void put_mark(struct ltr__area area, int x, int y, uint32_t mark)
{
	struct ltr__cell *cell;

	if (x < 0 || x >= area.width || y < 0 || y >= area.height)
		return;
	cell = cell_at(area.grid, area.x + x, area.y + y);
	if (cell->width == 0)
		return;
	if (!cell->marks[0])
		cell->marks[0] = mark;
	else if (!cell->marks[1])
		cell->marks[1] = mark;
}

int ltr__text_columns(const struct ltr__grid *grid, const char *text)
{
	int columns = 0;
	uint32_t rune;

	while ((rune = ltr__rune_next(&text))) {
		int width = clean(grid, &rune);

		/* a mark with nothing to combine with is shown as a rune of its own */
		columns += width == 0 && columns == 0 ? 1 : width;
	}
	return columns;
}

int ltr__text(struct ltr__area area, int x, int y, int columns, enum ltr__style style,
	      const char *text)
{
	bool cut;
	int used = 0;
	int last = -1; /* where the rune stands that a mark combines with */
	uint32_t rune;

	if (columns > area.width - x)
		columns = area.width - x;
	if (columns <= 0)
		return 0;
	cut = ltr__text_columns(area.grid, text) > columns;
	while ((rune = ltr__rune_next(&text))) {
		int width = clean(area.grid, &rune);

		if (width == 0 && last >= 0) {
			put_mark(area, x + last, y, rune);
			continue;
		}
		if (width == 0) {
			rune = LTR__RUNE_BAD;
			width = 1;
		}
		if (used + width > columns - cut)
			break;
		last = used;
		if (width == 2 && area.grid->ascii) {
			put_cell(area, x + used, y, style, '?', 1);
			put_cell(area, x + used + 1, y, style, '?', 1);
		} else {
			put_cell(area, x + used, y, style, rune, width);
		}
		used += width;
	}
	if (cut)
		used += ltr__put(area, x + used, y, style, ELLIPSIS);
	return used;
}

int ltr__textf(struct ltr__area area, int x, int y, int columns, enum ltr__style style,
	       const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return ltr__text(area, x, y, columns, style, text);
}

int ltr__text_right(struct ltr__area area, int x, int y, int columns, enum ltr__style style,
		    const char *text)
{
	int length = ltr__text_columns(area.grid, text);

	if (length < columns)
		return ltr__text(area, x + columns - length, y, length, style, text);
	return ltr__text(area, x, y, columns, style, text);
}

void ltr__fill(struct ltr__area area, int x, int y, int columns, enum ltr__style style,
	       uint32_t rune)
{
	rune = ltr__rune_clean(rune, area.grid->ascii);
	for (int i = 0; i < columns && x + i < area.width; i++)
		put_cell(area, x + i, y, style, rune, 1);
}

void ltr__restyle(struct ltr__area area, int x, int y, int columns, enum ltr__style style)
{
	if (y < 0 || y >= area.height)
		return;
	for (int i = 0; i < columns && x + i < area.width; i++) {
		if (x + i >= 0)
			cell_at(area.grid, area.x + x + i, area.y + y)->style = (uint8_t)style;
	}
}

static uint32_t lower(uint32_t rune)
{
	return rune >= 'A' && rune <= 'Z' ? rune + 32 : rune;
}

/* Whether `text` stands at x; its columns in *ret_columns. */
static bool stands_at(struct ltr__area area, int x, int y, const char *text, int *ret_columns)
{
	int start = x;
	uint32_t rune;

	while ((rune = ltr__rune_next(&text))) {
		const struct ltr__cell *cell;
		int width = clean(area.grid, &rune);

		if (width == 0)
			continue;
		if (x >= area.width)
			return false;
		cell = cell_at(area.grid, area.x + x, area.y + y);
		if (lower(cell->rune) != lower(rune))
			return false;
		x += width;
	}
	*ret_columns = x - start;
	return x > start;
}

void ltr__mark_text(struct ltr__area area, int y, const char *text)
{
	int columns;

	if (y < 0 || y >= area.height)
		return;
	for (int x = 0; x < area.width; x++) {
		if (stands_at(area, x, y, text, &columns)) {
			ltr__restyle(area, x, y, columns, LTR__STYLE_MATCH);
			x += columns - 1;
		}
	}
}

void ltr__bar(struct ltr__area area, int x, int y, int columns, enum ltr__style style,
	      uint64_t part, uint64_t whole)
{
	int eighths;

	if (columns <= 0)
		return;
	if (part > whole)
		part = whole;
	eighths = whole ? (int)((double)part / (double)whole * 8 * columns) : 0;
	if (part && !eighths)
		eighths = 1;
	for (int i = 0; i < columns; i++, eighths -= 8) {
		if (eighths >= 8)
			ltr__put(area, x + i, y, style, 0x2588);
		else if (eighths > 0)
			ltr__put(area, x + i, y, style, 0x2590u - (uint32_t)eighths);
		else
			ltr__put(area, x + i, y, LTR__STYLE_BAR_EMPTY, 0x00b7);
	}
}
