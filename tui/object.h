/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_OBJECT_H
#define LOITER_TUI_OBJECT_H

/*
 * What goroutines wait on, counted from the waiting side: channels, locks, WaitGroups and the like by
 * address, connections and listeners by file descriptor. What nobody waits on is not known here.
 */

#include "subject.h"

struct ltr__object {
	struct ltr__trait trait; /* LTR__TRAIT_OBJECT or LTR__TRAIT_FILE */
	uint64_t since_ns;       /* when the oldest waiter came; UINT64_MAX: not known */
	uint64_t oldest;         /* id of that goroutine, or of the first one found */
	uint32_t waiting;
	uint32_t senders;   /* or writers */
	uint32_t receivers; /* or readers, accepting */
	uint32_t selects;
	uint32_t unsure;
	uint8_t reason; /* of the first waiter */
	bool is_exact;  /* of since_ns */
};

struct ltr__objects {
	struct ltr__object *objects;
	uint32_t count;
	uint32_t capacity;
	uint32_t *slots; /* hashed by trait: index + 1; 0: free */
	uint32_t slot_count;
};

void ltr__objects_done(struct ltr__objects *objects);

/* Counting begins anew; there are at most `expected` objects, or room is made by and by. */
void ltr__objects_begin(struct ltr__objects *objects, uint64_t expected);

/* Counts a goroutine if it waits on something. -ENOMEM. */
int ltr__objects_add(struct ltr__objects *objects, const struct ltr_goroutine *goroutine);

/*
 * What was counted goes to `to`, which has no slots: nothing is found in it. `objects` gets its old
 * memory, to begin anew.
 */
void ltr__objects_hand_over(struct ltr__objects *objects, struct ltr__objects *to);

/* NULL: nobody waits on it. */
const struct ltr__object *ltr__objects_find(const struct ltr__objects *objects,
					    const struct ltr__trait *trait);

/* "channel", "Mutex", "WaitGroup", "descriptor", ... as far as reasons to wait tell. */
const char *ltr__object_kind(const struct ltr__object *object);

#endif
