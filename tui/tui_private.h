/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_PRIVATE_H
#define LOITER_TUI_PRIVATE_H

/*
 * The state of a running screen, between the loop (tui.c), what draws a whole frame (frame.c), and
 * what the loop calls: acting.c, judging.c, asking.c, playing.c, rewinding.c, tracing.c, away.c
 * (which runs errands, errand.c) and, before it begins, prepare.c.
 */

#include "errand.h"
#include "prompt.h"
#include "scene.h"
#include "terminal.h"
#include "tui.h"
#include "view.h"

#define LTR__TUI_ROOTS   7 /* views that stand at the bottom, see ltr__view_by_index() */
#define LTR__TUI_DEPTH   16
#define LTR__TUI_SPOTS   64
#define LTR__TUI_WAITING 32 /* keys, while an errand is on; more are dropped */

/* Where a click does something besides what it does in a view: an action, or to go back. */
struct ltr__spot {
	int x, y, width;
	enum ltr__action action; /* DO_BACK: to the view at `depth` */
	size_t depth;
};

struct ltr__tui {
	const struct ltr_tui_options *options;
	const struct ltr_tui_source *source;
	struct ltr_tui_end *end;
	int source_fd; /* -1: none */
	struct ltr__terminal *terminal;
	struct ltr__grid grid;
	struct ltr__scene scene;
	struct ltr__prompt prompt;
	char message[160]; /* at the foot until the next key */

	struct ltr__view *roots[LTR__TUI_ROOTS]; /* keep their sorting and selection for ever */
	size_t root;
	struct ltr__view *opened[LTR__TUI_DEPTH]; /* on top of the root */
	size_t depth;
	struct ltr__spot spots[LTR__TUI_SPOTS]; /* as they were drawn last */
	size_t spot_count;
	bool has_mouse;
	bool is_saving; /* the next key says in which format */
	int body_y;     /* where the view's area began when it was drawn last */

	bool is_renewing; /* the view on screen; the census must not change meanwhile */
	size_t renewed;   /* of the goroutines of the moment */
	uint64_t renewal_cost_ns;

	bool is_judging; /* what is wrong is being looked for; the census must not change meanwhile */
	uint64_t judging_cost_ns;
	uint64_t next_judging_ns;
	uint64_t judge_after_ns; /* of a recording: a key has been in the way before */

	struct ltr__errand errand; /* in a recording */
	struct ltr__input waiting[LTR__TUI_WAITING];
	size_t waiting_count;
	bool has_next;    /* as soon as the errand is done, another one, */
	uint64_t next_ns; /* to this moment */

	bool is_proving;  /* all references are being looked at, apart from the screen */
	bool tells_proof; /* the next judgement of the present says how that ended */
	uint64_t proving_since_ns;

	bool is_tracing; /* when a finding arose is being looked for, apart from the screen */
	uint64_t tracing_key;
	struct ltr_tui_arising arising;

	bool is_rewinding; /* what is kept is being made ready */
	bool is_arriving;  /* what is wanted there is done when the moment is on screen */
	enum ltr__action rewinding_for;
	uint64_t rewinding_key;               /* of the finding that is meant; 0: none */
	uint64_t rewinding_to_ns;             /* when that arose; 0: not known */
	const struct ltr_census *live_census; /* while scene.is_rewound */
	struct ltr__history live_history;     /* the same; it goes on */

	bool is_done;
	uint64_t next_frame_ns;
	uint64_t last_frame_ns;
	uint64_t next_poll_ns;
	uint64_t next_renewal_ns;
	uint64_t next_refresh_ns;
};

struct ltr__view *ltr__tui_view(const struct ltr__tui *tui);
void ltr__tui_say(struct ltr__tui *tui, const char *text);
/* The view is to show the scene as it is now. */
void ltr__tui_renew(struct ltr__tui *tui);
void ltr__tui_finish_renewing(struct ltr__tui *tui);
void ltr__tui_draw(struct ltr__tui *tui);
/* Says it if something could not be shown for want of memory; 0: nothing. */
void ltr__tui_note_memory(struct ltr__tui *tui, int error);
uint64_t ltr__tui_clock_ns(void);
/* Between two frames. */
uint64_t ltr__tui_interval_ns(const struct ltr__tui *tui);
/* Read the whole program again; and keep what its charts need of this moment. */
void ltr__tui_refresh(struct ltr__tui *tui);
void ltr__tui_remember(struct ltr__tui *tui);
/* How many there are to choose from: the timeline is the last, and of recordings only. */
size_t ltr__tui_roots(const struct ltr__tui *tui);
/* The one that Tab leads to. */
size_t ltr__tui_next_root(const struct ltr__tui *tui);
/* Which keys work: LTR__IN_*. */
unsigned ltr__tui_where(const struct ltr__tui *tui);

/* The next moment of the program, or of the recording that is played; read it wholly before. */
void ltr__tui_next_moment(struct ltr__tui *tui, bool refresh);

/*
 * acting.c: a key of the person's; the views on top of so many of those that are open are closed.
 */
void ltr__tui_key(struct ltr__tui *tui, const struct ltr__input *input);
void ltr__tui_close_opened(struct ltr__tui *tui, size_t depth);

/* judging.c: go on looking for what is wrong. Returns whether the screen has to be drawn. */
bool ltr__tui_go_on_judging(struct ltr__tui *tui, uint64_t budget_ns);
/* That has ended with this, and took so long. */
void ltr__tui_judged(struct ltr__tui *tui, int error, const struct ltr_tui_findings *findings,
		     uint64_t cost_ns);
/* Before the census shows another moment. */
void ltr__tui_finish_judging(struct ltr__tui *tui);
void ltr__tui_judge_at_once(struct ltr__tui *tui);
/*
 * Begin with the proof, or stop it. While is_proving, when nothing else uses the census, it is gone
 * on with; returns whether the screen has to be drawn.
 */
void ltr__tui_prove(struct ltr__tui *tui);
bool ltr__tui_go_on_proving(struct ltr__tui *tui);
/* If it has ended in the past: judge, and say how. */
void ltr__tui_tell_proof(struct ltr__tui *tui);

/* asking.c: a filter that makes no sense leaves the one that there is. */
int ltr__tui_set_filter(struct ltr__tui *tui, const char *text, char *ret_why, size_t why_size);
void ltr__tui_clear_search(struct ltr__tui *tui);
void ltr__tui_search(struct ltr__tui *tui, bool forward);
void ltr__tui_prompt_key(struct ltr__tui *tui, uint32_t key);

/* prepare.c: views and filter as the options say. 0, or a negative errno and why, in end->why. */
int ltr__tui_prepare(struct ltr__tui *tui);

#endif
