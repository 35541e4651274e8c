/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TESTS_TUI_KEPT_H
#define LOITER_TESTS_TUI_KEPT_H

/*
 * The made-up program of fixture.h, live, and what is kept of it to go back in: the real recorder, and
 * the real reader of what it kept. The same steps always give the same screens.
 */

#include "fixture.h"

struct ltr_probe;
struct ltr_recorder;

struct kept {
	struct fixture *fixture;
	struct ltr_recorder *recorder;
	struct ltr_probe *past; /* NULL: nobody has gone back */
	uint64_t lost;          /* records, in the fourth step from now; 0: none */
	unsigned steps;
	unsigned asked; /* how often, before it is ready */
};

void kept_init(struct kept *kept, struct fixture *fixture, uint64_t lost);
/* Before the fixture's end. */
void kept_done(struct kept *kept);
struct ltr_tui_source kept_source(struct kept *kept);
/* As fixture_judges(); but a proof that takes its time comes to its end while somebody is back. */
void kept_judges(struct ltr_tui_source *source);

#endif
