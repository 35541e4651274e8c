/* SPDX-License-Identifier: MIT */
#ifndef TESTS_PROBE_LIVE_CHILD_H
#define TESTS_PROBE_LIVE_CHILD_H

/*
 * A program to be watched, which says lines and goes on when it is sent a byte; or another process
 * that is talked to by its standard input and output.
 */

#include <stdio.h>
#include <sys/types.h>

struct child {
	pid_t pid;
	FILE *says;
	int asks;
};

/* It does `run`, which must not return, with its input and output at our ends. */
struct child child_fork(void (*run)(void *context), void *context);

/* `argument` may be NULL. */
struct child child_start(const char *path, const char *argument);

/* Its next line has to be `line`. */
void child_hear(struct child *child, const char *line);

void child_go_on(struct child *child);

/* Lets go of it and waits until it has ended, as it should. */
void child_end(struct child *child);

#endif
