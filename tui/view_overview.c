/* SPDX-License-Identifier: MIT */
/*
 * The overview: counts by state over time, how fast goroutines come and go, and what the program and
 * loiter cost. It is of all goroutines, whatever the filter. Charts end at the moment on screen; a
 * paused screen keeps the history as it was then.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chart.h"
#include "tui.h"
#include "view.h"

#define AXIS      7  /* columns of the axis at the left of the chart */
#define LABEL     15 /* widths of what stands before a line of small bars */
#define VALUE     8
#define PEAK      13
#define ROOMY     34 /* heights from which each state has a line of its own */
#define CHART_MIN 4
#define TICK      20                   /* columns between the times below a chart */
#define COLUMNS   LTR__HISTORY_SAMPLES /* charts are not wider than what is remembered */

struct overview {
	struct ltr__view view;
	enum ltr__range range;
	struct ltr__history history; /* a copy: a paused screen does not move */
	struct ltr__stack_column stack[COLUMNS];
	double values[COLUMNS];
};

/* One column of a chart: a sample and the one before it; NULL if it is not known. */
struct step {
	const struct ltr__sample *at;
	const struct ltr__sample *before;
};

/* A line of small bars: the value of a column, or LTR__NO_VALUE, and its words. */
struct row {
	const char *label;
	double (*value)(const struct step *step, uint8_t state);
	struct ltr__words (*words)(double value);
	bool (*is_there)(const struct overview *overview, const struct ltr_census_info *info);
	enum ltr__style style;
	uint8_t state;
};

static struct overview *overview_of(struct ltr__view *view)
{
	return (struct overview *)view;
}

static int overview_open(const struct ltr__scene *scene, const struct ltr__subject *subject,
			 struct ltr__view **ret_view)
{
	struct overview *overview = calloc(1, sizeof(*overview));

	(void)scene;
	(void)subject;
	if (!overview)
		return -ENOMEM;
	overview->view.kind = &ltr__view_overview;
	*ret_view = &overview->view;
	return 0;
}

static void overview_close(struct ltr__view *view)
{
	free(view);
}

static void overview_begin(struct ltr__view *view, struct ltr__scene *scene)
{
	overview_of(view)->history = scene->history;
}

static int overview_take(struct ltr__view *view, struct ltr__scene *scene, size_t from, size_t to)
{
	(void)view;
	(void)scene;
	(void)from;
	(void)to;
	return 0;
}

static int overview_end(struct ltr__view *view, struct ltr__scene *scene)
{
	(void)view;
	(void)scene;
	return 0;
}

/* Column `i` of `count`, of which the last one is the moment on screen. */
static struct step step_at(const struct overview *overview, int i, int count)
{
	const struct ltr__sample *last = ltr__history_last(&overview->history, overview->range);
	uint64_t back = (uint64_t)(count - 1 - i) * ltr__range_step_ns(overview->range);
	struct step step = {0};

	if (last && last->now_ns >= back)
		step.at = ltr__history_at(&overview->history, overview->range, last->now_ns - back,
					  &step.before);
	return step;
}

static double rate_of(const struct step *step, uint64_t before, uint64_t after)
{
	return ltr__rate(before, after, step->at->now_ns - step->before->now_ns);
}

static double created(const struct step *step, uint8_t state)
{
	(void)state;
	return step->before ? rate_of(step, step->before->created, step->at->created)
			    : LTR__NO_VALUE;
}

static double ended(const struct step *step, uint8_t state)
{
	(void)state;
	return step->before ? rate_of(step, step->before->exited, step->at->exited) : LTR__NO_VALUE;
}

static double records(const struct step *step, uint8_t state)
{
	(void)state;
	return step->before ? rate_of(step, step->before->events, step->at->events) : LTR__NO_VALUE;
}

static double lost(const struct step *step, uint8_t state)
{
	(void)state;
	return step->before ? rate_of(step, step->before->lost, step->at->lost) : LTR__NO_VALUE;
}

/* In per cent of one CPU. */
static double cpu_of(const struct step *step, uint64_t before_ns, uint64_t after_ns)
{
	return before_ns && after_ns ? rate_of(step, before_ns, after_ns) / 1e7 : LTR__NO_VALUE;
}

static double program_cpu(const struct step *step, uint8_t state)
{
	(void)state;
	return step->before ? cpu_of(step, step->before->usage.program_cpu_ns,
				     step->at->usage.program_cpu_ns)
			    : LTR__NO_VALUE;
}

