/* SPDX-License-Identifier: MIT */
/*
 * The header. On a high screen: title, counts per state, rates, the reason for the way it is
 * watched, and a loud line for each thing that is wrong. On a low one the title, one line of rates
 * and the loudest line; below six lines the title alone, which then says in one word what is wrong.
 */
#include "header.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <loiter/layout.h>

#include "view.h"
#include "wording.h"

#define ROOMY  16 /* screen heights */
#define SMALL  10
#define TINY   6
#define METER  19 /* least width of a meter */
#define ALARMS 7

struct alarms {
	size_t count;
	struct {
		char word[12]; /* for the title line */
		char text[256];
	} alarm[ALARMS];
};

static void add_alarm(struct alarms *alarms, const char *word, const char *text)
{
	if (alarms->count == ALARMS)
		return;
	snprintf(alarms->alarm[alarms->count].word, sizeof(alarms->alarm[0].word), "%s", word);
	snprintf(alarms->alarm[alarms->count].text, sizeof(alarms->alarm[0].text), "%s", text);
	alarms->count++;
}

/* "FOUND 2 deadlock, 1 leaked (14 goroutines)": as many findings of each grade. False: none. */
static bool say_serious(const struct ltr_tui_findings *findings, char *ret_text, size_t size)
{
	int length = snprintf(ret_text, size, "FOUND");
	uint64_t goroutines = 0;
	size_t end;

	for (size_t i = 0; findings && i < findings->count; i = end) {
		const struct ltr_tui_finding *first = &findings->findings[i];

		for (end = i;
		     end < findings->count && findings->findings[end].strength == first->strength;
		     end++)
			goroutines += first->is_serious ? findings->findings[end].count : 0;
		if (first->is_serious && (size_t)length < size)
			length += snprintf(ret_text + length, size - (size_t)length, "%s %zu %s",
					   length > 5 ? "," : ":", end - i, first->grade);
	}
	if (length == 5)
		return false;
	if ((size_t)length < size)
		snprintf(ret_text + length, size - (size_t)length,
			 " (%s goroutine%s): 7 shows what", ltr__words_count(goroutines).text,
			 goroutines == 1 ? "" : "s");
	return true;
}

/* Until now; of what is kept, in all of it: one who goes back wants to know before. */
static uint64_t lost_in_all(const struct ltr__scene *scene)
{
	const struct ltr_timeline *timeline = scene->player.timeline;
	uint64_t lost = ltr__moment_info(&scene->moment)->lost;

	if (!scene->is_rewound || !timeline->count)
		return lost;
	return timeline->samples[timeline->count - 1].lost > lost
		       ? timeline->samples[timeline->count - 1].lost
		       : lost;
}

/* What a person must not overlook, the most important first. */
static struct alarms alarms_of(const struct ltr__scene *scene)
{
	const struct ltr_census_info *info = ltr__moment_info(&scene->moment);
	struct alarms alarms = {0};
	char text[256];

	if (scene->error[0])
		add_alarm(&alarms, "FAILED", scene->error);
	if (info->phase == LTR_PHASE_DEADLOCK)
		add_alarm(&alarms, "DEADLOCK", "DEADLOCK: all goroutines are asleep");
	if (say_serious(scene->findings, text, sizeof(text)))
		add_alarm(&alarms, "FOUND", text);
	if (scene->is_rewound && scene->is_ended)
		add_alarm(&alarms, "ENDED",
			  "ENDED: the program is gone by now; L shows its last state");
	else if (scene->is_ended || info->gone)
		add_alarm(&alarms, "ENDED", "ENDED: the program is gone; this is its last state");
	else if (info->phase == LTR_PHASE_MAIN_RETURNED)
		add_alarm(&alarms, "RETURNED",
			  "RETURNED: the main goroutine has returned; these have not ended");
	if (info->cut)
		add_alarm(&alarms, "CUT",
			  "CUT: the end of the recording is missing; this is as far as it goes");
	if (lost_in_all(scene)) {
		snprintf(text, sizeof(text),
			 scene->is_rewound
				 ? "LOST %s records in the time that is kept: t shows when"
				 : "LOST %s records: rows marked ! may be out of date",
			 ltr__words_count(lost_in_all(scene)).text);
		add_alarm(&alarms, "LOST", text);
	}
	if (info->unreadable) {
		snprintf(text, sizeof(text),
			 "UNREADABLE: %s descriptors or stacks could not be read whole",
			 ltr__words_count(info->unreadable).text);
		add_alarm(&alarms, "UNREADABLE", text);
	}
	return alarms;
}

