/* SPDX-License-Identifier: MIT */
/*
 * The life of a goroutine. A column of the line shows the state that took most of its time; the line
 * reaches back as far as the last LINE_STATES of them.
 */
#include "life.h"

#include <inttypes.h>

#include "view.h"

#define LINE_STATES 30
#define WORDS       6
#define LEFT        4
#define NAME        9
#define BAR         24

size_t ltr__life_count(const struct ltr_lifeline *life, uint64_t now_ns)
{
	size_t low = 0;
	size_t high = life->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (life->at[middle].ns <= now_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* How long the state that it came to with transition `i` of `count` has lasted. */
static uint64_t lasted(const struct ltr_lifeline *life, size_t i, size_t count, uint64_t now_ns)
{
	uint64_t end_ns = i + 1 < count ? life->at[i + 1].ns : now_ns;

	return end_ns > life->at[i].ns ? end_ns - life->at[i].ns : 0;
}

/* Which state has most of [from, to); `first`: where to begin to look, moved on. */
static uint8_t state_in(const struct ltr_lifeline *life, size_t count, size_t *first, double from,
			double to)
{
	double inside[LTR_STATE_COUNT] = {0};
	uint8_t best = LTR_STATE_UNKNOWN;

	while (*first + 1 < count && (double)life->at[*first + 1].ns <= from)
		++*first;
	for (size_t i = *first; i < count && (double)life->at[i].ns < to; i++) {
		double begin = (double)life->at[i].ns > from ? (double)life->at[i].ns : from;
		double end = i + 1 < count && (double)life->at[i + 1].ns < to
				     ? (double)life->at[i + 1].ns
				     : to;

		inside[life->at[i].state] += end - begin;
		if (inside[life->at[i].state] > inside[best])
			best = life->at[i].state;
	}
	return best;
}

static void draw_line(const struct ltr__scene *scene, const struct ltr_lifeline *life, size_t count,
		      struct ltr__area area, int y, uint64_t now_ns)
{
	struct ltr__stack_part parts[LTR_STATE_EXITED];
	bool has_letters = scene->has_letters || area.grid->ascii;
	int columns = area.width - LEFT - 1;
	size_t first = count > LINE_STATES ? count - LINE_STATES : 0;
	double from = (double)life->at[first].ns;
	double step = ((double)now_ns - from) / columns;

	ltr__state_parts(parts);
	for (int i = 0; i < columns; i++) {
		uint8_t state =
			state_in(life, count, &first, from + i * step, from + (i + 1) * step);

		if (state == LTR_STATE_UNKNOWN || state >= LTR_STATE_EXITED)
			continue;
		ltr__put(area, LEFT + i, y, parts[state].style,
			 has_letters ? (uint32_t)(unsigned char)parts[state].letter : 0x2588);
	}
}

static int draw_words(const struct ltr_lifeline *life, size_t count, struct ltr__area area, int y,
		      uint64_t now_ns)
{
	for (size_t back = 1; back <= WORDS && back <= count; back++) {
		const struct ltr_transition *is = &life->at[count - back];
		int x = LEFT;

		x += ltr__textf(area, x, y, area.width - x, LTR__STYLE_DIM, "%9s ago  ",
				ltr__words_duration(now_ns - is->ns).text);
		x += ltr__textf(area, x, y, area.width - x, ltr__state_style(is->state), "%s%s%s",
				ltr_state_name(is->state), is->reason ? ": " : "",
				ltr_reason_name(is->reason));
		if (is->state != LTR_STATE_EXITED)
			x += ltr__textf(
				area, x, y, area.width - x, LTR__STYLE_NORMAL, "  for %s",
				ltr__words_duration(lasted(life, count - back, count, now_ns))
					.text);
		if (is->waker_id)
			ltr__textf(area, x, y, area.width - x, LTR__STYLE_DIM,
				   "  woken by goroutine %" PRIu64, is->waker_id);
		y++;
	}
	return y;
}

/* One line for each state that it was in: how long in all, and how often. */
static int draw_times(const struct ltr_lifeline *life, size_t count, struct ltr__area area, int y,
		      uint64_t now_ns)
{
	uint64_t time_ns[LTR_STATE_COUNT] = {0};
	uint64_t times[LTR_STATE_COUNT] = {0};
	uint64_t all_ns = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t ns = lasted(life, i, count, now_ns);

		if (life->at[i].state == LTR_STATE_EXITED)
			continue;
		time_ns[life->at[i].state] += ns;
		times[life->at[i].state]++;
		all_ns += ns;
	}
	for (uint8_t state = 0; state < (uint8_t)LTR_STATE_EXITED; state++) {
		int x = LEFT;

		if (!times[state])
			continue;
		ltr__text(area, x, y, NAME - 1, ltr__state_style(state), ltr_state_name(state));
		ltr__bar(area, x + NAME, y, BAR, ltr__state_style(state), time_ns[state], all_ns);
		x += NAME + BAR + 1;
		ltr__textf(area, x, y, area.width - x, LTR__STYLE_NORMAL, "%5.1f %%  %6s in %s",
			   all_ns ? (double)time_ns[state] * 100 / (double)all_ns : 0.0,
			   ltr__words_duration(time_ns[state]).text,
			   ltr__words_count(times[state]).text);
		y++;
	}
	return y;
}

int ltr__draw_life(const struct ltr__scene *scene, const struct ltr_lifeline *life,
		   struct ltr__area area, int y)
{
	uint64_t now_ns = ltr__moment_info(&scene->moment)->now_ns;
	size_t count = ltr__life_count(life, now_ns);

	y++;
	ltr__text(area, 1, y++, area.width - 1, LTR__STYLE_TITLE, "What it did last");
	if (!count) {
		ltr__text(area, LEFT, y++, area.width - LEFT, LTR__STYLE_DIM, "nothing is known");
		return y;
	}
	draw_line(scene, life, count, area, y++, now_ns);
	y = draw_words(life, count, area, y, now_ns);
	y++;
	ltr__textf(area, 1, y++, area.width - 1, LTR__STYLE_TITLE,
		   "Where its time went, of the last %s",
		   ltr__words_duration(now_ns - life->at[0].ns).text);
	return draw_times(life, count, area, y, now_ns);
}
