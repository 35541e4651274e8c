/* SPDX-License-Identifier: MIT */
/*
 * Errands of the screen (away.h). What has come of one is taken over when its thread has ended.
 */
#include "away.h"

#include <stdio.h>
#include <string.h>

#include "playing.h"
#include "rewinding.h"
#include "tui_private.h"

#define WAIT_MS  8            /* for an errand, before the screen shows that one is on */
#define ABORT_MS 100          /* between looks whether it has ended */
#define QUIET_NS 300000000ull /* after a key that was in the way of judging */

/* What has come of the errand that has ended is on screen from here on. */
static void arrive(struct ltr__tui *tui)
{
	struct ltr__errand *errand = &tui->errand;

	if (errand->kind == LTR__ERRAND_JUDGE) {
		if (errand->error > 0) /* somebody was in the way: again, when it is quiet */
			tui->judge_after_ns = ltr__tui_clock_ns() + QUIET_NS;
		else
			ltr__tui_judged(tui, errand->error, errand->findings, errand->cost_ns);
		return;
	}
	/* What was found is of another moment. It stays on screen if a new judgement is at hand. */
	tui->is_judging = tui->source->judge && (!tui->scene.player.is_playing ||
						 ltr__tui_clock_ns() >= tui->next_judging_ns);
	if (!tui->is_judging)
		tui->scene.findings = NULL;
	if (errand->error) {
		tui->scene.player.is_playing = false;
		ltr__tui_say(tui, errand->why);
	} else if (errand->say && !atomic_load(&errand->is_unwanted)) {
		ltr__tui_say(tui, errand->say);
	}
	ltr__playing_show_history(tui);
	if (tui->terminal->is_scripted)
		ltr__tui_finish_judging(tui);
	ltr__tui_renew(tui);
}

/*
 * Keys that had to wait, in their order: one of them may be the beginning of another errand. None
 * of them was an answer to what the errand has to say.
 */
static void type_what_waits(struct ltr__tui *tui)
{
	struct ltr__input waiting[LTR__TUI_WAITING];
	size_t count = tui->waiting_count;
	char message[sizeof(tui->message)];

	memcpy(waiting, tui->waiting, sizeof(waiting));
	memcpy(message, tui->message, sizeof(message));
	tui->waiting_count = 0;
	for (size_t i = 0; i < count && !tui->is_done; i++)
		ltr__tui_key(tui, &waiting[i]);
	if (count && !tui->message[0])
		memcpy(tui->message, message, sizeof(message));
}

static void end_errand(struct ltr__tui *tui)
{
	tui->errand.is_on = false;
	arrive(tui);
	if (tui->has_next)
		return;
	ltr__rewinding_arrived(tui);
	type_what_waits(tui);
}

void ltr__away_set_out(struct ltr__tui *tui, struct ltr__errand wanted)
{
	struct ltr__errand *errand = &tui->errand;
	int more = 0;

	memcpy(errand, &wanted, sizeof(wanted));
	errand->source = tui->source;
	errand->is_rewound = tui->scene.is_rewound;
	if (!errand->from_ns)
		errand->from_ns = ltr_census_info(tui->scene.moment.census)->now_ns;
	errand->begin_ns = tui->scene.player.timeline->begin_ns;
	errand->since_ns = ltr__tui_clock_ns();
	if (!tui->terminal->is_scripted && tui->source->beside)
		more = tui->source->beside(tui->source->context, ltr__errand_run, errand, WAIT_MS);
	else
		ltr__errand_run(errand);
	if (more < 0)
		ltr__errand_run(errand);
	errand->is_on = more > 0;
	if (!errand->is_on)
		end_errand(tui);
}

bool ltr__away_is_on(const struct ltr__tui *tui)
{
	return tui->errand.is_on;
}

bool ltr__away_go_on(struct ltr__tui *tui)
{
	if (tui->source->beside(tui->source->context, ltr__errand_run, &tui->errand, 0) > 0)
		return false;
	end_errand(tui);
	return true;
}

void ltr__away_go_next(struct ltr__tui *tui)
{
	/* Esc leads back to where one was before the first step of several. */
	const struct ltr__errand wanted = {
		.kind = LTR__ERRAND_GO, .to_ns = tui->next_ns, .from_ns = tui->errand.from_ns};

	tui->has_next = false;
	ltr__away_set_out(tui, wanted);
}

void ltr__away_judge(struct ltr__tui *tui)
{
	ltr__away_set_out(tui, (struct ltr__errand){.kind = LTR__ERRAND_JUDGE});
}

