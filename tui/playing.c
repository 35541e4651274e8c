/* SPDX-License-Identifier: MIT */
/*
 * Recordings on the screen: from moment to moment. The history of the charts is that of the recording
 * up to the moment on screen, as if somebody had watched until then.
 */
#include "playing.h"

#include <stdio.h>
#include <string.h>

#include "life.h"
#include "tui_private.h"

#define LEAP_STEPS 10
#define LATE_NS    100000000ull
#define FOLLOW_NS  20000000ull /* of a frame */

bool ltr__playing_is_on(const struct ltr__tui *tui)
{
	return tui->scene.player.timeline != NULL;
}

static uint64_t now_of(const struct ltr__tui *tui)
{
	return ltr_census_info(tui->scene.moment.census)->now_ns;
}

static void show_history(struct ltr__tui *tui)
{
	const struct ltr_timeline *timeline = tui->scene.player.timeline;
	uint64_t now_ns = now_of(tui);

	memset(&tui->scene.history, 0, sizeof(tui->scene.history));
	for (size_t i = 0; i < timeline->count && timeline->samples[i].now_ns < now_ns; i++)
		ltr__history_add_sample(&tui->scene.history, &timeline->samples[i]);
	ltr__history_add(&tui->scene.history, tui->scene.moment.census, NULL);
}

/* False: it stays where it is, and says why. */
static bool seek(struct ltr__tui *tui, uint64_t moment_ns)
{
	char why[256] = "";
	int error;

	/* What was found is of another moment. It stays on screen if a new judgement is at hand. */
	tui->is_judging = tui->source->judge && (!tui->scene.player.is_playing ||
						 ltr__tui_clock_ns() >= tui->next_judging_ns);
	if (!tui->is_judging)
		tui->scene.findings = NULL;
	error = tui->source->seek(tui->source->context, moment_ns, why, sizeof(why));

	if (error) {
		tui->scene.player.is_playing = false;
		ltr__tui_say(tui, why);
	}
	show_history(tui);
	if (tui->terminal->is_scripted)
		ltr__tui_finish_judging(tui);
	ltr__tui_renew(tui);
	return !error;
}

void ltr__playing_begin(struct ltr__tui *tui)
{
	const struct ltr_tui_source *source = tui->source;

	ltr__player_init(&tui->scene.player,
			 source->timeline ? source->timeline(source->context) : NULL);
	if (!ltr__playing_is_on(tui))
		return;
	show_history(tui);
	ltr__tui_renew(tui);
}

void ltr__playing_begin_at(struct ltr__tui *tui, uint64_t moment_ns)
{
	const struct ltr_tui_source *source = tui->source;
	uint64_t goroutine = tui->scene.player.goroutine;

	ltr__player_init(&tui->scene.player, source->timeline(source->context));
	tui->scene.player.goroutine = goroutine;
	seek(tui, moment_ns);
}

void ltr__playing_end(struct ltr__tui *tui)
{
	uint64_t goroutine = tui->scene.player.goroutine;

	ltr__player_init(&tui->scene.player, NULL);
	tui->scene.player.goroutine = goroutine;
}

void ltr__playing_frame(struct ltr__tui *tui, uint64_t wall_ns)
{
	uint64_t now_ns = now_of(tui);
	uint64_t wanted_ns;

	if (!ltr__playing_is_on(tui))
		return;
	wanted_ns = ltr__player_frame(&tui->scene.player, now_ns, wall_ns);
	if (wanted_ns != now_ns)
		seek(tui, wanted_ns);
}

static void go(struct ltr__tui *tui, bool is_back, unsigned steps)
{
	struct ltr__player *player = &tui->scene.player;

	player->is_playing = false;
	seek(tui,
	     ltr__player_go(player, now_of(tui), is_back, steps * ltr__player_step_ns(player)));
}

static void go_to(struct ltr__tui *tui, uint64_t moment_ns)
{
	tui->scene.player.is_playing = false;
	seek(tui, moment_ns);
}

