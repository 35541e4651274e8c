/* SPDX-License-Identifier: MIT */
/*
 * The loop: waits for keys, for news of the program and for the time of the next frame, and is the
 * only one that acts (what keys do is in acting.c). It owns the scene, the views and the prompt.
 * Views say what they want (view.h); what a frame looks like as a whole is in frame.c.
 *
 * Costs are bounded by measuring them. The renewal of a view is spread over several frames if it
 * takes long, with keys answered in between and the census left alone; and a view that took t is
 * not renewed again before RENEW_REST times t have passed.
 */
#include "tui.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "away.h"
#include "frame.h"
#include "playing.h"
#include "rewinding.h"
#include "tracing.h"
#include "tui_private.h"

#define MS            1000000ull
#define INTERVAL_MS   250
#define POLL_APART_NS (5 * MS)  /* between polls that the source's fd asks for */
#define POLL_BLIND_NS (20 * MS) /* between polls of a source without one */
#define ASK_AGAIN_NS  (10 * MS) /* whether what is kept is ready, or proven */
#define RENEW_REST    40
#define BUDGET_NS     (6 * MS) /* of a frame, for the renewal of a view */
#define SLICE         8192     /* goroutines between looks at the clock */

uint64_t ltr__tui_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 * MS + (uint64_t)now.tv_nsec;
}

uint64_t ltr__tui_interval_ns(const struct ltr__tui *tui)
{
	return (tui->options->interval_ms ? tui->options->interval_ms : INTERVAL_MS) * MS;
}

void ltr__tui_say(struct ltr__tui *tui, const char *text)
{
	snprintf(tui->message, sizeof(tui->message), "%s", text);
}

struct ltr__view *ltr__tui_view(const struct ltr__tui *tui)
{
	return tui->depth ? tui->opened[tui->depth - 1] : tui->roots[tui->root];
}

void ltr__tui_note_memory(struct ltr__tui *tui, int error)
{
	if (error)
		ltr__tui_say(tui, "not enough memory to show everything");
}

/* Go on with the renewal of the view on screen for about `budget_ns`. */
static void go_on_renewing(struct ltr__tui *tui, uint64_t budget_ns)
{
	struct ltr__view *view = ltr__tui_view(tui);
	size_t count = ltr__moment_count(&tui->scene.moment);
	uint64_t start = ltr__tui_clock_ns();
	uint64_t now = start;

	while (tui->is_renewing && now - start < budget_ns) {
		size_t to = count - tui->renewed > SLICE ? tui->renewed + SLICE : count;

		/* the end is a piece of its own: it may be the longest */
		if (to > tui->renewed) {
			ltr__tui_note_memory(tui,
					     view->kind->take(view, &tui->scene, tui->renewed, to));
			tui->renewed = to;
		} else {
			int more = view->kind->end(view, &tui->scene);

			ltr__tui_note_memory(tui, more < 0 ? more : 0);
			tui->is_renewing = more > 0;
		}
		now = ltr__tui_clock_ns();
	}
	tui->renewal_cost_ns += now - start;
	if (!tui->is_renewing)
		tui->next_renewal_ns = now + tui->renewal_cost_ns * RENEW_REST;
}

void ltr__tui_finish_renewing(struct ltr__tui *tui)
{
	go_on_renewing(tui, UINT64_MAX);
}

/* At once, or in a few frames if that is much work. */
void ltr__tui_renew(struct ltr__tui *tui)
{
	struct ltr__view *view = ltr__tui_view(tui);

	view->kind->begin(view, &tui->scene);
	tui->is_renewing = true;
	tui->renewed = 0;
	tui->renewal_cost_ns = 0;
	go_on_renewing(tui, tui->terminal && tui->terminal->is_scripted ? UINT64_MAX : BUDGET_NS);
}

unsigned ltr__tui_where(const struct ltr__tui *tui)
{
	unsigned where = LTR__IN_ALL | ltr__tui_view(tui)->kind->where;

	if (ltr__playing_is_on(tui))
		return where | LTR__IN_PLAYED | (tui->scene.is_rewound ? LTR__IN_REWOUND : 0) |
		       (where & LTR__IN_TIMELINE ? LTR__IN_SCRUB : 0);
	return where | LTR__IN_LIVE | (tui->scene.has_kept ? LTR__IN_KEPT : 0);
}

