/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_GROUP_H
#define LOITER_TUI_GROUP_H

/*
 * Goroutines counted into a tree of groups. By stack: places, and below them the stacks that lead
 * there; by creator: sites, and below them where the goroutines are now; by label: keys and values;
 * by state: states, reasons, places.
 *
 * Groups live on from one counting to the next, so that they have a past: a count at the mark, and
 * samples since then in a fixed number of steps that get longer. There are at most LTR__GROUPS_MAX;
 * those that are empty make room then, and what still finds none is counted as "others".
 */

#include "subject.h"

enum ltr__group_by {
	LTR__BY_STACK,
	LTR__BY_CREATOR,
	LTR__BY_LABEL,
	LTR__BY_STATE,
	LTR__GROUP_BY_COUNT
};

#define LTR__GROUPS_MAX    65536
#define LTR__GROUP_SAMPLES 24
#define LTR__GROUP_ROOT    UINT32_MAX /* parent of those at the left */

struct ltr__tally {
	uint32_t count;
	uint32_t unsure;
	uint8_t state;      /* of the first one; LTR_STATE_COUNT if they differ */
	uint8_t reason;     /* likewise; LTR_REASON_COUNT if they differ */
	bool is_exact;      /* of oldest_ns */
	uint64_t oldest_ns; /* since when the oldest has been in its state; UINT64_MAX: not known */
	uint32_t by_state[LTR_STATE_COUNT];
};

struct ltr__group {
	uint64_t id; /* never used again */
	struct ltr__trait trait;
	uint32_t parent;   /* an index; LTR__GROUP_ROOT */
	uint32_t stack;    /* of one of its goroutines; 0: none has a stack */
	uint32_t children; /* how many of those that are not empty it has */
	uint8_t depth;
	bool is_open;
	bool is_found; /* by a search */
	struct ltr__tally shown;
	struct ltr__tally next; /* in the making */
	uint32_t marked;        /* count at the mark */
	uint32_t samples[LTR__GROUP_SAMPLES];
};

struct ltr__groups {
	enum ltr__group_by by;
	struct ltr__group *groups;
	uint32_t count;
	uint32_t capacity;
	uint32_t *slots; /* hashed by parent and trait: index + 1; 0: free */
	uint32_t slot_count;
	uint32_t *leaves; /* by stack, if that is what they are by: index + 1; 0: not known */
	uint32_t leaf_capacity;
	uint64_t last_id;
	uint64_t total; /* goroutines that were counted */
	uint64_t next_total;

	bool has_mark;
	uint64_t mark_ns;
	uint64_t tick_ns; /* when the last sample began */
	uint64_t step_ns;
	unsigned ticks; /* samples that there are, the last one is still counted */
};

void ltr__groups_done(struct ltr__groups *groups);

/* Forget all groups; the next ones are by something else. */
void ltr__groups_clear(struct ltr__groups *groups, enum ltr__group_by by);

/*
 * Counting: begin, add, end. `now_ns` is the moment that was counted. -ENOMEM. Indexes of groups
 * change only in the end, and when all are forgotten.
 */
void ltr__groups_begin(struct ltr__groups *groups);
int ltr__groups_add(struct ltr__groups *groups, struct ltr__stack_places *places,
		    const struct ltr_census *census, const struct ltr_goroutine *goroutine);
void ltr__groups_end(struct ltr__groups *groups, uint64_t now_ns);

/* Growth is counted from now on. */
void ltr__groups_mark(struct ltr__groups *groups, uint64_t now_ns);

/* Sets is_found of the groups that a goroutine is in, and of no others if it is NULL. */
void ltr__groups_find(struct ltr__groups *groups, struct ltr__stack_places *places,
		      const struct ltr_census *census, const struct ltr_goroutine *goroutine);

/* What the goroutines of a group have in common. */
struct ltr__subject ltr__group_subject(const struct ltr__groups *groups,
				       const struct ltr__group *group);

#endif
