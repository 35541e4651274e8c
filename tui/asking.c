/* SPDX-License-Identifier: MIT */
/* The filter, the search, and the prompt that asks for them. */
#include <stdio.h>

#include "tui_private.h"

/* A filter that makes no sense leaves the one that there is. */
int ltr__tui_set_filter(struct ltr__tui *tui, const char *text, char *ret_why, size_t why_size)
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

void ltr__tui_clear_search(struct ltr__tui *tui)
{
	tui->scene.search = ltr__filter_free(tui->scene.search);
	tui->scene.search_text[0] = 0;
}

static void set_search(struct ltr__tui *tui, const char *text)
{
	ltr__tui_clear_search(tui);
	if (!ltr__filter_new_search(text, &tui->scene.search))
		snprintf(tui->scene.search_text, sizeof(tui->scene.search_text), "%s", text);
}

void ltr__tui_search(struct ltr__tui *tui, bool forward)
{
	struct ltr__view *view = ltr__tui_view(tui);

	if (!tui->scene.search)
		ltr__tui_say(tui, "nothing to search for yet: / asks for it");
	else if (view->kind->search) {
		/* rows of an order that is still being made could not be compared */
		ltr__tui_finish_renewing(tui);
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
	if (ltr__tui_set_filter(tui, tui->prompt.text, tui->prompt.why, sizeof(tui->prompt.why)))
		ltr__tui_set_filter(tui, tui->prompt.before, why, sizeof(why));
	ltr__tui_renew(tui);
}

static void prompt_done(struct ltr__tui *tui)
{
	if (tui->prompt.purpose == LTR__DO_SEARCH) {
		tui->prompt.is_open = false;
		set_search(tui, tui->prompt.text);
		if (tui->scene.search)
			ltr__tui_search(tui, true);
		return;
	}
	/* a filter that makes no sense keeps the prompt, and says why */
	if (ltr__tui_set_filter(tui, tui->prompt.text, tui->prompt.why, sizeof(tui->prompt.why)))
		return;
	tui->prompt.is_open = false;
	ltr__tui_renew(tui);
}

void ltr__tui_prompt_key(struct ltr__tui *tui, uint32_t key)
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
			ltr__tui_set_filter(tui, tui->prompt.before, tui->prompt.why,
					    sizeof(tui->prompt.why));
			ltr__tui_renew(tui);
		}
		break;
	case LTR__PROMPT_SAME:
		break;
	}
}
