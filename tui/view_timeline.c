/* SPDX-License-Identifier: MIT */
/*
 * The timeline of a recording: counts by state from its beginning to its end, where records were lost,
 * and a cursor at the moment that all views show. A column is a piece of time; it shows the last that
 * is known of it. Of all goroutines, whatever the filter.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chart.h"
#include "view.h"

#define AXIS        7
#define COLUMNS_MAX 1000
#define TICK        16 /* least columns between two times below the chart */
#define CURSOR_HALF 14

struct timeline {
	struct ltr__view view;
	struct ltr__player player; /* as it was when it was drawn last, for the title */
	struct ltr__stack_column columns[COLUMNS_MAX];
	bool has_loss[COLUMNS_MAX];
};

static struct timeline *timeline_of(struct ltr__view *view)
{
	return (struct timeline *)view;
}

static int timeline_open(const struct ltr__scene *scene, const struct ltr__subject *subject,
			 struct ltr__view **ret_view)
{
	struct timeline *timeline = calloc(1, sizeof(*timeline));

	(void)subject;
	if (!timeline)
		return -ENOMEM;
	timeline->view.kind = &ltr__view_timeline;
	timeline->player = scene->player;
	*ret_view = &timeline->view;
	return 0;
}

static void timeline_close(struct ltr__view *view)
{
	free(view);
}

static void timeline_begin(struct ltr__view *view, struct ltr__scene *scene)
{
	timeline_of(view)->player = scene->player;
}

static int timeline_take(struct ltr__view *view, struct ltr__scene *scene, size_t from, size_t to)
{
	(void)view;
	(void)scene;
	(void)from;
	(void)to;
	return 0;
}

static int timeline_end(struct ltr__view *view, struct ltr__scene *scene)
{
	(void)view;
	(void)scene;
	return 0;
}

/* The column of a moment. */
static int column_of(const struct ltr_timeline *of, uint64_t moment_ns, int columns)
{
	uint64_t span = of->end_ns - of->begin_ns;
	int column;

	if (moment_ns <= of->begin_ns || !span)
		return 0;
	column = (int)((double)(moment_ns - of->begin_ns) / (double)span * columns);
	return column < columns ? column : columns - 1;
}

/* Returns the highest column, and whether anything was lost anywhere. */
static double fill(struct timeline *timeline, int columns, bool *ret_has_loss)
{
	const struct ltr_timeline *of = timeline->player.timeline;
	double highest = 0;
	size_t at = 0;

	*ret_has_loss = false;
	for (int i = 0; i < columns; i++) {
		struct ltr__stack_column *column = &timeline->columns[i];
		uint64_t lost = at ? of->samples[at - 1].lost : 0;
		double sum = 0;

		while (at < of->count && column_of(of, of->samples[at].now_ns, columns) <= i)
			at++;
		*column = (struct ltr__stack_column){.is_known = at > 0};
		timeline->has_loss[i] = at && of->samples[at - 1].lost > lost;
		*ret_has_loss |= timeline->has_loss[i];
		for (int state = 0; at && state < LTR_STATE_EXITED; state++) {
			column->part[state] = (double)of->samples[at - 1].by_state[state];
			sum += column->part[state];
		}
		highest = sum > highest ? sum : highest;
	}
	return highest;
}

static void draw_losses(const struct timeline *timeline, struct ltr__area area, int x, int y,
			int columns)
{
	ltr__text_right(area, 0, y, x - 1, LTR__STYLE_LOUD, "lost");
	for (int i = 0; i < columns; i++) {
		if (timeline->has_loss[i])
			ltr__put(area, x + i, y, LTR__STYLE_LOUD, '!');
	}
}

/* "0 s        10 s        20 s": as many as there is room for. */
static void draw_axis(const struct timeline *timeline, struct ltr__area area, int x, int y,
		      int columns)
{
	const struct ltr_timeline *of = timeline->player.timeline;
	uint64_t span = of->end_ns - of->begin_ns;
	uint64_t tick_ns = (uint64_t)ltr__round_up((double)span * TICK / columns);

	for (uint64_t ns = 0; tick_ns && ns <= span; ns += tick_ns) {
		int column = column_of(of, of->begin_ns + ns, columns);

		if (columns - column < TICK / 2)
			break;
		ltr__textf(area, x + column, y, columns - column, LTR__STYLE_DIM, "│%s",
			   ltr__player_words(&timeline->player, of->begin_ns + ns).text);
	}
	if (of->cut)
		ltr__text_right(area, x, y, columns, LTR__STYLE_WARNING, "cut here");
}

/* An arrow below its column, and the time at whichever side there is room. */
static void draw_cursor(const struct timeline *timeline, struct ltr__area area, int x, int y,
			int columns, uint64_t now_ns)
{
	struct ltr__words words = ltr__player_words(&timeline->player, now_ns);
	int column = column_of(timeline->player.timeline, now_ns, columns);

	ltr__put(area, x + column, y, LTR__STYLE_CURSOR, area.grid->ascii ? '^' : 0x25b2);
	if (column + CURSOR_HALF < columns)
		ltr__text(area, x + column + 2, y, CURSOR_HALF, LTR__STYLE_STRONG, words.text);
	else
		ltr__text_right(area, x, y, column - 1, LTR__STYLE_STRONG, words.text);
}

/* A line through the chart where the cursor is, as far as nothing is drawn there. */
static void draw_cursor_line(struct ltr__area plot, int column)
{
	for (int y = 0; y < plot.height; y++) {
		const struct ltr__cell *cell = ltr__grid_at(plot.grid, plot.x + column, plot.y + y);

		if (column < plot.width && cell && cell->rune == ' ')
			ltr__put(plot, column, y, LTR__STYLE_CURSOR,
				 plot.grid->ascii ? '|' : 0x2502);
	}
}