static void note_error(struct ltr__tui *tui, int error)
{
	if (error == -ESRCH)
		tui->scene.is_ended = true;
	else if (error < 0)
		snprintf(tui->scene.error, sizeof(tui->scene.error),
			 "FAILED: the program cannot be read: %s", strerror(-error));
	else
		tui->scene.error[0] = 0;
}

static void poll_source(struct ltr__tui *tui)
{
	if (tui->scene.is_ended)
		return;
	/* of the past it is another census that is judged */
	if (!ltr__playing_is_on(tui))
		ltr__tui_finish_judging(tui);
	note_error(tui, tui->source->poll(tui->source->context, 0));
	tui->next_poll_ns =
		ltr__tui_clock_ns() + (tui->source_fd < 0 ? POLL_BLIND_NS : POLL_APART_NS);
}

void ltr__tui_refresh(struct ltr__tui *tui)
{
	uint64_t start = ltr__tui_clock_ns();

	if (tui->scene.is_ended || !tui->source->refresh)
		return;
	if (!ltr__playing_is_on(tui))
		ltr__tui_finish_judging(tui);
	note_error(tui, tui->source->refresh(tui->source->context));
	tui->next_refresh_ns = start + (ltr__tui_clock_ns() - start) * RENEW_REST;
}

void ltr__tui_remember(struct ltr__tui *tui)
{
	struct ltr_tui_usage usage = {0};

	if (tui->source->usage && !tui->scene.is_ended)
		tui->source->usage(tui->source->context, &usage);
	if (tui->scene.is_rewound)
		ltr__history_add(&tui->live_history, tui->live_census, &usage);
	else
		ltr__history_add(&tui->scene.history, tui->scene.moment.census, &usage);
}

/* The next moment of the program. */
void ltr__tui_next_moment(struct ltr__tui *tui, bool refresh)
{
	if (!ltr__playing_is_on(tui) || tui->scene.is_rewound) {
		poll_source(tui);
		if (refresh)
			ltr__tui_refresh(tui);
		ltr__tui_remember(tui);
	}
	if (ltr__playing_is_on(tui)) {
		ltr__playing_frame(tui, ltr__tui_interval_ns(tui));
		return;
	}
	if (ltr__moment_is_held(&tui->scene.moment))
		return;
	if (tui->terminal && tui->terminal->is_scripted)
		ltr__tui_judge_at_once(tui);
	ltr__tui_renew(tui);
}

void ltr__tui_draw(struct ltr__tui *tui)
{
	if (ltr__away_is_on(tui)) {
		ltr__frame_draw_away(tui);
	} else {
		ltr__playing_follow(tui);
		ltr__rewinding_look(tui);
		ltr__frame_draw(tui);
	}
	tui->terminal->kind->show(tui->terminal, &tui->grid);
}

static int resize(struct ltr__tui *tui)
{
	int width;
	int height;

	tui->terminal->kind->size(tui->terminal, &width, &height);
	return ltr__grid_resize(&tui->grid, width, height);
}

/* How the program is watched, whatever is on screen. */
static enum ltr_way live_way(const struct ltr__tui *tui)
{
	return ltr_census_info(tui->scene.is_rewound ? tui->live_census : tui->scene.moment.census)
		->way;
}

static int handle_input(struct ltr__tui *tui, const struct ltr__input *input)
{
	switch (input->kind) {
	case LTR__INPUT_NONE:
		break;
	case LTR__INPUT_KEY:
		ltr__tui_key(tui, input);
		break;
	case LTR__INPUT_RESIZE:
		return resize(tui);
	case LTR__INPUT_FRAME:
	case LTR__INPUT_RENEW:
		ltr__tui_next_moment(tui, input->kind == LTR__INPUT_RENEW ||
						  live_way(tui) == LTR_WAY_SNAPSHOT);
		break;
	case LTR__INPUT_SIGNAL:
		tui->end->signal = input->signal;
		tui->is_done = true;
		break;
	case LTR__INPUT_END:
		tui->is_done = true;
		break;
	case LTR__INPUT_FAILED:
		snprintf(tui->end->why, sizeof(tui->end->why), "%s", tui->terminal->why);
		return input->error;
	}
	return 0;
}

