/* SPDX-License-Identifier: MIT */
/*
 * What keys and clicks do: from one view to another, and whatever a view is not asked about. The
 * stack of views that are open belongs to this file.
 */
#include <string.h>

#include "away.h"
#include "playing.h"
#include "rewinding.h"
#include "save.h"
#include "tracing.h"
#include "tui_private.h"

void ltr__tui_close_opened(struct ltr__tui *tui, size_t depth)
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
	ltr__tui_renew(tui);
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
	ltr__tui_close_opened(tui, 0);
	tui->root = root;
	ltr__tui_renew(tui);
}

static void toggle_pause(struct ltr__tui *tui)
{
	struct ltr__moment *moment = &tui->scene.moment;

	if (ltr__moment_is_held(moment)) {
		ltr__moment_release(moment);
		ltr__tui_next_moment(tui, false);
	} else if (ltr__moment_hold(moment)) {
		ltr__tui_say(tui, "not enough memory to hold this moment");
	} else {
		ltr__tui_renew(tui);
	}
}

static void go_back(struct ltr__tui *tui)
{
	if (tui->depth) {
		ltr__tui_close_opened(tui, tui->depth - 1);
		ltr__tui_renew(tui);
	} else {
		ltr__tui_clear_search(tui);
	}
}

static void ask_view(struct ltr__tui *tui, enum ltr__action action, int line)
{
	struct ltr__view *view = ltr__tui_view(tui);
	struct ltr__want want = view->kind->act(view, &tui->scene, action, line);

	if (want.kind == LTR__WANT_OPEN)
		open_view(tui, want.view, &want.subject);
	else if (want.kind == LTR__WANT_RENEW)
		ltr__tui_renew(tui);
	else if (want.kind == LTR__WANT_SAY)
		ltr__tui_say(tui, want.say);
}

static void toggle_mouse(struct ltr__tui *tui)
{
	tui->has_mouse = !tui->has_mouse;
	tui->terminal->kind->mouse(tui->terminal, tui->has_mouse);
	ltr__tui_say(tui, tui->has_mouse
				  ? "the mouse selects, sorts and scrolls (M: not any more)"
				  : "the mouse is the terminal's: select text (M: ours again)");
}

static void open_help(struct ltr__tui *tui)
{
	const struct ltr__subject help = {.help_for = ltr__tui_where(tui)};

	if (ltr__tui_view(tui)->kind != &ltr__view_help)
		open_view(tui, &ltr__view_help, &help);
}

static bool act_on_roots(struct ltr__tui *tui, enum ltr__action action)
{
	for (size_t i = 0; i < LTR__TUI_ROOTS; i++) {
		if (action == ltr__view_action(i)) {
			show_root(tui, i);
			return true;
		}
	}
	return false;
}

static void act(struct ltr__tui *tui, enum ltr__action action, int line)
{
	char why[8];

	if (ltr__tracing_act(tui, action) || ltr__rewinding_act(tui, action) ||
	    ltr__playing_act(tui, action) || act_on_roots(tui, action))
		return;
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
		ltr__tui_set_filter(tui, "", why, sizeof(why));
		ltr__tui_renew(tui);
		break;
	case LTR__DO_NEXT_MATCH:
	case LTR__DO_PREVIOUS_MATCH:
		ltr__tui_search(tui, action == LTR__DO_NEXT_MATCH);
		break;
	case LTR__DO_PROVE:
		ltr__tui_prove(tui);
		break;
	case LTR__DO_NEXT_VIEW:
		show_root(tui, ltr__tui_next_root(tui));
		break;
	case LTR__DO_PAUSE:
		toggle_pause(tui);
		break;
	case LTR__DO_REFRESH:
		ltr__tui_next_moment(tui, true);
		break;
	case LTR__DO_SAVE:
		tui->is_saving = true;
		ltr__tui_say(tui, ltr__save_question);
		break;
	case LTR__DO_MOUSE:
		toggle_mouse(tui);
		break;
	case LTR__DO_REDRAW:
		tui->terminal->kind->redraw(tui->terminal);
		break;
	case LTR__DO_HELP:
		open_help(tui);
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
			ltr__tui_close_opened(tui, spot.depth);
			ltr__tui_renew(tui);
		} else if (spot.action != LTR__DO_BACK) {
			act(tui, spot.action, 0);
		}
		return true;
	}
	return false;
}

void ltr__tui_key(struct ltr__tui *tui, const struct ltr__input *input)
{
	tui->message[0] = 0;
	if (ltr__away_is_on(tui)) {
		ltr__away_key(tui, input);
		return;
	}
	tui->scene.click_x = input->x;
	if (tui->is_saving) {
		tui->is_saving = false;
		ltr__save(tui, input->key, tui->message, sizeof(tui->message));
	} else if (tui->prompt.is_open)
		ltr__tui_prompt_key(tui, input->key);
	else if (input->key != LTR__KEY_CLICK || !click_spot(tui, input->x, input->y))
		act(tui, ltr__key_action(input->key, ltr__tui_where(tui)), input->y - tui->body_y);
}