/* Meters in the order of the states, without those that no living goroutine has. */
static size_t metered_states(const struct ltr_census_info *info,
			     uint8_t ret_states[LTR_STATE_COUNT])
{
	size_t count = 0;

	for (unsigned state = LTR_STATE_QUEUED; state < LTR_STATE_EXITED; state++)
		ret_states[count++] = (uint8_t)state;
	if (info->by_state[LTR_STATE_UNKNOWN])
		ret_states[count++] = LTR_STATE_UNKNOWN;
	return count;
}

static int meter_rows(size_t states, int width)
{
	int across = width / METER > 0 ? width / METER : 1;

	return ((int)states + across - 1) / across;
}

static int meters_height(const struct ltr__scene *scene, int width)
{
	uint8_t states[LTR_STATE_COUNT];
	size_t count = metered_states(ltr__moment_info(&scene->moment), states);

	return meter_rows(count, width);
}

static bool is_roomy(int width, int height)
{
	return height >= ROOMY && width >= 2 * METER;
}

/* Where a recording comes from is of no interest when it is what was on screen a moment ago. */
static bool has_reason(const struct ltr__scene *scene)
{
	return ltr__moment_info(&scene->moment)->way_reason[0] && !scene->is_rewound;
}

int ltr__header_height(const struct ltr__scene *scene, int width, int height)
{
	int alarms = (int)alarms_of(scene).count;

	if (height < TINY || width < METER)
		return height > 1;
	if (height < SMALL)
		return 1 + (alarms > 0);
	if (!is_roomy(width, height))
		return 2 + (alarms > 0);
	return 2 + meters_height(scene, width) + has_reason(scene) + alarms;
}

/* The word at the right end of the title. */
static void status_of(const struct ltr__scene *scene, const struct alarms *alarms,
		      bool alarms_are_shown, const char **ret_word, enum ltr__style *ret_style)
{
	if (alarms->count && !alarms_are_shown) {
		*ret_word = alarms->alarm[0].word;
		*ret_style = LTR__STYLE_LOUD;
	} else if (ltr__moment_is_held(&scene->moment)) {
		*ret_word = "PAUSED";
		*ret_style = LTR__STYLE_WARNING;
	} else if (scene->is_rewound) {
		*ret_word = "REWOUND";
		*ret_style = LTR__STYLE_WARNING;
	} else if (scene->is_ended || ltr__moment_info(&scene->moment)->gone) {
		*ret_word = "ENDED";
		*ret_style = LTR__STYLE_WARNING;
	} else if (ltr__moment_info(&scene->moment)->way == LTR_WAY_FILE) {
		*ret_word = "FILE";
		*ret_style = LTR__STYLE_GOOD;
	} else {
		*ret_word = "LIVE";
		*ret_style = LTR__STYLE_GOOD;
	}
}

/* Where there is no room for all of it, the folder of the program goes first. */
static const char *command_within(const struct ltr__grid *grid, const char *command, int columns)
{
	const char *name = command;

	if (ltr__text_columns(grid, command) <= columns)
		return command;
	for (const char *at = command; *at && *at != ' '; at++) {
		if (*at == '/' && at[1] && at[1] != ' ')
			name = at + 1;
	}
	return name;
}

static void draw_title(const struct ltr__scene *scene, const struct alarms *alarms,
		       bool alarms_are_shown, struct ltr__area area)
{
	const struct ltr_census_info *info = ltr__moment_info(&scene->moment);
	uint64_t watched = info->now_ns > info->started_ns ? info->now_ns - info->started_ns : 0;
	enum ltr__style style;
	size_t count = ltr__moment_count(&scene->moment);
	const char *status;
	char right[96];
	int room = area.width;
	int x = 1;

	status_of(scene, alarms, alarms_are_shown, &status, &style);
	room -= (int)strlen(status) + 1;
	ltr__text_right(area, 0, 0, area.width - (area.width > 30), style, status);
	if (area.width < 2 * METER) {
		ltr__textf(area, 0, 0, room, LTR__STYLE_TITLE, "%s goroutine%s",
			   ltr__words_count(count).text, count == 1 ? "" : "s");
		return;
	}
	snprintf(right, sizeof(right), "pid %" PRIu32 "  %s  watched %s", info->pid,
		 ltr_way_name(info->way), ltr__words_duration(watched).text);
	if (scene->player.timeline)
		ltr__player_say(&scene->player, info->now_ns, right, sizeof(right));
	else if (area.width < 70)
		snprintf(right, sizeof(right), "pid %" PRIu32 "  %s", info->pid,
			 ltr_way_name(info->way));
	room -= ltr__text_columns(area.grid, right) + 3;
	ltr__text(area, room, 0, area.width - room, LTR__STYLE_NORMAL, right);
	x += ltr__text(area, x, 0, room - 2, LTR__STYLE_TITLE, "loiter") + 2;
	ltr__text(area, x, 0, room - x - 2, LTR__STYLE_STRONG,
		  command_within(area.grid, info->command, room - x - 2));
}

