/* SPDX-License-Identifier: MIT */
/*
 * The loop: waits for keys, for news of the program and for the time of the next frame, and is the
 * only one that acts. It owns the scene, the views and the prompt. Views say what they want
 * (view.h); what a frame looks like as a whole is in frame.c.
 *
 * Costs are bounded by measuring them. The renewal of a view is spread over several frames if it
 * takes long, with keys answered in between and the census left alone; and a view that took t is not
 * renewed again before RENEW_REST times t have passed.
 */
#include "tui.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "frame.h"
#include "goroutine_columns.h"
#include "playing.h"
#include "save.h"
#include "tui_private.h"

#define MS            1000000ull
#define INTERVAL_MS   250
#define POLL_APART_NS (5 * MS)  /* between polls that the source's fd asks for */
#define POLL_BLIND_NS (20 * MS) /* between polls of a source without one */
#define RENEW_REST    30
#define JUDGE_REST    50
#define BUDGET_NS     (6 * MS) /* of a frame, for the renewal of a view */
#define SLICE         8192     /* goroutines between looks at the clock */

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 * MS + (uint64_t)now.tv_nsec;
}

static uint64_t interval_ns(const struct ltr__tui *tui)
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

static void note_memory(struct ltr__tui *tui, int error)
{
	if (error)
		ltr__tui_say(tui, "not enough memory to show everything");
}

/* Go on with the renewal of the view on screen for about `budget_ns`. */
static void go_on_renewing(struct ltr__tui *tui, uint64_t budget_ns)
{
	struct ltr__view *view = ltr__tui_view(tui);
	size_t count = ltr__moment_count(&tui->scene.moment);
	uint64_t start = clock_ns();
	uint64_t now = start;

	while (tui->is_renewing && now - start < budget_ns) {
		size_t to = count - tui->renewed > SLICE ? tui->renewed + SLICE : count;

		/* the end is a piece of its own: it may be the longest */
		if (to > tui->renewed) {
			note_memory(tui, view->kind->take(view, &tui->scene, tui->renewed, to));
			tui->renewed = to;
		} else {
			int more = view->kind->end(view, &tui->scene);

			note_memory(tui, more < 0 ? more : 0);
			tui->is_renewing = more > 0;
		}
		now = clock_ns();
	}
	tui->renewal_cost_ns += now - start;
	if (!tui->is_renewing)
		tui->next_renewal_ns = now + tui->renewal_cost_ns * RENEW_REST;
}

static void finish_renewing(struct ltr__tui *tui)
{
	go_on_renewing(tui, UINT64_MAX);
}

/* The view is to show the scene as it is now: at once, or in a few frames if that is much work. */
static void renew_view(struct ltr__tui *tui)
{
	struct ltr__view *view = ltr__tui_view(tui);

	view->kind->begin(view, &tui->scene);
	tui->is_renewing = true;
	tui->renewed = 0;
	tui->renewal_cost_ns = 0;
	go_on_renewing(tui, tui->terminal && tui->terminal->is_scripted ? UINT64_MAX : BUDGET_NS);
}

void ltr__tui_renew(struct ltr__tui *tui)
{
	renew_view(tui);
}

unsigned ltr__tui_where(const struct ltr__tui *tui)
{
	return LTR__IN_ALL | ltr__tui_view(tui)->kind->where |
	       (ltr__playing_is_on(tui) ? LTR__IN_PLAYED : LTR__IN_LIVE);
}

static bool shows_findings(const struct ltr__tui *tui)
{
	const struct ltr__view_kind *kind = ltr__tui_view(tui)->kind;

	return kind == &ltr__view_verdicts || kind == &ltr__view_finding ||
	       kind == &ltr__view_goroutines;
}

/* Go on looking for what is wrong. Returns whether the screen has to be drawn. */
static bool go_on_judging(struct ltr__tui *tui, uint64_t budget_ns)
{
	uint64_t start = clock_ns();
	int more = tui->source->judge(tui->source->context, budget_ns, &tui->scene.findings);
	uint64_t now = clock_ns();

	tui->judging_cost_ns += now - start;
	if (more > 0)
		return false;
	note_memory(tui, more);
	tui->is_judging = false;
	tui->next_judging_ns = now + interval_ns(tui) + tui->judging_cost_ns * JUDGE_REST;
	tui->judging_cost_ns = 0;
	/* held or not: lists of findings are made of those that there are now */
	if (shows_findings(tui))
		renew_view(tui);
	return true;
}

