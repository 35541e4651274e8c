/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PROBE_CHILD_H
#define BENCH_PROBE_CHILD_H

/*
 * The programs that bench/probe starts and talks to in lines, and tracers that it attaches to one
 * without loiter. What must not fail ends the bench with a message.
 */

#include "probe.h"

#include <stdio.h>
#include <sys/types.h>

struct child {
	pid_t pid;
	FILE *to;
	int from;
};

#define LINE_BYTES 512

_Noreturn void give_up(const char *what);

/* `path` is executed with `arguments`, NULL-ended, the name not included, and LTR_PROCS=processors. */
struct child child_start(const char *path, const char *const *arguments, int processors);
/* Attaches to it, as these options say. */
struct ltr_probe *child_watch(const struct child *child, const struct ltr_probe_options *options);
/* Ends its input, then itself. */
void child_end(struct child *child);
/* The same of one that has children of its own: asks it, and waits. */
void child_ask_to_end(struct child *child);

/*
 * Sends `command` and waits for one line, which lands in `line`, polling `probe` meanwhile if there
 * is one. *ret_poll_ns: the CPU time of this process for that (NULL: do not ask).
 */
void child_ask(struct child *child, const char *command, char line[LINE_BYTES],
	       struct ltr_probe *probe, double *ret_poll_ns);
/* The number that is the answer. */
double child_number(struct child *child, const char *command, struct ltr_probe *probe);
/* Only waits for the next line, in the same way. */
void child_line(struct child *child, char line[LINE_BYTES], struct ltr_probe *probe);

/*
 * An ordinary uprobe that only counts on each of `count` places of the file `path` (offsets in it,
 * one semaphore for all), through perf_event_open(): the least that one trap an event can cost.
 * 0, or -errno where that is not allowed; nothing is attached then.
 */
#define COUNTERS_MAX 512
struct counters {
	int fds[COUNTERS_MAX];
	int count;
};
int counters_attach(const char *path, const uint64_t *offsets, int count, uint64_t semaphore,
		    struct counters *ret_counters);
void counters_detach(struct counters *counters);

#endif
