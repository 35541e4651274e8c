/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_GROUP_H
#define LOITER_TUI_GROUP_H

/*
 * Goroutines counted by where they stand or who created them. Groups are found by the numbers that
 * the census gives, so counting costs one array access per goroutine.
 */

#include "view.h"

struct ltr__group {
	uint32_t number; /* of the stack or site; 0: none */
	uint8_t state;   /* of the first one; LTR_STATE_COUNT if they differ */
	uint8_t reason;  /* likewise; LTR_REASON_COUNT if they differ */
	uint64_t count;
	uint64_t unsure;
	uint64_t oldest_ns; /* since when the oldest has been in its state; UINT64_MAX: not known */
	bool is_exact;      /* of oldest_ns */
	uint64_t by_state[LTR_STATE_COUNT];
};

struct ltr__groups {
	enum ltr__group_by by;
	struct ltr__group *groups;
	size_t count;
	size_t capacity;
	uint32_t *slots; /* by number, see slot_number(): index + 1 in groups; 0: not there */
	size_t slot_count;
	uint64_t largest; /* count of the largest group */
};

void ltr__groups_done(struct ltr__groups *groups);
void ltr__groups_begin(struct ltr__groups *groups, enum ltr__group_by by);
int ltr__groups_add(struct ltr__groups *groups, const struct ltr_goroutine *goroutine);

/* An id for lists, the same as long as there is this group. */
uint64_t ltr__group_id(const struct ltr__groups *groups, const struct ltr__group *group);

/* NULL: there is none. */
const struct ltr__group *ltr__groups_find(const struct ltr__groups *groups, uint64_t id);

struct ltr__subject ltr__group_subject(const struct ltr__groups *groups,
				       const struct ltr__group *group);

#endif