static double own_cpu(const struct step *step, uint8_t state)
{
	(void)state;
	return step->before
		       ? cpu_of(step, step->before->usage.own_cpu_ns, step->at->usage.own_cpu_ns)
		       : LTR__NO_VALUE;
}

static double bytes_or_none(uint64_t bytes)
{
	return bytes ? (double)bytes : LTR__NO_VALUE;
}

static double program_memory(const struct step *step, uint8_t state)
{
	(void)state;
	return bytes_or_none(step->at->usage.program_bytes);
}

static double own_memory(const struct step *step, uint8_t state)
{
	(void)state;
	return bytes_or_none(step->at->usage.own_bytes);
}

/* The mean of what was added between two samples. */
static double queue_wait(const struct step *step, uint8_t state)
{
	(void)state;
	if (!step->before || step->at->queued <= step->before->queued ||
	    step->at->queued_ns < step->before->queued_ns)
		return LTR__NO_VALUE;
	return (double)(step->at->queued_ns - step->before->queued_ns) /
	       (double)(step->at->queued - step->before->queued);
}

static double in_state(const struct step *step, uint8_t state)
{
	return (double)step->at->by_state[state];
}

static struct ltr__words with_unit(struct ltr__words words, const char *unit)
{
	size_t length = strlen(words.text);

	snprintf(words.text + length, sizeof(words.text) - length, "%s", unit);
	return words;
}

static struct ltr__words per_second(double value)
{
	return with_unit(ltr__words_rate(value), "/s");
}

static struct ltr__words percent(double value)
{
	struct ltr__words words;

	snprintf(words.text, sizeof(words.text), value < 9.95 ? "%.1f %%" : "%.0f %%", value);
	return words;
}

static struct ltr__words bytes(double value)
{
	return with_unit(ltr__words_short_count((uint64_t)value), "B");
}

static struct ltr__words duration(double value)
{
	return ltr__words_duration((uint64_t)value);
}

static struct ltr__words number(double value)
{
	return ltr__words_short_count((uint64_t)value);
}

static const struct ltr__sample *last_of(const struct overview *overview)
{
	return ltr__history_last(&overview->history, overview->range);
}

static bool has_records(const struct overview *overview, const struct ltr_census_info *info)
{
	(void)overview;
	return info->way != LTR_WAY_SNAPSHOT;
}

static bool has_losses(const struct overview *overview, const struct ltr_census_info *info)
{
	(void)overview;
	return info->lost != 0;
}

static bool has_queue(const struct overview *overview, const struct ltr_census_info *info)
{
	const struct ltr__sample *last = last_of(overview);

	(void)info;
	return last && last->queued;
}

static bool has_program_usage(const struct overview *overview, const struct ltr_census_info *info)
{
	const struct ltr__sample *last = last_of(overview);

	(void)info;
	return last && last->usage.program_cpu_ns;
}

static bool has_own_usage(const struct overview *overview, const struct ltr_census_info *info)
{
	const struct ltr__sample *last = last_of(overview);

	(void)info;
	return last && last->usage.own_cpu_ns;
}