static void draw_meter(const struct ltr_census_info *info, uint64_t all, uint8_t state,
		       struct ltr__area area)
{
	uint64_t number = info->by_state[state];
	enum ltr__style style = ltr__state_style(state);
	struct ltr__words count = ltr__words_count(number);
	int digits = area.width < 24 ? 5 : 7;

	if ((int)strlen(count.text) > digits)
		count = ltr__words_short_count(number);
	ltr__text(area, 0, 0, 7, number ? style : LTR__STYLE_DIM, ltr_state_name(state));
	ltr__text_right(area, 8, 0, digits, number ? LTR__STYLE_STRONG : LTR__STYLE_DIM,
			count.text);
	ltr__bar(area, 9 + digits, 0, area.width - digits - 11, style, number, all);
}

static int draw_meters(const struct ltr__scene *scene, struct ltr__area area, int y)
{
	const struct ltr_census_info *info = ltr__moment_info(&scene->moment);
	uint8_t states[LTR_STATE_COUNT];
	int count = (int)metered_states(info, states);
	int rows = meter_rows((size_t)count, area.width);
	int across = (count + rows - 1) / rows;
	int width = (area.width - 1) / across;
	uint64_t all = 0;

	for (int i = 0; i < count; i++)
		all += info->by_state[states[i]];
	for (int i = 0; i < count; i++)
		draw_meter(info, all, states[i],
			   ltr__area_part(area, 1 + i % across * width, y + i / across, width, 1));
	return rows;
}

/* One thing that is counted, and how fast it grows. Returns the columns, with a gap behind. */
static int draw_counter(struct ltr__area area, int x, int y, const char *name, uint64_t count,
			bool has_rate, double rate)
{
	int start = x;

	x += ltr__textf(area, x, y, area.width - x, LTR__STYLE_DIM, "%s ", name);
	x += ltr__text(area, x, y, area.width - x, LTR__STYLE_NORMAL, ltr__words_count(count).text);
	if (has_rate)
		x += ltr__textf(area, x, y, area.width - x, LTR__STYLE_DIM, " (%s/s)",
				ltr__words_rate(rate).text);
	return x - start + 3;
}

static void draw_rates(const struct ltr__scene *scene, struct ltr__area area, int y)
{
	const struct ltr_census_info *info = ltr__moment_info(&scene->moment);
	struct ltr__rates rates = ltr__history_rates(&scene->history);
	size_t count = ltr__moment_count(&scene->moment);
	int x = 1;

	x += ltr__text(area, x, y, area.width - x, LTR__STYLE_STRONG, ltr__words_count(count).text);
	x += ltr__text(area, x, y, area.width - x, LTR__STYLE_NORMAL,
		       count == 1 ? " goroutine" : " goroutines") +
	     3;
	x += draw_counter(area, x, y, "created", info->created, rates.is_known, rates.created);
	x += draw_counter(area, x, y, "ended", info->exited, rates.is_known, rates.exited);
	if (area.width >= 100 && info->way != LTR_WAY_SNAPSHOT)
		x += draw_counter(area, x, y, "events", info->events, rates.is_known, rates.events);
	if (scene->findings && scene->findings->count)
		x += draw_counter(area, x, y, "findings", scene->findings->count, false, 0);
	if (scene->has_kept && !scene->is_rewound && area.width >= 100)
		x += ltr__textf(area, x, y, area.width - x, LTR__STYLE_DIM, "kept: last %s",
				ltr__words_duration(ltr__kept_ns(scene)).text) +
		     3;
	if (area.width - x > 24)
		ltr__textf(area, x, y, area.width - x, LTR__STYLE_DIM,
			   "on %" PRIu32 " processors, %" PRIu32 " threads", info->processors,
			   info->threads);
}

void ltr__header_draw(const struct ltr__scene *scene, struct ltr__area area, int screen_height)
{
	const struct ltr_census_info *info = ltr__moment_info(&scene->moment);
	struct alarms alarms = alarms_of(scene);
	int lines = area.height;
	int y = 1;

	/* what does not fit its lines is cut off by the area */
	draw_title(scene, &alarms, lines > 1 && screen_height >= TINY, area);
	if (is_roomy(area.width, screen_height))
		y += draw_meters(scene, area, y);
	if (screen_height >= SMALL)
		draw_rates(scene, area, y++);
	if (is_roomy(area.width, screen_height) && has_reason(scene))
		ltr__textf(area, 1, y++, area.width - 2, LTR__STYLE_DIM, "%s: %s",
			   ltr_way_name(info->way), info->way_reason);
	for (size_t i = 0; i < alarms.count; i++) {
		ltr__fill(area, 0, y, area.width, LTR__STYLE_LOUD, ' ');
		ltr__text(area, 1, y++, area.width - 1, LTR__STYLE_LOUD, alarms.alarm[i].text);
	}
}
