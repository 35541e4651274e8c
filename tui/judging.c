/* SPDX-License-Identifier: MIT */
/*
 * What is wrong with the program, as it arises: looked for in slices between frames, by whoever the
 * source has for that (tui.h), and the proof that a person asks for.
 */
#include <errno.h>
#include <string.h>

#include "playing.h"
#include "tui_private.h"

#define JUDGE_REST 50 /* times as long as it took, before it is looked for again */

static bool shows_findings(const struct ltr__tui *tui)
{
	const struct ltr__view_kind *kind = ltr__tui_view(tui)->kind;

	return kind == &ltr__view_verdicts || kind == &ltr__view_finding ||
	       kind == &ltr__view_goroutines;
}

/* Go on looking for what is wrong. Returns whether the screen has to be drawn. */
bool ltr__tui_go_on_judging(struct ltr__tui *tui, uint64_t budget_ns)
{
	uint64_t start = ltr__tui_clock_ns();
	int more = tui->source->judge(tui->source->context, budget_ns, &tui->scene.findings);
	uint64_t now = ltr__tui_clock_ns();

	tui->judging_cost_ns += now - start;
	if (more > 0)
		return false;
	if (more < 0 && more != -ENOMEM)
		ltr__tui_say(tui, "what is wrong at this moment could not be looked for");
	else
		ltr__tui_note_memory(tui, more);
	tui->is_judging = false;
	tui->next_judging_ns = now + ltr__tui_interval_ns(tui) + tui->judging_cost_ns * JUDGE_REST;
	tui->judging_cost_ns = 0;
	/* held or not: lists of findings are made of those that there are now */
	if (shows_findings(tui))
		ltr__tui_renew(tui);
	return true;
}

void ltr__tui_finish_judging(struct ltr__tui *tui)
{
	while (tui->is_judging)
		ltr__tui_go_on_judging(tui, UINT64_MAX);
}

void ltr__tui_judge_at_once(struct ltr__tui *tui)
{
	tui->is_judging = tui->source->judge != NULL;
	ltr__tui_finish_judging(tui);
}

/* It takes seconds in which no key is answered: the screen says so before. */
void ltr__tui_prove(struct ltr__tui *tui)
{
	int error;

	if (!tui->source->prove || !tui->source->judge || ltr__playing_is_on(tui)) {
		ltr__tui_say(tui, "nobody can look at the references of this program");
		return;
	}
	if (ltr__moment_is_held(&tui->scene.moment)) {
		ltr__tui_say(tui, "this moment is held, and the program has gone on: Space first");
		return;
	}
	ltr__tui_say(tui, "looking at all references of the program; it may take seconds ...");
	ltr__tui_draw(tui);
	ltr__tui_refresh(tui);
	error = tui->source->prove(tui->source->context);
	ltr__tui_judge_at_once(tui);
	ltr__tui_remember(tui);
	if (!error)
		ltr__tui_say(tui, tui->scene.findings ? tui->scene.findings->note : "");
	else if (error == -ESRCH)
		ltr__tui_say(tui, "the program has ended");
	else if (error == -EOPNOTSUPP)
		ltr__tui_say(tui, "references can be looked at only in a program that runs");
	else
		ltr__tui_say(tui, strerror(-error));
	ltr__tui_renew(tui);
}
