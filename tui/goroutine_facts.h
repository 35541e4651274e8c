/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_GOROUTINE_FACTS_H
#define LOITER_TUI_GOROUTINE_FACTS_H

#include "view.h"

/* Where the next line goes; y may be above the area, where everything is cut off. */
struct ltr__pen {
	struct ltr__area area;
	int y;
};

#define LTR__FACTS_AT 14 /* where the values of facts begin */

/* The name of a fact; its value follows on the same line. */
void ltr__draw_fact(struct ltr__pen *pen, const char *name);

/* "goroutine 17 worker", as far as it is known. Returns the columns. */
int ltr__draw_goroutine(struct ltr__area area, int x, int y, const struct ltr__scene *scene,
			uint64_t id);

/* Who has the lock that it waits for; 0: nobody, or not known. */
uint64_t ltr__holder_of(const struct ltr__scene *scene, const struct ltr_goroutine *goroutine);

/*
 * goroutine_chain.c: who holds the lock that it waits for, whom that one waits for, and what the
 * last of them does, so that all of them wait; and whether it is in a finding. Nothing, if there is
 * none.
 */
void ltr__draw_chain(struct ltr__pen *pen, const struct ltr__scene *scene,
		     const struct ltr_goroutine *goroutine);
void ltr__draw_found(struct ltr__pen *pen, const struct ltr__scene *scene, uint64_t id);

/* `sharing` others wait on the same object; `children` of it live. */
void ltr__draw_facts(struct ltr__pen *pen, const struct ltr__scene *scene,
		     const struct ltr_goroutine *goroutine, uint64_t sharing, uint64_t children);

#endif
