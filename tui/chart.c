/* SPDX-License-Identifier: MIT */
/*
 * Charts.
 */
#include "chart.h"

#define EIGHTHS   8
#define BLOCK_ONE 0x2580u /* behind it the blocks of 1/8 .. 8/8, from below */

/* How many of `steps` a value fills; one if it is not 0. */
static int filled(double value, double peak, int steps)
{
	int level;

	if (value <= 0 || peak <= 0)
		return 0;
	if (value >= peak)
		return steps;
	level = (int)(value / peak * steps + 0.5);
	return level ? level : 1;
}

static uint32_t spark_rune(const struct ltr__grid *grid, int level)
{
	static const char dense[EIGHTHS + 1] = {' ', '.', ':', '-', '=', '+', '*', '%', '#'};

	if (!level)
		return ' ';
	return grid->ascii ? (uint32_t)dense[level] : BLOCK_ONE + (uint32_t)level;
}

void ltr__spark(struct ltr__area area, int x, int y, int columns, enum ltr__style style,
		const double *values, int count, double peak)
{
	int skipped;

	if (columns > area.width - x)
		columns = area.width - x;
	skipped = count > columns ? count - columns : 0;
	if (peak <= 0) {
		for (int i = skipped; i < count; i++)
			peak = values[i] > peak ? values[i] : peak;
	}
	for (int i = skipped; i < count; i++) {
		int level = filled(values[i], peak, EIGHTHS);

		if (values[i] == 0)
			ltr__put(area, x + columns - count + i, y, LTR__STYLE_BAR_EMPTY,
				 area.grid->ascii ? '_' : BLOCK_ONE + 1);
		else if (level)
			ltr__put(area, x + columns - count + i, y, style,
				 spark_rune(area.grid, level));
	}
}

/* The part that takes most of the cell that reaches from `low` to `high`; -1: none. */
static int part_in(const struct ltr__stack_column *column, int part_count, double low, double high)
{
	double from = 0;
	double most = 0;
	int best = -1;

	for (int i = 0; i < part_count; i++) {
		double to = from + column->part[i];
		double inside = (to < high ? to : high) - (from > low ? from : low);

		if (inside > most) {
			most = inside;
			best = i;
		}
		from = to;
	}
	return best;
}

static double sum_of(const struct ltr__stack_column *column, int part_count)
{
	double sum = 0;

	for (int i = 0; i < part_count; i++)
		sum += column->part[i];
	return sum;
}

void ltr__stack_chart(struct ltr__area area, const struct ltr__stack_column *columns, int count,
		      const struct ltr__stack_part *parts, int part_count, double top,
		      bool with_letters)
{
	int skipped = count > area.width ? count - area.width : 0;

	if (part_count > LTR__STACK_PARTS)
		part_count = LTR__STACK_PARTS;
	for (int i = skipped; i < count; i++) {
		int x = area.width - count + i;
		int eighths;

		if (!columns[i].is_known)
			continue;
		eighths = filled(sum_of(&columns[i], part_count), top, area.height * EIGHTHS);
		for (int row = 0; row < area.height && eighths > row * EIGHTHS; row++) {
			int level = eighths - row * EIGHTHS;
			int part = part_in(&columns[i], part_count, top * row / area.height,
					   top * (row + 1) / area.height);

			if (part < 0)
				continue;
			ltr__put(area, x, area.height - 1 - row, parts[part].style,
				 with_letters || area.grid->ascii
					 ? (uint32_t)(unsigned char)parts[part].letter
					 : BLOCK_ONE +
						   (uint32_t)(level < EIGHTHS ? level : EIGHTHS));
		}
	}
}

double ltr__round_up(double value)
{
	double unit = 1;

	while (unit * 10 < value && unit < 1e300)
		unit *= 10;
	if (value <= unit)
		return unit;
	if (value <= 2 * unit)
		return 2 * unit;
	return value <= 5 * unit ? 5 * unit : 10 * unit;
}
