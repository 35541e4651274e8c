/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_BESIDE_H
#define LOITER_CLI_BESIDE_H

/* One piece of work at a time on a thread of its own, while whoever wants it done goes on. */

#include <pthread.h>
#include <stdbool.h>

/* All zero: nothing is being done. */
struct ltr__beside {
	bool is_on;
	pthread_t thread;
	int end_fd;                   /* readable when the work is done */
	void (*work)(void *argument); /* of the thread, until it is joined */
	void *argument;
};

/*
 * Begin, while none is being done. -errno: there is no thread, and nothing is done. What both sides
 * look at meanwhile has to be atomic; what the work wrote may be read when it is done.
 */
int ltr__beside_begin(struct ltr__beside *beside, void (*work)(void *argument), void *argument);

/* Whether it is done, or none was begun; waits for that at most `wait_ms`. */
bool ltr__beside_is_done(struct ltr__beside *beside, unsigned int wait_ms);

/*
 * Both: begin, or, while it is being done, ask for it. 1: it goes on; 0: it is done; -errno as
 * _begin.
 */
int ltr__beside_do(struct ltr__beside *beside, void (*work)(void *argument), void *argument,
		   unsigned int wait_ms);

/* Waits for it as long as it takes. */
void ltr__beside_done(struct ltr__beside *beside);

#endif
