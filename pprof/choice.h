/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_CHOICE_H
#define LOITER_PPROF_CHOICE_H

/* Some of a census's goroutines: those that somebody looks at. */

#include <stdbool.h>
#include <stddef.h>

#include <probe/census.h>

struct ltr_choice {
	bool (*has)(void *context, const struct ltr_goroutine *goroutine);
	void *context;
};

/* NULL chooses all. */
static inline bool ltr_choice_has(const struct ltr_choice *choice,
				  const struct ltr_goroutine *goroutine)
{
	return !choice || choice->has(choice->context, goroutine);
}

#endif