void ltr__away_abort(struct ltr__tui *tui)
{
	atomic_store(&tui->errand.is_unwanted, true);
	if (tui->source->leave)
		tui->source->leave(tui->source->context);
	while (tui->errand.is_on)
		tui->errand.is_on = tui->source->beside(tui->source->context, ltr__errand_run,
							&tui->errand, ABORT_MS) > 0;
}

static bool is_click(const struct ltr__input *input)
{
	return input->key == LTR__KEY_CLICK;
}

/* Not with a click: what it is meant for will not be where it was when another moment is shown. */
static void wait_with(struct ltr__tui *tui, const struct ltr__input *input)
{
	if (is_click(input) && tui->errand.kind != LTR__ERRAND_JUDGE)
		return;
	if (tui->waiting_count < LTR__TUI_WAITING)
		tui->waiting[tui->waiting_count++] = *input;
}

/* Whether this key, wherever it will be typed, may ask for a text or for another key. */
static bool may_ask(uint32_t key)
{
	for (size_t i = 0; i < ltr__binding_count; i++) {
		enum ltr__action action = ltr__bindings[i].action;

		if (ltr__key_action(key, ltr__bindings[i].where) == action &&
		    (action == LTR__DO_FILTER || action == LTR__DO_SEARCH ||
		     action == LTR__DO_SAVE))
			return true;
	}
	return false;
}

/* What is typed is text, or may be when it is its turn. */
static bool is_typing(const struct ltr__tui *tui)
{
	if (tui->prompt.is_open || tui->is_saving)
		return true;
	for (size_t i = 0; i < tui->waiting_count; i++) {
		if (may_ask(tui->waiting[i].key))
			return true;
	}
	return false;
}

/* From a frame of what is played nobody wants to go back: it is the last one. */
static void stay(struct ltr__tui *tui)
{
	tui->scene.player.is_playing = false;
	tui->is_arriving = false;
	if (tui->errand.is_frame && !tui->has_next)
		return;
	atomic_store(&tui->errand.is_unwanted, true);
	tui->has_next = true;
	tui->next_ns = tui->errand.from_ns;
}

void ltr__away_key(struct ltr__tui *tui, const struct ltr__input *input)
{
	struct ltr__errand *errand = &tui->errand;
	bool is_going = errand->kind == LTR__ERRAND_GO && !tui->waiting_count;
	uint64_t next_ns = tui->has_next ? tui->next_ns : errand->to_ns;
	enum ltr__action action = LTR__DO_NOTHING;

	if (!is_typing(tui))
		action = ltr__key_action(input->key, ltr__tui_where(tui));
	if (action == LTR__DO_QUIT) {
		tui->is_done = true;
	} else if (action == LTR__DO_REDRAW) {
		tui->terminal->kind->redraw(tui->terminal);
	} else if (errand->kind == LTR__ERRAND_JUDGE) {
		atomic_store(&errand->is_unwanted, true);
		wait_with(tui, input);
	} else if (action == LTR__DO_BACK) {
		stay(tui);
	} else if (is_going && ltr__player_step(&tui->scene.player, action, &next_ns)) {
		tui->scene.player.is_playing = false;
		tui->has_next = true;
		tui->next_ns = next_ns;
	} else {
		wait_with(tui, input);
	}
}

bool ltr__away_say(const struct ltr__tui *tui, char *ret_text, size_t size)
{
	const struct ltr__errand *errand = &tui->errand;
	uint64_t to_ns = tui->has_next ? tui->next_ns : errand->to_ns;
	bool is_to = errand->kind == LTR__ERRAND_GO || tui->has_next;
	char waiting[40] = "";

	if (errand->kind == LTR__ERRAND_JUDGE) {
		snprintf(ret_text, size, "what is wrong at this moment is being looked for ...");
		return ltr__tui_clock_ns() - errand->since_ns > QUIET_NS;
	}
	if (tui->waiting_count)
		snprintf(waiting, sizeof(waiting), "  %zu key%s", tui->waiting_count,
			 tui->waiting_count == 1 ? " waits" : "s wait");
	snprintf(ret_text, size, "going %s%s ...%s%s", is_to ? "to " : "there",
		 is_to ? ltr__player_words(&tui->scene.player, to_ns).text : "",
		 is_typing(tui)                       ? ""
		 : errand->is_frame && !tui->has_next ? " (Esc: stop)"
						      : " (Esc: stay)",
		 waiting);
	return true;
}
