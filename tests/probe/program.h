/* SPDX-License-Identifier: MIT */
#ifndef TESTS_PROBE_PROGRAM_H
#define TESTS_PROBE_PROGRAM_H

/*
 * A program that a test starts and talks to: two pipes, on its standard input and output. No other
 * file of the test's is open in it. And what tests of the kernel side ask besides.
 */

#include <stdbool.h>
#include <sys/types.h>

struct program {
	pid_t pid;
	int to;   /* its standard input; when it is closed, the program should end */
	int from; /* its standard output */
};

void program_start(struct program *program, const char *path);

/* Closes the pipes (-1: closed already) and waits for the end. */
void program_end(struct program *program);

/* The same for a program that would not end of itself. */
void program_kill(struct program *program);

/* How many files are open here. */
unsigned int count_descriptors(void);

/*
 * Whether opening failed because this kernel, or whoever runs it, does not let us use BPF; then it
 * prints why. Every other failure is for the tests to find.
 */
bool bpf_is_refused(int err, const char *why);

/* The same of a probe of that program with these options. */
struct ltr_probe_options;
bool probe_is_refused(const struct program *program, const struct ltr_probe_options *options);

#endif
