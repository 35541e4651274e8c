/* SPDX-License-Identifier: MIT */
/*
 * From the present to what was kept, and back. Numbers of strings, stacks and sites mean the same
 * in both, so views keep what they show and what is selected; but what was looked up by such a
 * number belongs to one of the two.
 */
#include "rewinding.h"

#include <poll.h>

#include "playing.h"
#include "tracing.h"
#include "tui_private.h"

#define ASK_MS 1

void ltr__rewinding_look(struct ltr__tui *tui)
{
	const struct ltr_tui_source *source = tui->source;

	tui->scene.has_kept = source->kept && source->kept(source->context, &tui->scene.kept);
}

static void change_census(struct ltr__tui *tui)
{
	struct ltr__scene *scene = &tui->scene;

	ltr__moment_release(&scene->moment);
	ltr__stack_places_done(&scene->places);
	scene->moment.census = tui->source->census(tui->source->context);
	scene->findings = NULL;
	tui->is_judging = false;
	tui->next_judging_ns = 0;
}

/* It is ready: the same moment in it, and what the person wanted there. */
static void enter(struct ltr__tui *tui)
{
	uint64_t moment_ns = ltr__moment_info(&tui->scene.moment)->now_ns;

	tui->live_census = tui->scene.moment.census;
	tui->live_history = tui->scene.history;
	tui->scene.is_rewound = true;
	tui->message[0] = 0;
	change_census(tui);
	tui->is_arriving = true;
	ltr__playing_begin_at(tui, moment_ns);
}

void ltr__rewinding_arrived(struct ltr__tui *tui)
{
	if (!tui->is_arriving)
		return;
	tui->is_arriving = false;
	if (tui->rewinding_for == LTR__DO_TO_BLOCK && ltr__tui_view(tui)->kind->finding)
		ltr__tracing_begin_with(tui, tui->rewinding_key, tui->rewinding_to_ns);
	else
		ltr__playing_act(tui, tui->rewinding_for);
}

static void leave(struct ltr__tui *tui)
{
	char why[8];

	tui->source->rewind(tui->source->context, false, why, sizeof(why));
	tui->is_rewinding = false;
	if (!tui->scene.is_rewound)
		return;
	tui->scene.is_rewound = false;
	tui->scene.history = tui->live_history;
	change_census(tui);
	ltr__playing_end(tui);
	ltr__tui_renew(tui);
	ltr__tui_tell_proof(tui);
}

bool ltr__rewinding_go_on(struct ltr__tui *tui)
{
	char why[256];
	int error;

	if (!tui->is_rewinding)
		return false;
	error = tui->source->rewind(tui->source->context, true, why, sizeof(why));
	if (error > 0)
		return false;
	tui->is_rewinding = false;
	if (error)
		ltr__tui_say(tui, why[0] ? why : "what happened before cannot be shown");
	else
		enter(tui);
	return true;
}

static void begin(struct ltr__tui *tui, enum ltr__action action)
{
	const struct ltr__view *view = ltr__tui_view(tui);
	const struct ltr_tui_finding *finding;

	ltr__playing_leave(tui);
	ltr__tui_finish_judging(tui);
	/* Findings are the present's. */
	finding = view->kind->finding ? view->kind->finding(view, &tui->scene) : NULL;
	tui->rewinding_key = finding ? finding->key : 0;
	tui->rewinding_to_ns = finding ? finding->arose_ns : 0;
	tui->rewinding_for = action;
	tui->is_rewinding = true;
	ltr__tui_say(tui, "what happened last is being read ... (Esc: stay)");
	/* Nobody looks on at a script. */
	while (tui->terminal->is_scripted && !ltr__rewinding_go_on(tui))
		poll(NULL, 0, ASK_MS);
}

static bool is_at_end(const struct ltr__tui *tui)
{
	return ltr__moment_info(&tui->scene.moment)->now_ns >= tui->scene.player.timeline->end_ns;
}

bool ltr__rewinding_act(struct ltr__tui *tui, enum ltr__action action)
{
	bool is_on = tui->scene.is_rewound;

	switch (action) {
	case LTR__DO_LIVE:
		if (is_on || tui->is_rewinding)
			leave(tui);
		return true;
	case LTR__DO_PAUSE:
		/* Who plays on at the end wants to go on with the program. */
		if (!is_on || tui->scene.player.is_playing || !is_at_end(tui))
			return false;
		leave(tui);
		return true;
	case LTR__DO_BACK:
		if (is_on || !tui->is_rewinding)
			return false;
		leave(tui);
		return true;
	case LTR__DO_STEP_BACK:
	case LTR__DO_LEAP_BACK:
	case LTR__DO_TO_BEGIN:
	case LTR__DO_TO_BLOCK:
	case LTR__DO_MOVE_BACK:
		if (is_on || ltr__playing_is_on(tui) || !tui->scene.has_kept)
			return false;
		if (!tui->is_rewinding)
			begin(tui, action);
		return true;
	default:
		return false;
	}
}