static void finish_judging(struct ltr__tui *tui)
{
	while (tui->is_judging)
		go_on_judging(tui, UINT64_MAX);
}

void ltr__tui_finish_judging(struct ltr__tui *tui)
{
	finish_judging(tui);
}

static void judge_at_once(struct ltr__tui *tui)
{
	tui->is_judging = tui->source->judge != NULL;
	finish_judging(tui);
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
	finish_judging(tui);
	note_error(tui, tui->source->poll(tui->source->context, 0));
	tui->next_poll_ns = clock_ns() + (tui->source_fd < 0 ? POLL_BLIND_NS : POLL_APART_NS);
}

static void refresh_source(struct ltr__tui *tui)
{
	uint64_t start = clock_ns();

	if (tui->scene.is_ended || !tui->source->refresh)
		return;
	finish_judging(tui);
	note_error(tui, tui->source->refresh(tui->source->context));
	tui->next_refresh_ns = start + (clock_ns() - start) * RENEW_REST;
}

static void remember(struct ltr__tui *tui)
{
	struct ltr_tui_usage usage = {0};

	if (tui->source->usage && !tui->scene.is_ended)
		tui->source->usage(tui->source->context, &usage);
	ltr__history_add(&tui->scene.history, tui->scene.moment.census, &usage);
}

/* The next moment of the program. */
static void next_moment(struct ltr__tui *tui, bool refresh)
{
	if (ltr__playing_is_on(tui)) {
		ltr__playing_frame(tui, interval_ns(tui));
		return;
	}
	poll_source(tui);
	if (refresh)
		refresh_source(tui);
	remember(tui);
	if (ltr__moment_is_held(&tui->scene.moment))
		return;
	if (tui->terminal && tui->terminal->is_scripted)
		judge_at_once(tui);
	renew_view(tui);
}

uint64_t ltr__tui_clock_ns(void)
{
	return clock_ns();
}

static void draw(struct ltr__tui *tui)
{
	ltr__playing_follow(tui);
	ltr__frame_draw(tui);
	tui->terminal->kind->show(tui->terminal, &tui->grid);
}

static int resize(struct ltr__tui *tui)
{
	int width;
	int height;

	tui->terminal->kind->size(tui->terminal, &width, &height);
	return ltr__grid_resize(&tui->grid, width, height);
}

static void close_opened(struct ltr__tui *tui, size_t depth)
{
	while (tui->depth > depth) {
		struct ltr__view *view = tui->opened[--tui->depth];

		view->kind->close(view);
	}
}

static void open_view(struct ltr__tui *tui, const struct ltr__view_kind *kind,
		      const struct ltr__subject *subject)
{
	struct ltr__view *view;

	if (kind->open(&tui->scene, subject, &view)) {
		ltr__tui_say(tui, "not enough memory");
		return;
	}
	/* a person who goes in circles does not go back all the way */
	if (tui->depth == LTR__TUI_DEPTH) {
		tui->opened[0]->kind->close(tui->opened[0]);
		memmove(tui->opened, tui->opened + 1, sizeof(tui->opened) - sizeof(*tui->opened));
		tui->depth--;
	}
	tui->opened[tui->depth++] = view;
	renew_view(tui);
}

size_t ltr__tui_roots(const struct ltr__tui *tui)
{
	return (size_t)LTR__TUI_ROOTS - !ltr__playing_is_on(tui);
}

size_t ltr__tui_next_root(const struct ltr__tui *tui)
{
	size_t next = tui->root + 1;

	return next < ltr__tui_roots(tui) ? next : 0;
}

static void show_root(struct ltr__tui *tui, size_t root)
{
	ltr__playing_leave(tui);
	close_opened(tui, 0);
	tui->root = root;
	renew_view(tui);
}

static void toggle_pause(struct ltr__tui *tui)
{
	struct ltr__moment *moment = &tui->scene.moment;

	if (ltr__moment_is_held(moment)) {
		ltr__moment_release(moment);
		next_moment(tui, false);
	} else if (ltr__moment_hold(moment)) {
		ltr__tui_say(tui, "not enough memory to hold this moment");
	} else {
		renew_view(tui);
	}
}

/* A filter that makes no sense leaves the one that there is. */
static int set_filter(struct ltr__tui *tui, const char *text, char *ret_why, size_t why_size)
{
	struct ltr__filter *filter;
	int error;

	ret_why[0] = 0;
	error = ltr__filter_new(text, &filter, ret_why, why_size);
	if (error)
		return error;
	ltr__filter_free(tui->scene.filter);
	tui->scene.filter = filter;
	snprintf(tui->scene.filter_text, sizeof(tui->scene.filter_text), "%s", text);
	return 0;
}