void ltr__playing_leave(struct ltr__tui *tui)
{
	struct ltr__view *view = ltr__tui_view(tui);
	uint64_t id = view && view->kind->chosen ? view->kind->chosen(view) : 0;

	if (id)
		tui->scene.player.goroutine = id;
}

/* The one that is meant: of the row or page on screen, else of the one before it. */
static const struct ltr_goroutine *chosen(struct ltr__tui *tui)
{
	ltr__playing_leave(tui);
	return ltr__moment_find(&tui->scene.moment, tui->scene.player.goroutine);
}

static void say_there_is_none(struct ltr__tui *tui)
{
	ltr__tui_say(tui, tui->scene.player.goroutine
				  ? "the goroutine that was selected is not there at this moment"
				  : "no goroutine is selected");
}

/*
 * To the first moment at which a goroutine has made so many transitions, which is about `since_ns`: a
 * snapshot and a record, read with clocks that were measured at different times, may say different
 * things of the same moment, by a few microseconds.
 */
static void go_to_transition(struct ltr__tui *tui, uint64_t id, uint32_t transitions,
			     uint64_t since_ns)
{
	const struct ltr_goroutine *goroutine;

	tui->scene.player.is_playing = false;
	for (uint64_t late_ns = 0; late_ns <= LATE_NS; late_ns = late_ns ? late_ns * 10 : 1000) {
		if (!seek(tui, since_ns + late_ns))
			return;
		goroutine = ltr__moment_find(&tui->scene.moment, id);
		/* Of several within a nanosecond the last is shown. Numbers are modulo 2^31. */
		if (!goroutine || (goroutine->transitions - transitions) & 0x40000000u)
			continue;
		/* Now it is the record's own time, which may be a nanosecond earlier. */
		if (goroutine->transitions == transitions && goroutine->since_ns < now_of(tui))
			seek(tui, goroutine->since_ns);
		return;
	}
}

/* To the moment when a finding arose, of which the screen says so. */
void ltr__playing_go_to_arising(struct ltr__tui *tui, uint64_t arose_ns)
{
	const struct ltr_timeline *timeline = tui->scene.player.timeline;

	if (!arose_ns) {
		ltr__tui_say(tui, "it is not known when that arose, or no finding is selected");
	} else if (arose_ns < timeline->begin_ns) {
		ltr__tui_say(tui, tui->scene.is_rewound
					  ? "it has been there for longer than anything is kept"
					  : "it arose before the recording began");
	} else {
		tui->scene.player.is_playing = false;
		if (seek(tui, arose_ns))
			ltr__tui_say(tui, "it arose here; it may be found only from the next "
					  "reading of the program on");
	}
}

/* To the moment when it entered the state that it is in. */
static void go_to_block(struct ltr__tui *tui)
{
	const struct ltr_goroutine *goroutine = chosen(tui);

	if (!goroutine)
		say_there_is_none(tui);
	else if (!goroutine->since_ns)
		ltr__tui_say(tui, "it is not known since when it is in this state");
	else if (goroutine->since_ns > now_of(tui))
		ltr__tui_say(tui, "it has come to this state while it was read");
	else if (goroutine->since_ns < tui->scene.player.timeline->begin_ns)
		ltr__tui_say(
			tui,
			tui->scene.is_rewound
				? "it has been in this state for longer than anything is kept"
				: "it has been in this state since before the recording began");
	else
		go_to_transition(tui, goroutine->id, goroutine->transitions, goroutine->since_ns);
}

/* To its last change of state before this moment. */
static void go_to_previous(struct ltr__tui *tui)
{
	const struct ltr_goroutine *goroutine = chosen(tui);
	uint64_t begin_ns = tui->scene.player.timeline->begin_ns;
	uint64_t now_ns = now_of(tui);

	if (!goroutine || goroutine->since_ns != now_ns || now_ns == begin_ns) {
		go_to_block(tui);
		return;
	}
	if (!seek(tui, now_ns - 1))
		return;
	goroutine = chosen(tui);
	if (goroutine && goroutine->since_ns >= begin_ns) {
		go_to_block(tui);
		return;
	}
	ltr__tui_say(tui, !goroutine ? "it was created at this moment"
			  : tui->scene.is_rewound
				  ? "what it did before is not kept any more"
				  : "what it did before was before the recording began");
	seek(tui, now_ns);
}

