/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TESTS_TUI_PLAYED_H
#define LOITER_TESTS_TUI_PLAYED_H

/*
 * The made-up program of fixture.h, recorded for a while and played: a file without a name, the real
 * recorder and the real reader. The same steps always give the same screens.
 */

#include "fixture.h"

struct ltr_probe;

struct played {
	struct ltr_probe *probe;
	int fd;
	const char *found; /* see played_judges() */
	unsigned looks;
	bool is_left;     /* the screen has ended: what waits for the gate is not done any more */
	const char *gate; /* work beside the screen is done when this file is there; or NULL */
};

/* Steps `fixture` so often; `lost` records are lost at a third of that. Aborts when it cannot. */
void played_init(struct played *played, struct fixture *fixture, unsigned steps, uint64_t lost);
void played_done(struct played *played);
/* It has a finding from 20 s on, of which that is not known: it is looked for until the file is there. */
void played_judges(struct played *played, struct ltr_tui_source *source, const char *found);
/* `beside` is there if `gate` is. */
struct ltr_tui_source played_source(struct played *played);

#endif
