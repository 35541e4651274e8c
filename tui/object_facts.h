/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_OBJECT_FACTS_H
#define LOITER_TUI_OBJECT_FACTS_H

/*
 * What an object that is waited on says of itself, in a few words: how full it is, and who came to it
 * last. A program that runs is asked for it when it is drawn, a recording has it of its last snapshot.
 */

#include "view.h"

struct ltr__words_short {
	char text[48];
};

/* "2/4", "0/0" (no buffer), "closed 2/4", "closed", "3 left"; "": not known. */
struct ltr__words_short ltr__object_fill(const struct ltr_object *object);

/*
 * Who came last: to where those who wait need somebody (`others`), or to where they are. `reason` is what
 * they wait for. 0: nobody, not known, or nobody comes there.
 */
struct ltr__came_last {
	const char *verb; /* "send", ...; NULL: nobody comes there */
	uint64_t id;
	uint64_t pc; /* where the call returns to; 0: not known */
};
struct ltr__came_last ltr__object_came_last(const struct ltr_census *census,
					    const struct ltr_object *object, uint8_t reason,
					    bool others);

#endif