static void clear_search(struct ltr__tui *tui)
{
	tui->scene.search = ltr__filter_free(tui->scene.search);
	tui->scene.search_text[0] = 0;
}

static void set_search(struct ltr__tui *tui, const char *text)
{
	clear_search(tui);
	if (!ltr__filter_new_search(text, &tui->scene.search))
		snprintf(tui->scene.search_text, sizeof(tui->scene.search_text), "%s", text);
}

static void search(struct ltr__tui *tui, bool forward)
{
	struct ltr__view *view = ltr__tui_view(tui);

	if (!tui->scene.search)
		ltr__tui_say(tui, "nothing to search for yet: / asks for it");
	else if (view->kind->search) {
		/* rows of an order that is still being made could not be compared */
		finish_renewing(tui);
		if (!view->kind->search(view, &tui->scene, forward))
			ltr__tui_say(tui, "no row has this text");
	}
}

static void prompt_edited(struct ltr__tui *tui)
{
	char why[8];

	if (tui->prompt.purpose != LTR__DO_FILTER)
		return;
	/* a text that makes no sense (yet) shows what the filter before it shows */
	if (set_filter(tui, tui->prompt.text, tui->prompt.why, sizeof(tui->prompt.why)))
		set_filter(tui, tui->prompt.before, why, sizeof(why));
	renew_view(tui);
}

static void prompt_done(struct ltr__tui *tui)
{
	if (tui->prompt.purpose == LTR__DO_SEARCH) {
		tui->prompt.is_open = false;
		set_search(tui, tui->prompt.text);
		if (tui->scene.search)
			search(tui, true);
		return;
	}
	/* a filter that makes no sense keeps the prompt, and says why */
	if (set_filter(tui, tui->prompt.text, tui->prompt.why, sizeof(tui->prompt.why)))
		return;
	tui->prompt.is_open = false;
	renew_view(tui);
}

static void prompt_key(struct ltr__tui *tui, uint32_t key)
{
	switch (ltr__prompt_key(&tui->prompt, key, &tui->scene.moment)) {
	case LTR__PROMPT_EDITED:
		prompt_edited(tui);
		break;
	case LTR__PROMPT_DONE:
		prompt_done(tui);
		break;
	case LTR__PROMPT_CANCELLED:
		tui->prompt.is_open = false;
		if (tui->prompt.purpose == LTR__DO_FILTER) {
			set_filter(tui, tui->prompt.before, tui->prompt.why,
				   sizeof(tui->prompt.why));
			renew_view(tui);
		}
		break;
	case LTR__PROMPT_SAME:
		break;
	}
}

static void go_back(struct ltr__tui *tui)
{
	if (tui->depth) {
		close_opened(tui, tui->depth - 1);
		renew_view(tui);
	} else {
		clear_search(tui);
	}
}

/* It takes seconds in which no key is answered: the screen says so before. */
static void prove(struct ltr__tui *tui)
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
	draw(tui);
	refresh_source(tui);
	error = tui->source->prove(tui->source->context);
	judge_at_once(tui);
	remember(tui);
	if (!error)
		ltr__tui_say(tui, tui->scene.findings ? tui->scene.findings->note : "");
	else if (error == -ESRCH)
		ltr__tui_say(tui, "the program has ended");
	else if (error == -EOPNOTSUPP)
		ltr__tui_say(tui, "references can be looked at only in a program that runs");
	else
		ltr__tui_say(tui, strerror(-error));
	renew_view(tui);
}

static void ask_view(struct ltr__tui *tui, enum ltr__action action, int line)
{
	struct ltr__view *view = ltr__tui_view(tui);
	struct ltr__want want = view->kind->act(view, &tui->scene, action, line);

	if (want.kind == LTR__WANT_OPEN)
		open_view(tui, want.view, &want.subject);
	else if (want.kind == LTR__WANT_RENEW)
		renew_view(tui);
	else if (want.kind == LTR__WANT_SAY)
		ltr__tui_say(tui, want.say);
}

