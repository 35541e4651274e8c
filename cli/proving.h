/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_PROVING_H
#define LOITER_CLI_PROVING_H

/*
 * Looking at all references of a program that is being watched, apart from the watching: a thread with a
 * probe of its own does it, and what it has found is noted in the census of the other one.
 */

#include <probe/probe.h>

struct ltr__proving;

int ltr__proving_new(struct ltr__proving **ret_proving); /* -ENOMEM */
/* Takes NULL, returns NULL. Stops it, and waits until its thread has seen that. */
struct ltr__proving *ltr__proving_free(struct ltr__proving *proving);

/*
 * Begin, or ask whether it is done: 1 not yet; 0: noted in the census of `live`, as ltr_probe_reach()
 * without a stop of the program would have done. -errno, and a sentence, if it is not possible.
 */
int ltr__proving_go(struct ltr__proving *proving, struct ltr_probe *live, struct ltr_why *ret_why);
/* Nobody wants to know any more. Does not wait. */
void ltr__proving_stop(struct ltr__proving *proving);

#endif
