/* SPDX-License-Identifier: MIT */
#ifndef LOITER_LIFELINE_H
#define LOITER_LIFELINE_H

/*
 * What one goroutine has done: its transitions, one by one, as far as they are known. Only of one at a
 * time, who is asked for (ltr_probe_follow()), and at most the last LTR_LIFELINE_MAX.
 */

#include <stddef.h>
#include <stdint.h>

struct ltr_census;

#define LTR_LIFELINE_MAX 32768

struct ltr_transition {
	uint64_t ns; /* when it came to the state */
	uint64_t object;
	uint64_t waker_id; /* READY: who made it ready; 0: nobody, or not known */
	uint32_t sequence; /* as ltr_goroutine.transitions then */
	uint8_t state;     /* EXITED: its end */
	uint8_t reason;
};

struct ltr_lifeline {
	uint64_t id;
	const struct ltr_transition
		*at; /* in their order; the first may be from before the watching */
	size_t count;
	uint64_t forgotten; /* so many were there before these */
};

/* Of who is followed; NULL: nobody is. Good until the census is polled. */
const struct ltr_lifeline *ltr_census_lifeline(const struct ltr_census *census);

#endif