void ltr__playing_follow(struct ltr__tui *tui)
{
	const struct ltr_tui_source *source = tui->source;
	struct ltr__view *view = ltr__tui_view(tui);
	uint64_t end_ns = ltr__tui_clock_ns() + FOLLOW_NS;
	uint64_t id;

	if (!source->follow || view->kind != &ltr__view_goroutine)
		return;
	id = view->kind->chosen(view);
	while (source->follow(source->context, id) > 0)
		if (!tui->terminal->is_scripted && ltr__tui_clock_ns() > end_ns)
			break;
}

/* To its next change of state after this moment. */
static void go_to_next(struct ltr__tui *tui)
{
	const struct ltr_tui_source *source = tui->source;
	const struct ltr_lifeline *life;
	uint64_t now_ns = now_of(tui);
	uint64_t id;
	size_t next;

	ltr__playing_leave(tui);
	id = tui->scene.player.goroutine;
	if (!id || !source->follow) {
		say_there_is_none(tui);
		return;
	}
	while (source->follow(source->context, id) > 0)
		;
	life = ltr_census_lifeline(tui->scene.moment.census);
	next = life ? ltr__life_count(life, now_ns) : 0;
	if (!life || next >= life->count) {
		ltr__tui_say(tui,
			     tui->scene.is_rewound
				     ? "it did nothing more until you went back (L: live)"
				     : "it does nothing any more, as far as the recording goes");
	} else if (life->at[next].state == LTR_STATE_EXITED) {
		go_to(tui, life->at[next].ns);
		ltr__tui_say(tui, "it has ended at this moment");
	} else {
		go_to_transition(tui, id, life->at[next].sequence, life->at[next].ns);
	}
}

static void toggle(struct ltr__tui *tui)
{
	struct ltr__player *player = &tui->scene.player;

	player->is_playing = !player->is_playing;
	/* Who plays at the end wants to see it again. */
	if (player->is_playing && now_of(tui) >= player->timeline->end_ns)
		seek(tui, player->timeline->begin_ns);
}

bool ltr__playing_act(struct ltr__tui *tui, enum ltr__action action)
{
	struct ltr__player *player = &tui->scene.player;
	const struct ltr__view *view = ltr__tui_view(tui);

	if (!ltr__playing_is_on(tui))
		return false;
	switch (action) {
	case LTR__DO_PAUSE:
		toggle(tui);
		break;
	case LTR__DO_STEP_BACK:
	case LTR__DO_STEP_ON:
		go(tui, action == LTR__DO_STEP_BACK, 1);
		break;
	case LTR__DO_LEAP_BACK:
	case LTR__DO_LEAP_ON:
		go(tui, action == LTR__DO_LEAP_BACK, LEAP_STEPS);
		break;
	case LTR__DO_TO_BEGIN:
		go_to(tui, player->timeline->begin_ns);
		break;
	case LTR__DO_TO_END:
		go_to(tui, player->timeline->end_ns);
		break;
	case LTR__DO_FASTER:
	case LTR__DO_SLOWER:
		ltr__player_change_speed(player, action == LTR__DO_FASTER);
		break;
	case LTR__DO_TO_BLOCK:
		if (view->kind->arose)
			ltr__playing_go_to_arising(tui, view->kind->arose(view, &tui->scene));
		else
			go_to_block(tui);
		break;
	case LTR__DO_MOVE_BACK:
		go_to_previous(tui);
		break;
	case LTR__DO_MOVE_ON:
		go_to_next(tui);
		break;
	default:
		return false;
	}
	return true;
}
