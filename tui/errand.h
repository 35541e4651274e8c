/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_ERRAND_H
#define LOITER_TUI_ERRAND_H

/*
 * What takes its time in a recording: to go to another moment, and to judge the one that is shown.
 * It is done beside the screen if the source can do that (`beside`, tui.h). While an errand is on,
 * the census and all that the source says of it belong to it: nobody else looks at them. The thread
 * that runs it touches nothing of the screen, and the screen nothing of the errand but is_unwanted,
 * until it is done.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "tui.h"

enum ltr__errand_kind {
	LTR__ERRAND_GO,            /* to to_ns */
	LTR__ERRAND_TO_TRANSITION, /* of `id`: the one that led to the state that it is in */
	LTR__ERRAND_MOVE_BACK,     /* to its change of state before this moment */
	LTR__ERRAND_MOVE_ON,       /* to the next one */
	LTR__ERRAND_JUDGE,
};

struct ltr__errand {
	/* What is wanted. */
	enum ltr__errand_kind kind;
	uint64_t to_ns;
	uint64_t id;
	bool is_frame;   /* nobody asked for it: the next frame of what is played */
	bool is_rewound; /* for words: what it is in is what was kept */

	/* Of whoever begins it. */
	const struct ltr_tui_source *source;
	uint64_t from_ns;        /* the moment that Esc leads back to; 0: the one that is shown */
	uint64_t begin_ns;       /* the first moment of the recording */
	uint64_t since_ns;       /* when it was begun, on the screen's clock */
	bool is_on;              /* a thread is at it */
	atomic_bool is_unwanted; /* it is to end soon, wherever it is */

	/* What came of it. */
	int error; /* the last seek has failed, as `why` says; of a judgement, what judging returned */
	char why[256];
	const char *say; /* NULL: nothing. May be set before, for when it succeeds */
	const struct ltr_tui_findings *findings;
	uint64_t cost_ns; /* of judging */
};

/* All of it, on whatever thread that is; `context` is a struct ltr__errand. */
void ltr__errand_run(void *context);

#endif
