/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_OBJECTS_H
#define LOITER_PPROF_OBJECTS_H

/*
 * What goroutines wait on, as far as the census knows it, for the two forms that list goroutines one by one:
 * what an object is like, and who came to it last.
 */

#include <stdbool.h>

#include <probe/census.h>

/*
 * The lock that a goroutine waits for, as the last snapshot found it; NULL: nothing is known of it, or
 * records tell what happens between snapshots, and nobody tells who has a lock.
 */
const struct ltr_lock *ltr__lock_of(const struct ltr_census *census,
				    const struct ltr_goroutine *goroutine);

struct ltr__comer {
	const char *verb; /* "send" */
	const char *key;  /* "last_sender" */
	uint64_t id;      /* 0: nobody, or not known */
	uint64_t pc;      /* where the call returns to; 0: not known */
};

/* Who came last: up to two. Returns how many. */
size_t ltr__comers_of(const struct ltr_census *census, const struct ltr_object *object,
		      struct ltr__comer ret_comers[2]);

#define LTR__FILL_BYTES 64

/* "2 of 4 in its buffer, closed", "3 not done"; "": not known. */
void ltr__fill_text(const struct ltr_object *object, char ret_text[LTR__FILL_BYTES]);

#endif
