/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_INTERRUPTS_H
#define LOITER_CLI_INTERRUPTS_H

/*
 * While a process is watched, a request to end (SIGINT, SIGTERM, SIGHUP) means: that is enough. For
 * commands that is not needed, their child.h takes care of signals.
 */

#include <signal.h>
#include <stdbool.h>

struct ltr__interrupts {
	int fd; /* -1: not begun */
	sigset_t before;
};

void ltr__interrupts_begin(struct ltr__interrupts *interrupts);
bool ltr__interrupts_came(const struct ltr__interrupts *interrupts);
/* Those that came are forgotten, and signals are as before. */
void ltr__interrupts_end(struct ltr__interrupts *interrupts);

#endif