static int milliseconds_until(uint64_t now, uint64_t then)
{
	return then > now ? (int)((then - now + MS - 1) / MS) : 0;
}

static bool is_to_judge(const struct ltr__tui *tui, uint64_t now)
{
	return tui->is_judging && (!ltr__playing_is_on(tui) || now >= tui->judge_after_ns);
}

/* When the loop has to go on by itself, and whether news of the program may wake it. */
static uint64_t next_wake_ns(const struct ltr__tui *tui, uint64_t now, int *ret_fd)
{
	*ret_fd = -1;
	if (ltr__away_is_on(tui))
		return now + ASK_AGAIN_NS;
	if (tui->is_renewing || tui->has_next || is_to_judge(tui, now))
		return now;
	if (tui->is_rewinding || tui->is_proving || tui->is_tracing || tui->is_judging)
		return now + ASK_AGAIN_NS;
	if (tui->scene.is_ended)
		return tui->next_frame_ns;
	if (tui->source_fd >= 0 && now >= tui->next_poll_ns) {
		*ret_fd = tui->source_fd;
		return tui->next_frame_ns;
	}
	return tui->next_frame_ns < tui->next_poll_ns ? tui->next_frame_ns : tui->next_poll_ns;
}

/* While an errand is on, the program is watched on, if there is one. */
static bool do_what_is_due_away(struct ltr__tui *tui, uint64_t now)
{
	if (ltr__away_go_on(tui))
		return true;
	if (tui->scene.is_rewound && now >= tui->next_poll_ns)
		poll_source(tui);
	if (now < tui->next_frame_ns)
		return false;
	tui->next_frame_ns = now + ltr__tui_interval_ns(tui);
	if (tui->scene.is_rewound)
		ltr__tui_remember(tui);
	return true;
}

/* Go on with what uses the census alone. True: there was such a thing. */
static bool go_on_with_census(struct ltr__tui *tui, uint64_t now, bool *ret_draw)
{
	*ret_draw = true;
	if (ltr__away_is_on(tui)) {
		*ret_draw = do_what_is_due_away(tui, now);
	} else if (tui->is_renewing) {
		go_on_renewing(tui, BUDGET_NS);
		*ret_draw = !tui->is_renewing;
	} else if (tui->has_next) {
		ltr__away_go_next(tui);
	} else if (!is_to_judge(tui, now)) {
		return false;
	} else if (ltr__playing_is_on(tui)) {
		ltr__away_judge(tui);
	} else {
		*ret_draw = ltr__tui_go_on_judging(tui, BUDGET_NS);
	}
	return true;
}

/* What is due by the clock. Returns whether the screen has to be drawn. */
static bool do_what_is_due(struct ltr__tui *tui)
{
	uint64_t now = ltr__tui_clock_ns();
	bool draw;

	if (go_on_with_census(tui, now, &draw))
		return draw;
	if (tui->is_rewinding && ltr__rewinding_go_on(tui))
		return true;
	if (tui->is_proving && ltr__tui_go_on_proving(tui))
		return true;
	if (tui->is_tracing && ltr__tracing_go_on(tui))
		return true;
	if (now >= tui->next_poll_ns)
		poll_source(tui);
	if (now < tui->next_frame_ns)
		return false;
	tui->next_frame_ns = now + ltr__tui_interval_ns(tui);
	if (!ltr__playing_is_on(tui) || tui->scene.is_rewound) {
		ltr__tui_remember(tui);
		if (live_way(tui) == LTR_WAY_SNAPSHOT && now >= tui->next_refresh_ns)
			ltr__tui_refresh(tui);
	}
	if (ltr__playing_is_on(tui)) {
		ltr__playing_frame(tui, now - tui->last_frame_ns);
		tui->last_frame_ns = now;
		return true;
	}
	if (!ltr__moment_is_held(&tui->scene.moment) && now >= tui->next_renewal_ns)
		ltr__tui_renew(tui);
	tui->is_judging = tui->source->judge && now >= tui->next_judging_ns &&
			  !ltr__moment_is_held(&tui->scene.moment);
	return true;
}

