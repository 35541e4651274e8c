/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TESTS_TUI_FIXTURE_H
#define LOITER_TESTS_TUI_FIXTURE_H

/*
 * A made-up program for the screen: a file server with connections, workers, a lock that is fought
 * over, and handlers that pile up on a channel nobody reads. Its time is its own and moves only with
 * fixture_step(), so the same steps always give the same screens.
 */

#include "census_fill.h"
#include "tui.h"

struct fixture {
	struct ltr_census *census;
	uint64_t next_id;
	uint32_t steps;
	unsigned proofs;      /* how often it was asked for */
	unsigned proof_takes; /* that it is asked so often */
	bool ends;            /* the next poll finds that the program is gone */
};

enum fixture_kind {
	FIXTURE_SMALL,   /* what a person sees at a glance, all states */
	FIXTURE_KNOTS,   /* the same, and goroutines that wait for each other's locks */
	FIXTURE_HOSTILE, /* names, files, functions and labels that attack a terminal */
};

/* `count` goroutines in all (at least 20). Aborts when there is no memory. */
void fixture_init(struct fixture *fixture, enum fixture_kind kind, size_t count);
void fixture_done(struct fixture *fixture);

/* A quarter of a second passes: two handlers are born and get stuck, others are woken or end. */
void fixture_step(struct fixture *fixture);

/* What a judge has found in it, and sources that have this judge. */
const struct ltr_tui_findings *fixture_findings(enum fixture_kind kind);
void fixture_judges(struct ltr_tui_source *source);

/* For srand(): LTR_TEST_SEED if it is set. Prints what it returns. */
unsigned fixture_seed(void);

/* A source that steps at each poll, or one that stands still. */
struct ltr_tui_source fixture_source(struct fixture *fixture);
struct ltr_tui_source fixture_still_source(struct fixture *fixture);

#endif
