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
 * Begin with the work, or, while it is being done, ask for it; waits at most `wait_ms` for its end. 1: it
 * goes on; 0: it is done, and what it wrote may be read. Negative: no thread, and nothing was done.
 */
int ltr__beside_do(struct ltr__beside *beside, void (*work)(void *argument), void *argument,
		   unsigned int wait_ms);

/* Waits for it as long as it takes. */
void ltr__beside_done(struct ltr__beside *beside);

#endif
