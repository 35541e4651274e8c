/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_CHILD_H
#define LOITER_CLI_CHILD_H

/*
 * A command that loiter runs, as a shell runs one: in a process group of its own, in the foreground
 * of the terminal if loiter is; signals that ask loiter to end are passed on to it, stopping and
 * continuing works, and its exit status is converted as a shell does.
 *
 * One child at a time. It is told by SIGTERM if loiter is killed.
 */

#include <stdbool.h>
#include <stdint.h>

#include <probe/probe.h>

struct ltr__child;

struct ltr__child_options {
	char **argv;
	const char *gate; /* path for LTR_GATE; NULL: none */
	/*
	 * The screen is ours: the command stays in the background with /dev/null as its input and
	 * `output` (-1: /dev/null) for both its outputs, and signals are left to whoever has the
	 * screen. Otherwise its input and outputs are those of loiter.
	 */
	bool background;
	int output;
	bool keeps_usr1; /* SIGUSR1 is not passed on: the caller has a handler for it */
	bool silent;     /* in the foreground, but with /dev/null as its input and outputs */
};

/*
 * Start it. -ENOENT: there is no such command; -EACCES and others: it cannot be executed; a
 * sentence says which.
 */
int ltr__child_start(const struct ltr__child_options *options, struct ltr__child **ret_child,
		     struct ltr_why *ret_why);

/* The exit status for a failure of ltr__child_start(): 127, 126 or 1. */
int ltr__child_start_status(int error);

/* If it still runs, it is left alone. Gives the terminal and the signals back. Takes NULL. */
struct ltr__child *ltr__child_free(struct ltr__child *child);

uint32_t ltr__child_pid(const struct ltr__child *child);

/* Readable when ltr__child_turn() has something to do. */
int ltr__child_fd(const struct ltr__child *child);

/* Pass signals on, stop with it, notice its end. Does not block (but stops when the command is
 * stopped from the terminal). Returns true once it has ended. */
bool ltr__child_turn(struct ltr__child *child);

/* A signal that asks to end has come to loiter, and was passed on. */
bool ltr__child_was_asked(const struct ltr__child *child);

/* It has ended, and since then a signal has asked loiter to end, too. */
bool ltr__child_is_over(const struct ltr__child *child);

/* Once it has ended: are others of its process group still alive? Reads /proc. */
bool ltr__child_left_others(const struct ltr__child *child);

/* Once it has ended: its status as a shell's $?, and the signal that ended it (0: none). */
int ltr__child_status(const struct ltr__child *child);
int ltr__child_end_signal(const struct ltr__child *child);

/* Send a signal to its process group. */
void ltr__child_kill(struct ltr__child *child, int number);

/*
 * End it: SIGTERM, and SIGKILL to what is left of its process group after `patience_ms`. Blocks
 * until it has ended.
 */
void ltr__child_end(struct ltr__child *child, unsigned int patience_ms);

#endif