/* In the order in which they stand; those at the end go first on a low screen. */
static const struct row rows[] = {
	{"created", created, per_second, NULL, LTR__STYLE_GOOD, 0},
	{"ended", ended, per_second, NULL, LTR__STYLE_DIM, 0},
	{"lost records", lost, per_second, has_losses, LTR__STYLE_LOUD, 0},
	{"program CPU", program_cpu, percent, has_program_usage, LTR__STYLE_STATE_RUNNING, 0},
	{"loiter CPU", own_cpu, percent, has_own_usage, LTR__STYLE_WARNING, 0},
	{"queued for", queue_wait, duration, has_queue, LTR__STYLE_STATE_QUEUED, 0},
	{"records", records, per_second, has_records, LTR__STYLE_DIM, 0},
	{"program memory", program_memory, bytes, has_program_usage, LTR__STYLE_STATE_SLEEP, 0},
	{"loiter memory", own_memory, bytes, has_own_usage, LTR__STYLE_DIM, 0},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int count_rows(const struct overview *overview, const struct ltr_census_info *info)
{
	int count = 0;

	for (size_t i = 0; i < COUNT(rows); i++)
		count += !rows[i].is_there || rows[i].is_there(overview, info);
	return count;
}

/* Fills overview->values; returns the last one and the largest. */
static void values_of(struct overview *overview, const struct row *row, int columns,
		      double *ret_now, double *ret_peak)
{
	*ret_now = LTR__NO_VALUE;
	*ret_peak = 0;
	for (int i = 0; i < columns; i++) {
		struct step step = step_at(overview, i, columns);
		double value = step.at ? row->value(&step, row->state) : LTR__NO_VALUE;

		overview->values[i] = value;
		*ret_now = value;
		*ret_peak = value > *ret_peak ? value : *ret_peak;
	}
}

static void draw_row(struct overview *overview, const struct row *row, struct ltr__area line)
{
	int head = 1 + LABEL + 1 + VALUE + 2;
	bool has_peak = line.width >= 60;
	int columns = line.width - head - (has_peak ? PEAK + 1 : 0) - 1;
	double now;
	double peak;

	columns = columns < 1 ? 1 : columns > COLUMNS ? COLUMNS : columns;
	values_of(overview, row, columns, &now, &peak);
	ltr__text(line, 1, 0, LABEL, LTR__STYLE_NORMAL, row->label);
	ltr__text_right(line, 1 + LABEL + 1, 0, VALUE, LTR__STYLE_STRONG,
			now < 0 ? "-" : row->words(now).text);
	if (has_peak)
		ltr__textf(line, head, 0, PEAK, LTR__STYLE_DIM, "peak %s", row->words(peak).text);
	if (line.width > head + 3)
		ltr__spark(line, line.width - 1 - columns, 0, columns, row->style, overview->values,
			   columns, peak);
}

void ltr__state_parts(struct ltr__stack_part ret_parts[LTR_STATE_EXITED])
{
	static const char letters[LTR_STATE_EXITED + 1] = "?qrysncl";

	for (unsigned state = 0; state < LTR_STATE_EXITED; state++)
		ret_parts[state] = (struct ltr__stack_part){
			.style = ltr__state_style((uint8_t)state), .letter = letters[state]};
}

void ltr__draw_states(const struct ltr__scene *scene, struct ltr__area line, int x)
{
	struct ltr__stack_part parts[LTR_STATE_EXITED];
	bool has_letters = scene->has_letters || line.grid->ascii;

	ltr__state_parts(parts);
	for (unsigned state = LTR_STATE_QUEUED; state < LTR_STATE_EXITED; state++) {
		x += ltr__put(line, x, 0, parts[state].style,
			      has_letters ? (uint32_t)(unsigned char)parts[state].letter : 0x2588);
		x += 1 + ltr__text(line, x + 1, 0, line.width - x - 1, LTR__STYLE_DIM,
				   ltr_state_name((uint8_t)state));
		x++;
	}
}

/* What stands at the right edge. */
static struct ltr__words end_words(const struct ltr__scene *scene)
{
	struct ltr__words words;

	if (scene->player.timeline)
		return ltr__player_words(&scene->player, ltr__moment_info(&scene->moment)->now_ns);
	snprintf(words.text, sizeof(words.text), "%s",
		 ltr__moment_is_held(&scene->moment) ? "paused"
		 : scene->is_ended                   ? "the end"
						     : "now");
	return words;
}

/* "-10s ... now" below the chart, at columns that are a round number of steps back. */
static void draw_time_axis(const struct overview *overview, const struct ltr__scene *scene,
			   struct ltr__area line, int columns)
{
	uint64_t step = ltr__range_step_ns(overview->range);
	struct ltr__words end = end_words(scene);

	ltr__text_right(line, line.width - TICK, 0, TICK,
			scene->player.timeline ? LTR__STYLE_STRONG : LTR__STYLE_DIM, end.text);
	for (int back = TICK; back < columns; back += TICK)
		ltr__textf(line, line.width - 1 - back, 0, TICK, LTR__STYLE_DIM, "│-%s",
			   ltr__words_duration((uint64_t)back * step).text);
}

/* The highest column, and all columns. */
static double fill_stack(struct overview *overview, int columns)
{
	double highest = 0;

	for (int i = 0; i < columns; i++) {
		struct step step = step_at(overview, i, columns);
		double sum = 0;

		overview->stack[i] = (struct ltr__stack_column){.is_known = step.at != NULL};
		for (int state = 0; step.at && state < LTR_STATE_EXITED; state++) {
			overview->stack[i].part[state] = (double)step.at->by_state[state];
			sum += overview->stack[i].part[state];
		}
		highest = sum > highest ? sum : highest;
	}
	return highest;
}

static void draw_chart(struct overview *overview, struct ltr__scene *scene, struct ltr__area area)
{
	struct ltr__stack_part parts[LTR_STATE_EXITED];
	int axis = area.width > 30 ? AXIS : 0;
	bool has_frame = area.height >= CHART_MIN + 2;
	int height = area.height - 2 * has_frame;
	int columns = area.width - axis - 1;
	struct ltr__area plot;
	double top;

	columns = columns < 1 ? 1 : columns > COLUMNS ? COLUMNS : columns;
	ltr__state_parts(parts);
	top = ltr__round_up(fill_stack(overview, columns));
	plot = ltr__area_part(area, area.width - 1 - columns, has_frame, columns, height);
	ltr__stack_chart(plot, overview->stack, columns, parts, LTR_STATE_EXITED, top,
			 scene->has_letters);
	if (axis) {
		for (int y = 0; y < height; y++)
			ltr__put(area, axis - 1, has_frame + y, LTR__STYLE_BAR_EMPTY, 0x2502);
		ltr__text_right(area, 0, has_frame, axis - 1, LTR__STYLE_DIM, number(top).text);
		if (height > 6)
			ltr__text_right(area, 0, has_frame + height / 2, axis - 1, LTR__STYLE_DIM,
					number(top / 2).text);
	}
	if (!has_frame)
		return;
	draw_time_axis(overview, scene, ltr__area_part(area, 0, area.height - 1, area.width - 1, 1),
		       columns);
	ltr__draw_states(scene, ltr__area_part(area, 0, 0, area.width, 1), axis);
}

static void overview_draw(struct ltr__view *view, struct ltr__scene *scene, struct ltr__area area)
{
	struct overview *overview = overview_of(view);
	const struct ltr_census_info *info = ltr__moment_info(&scene->moment);
	int states = area.height >= ROOMY ? LTR_STATE_EXITED - LTR_STATE_QUEUED + 1 : 0;
	int lines = count_rows(overview, info) + states;
	int chart = area.height - lines;
	int y;

	if (chart < CHART_MIN + 2)
		chart = area.height < CHART_MIN + 2 ? area.height : CHART_MIN + 2;
	draw_chart(overview, scene, ltr__area_part(area, 0, 0, area.width, chart));
	y = chart;
	for (uint8_t state = LTR_STATE_QUEUED; states && state < LTR_STATE_EXITED; state++) {
		struct row row = {ltr_state_name(state),   in_state, number, NULL,
				  ltr__state_style(state), state};

		draw_row(overview, &row, ltr__area_part(area, 0, y++, area.width, 1));
	}
	y += states > 0;
	for (size_t i = 0; i < COUNT(rows) && y < area.height; i++) {
		if (!rows[i].is_there || rows[i].is_there(overview, info))
			draw_row(overview, &rows[i], ltr__area_part(area, 0, y++, area.width, 1));
	}
}

static struct ltr__want overview_act(struct ltr__view *view, struct ltr__scene *scene,
				     enum ltr__action action, int line)
{
	struct overview *overview = overview_of(view);

	(void)scene;
	(void)line;
	if (action == LTR__DO_RANGE)
		overview->range = (overview->range + 1) % LTR__RANGE_COUNT;
	return (struct ltr__want){0};
}

static void overview_title(struct ltr__view *view, struct ltr__scene *scene, char *ret_text,
			   size_t size)
{
	(void)view;
	snprintf(ret_text, size, "overview%s",
		 ltr__filter_is_empty(scene->filter) ? "" : " of all goroutines");
}

static void overview_place(struct ltr__view *view, char *ret_text, size_t size)
{
	uint64_t step = ltr__range_step_ns(overview_of(view)->range);

	snprintf(ret_text, size, "a column is %s", ltr__words_duration(step).text);
}

const struct ltr__view_kind ltr__view_overview = {
	.name = "overview",
	.where = LTR__IN_OVERVIEW,
	.open = overview_open,
	.close = overview_close,
	.begin = overview_begin,
	.take = overview_take,
	.end = overview_end,
	.draw = overview_draw,
	.act = overview_act,
	.title = overview_title,
	.place = overview_place,
};