static void act(struct ltr__tui *tui, enum ltr__action action, int line)
{
	struct ltr__subject help = {.help_for = ltr__tui_where(tui)};
	char why[8];

	if (ltr__playing_act(tui, action))
		return;
	for (size_t i = 0; i < LTR__TUI_ROOTS; i++) {
		if (action == ltr__view_action(i)) {
			show_root(tui, i);
			return;
		}
	}
	switch (action) {
	case LTR__DO_NOTHING:
		break;
	case LTR__DO_QUIT:
		tui->is_done = true;
		break;
	case LTR__DO_BACK:
		go_back(tui);
		break;
	case LTR__DO_FILTER:
		ltr__prompt_open(&tui->prompt, action, tui->scene.filter_text);
		break;
	case LTR__DO_SEARCH:
		ltr__prompt_open(&tui->prompt, action, "");
		break;
	case LTR__DO_CLEAR_FILTER:
		set_filter(tui, "", why, sizeof(why));
		renew_view(tui);
		break;
	case LTR__DO_NEXT_MATCH:
	case LTR__DO_PREVIOUS_MATCH:
		search(tui, action == LTR__DO_NEXT_MATCH);
		break;
	case LTR__DO_PROVE:
		prove(tui);
		break;
	case LTR__DO_NEXT_VIEW:
		show_root(tui, ltr__tui_next_root(tui));
		break;
	case LTR__DO_PAUSE:
		toggle_pause(tui);
		break;
	case LTR__DO_REFRESH:
		next_moment(tui, true);
		break;
	case LTR__DO_SAVE:
		tui->is_saving = true;
		ltr__tui_say(tui, ltr__save_question);
		break;
	case LTR__DO_MOUSE:
		tui->has_mouse = !tui->has_mouse;
		tui->terminal->kind->mouse(tui->terminal, tui->has_mouse);
		ltr__tui_say(tui,
			     tui->has_mouse
				     ? "the mouse selects, sorts and scrolls (M: not any more)"
				     : "the mouse is the terminal's: select text (M: ours again)");
		break;
	case LTR__DO_REDRAW:
		tui->terminal->kind->redraw(tui->terminal);
		break;
	case LTR__DO_HELP:
		if (ltr__tui_view(tui)->kind != &ltr__view_help)
			open_view(tui, &ltr__view_help, &help);
		break;
	default:
		ask_view(tui, action, line);
	}
}

static bool click_spot(struct ltr__tui *tui, int x, int y)
{
	for (size_t i = 0; i < tui->spot_count; i++) {
		struct ltr__spot spot = tui->spots[i];

		if (y != spot.y || x < spot.x || x >= spot.x + spot.width)
			continue;
		if (spot.action == LTR__DO_BACK && spot.depth < tui->depth) {
			close_opened(tui, spot.depth);
			renew_view(tui);
		} else if (spot.action != LTR__DO_BACK) {
			act(tui, spot.action, 0);
		}
		return true;
	}
	return false;
}

static void handle_key(struct ltr__tui *tui, const struct ltr__input *input)
{
	tui->message[0] = 0;
	tui->scene.click_x = input->x;
	if (tui->is_saving) {
		tui->is_saving = false;
		ltr__save(tui, input->key, tui->message, sizeof(tui->message));
	} else if (tui->prompt.is_open)
		prompt_key(tui, input->key);
	else if (input->key != LTR__KEY_CLICK || !click_spot(tui, input->x, input->y))
		act(tui, ltr__key_action(input->key, ltr__tui_where(tui)), input->y - tui->body_y);
}