/* Waits for whatever comes first, and says whether the screen has to be drawn. */
static int wait_and_handle(struct ltr__tui *tui, bool *ret_draw)
{
	uint64_t now = ltr__tui_clock_ns();
	int fd;
	uint64_t wake = next_wake_ns(tui, now, &fd);
	struct ltr__input input =
		tui->terminal->kind->wait(tui->terminal, milliseconds_until(now, wake), fd);

	*ret_draw = input.kind != LTR__INPUT_NONE;
	if (!tui->terminal->is_scripted && do_what_is_due(tui))
		*ret_draw = true;
	return handle_input(tui, &input);
}

static int loop(struct ltr__tui *tui)
{
	bool has_changed = true;
	int error = resize(tui);

	ltr__playing_begin(tui);
	ltr__tui_next_moment(tui, false);
	if (ltr__playing_is_on(tui) && tui->terminal->is_scripted)
		ltr__tui_judge_at_once(tui);
	else if (ltr__playing_is_on(tui))
		tui->is_judging = tui->source->judge != NULL;
	tui->last_frame_ns = ltr__tui_clock_ns();
	tui->next_frame_ns = tui->last_frame_ns + ltr__tui_interval_ns(tui);
	while (!error && !tui->is_done) {
		if (has_changed)
			ltr__tui_draw(tui);
		error = wait_and_handle(tui, &has_changed);
	}
	if (!error)
		error = tui->terminal->kind->finish(tui->terminal);
	if (error && !tui->end->why[0])
		snprintf(tui->end->why, sizeof(tui->end->why), "%s", tui->terminal->why);
	return error;
}

static int open_terminal(struct ltr__tui *tui)
{
	const struct ltr_tui_options *options = tui->options;
	bool is_scripted = options->once || options->script;

	return (is_scripted ? ltr__terminal_open_script : ltr__terminal_open_curses)(
		options, &tui->terminal, tui->end->why, sizeof(tui->end->why));
}

static void done(struct ltr__tui *tui)
{
	/* first, so that the person need not wait for what is beside */
	if (tui->terminal)
		tui->terminal->kind->close(tui->terminal);
	ltr__away_abort(tui);
	ltr__tui_close_opened(tui, 0);
	for (size_t i = 0; i < LTR__TUI_ROOTS; i++) {
		if (tui->roots[i])
			tui->roots[i]->kind->close(tui->roots[i]);
	}
	ltr__filter_free(tui->scene.filter);
	ltr__filter_free(tui->scene.search);
	ltr__stack_places_done(&tui->scene.places);
	ltr__moment_release(&tui->scene.moment);
	ltr__grid_done(&tui->grid);
	free(tui);
}

int ltr_tui_run(const struct ltr_tui_options *options, const struct ltr_tui_source *source,
		struct ltr_tui_end *ret_end)
{
	struct ltr__tui *tui = calloc(1, sizeof(*tui));
	int error;

	*ret_end = (struct ltr_tui_end){0};
	if (!tui)
		return -ENOMEM;
	tui->options = options;
	tui->source = source;
	tui->end = ret_end;
	tui->has_mouse = options->mouse;
	tui->source_fd = source->fd ? source->fd(source->context) : -1;
	tui->scene.moment.census = source->census(source->context);
	error = ltr__tui_prepare(tui);
	if (!error)
		error = open_terminal(tui);
	if (!error) {
		tui->grid.ascii = tui->terminal->is_ascii;
		tui->scene.has_letters = tui->terminal->is_ascii || tui->terminal->is_plain;
		error = loop(tui);
	}
	done(tui);
	if (error && !ret_end->why[0])
		snprintf(ret_end->why, sizeof(ret_end->why), "%s", strerror(-error));
	return error;
}
