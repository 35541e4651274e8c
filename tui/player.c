/* SPDX-License-Identifier: MIT */
/*
 * Where in a recording the screen is.
 */
#include "player.h"

#include <inttypes.h>
#include <stdio.h>

#include "chart.h"

#define SECOND_NS 1000000000ull
#define STEPS     100
#define LEAP      10 /* steps at once */

static const struct {
	const char *name;
	unsigned times;
	unsigned parts;
} speeds[] = {{"1/4", 1, 4}, {"1/2", 1, 2}, {"1", 1, 1},   {"2", 2, 1},  {"4", 4, 1},
	      {"8", 8, 1},   {"16", 16, 1}, {"32", 32, 1}, {"64", 64, 1}};

#define SPEED_COUNT (sizeof(speeds) / sizeof(*speeds))
#define SPEED_ONE   2

void ltr__player_init(struct ltr__player *player, const struct ltr_timeline *timeline)
{
	*player = (struct ltr__player){.timeline = timeline, .speed = SPEED_ONE};
}

const char *ltr__player_speed(const struct ltr__player *player)
{
	return speeds[player->speed].name;
}

void ltr__player_change_speed(struct ltr__player *player, bool is_faster)
{
	if (is_faster && player->speed + 1 < SPEED_COUNT)
		player->speed++;
	else if (!is_faster && player->speed > 0)
		player->speed--;
}

static uint64_t span_ns(const struct ltr__player *player)
{
	return player->timeline->end_ns - player->timeline->begin_ns;
}

uint64_t ltr__player_step_ns(const struct ltr__player *player)
{
	uint64_t step_ns = (uint64_t)ltr__round_up((double)span_ns(player) / STEPS);

	return step_ns ? step_ns : 1;
}

/* So far from `now_ns`, not beyond the ends. */
static uint64_t go(const struct ltr__player *player, uint64_t now_ns, bool is_back, uint64_t by_ns)
{
	const struct ltr_timeline *timeline = player->timeline;

	if (now_ns < timeline->begin_ns)
		now_ns = timeline->begin_ns;
	if (now_ns > timeline->end_ns)
		now_ns = timeline->end_ns;
	if (is_back)
		return now_ns - timeline->begin_ns > by_ns ? now_ns - by_ns : timeline->begin_ns;
	return timeline->end_ns - now_ns > by_ns ? now_ns + by_ns : timeline->end_ns;
}

bool ltr__player_step(const struct ltr__player *player, enum ltr__action action,
		      uint64_t *moment_ns)
{
	uint64_t step_ns = ltr__player_step_ns(player);

	switch (action) {
	case LTR__DO_STEP_BACK:
	case LTR__DO_STEP_ON:
		*moment_ns = go(player, *moment_ns, action == LTR__DO_STEP_BACK, step_ns);
		return true;
	case LTR__DO_LEAP_BACK:
	case LTR__DO_LEAP_ON:
		*moment_ns = go(player, *moment_ns, action == LTR__DO_LEAP_BACK, LEAP * step_ns);
		return true;
	case LTR__DO_TO_BEGIN:
		*moment_ns = player->timeline->begin_ns;
		return true;
	case LTR__DO_TO_END:
		*moment_ns = player->timeline->end_ns;
		return true;
	default:
		return false;
	}
}

uint64_t ltr__player_frame(struct ltr__player *player, uint64_t now_ns, uint64_t wall_ns)
{
	uint64_t limit_ns = UINT64_MAX / 128;
	uint64_t quarters = (wall_ns < limit_ns ? wall_ns : limit_ns) * speeds[player->speed].times;

	if (!player->is_playing)
		return now_ns;
	now_ns = go(player, now_ns, false, quarters / speeds[player->speed].parts);
	if (now_ns == player->timeline->end_ns)
		player->is_playing = false;
	return now_ns;
}

struct ltr__words ltr__player_words(const struct ltr__player *player, uint64_t moment_ns)
{
	uint64_t begin_ns = player->timeline->begin_ns;
	uint64_t at_ns = moment_ns > begin_ns ? moment_ns - begin_ns : 0;
	uint64_t step_ns = ltr__player_step_ns(player);
	struct ltr__words words;
	int digits = 1;

	for (uint64_t unit_ns = SECOND_NS / 10; unit_ns > step_ns && digits < 6; unit_ns /= 10)
		digits++;
	snprintf(words.text, sizeof(words.text), "%.*f s", digits, (double)at_ns / 1e9);
	return words;
}

void ltr__player_say(const struct ltr__player *player, uint64_t now_ns, char *ret_text, size_t size)
{
	struct ltr__words at = ltr__player_words(player, now_ns);
	struct ltr__words all = ltr__player_words(player, player->timeline->end_ns);

	if (player->is_playing)
		snprintf(ret_text, size, "at %s of %s, playing x%s", at.text, all.text,
			 ltr__player_speed(player));
	else
		snprintf(ret_text, size, "at %s of %s, paused", at.text, all.text);
}
