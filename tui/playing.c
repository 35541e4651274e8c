/* SPDX-License-Identifier: MIT */
/*
 * Recordings on the screen: from moment to moment. The history of the charts is that of the
 * recording up to the moment on screen, as if somebody had watched until then.
 */
#include "playing.h"

#include <stdio.h>
#include <string.h>

#include "away.h"
#include "tracing.h"
#include "tui_private.h"

#define FOLLOW_NS 8000000ull /* of a frame */

bool ltr__playing_is_on(const struct ltr__tui *tui)
{
	return tui->scene.player.timeline != NULL;
}

static uint64_t now_of(const struct ltr__tui *tui)
{
	return ltr_census_info(tui->scene.moment.census)->now_ns;
}

void ltr__playing_show_history(struct ltr__tui *tui)
{
	const struct ltr_timeline *timeline = tui->scene.player.timeline;
	uint64_t now_ns = now_of(tui);

	memset(&tui->scene.history, 0, sizeof(tui->scene.history));
	for (size_t i = 0; i < timeline->count && timeline->samples[i].now_ns < now_ns; i++)
		ltr__history_add_sample(&tui->scene.history, &timeline->samples[i]);
	ltr__history_add(&tui->scene.history, tui->scene.moment.census, NULL);
}

static void seek(struct ltr__tui *tui, uint64_t moment_ns, const char *say)
{
	ltr__away_set_out(
		tui, (struct ltr__errand){.kind = LTR__ERRAND_GO, .to_ns = moment_ns, .say = say});
}

void ltr__playing_begin(struct ltr__tui *tui)
{
	const struct ltr_tui_source *source = tui->source;

	ltr__player_init(&tui->scene.player,
			 source->timeline ? source->timeline(source->context) : NULL);
	if (!ltr__playing_is_on(tui))
		return;
	ltr__playing_show_history(tui);
	ltr__tui_renew(tui);
}

void ltr__playing_begin_at(struct ltr__tui *tui, uint64_t moment_ns)
{
	const struct ltr_tui_source *source = tui->source;
	uint64_t goroutine = tui->scene.player.goroutine;

	ltr__player_init(&tui->scene.player, source->timeline(source->context));
	tui->scene.player.goroutine = goroutine;
	seek(tui, moment_ns, NULL);
}

void ltr__playing_end(struct ltr__tui *tui)
{
	uint64_t goroutine = tui->scene.player.goroutine;

	ltr__tracing_stop(tui);
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
		ltr__away_set_out(tui, (struct ltr__errand){.kind = LTR__ERRAND_GO,
							    .to_ns = wanted_ns,
							    .is_frame = true});
}

void ltr__playing_go_to(struct ltr__tui *tui, uint64_t moment_ns, const char *say)
{
	tui->scene.player.is_playing = false;
	seek(tui, moment_ns, say);
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

/* About the goroutine that is chosen. It may have to be there at this moment. */
static void go_about_chosen(struct ltr__tui *tui, enum ltr__errand_kind kind)
{
	const struct ltr_goroutine *goroutine = chosen(tui);
	uint64_t id = tui->scene.player.goroutine;

	if (kind == LTR__ERRAND_MOVE_ON ? !id || !tui->source->follow : !goroutine) {
		say_there_is_none(tui);
		return;
	}
	tui->scene.player.is_playing = false;
	ltr__away_set_out(tui, (struct ltr__errand){.kind = kind, .id = id});
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

static void toggle(struct ltr__tui *tui)
{
	struct ltr__player *player = &tui->scene.player;

	player->is_playing = !player->is_playing;
	/* Who plays at the end wants to see it again. */
	if (player->is_playing && now_of(tui) >= player->timeline->end_ns)
		seek(tui, player->timeline->begin_ns, NULL);
}

bool ltr__playing_act(struct ltr__tui *tui, enum ltr__action action)
{
	struct ltr__player *player = &tui->scene.player;
	const struct ltr__view *view = ltr__tui_view(tui);
	uint64_t moment_ns;

	if (!ltr__playing_is_on(tui))
		return false;
	moment_ns = now_of(tui);
	if (ltr__player_step(player, action, &moment_ns)) {
		ltr__playing_go_to(tui, moment_ns, NULL);
		return true;
	}
	switch (action) {
	case LTR__DO_PAUSE:
		toggle(tui);
		break;
	case LTR__DO_FASTER:
	case LTR__DO_SLOWER:
		ltr__player_change_speed(player, action == LTR__DO_FASTER);
		break;
	case LTR__DO_TO_BLOCK:
		if (view->kind->finding)
			ltr__tracing_begin(tui, view->kind->finding(view, &tui->scene));
		else
			go_about_chosen(tui, LTR__ERRAND_TO_TRANSITION);
		break;
	case LTR__DO_MOVE_BACK:
		go_about_chosen(tui, LTR__ERRAND_MOVE_BACK);
		break;
	case LTR__DO_MOVE_ON:
		go_about_chosen(tui, LTR__ERRAND_MOVE_ON);
		break;
	default:
		return false;
	}
	return true;
}