static int handle_input(struct ltr__tui *tui, const struct ltr__input *input)
{
	switch (input->kind) {
	case LTR__INPUT_NONE:
		break;
	case LTR__INPUT_KEY:
		handle_key(tui, input);
		break;
	case LTR__INPUT_RESIZE:
		return resize(tui);
	case LTR__INPUT_FRAME:
	case LTR__INPUT_RENEW:
		next_moment(tui, input->kind == LTR__INPUT_RENEW ||
					 ltr_census_info(tui->scene.moment.census)->way ==
						 LTR_WAY_SNAPSHOT);
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

/* When the loop has to go on by itself, and whether news of the program may wake it. */
static uint64_t next_wake_ns(const struct ltr__tui *tui, uint64_t now, int *ret_fd)
{
	*ret_fd = -1;
	if (tui->is_renewing || tui->is_judging)
		return now;
	if (tui->scene.is_ended)
		return tui->next_frame_ns;
	if (tui->source_fd >= 0 && now >= tui->next_poll_ns) {
		*ret_fd = tui->source_fd;
		return tui->next_frame_ns;
	}
	return tui->next_frame_ns < tui->next_poll_ns ? tui->next_frame_ns : tui->next_poll_ns;
}

/* What is due by the clock. Returns whether the screen has to be drawn. */
static bool do_what_is_due(struct ltr__tui *tui)
{
	uint64_t now = clock_ns();

	if (tui->is_renewing) {
		go_on_renewing(tui, BUDGET_NS);
		return !tui->is_renewing;
	}
	if (tui->is_judging)
		return go_on_judging(tui, BUDGET_NS);
	if (now >= tui->next_poll_ns)
		poll_source(tui);
	if (now < tui->next_frame_ns)
		return false;
	tui->next_frame_ns = now + interval_ns(tui);
	if (ltr__playing_is_on(tui)) {
		ltr__playing_frame(tui, now - tui->last_frame_ns);
		tui->last_frame_ns = now;
		return true;
	}
	remember(tui);
	if (ltr_census_info(tui->scene.moment.census)->way == LTR_WAY_SNAPSHOT &&
	    now >= tui->next_refresh_ns)
		refresh_source(tui);
	if (!ltr__moment_is_held(&tui->scene.moment) && now >= tui->next_renewal_ns)
		renew_view(tui);
	tui->is_judging = tui->source->judge && now >= tui->next_judging_ns &&
			  !ltr__moment_is_held(&tui->scene.moment);
	return true;
}

/* Waits for whatever comes first, and says whether the screen has to be drawn. */
static int wait_and_handle(struct ltr__tui *tui, bool *ret_draw)
{
	uint64_t now = clock_ns();
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
	next_moment(tui, false);
	if (ltr__playing_is_on(tui))
		judge_at_once(tui);
	tui->last_frame_ns = clock_ns();
	tui->next_frame_ns = tui->last_frame_ns + interval_ns(tui);
	while (!error && !tui->is_done) {
		if (has_changed)
			draw(tui);
		error = wait_and_handle(tui, &has_changed);
	}
	if (!error)
		error = tui->terminal->kind->finish(tui->terminal);
	if (error && !tui->end->why[0])
		snprintf(tui->end->why, sizeof(tui->end->why), "%s", tui->terminal->why);
	return error;
}

static int open_roots(struct ltr__tui *tui)
{
	struct ltr__subject everything = {0};

	for (size_t i = 0; i < LTR__TUI_ROOTS; i++) {
		int error = ltr__view_by_index(i)->open(&tui->scene, &everything, &tui->roots[i]);

		if (error)
			return error;
	}
	return 0;
}

static int choose_view(struct ltr__tui *tui)
{
	const char *name = tui->options->view;

	if (!name)
		return 0;
	for (size_t i = 0; i < LTR__TUI_ROOTS; i++) {
		if (!strcmp(ltr__view_by_index(i)->name, name)) {
			tui->root = i;
			return 0;
		}
	}
	snprintf(tui->end->why, sizeof(tui->end->why), "there is no view '%.60s'", name);
	return -EINVAL;
}

static int choose_columns(struct ltr__tui *tui)
{
	const char *columns = tui->options->columns;
	const char *wrong;
	int length;

	if (!columns || !*columns)
		return 0;
	wrong = ltr__columns_choose(ltr__goroutine_columns, ltr__goroutine_column_count, columns,
				    &tui->scene.columns);
	if (!wrong)
		return 0;
	length = (int)strcspn(wrong, ",");
	snprintf(tui->end->why, sizeof(tui->end->why), "goroutines have no column '%.*s'",
		 length < 60 ? length : 60, wrong);
	return -EINVAL;
}

/* What the options say about the first screen. */
static int prepare(struct ltr__tui *tui)
{
	const struct ltr_tui_options *options = tui->options;
	struct ltr__view *view;
	int error = set_filter(tui, options->filter ? options->filter : "", tui->end->why,
			       sizeof(tui->end->why));

	if (!error)
		error = choose_columns(tui);
	if (!error)
		error = open_roots(tui);
	if (!error)
		error = choose_view(tui);
	if (error)
		return error;
	view = tui->roots[tui->root];
	if (options->sort && (!view->kind->sort || view->kind->sort(view, options->sort))) {
		snprintf(tui->end->why, sizeof(tui->end->why), "%s cannot be sorted by '%.60s'",
			 view->kind->name, options->sort);
		return -EINVAL;
	}
	return 0;
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
	close_opened(tui, 0);
	for (size_t i = 0; i < LTR__TUI_ROOTS; i++) {
		if (tui->roots[i])
			tui->roots[i]->kind->close(tui->roots[i]);
	}
	if (tui->terminal)
		tui->terminal->kind->close(tui->terminal);
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
	error = prepare(tui);
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