static void draw_plot(struct timeline *timeline, struct ltr__scene *scene, struct ltr__area area,
		      int x, int columns, int height, double highest)
{
	struct ltr__stack_part parts[LTR_STATE_EXITED];
	double top = ltr__round_up(highest);
	struct ltr__area plot = ltr__area_part(area, x, 1, columns, height);
	uint64_t now_ns = ltr__moment_info(&scene->moment)->now_ns;

	ltr__state_parts(parts);
	ltr__stack_chart(plot, timeline->columns, columns, parts, LTR_STATE_EXITED, top,
			 scene->has_letters);
	draw_cursor_line(plot, column_of(timeline->player.timeline, now_ns, columns));
	if (!x)
		return;
	for (int y = 0; y < height; y++)
		ltr__put(area, x - 1, 1 + y, LTR__STYLE_BAR_EMPTY, 0x2502);
	ltr__text_right(area, 0, 1, x - 1, LTR__STYLE_DIM,
			ltr__words_short_count((uint64_t)top).text);
	if (height > 6)
		ltr__text_right(area, 0, 1 + height / 2, x - 1, LTR__STYLE_DIM,
				ltr__words_short_count((uint64_t)top / 2).text);
}

uint64_t ltr__kept_ns(const struct ltr__scene *scene)
{
	uint64_t now_ns = ltr__moment_info(&scene->moment)->now_ns;

	return scene->kept.from_ns && now_ns > scene->kept.from_ns ? now_ns - scene->kept.from_ns
								   : 0;
}

/* What one can go back in, and how much that takes. */
static void draw_kept(const struct ltr__scene *scene, struct ltr__area area)
{
	const struct ltr_tui_kept *kept = &scene->kept;
	char text[240];

	if (kept->error)
		snprintf(text, sizeof(text), "Nothing is kept any more to go back in: %s.",
			 strerror(-kept->error));
	else if (!kept->from_ns)
		snprintf(text, sizeof(text), "Nothing is known yet that one could go back in.");
	else
		snprintf(text, sizeof(text), "This is live. The last %s are kept: , goes back.",
			 ltr__words_duration(ltr__kept_ns(scene)).text);
	ltr__draw_note(area, text);
	snprintf(text, sizeof(text),
		 "They take %sB of memory, at most %s of time and %sB are kept (--keep).",
		 ltr__words_short_count(kept->bytes).text, ltr__words_duration(kept->last_ns).text,
		 ltr__words_short_count(kept->bytes_max).text);
	if (!kept->error)
		ltr__draw_wrapped(area, 4, area.height / 3 + 2, area.width - 8, LTR__STYLE_DIM,
				  text);
}

static void draw_live(const struct ltr__scene *scene, struct ltr__area area)
{
	if (scene->has_kept) {
		draw_kept(scene, area);
		return;
	}
	ltr__draw_note(area, "There is no recording to go back in: this is live.");
	ltr__draw_wrapped(
		area, 4, area.height / 3 + 2, area.width - 8, LTR__STYLE_DIM,
		"loiter record -o FILE.ltr -p PID makes one; loiter top FILE.ltr plays it.");
}

static void timeline_draw(struct ltr__view *view, struct ltr__scene *scene, struct ltr__area area)
{
	struct timeline *timeline = timeline_of(view);
	uint64_t now_ns = ltr__moment_info(&scene->moment)->now_ns;
	int x = area.width > 30 ? AXIS : 0;
	int columns = area.width - x - (x > 0);
	bool has_loss;
	double highest;
	int height;
	int y;

	timeline->player = scene->player;
	if (!scene->player.timeline) {
		draw_live(scene, area);
		return;
	}
	columns = columns < 1 ? 1 : columns > COLUMNS_MAX ? COLUMNS_MAX : columns;
	highest = fill(timeline, columns, &has_loss);
	height = area.height - 3 - has_loss;
	if (height < 1) {
		draw_cursor(timeline, area, x, 0, columns, now_ns);
		return;
	}
	ltr__draw_states(scene, ltr__area_part(area, 0, 0, area.width, 1), x);
	draw_plot(timeline, scene, area, x, columns, height, highest);
	y = 1 + height;
	if (has_loss)
		draw_losses(timeline, area, x, y++, columns);
	draw_cursor(timeline, area, x, y++, columns, now_ns);
	draw_axis(timeline, area, x, y, columns);
}

/* What moves it is not the view's own: it works in all views. */
static struct ltr__want timeline_act(struct ltr__view *view, struct ltr__scene *scene,
				     enum ltr__action action, int line)
{
	(void)view;
	(void)scene;
	(void)action;
	(void)line;
	return (struct ltr__want){0};
}

static void timeline_title(struct ltr__view *view, struct ltr__scene *scene, char *ret_text,
			   size_t size)
{
	(void)view;
	snprintf(ret_text, size, "timeline%s",
		 ltr__filter_is_empty(scene->filter) ? "" : " of all goroutines");
}

static void timeline_place(struct ltr__view *view, char *ret_text, size_t size)
{
	const struct ltr__player *player = &timeline_of(view)->player;

	ret_text[0] = 0;
	if (player->timeline)
		snprintf(ret_text, size, "a step is %s, speed x%s",
			 ltr__words_duration(ltr__player_step_ns(player)).text,
			 ltr__player_speed(player));
}

const struct ltr__view_kind ltr__view_timeline = {
	.name = "timeline",
	.where = LTR__IN_TIMELINE,
	.open = timeline_open,
	.close = timeline_close,
	.begin = timeline_begin,
	.take = timeline_take,
	.end = timeline_end,
	.draw = timeline_draw,
	.act = timeline_act,
	.title = timeline_title,
	.place = timeline_place,
};
