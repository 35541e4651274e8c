/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_SCENE_H
#define LOITER_TUI_SCENE_H

/*
 * The scene: what all views share. The loop writes it, views read it (and let its memories grow).
 */

#include "filter.h"
#include "history.h"
#include "moment.h"
#include "player.h"
#include "subject.h"
#include "tui.h"

struct ltr__scene {
	struct ltr__moment moment;
	struct ltr__history history;
	struct ltr__stack_places places;
	struct ltr__filter *filter; /* never NULL */
	char filter_text[LTR__FILTER_BYTES];
	struct ltr__filter *search; /* NULL: nothing was searched for */
	char search_text[LTR__FILTER_BYTES];
	uint32_t columns; /* of goroutines, a bit for each that a person chose; 0: as many as fit */
	bool has_letters; /* no colours: what only they would tell apart is written in letters */
	bool is_ended;    /* the program has ended */
	struct ltr__player player;
	bool is_rewound; /* what is on screen is what was kept of a program that runs */
	bool has_kept;   /* something is kept of it */
	struct ltr_tui_kept kept;
	char error[128]; /* why the program cannot be read; "": it can */
	int click_x;     /* of the click that a view is asked about, in its area */
	/* What is wrong with the program, of its last judgement; NULL: nobody judges. */
	const struct ltr_tui_findings *findings;
};

#endif
