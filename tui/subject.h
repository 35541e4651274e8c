/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_SUBJECT_H
#define LOITER_TUI_SUBJECT_H

/*
 * What a view is opened on: everything, one goroutine, or the goroutines that have some things in
 * common. Such a thing is a trait: the place where they stand, a label, what they wait on.
 */

#include "moment.h"
#include "tui.h"

enum ltr__trait_kind {
	LTR__TRAIT_PLACE, /* return address of the first frame that is not the runtime's */
	LTR__TRAIT_STACK, /* number of a stack */
	LTR__TRAIT_SITE,  /* number of a site; 0: not known */
	LTR__TRAIT_KEY,   /* string of a label's key */
	LTR__TRAIT_LABEL, /* strings of a label: key in the upper half, value in the lower */
	LTR__TRAIT_UNLABELLED,
	LTR__TRAIT_STATE,
	LTR__TRAIT_REASON,
	LTR__TRAIT_STACKLESS, /* in a state, without a stack */
	LTR__TRAIT_OBJECT,    /* waits on a channel or lock at an address */
	LTR__TRAIT_FILE,      /* waits on a file descriptor */
	LTR__TRAIT_PARENT,    /* id of the goroutine that created it */
	LTR__TRAIT_FINDING,   /* is in the finding with this key */
	LTR__TRAIT_OTHER, /* one of too many to be told apart: no goroutine is known to have it */
};

struct ltr__trait {
	enum ltr__trait_kind kind;
	uint64_t value;
};

#define LTR__TRAITS_MAX 3

/* All zero: everything. */
struct ltr__subject {
	uint64_t goroutine; /* an id; 0: several */
	unsigned trait_count;
	struct ltr__trait traits[LTR__TRAITS_MAX]; /* all of them; the last says the most */
	unsigned help_for;                         /* LTR__IN_* that the help tells about */
	uint64_t finding;                          /* its key; 0: none */
};

/* The places of stacks, found once each: the numbers of a census mean the same for ever. */
struct ltr__stack_places {
	uint64_t *pcs; /* by number of the stack; 0: not asked yet */
	uint32_t capacity;
};

void ltr__stack_places_done(struct ltr__stack_places *places);

/* The return address of the first frame that is not the runtime's; 0: there is none. */
uint64_t ltr__stack_places_pc(struct ltr__stack_places *places, const struct ltr_census *census,
			      uint32_t stack);

/* `findings` may be NULL: then nobody is in one. */
bool ltr__subject_has(const struct ltr__subject *subject, struct ltr__stack_places *places,
		      const struct ltr_tui_findings *findings, const struct ltr_census *census,
		      const struct ltr_goroutine *goroutine);

/* The finding with a key; NULL: it is not there any more. */
const struct ltr_tui_finding *ltr__finding_of(const struct ltr_tui_findings *findings,
					      uint64_t key);

/* Whether it is about a goroutine. */
bool ltr__finding_has(const struct ltr_tui_finding *finding, uint64_t id);

/* What it waits on as a trait; false: on nothing that has an address or a number. */
bool ltr__object_of(const struct ltr_goroutine *goroutine, struct ltr__trait *ret_trait);

/* Who held a lock at the last snapshot; NULL: it is no lock, or not known. */
const struct ltr_lock *ltr__lock_at(const struct ltr__moment *moment,
				    const struct ltr__trait *trait);

/* The most telling trait in words that go on from "goroutines": "at main", "with user=alice". */
void ltr__subject_say(const struct ltr__subject *subject, const struct ltr_census *census,
		      char *ret_text, size_t size);

#endif
