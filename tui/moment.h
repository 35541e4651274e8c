/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_MOMENT_H
#define LOITER_TUI_MOMENT_H

/*
 * The moment that the views show: the census as it is now, or, while the screen is paused, a copy of
 * its goroutines (88 bytes each) taken when the pause began. So the program can be followed on, and
 * nothing is lost, while a person reads. Numbers of strings, stacks and sites mean the same for ever,
 * so they are not copied.
 *
 * Pointers to goroutines are good until the census is polled; nobody keeps them.
 */

#include <stdbool.h>

#include "census.h"

struct ltr__moment {
	const struct ltr_census *census;
	struct ltr_goroutine *held; /* in order of their ids; NULL: not held */
	size_t held_count;
	struct ltr_census_info held_info;
	struct ltr_lock *held_locks; /* in order of their addresses, as are the readers */
	size_t held_lock_count;
	struct ltr_reader *held_readers;
	size_t held_reader_count;
};

/* -ENOMEM: not held then. */
int ltr__moment_hold(struct ltr__moment *moment);
void ltr__moment_release(struct ltr__moment *moment);

static inline bool ltr__moment_is_held(const struct ltr__moment *moment)
{
	return moment->held != NULL;
}

const struct ltr_census_info *ltr__moment_info(const struct ltr__moment *moment);
size_t ltr__moment_count(const struct ltr__moment *moment);
const struct ltr_goroutine *ltr__moment_find(const struct ltr__moment *moment, uint64_t id);

static inline const struct ltr_goroutine *ltr__moment_at(const struct ltr__moment *moment,
							 size_t index)
{
	return moment->held ? &moment->held[index] : ltr_census_at(moment->census, index);
}

/*
 * Who held a lock, and who of those that are known held it for reading, when the program was read last
 * before this moment. NULL: nothing is known of it, nobody is known.
 */
const struct ltr_lock *ltr__moment_lock(const struct ltr__moment *moment, uint64_t object);
const struct ltr_reader *ltr__moment_readers(const struct ltr__moment *moment, uint64_t object,
					     size_t *ret_count);

/* How long it has been in its state; 0: not known. */
uint64_t ltr__moment_age(const struct ltr__moment *moment, const struct ltr_goroutine *goroutine);

#endif
