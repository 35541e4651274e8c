/* SPDX-License-Identifier: MIT */
/*
 * What is wrong with the program, as it arises: looked for in slices between frames, by whoever the
 * source has for that (tui.h), and the proof that a person asks for.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "playing.h"
#include "tui_private.h"

#define ASK_MS     1  /* whether the proof is there, without a screen */
#define JUDGE_REST 50 /* times as long as it took, before it is looked for again */

static bool shows_findings(const struct ltr__tui *tui)
{
	const struct ltr__view_kind *kind = ltr__tui_view(tui)->kind;

	return kind == &ltr__view_verdicts || kind == &ltr__view_finding ||
	       kind == &ltr__view_goroutines;
}

void ltr__tui_judged(struct ltr__tui *tui, int error, const struct ltr_tui_findings *findings,
		     uint64_t cost_ns)
{
	if (error && error != -ENOMEM)
		ltr__tui_say(tui, "what is wrong at this moment could not be looked for");
	else
		ltr__tui_note_memory(tui, error);
	tui->scene.findings = findings;
	tui->is_judging = false;
	tui->next_judging_ns = ltr__tui_clock_ns() + cost_ns * JUDGE_REST;
	/* what is played is another moment in each frame */
	if (!ltr__playing_is_on(tui))
		tui->next_judging_ns += ltr__tui_interval_ns(tui);
	if (!tui->scene.is_rewound) {
		if (tui->tells_proof && tui->scene.findings && !error)
			ltr__tui_say(tui, tui->scene.findings->note);
		tui->tells_proof = false;
	}
	/* held or not: lists of findings are made of those that there are now */
	if (shows_findings(tui))
		ltr__tui_renew(tui);
}

bool ltr__tui_go_on_judging(struct ltr__tui *tui, uint64_t budget_ns)
{
	uint64_t start = ltr__tui_clock_ns();
	const struct ltr_tui_findings *findings = tui->scene.findings;
	int more = tui->source->judge(tui->source->context, budget_ns, &findings);

	tui->judging_cost_ns += ltr__tui_clock_ns() - start;
	if (more > 0)
		return false;
	ltr__tui_judged(tui, more, findings, tui->judging_cost_ns);
	tui->judging_cost_ns = 0;
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

/*
 * It has come to an end: the next judgement of the program as it is now knows more, and says what
 * was looked at.
 */
static void finish_proving(struct ltr__tui *tui, int error, const char *why)
{
	tui->is_proving = false;
	if (error == -ESRCH)
		ltr__tui_say(tui, "the program has ended");
	else if (error == -EOPNOTSUPP)
		ltr__tui_say(tui, "references can be looked at only in a program that runs");
	else if (error)
		ltr__tui_say(tui, *why ? why : strerror(-error));
	if (error)
		return;
	tui->tells_proof = true;
	if (tui->scene.is_rewound)
		ltr__tui_say(tui, "references were looked at: L shows what was found");
	else
		ltr__tui_tell_proof(tui);
}

void ltr__tui_tell_proof(struct ltr__tui *tui)
{
	if (!tui->tells_proof)
		return;
	tui->is_judging = true;
	if (tui->terminal->is_scripted)
		ltr__tui_finish_judging(tui);
}

bool ltr__tui_go_on_proving(struct ltr__tui *tui)
{
	char why[256];
	int error;

	if (!tui->is_proving)
		return false;
	error = tui->source->prove(tui->source->context, true, why, sizeof(why));
	if (error <= 0)
		finish_proving(tui, error, why);
	return error <= 0;
}

void ltr__tui_prove(struct ltr__tui *tui)
{
	char why[8];

	if (tui->is_proving) {
		tui->source->prove(tui->source->context, false, why, sizeof(why));
		tui->is_proving = false;
		ltr__tui_say(tui, "stopped; nothing was proven");
	} else if (!tui->source->prove || !tui->source->judge ||
		   (ltr__playing_is_on(tui) && !tui->scene.is_rewound)) {
		ltr__tui_say(tui, "nobody can look at the references of this program");
	} else if (tui->scene.is_rewound) {
		ltr__tui_say(tui, "references can be looked at only as they are now: L first");
	} else if (ltr__moment_is_held(&tui->scene.moment)) {
		ltr__tui_say(tui, "this moment is held, and the program has gone on: Space first");
	} else {
		ltr__tui_finish_judging(tui);
		tui->is_proving = true;
		tui->proving_since_ns = ltr__tui_clock_ns();
		while (tui->terminal->is_scripted && !ltr__tui_go_on_proving(tui))
			poll(NULL, 0, ASK_MS);
	}
}
