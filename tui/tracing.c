/* SPDX-License-Identifier: MIT */
/* From a finding to when it arose (tracing.h). */
#include "tracing.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "playing.h"
#include "tui_private.h"

#define ASK_MS 1 /* whether it is found, without a screen */

static void go_there(struct ltr__tui *tui, uint64_t arose_ns, const char *say)
{
	if (arose_ns < tui->scene.player.timeline->begin_ns)
		ltr__tui_say(tui, tui->scene.is_rewound
					  ? "it has been there for longer than anything is kept"
					  : "it arose before the recording began");
	else
		ltr__playing_go_to(tui, arose_ns, say);
}

void ltr__tracing_begin_with(struct ltr__tui *tui, uint64_t key, uint64_t arose_ns)
{
	if (arose_ns) {
		go_there(tui, arose_ns,
			 "it arose here; it may be found only from the next reading of the program "
			 "on");
	} else if (!key) {
		ltr__tui_say(tui, "no finding is selected");
	} else if (!tui->source->arising) {
		ltr__tui_say(tui, "it is not known when that arose");
	} else {
		/* what is looked for is there at the moment on screen: that has to stay */
		tui->scene.player.is_playing = false;
		tui->is_tracing = true;
		tui->tracing_key = key;
		tui->arising = (struct ltr_tui_arising){0};
		while (tui->terminal->is_scripted && !ltr__tracing_go_on(tui))
			poll(NULL, 0, ASK_MS);
	}
}

void ltr__tracing_begin(struct ltr__tui *tui, const struct ltr_tui_finding *finding)
{
	ltr__tracing_begin_with(tui, finding ? finding->key : 0, finding ? finding->arose_ns : 0);
}

bool ltr__tracing_go_on(struct ltr__tui *tui)
{
	char why[256] = "";
	int error;

	if (!tui->is_tracing)
		return false;
	error = tui->source->arising(tui->source->context, tui->tracing_key, &tui->arising, why,
				     sizeof(why));
	if (error > 0)
		return false;
	tui->is_tracing = false;
	if (error)
		ltr__tui_say(tui, why[0] ? why : strerror(-error));
	else if (!tui->arising.from_ns)
		go_there(tui, 0, NULL);
	else
		go_there(tui, tui->arising.to_ns,
			 "it is found from here on: it arose since the reading before");
	return true;
}

void ltr__tracing_stop(struct ltr__tui *tui)
{
	char why[8];

	if (!tui->is_tracing)
		return;
	tui->is_tracing = false;
	tui->source->arising(tui->source->context, 0, &tui->arising, why, sizeof(why));
}

/* Whether it leads to another moment. */
static bool goes_elsewhere(const struct ltr__tui *tui, enum ltr__action action)
{
	uint64_t moment_ns = 0;

	return action == LTR__DO_PAUSE || action == LTR__DO_TO_BLOCK ||
	       action == LTR__DO_MOVE_BACK || action == LTR__DO_MOVE_ON ||
	       ltr__player_step(&tui->scene.player, action, &moment_ns);
}

bool ltr__tracing_act(struct ltr__tui *tui, enum ltr__action action)
{
	if (!tui->is_tracing)
		return false;
	if (action == LTR__DO_BACK) {
		ltr__tracing_stop(tui);
		ltr__tui_say(tui, "stopped looking for when it arose");
		return true;
	}
	if (goes_elsewhere(tui, action))
		ltr__tracing_stop(tui);
	return false;
}

void ltr__tracing_say(const struct ltr__tui *tui, char *ret_text, size_t size)
{
	const struct ltr_tui_arising *arising = &tui->arising;

	if (!arising->looks)
		snprintf(ret_text, size, "looking for when it arose ... (Esc: stop)");
	else
		snprintf(ret_text, size, "looking for when it arose: %s to %s, look %u (Esc: stop)",
			 ltr__player_words(&tui->scene.player, arising->from_ns).text,
			 ltr__player_words(&tui->scene.player, arising->to_ns).text,
			 arising->looks);
}
