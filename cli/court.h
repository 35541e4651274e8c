/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_COURT_H
#define LOITER_CLI_COURT_H

/*
 * The court: runs a command and judges every goroutine program that it is or starts.
 *
 * A program is looked at through snapshots alone: without every_ns and a box, nothing is switched on in it,
 * and until its main goroutine has returned nothing is read. Then it has `grace_ns` to end by itself; it
 * is judged as soon as nobody is left in it, or when the grace is over, and let go.
 */

#include <stdbool.h>
#include <stdint.h>

#include <check/check.h>
#include <probe/probe.h>

#include "black_box.h"

struct ltr__court_options {
	char **command;
	uint64_t grace_ns;
	uint64_t timeout_ns;    /* 0: none. Whoever still runs then is judged as it is, and ended */
	uint64_t older_than_ns; /* as in check.h */
	uint64_t least;         /* as in check.h */
	bool freeze;            /* stop the program while its references are looked at */
	struct ltr_baseline *baseline; /* as in check.h; NULL: none */
	/*
	 * Judge whoever runs every so often as well, and give each of these judgements away: what tell
	 * leaves in it is forgotten. 0: no.
	 */
	uint64_t every_ns;
	int (*tell)(void *context, struct ltr_judgement *run);
	void *tell_context;
	/*
	 * One of many runs: the command is silent, and the grace is over as soon as nobody who is
	 * left can go on.
	 */
	bool one_of_many;
	uint32_t fail_on;                  /* as in check.h; for `box` */
	struct ltr__black_box_options box; /* written when a program fails */
};

struct ltr__court_end {
	int status;       /* the command's; if it could not be run, what to exit with */
	bool interrupted; /* somebody wanted all this to end */
};

/*
 * Blocks until the command has ended and everybody is judged. Returns 0, or -errno and a sentence if
 * it could not be run; *ret_end is filled in both cases.
 */
int ltr__court_hold(const struct ltr__court_options *options, struct ltr_judgement *judgement,
		    struct ltr__court_end *ret_end, struct ltr_why *ret_why);

/*
 * Judge a process that runs, from outside and without stopping it, as it is now; a reading that is
 * not whole is repeated a few times. What cannot be looked at becomes an inconclusive finding.
 * Blocks for a second or two at most. 0 or -errno and a sentence.
 */
int ltr__court_visit(uint32_t pid, const struct ltr__court_options *options,
		     struct ltr_judgement *judgement, struct ltr_why *ret_why);

/*
 * Judge a recording by the moment at_ns after its beginning; UINT64_MAX: by its end. What cannot be read
 * becomes an inconclusive finding. 0 or -errno and a sentence.
 */
int ltr__court_read(const char *file, uint64_t at_ns, const struct ltr__court_options *options,
		    struct ltr_judgement *judgement, struct ltr_why *ret_why);

/* What can be compared: a process as it is now, or a recording. */
struct ltr__moment {
	uint32_t pid;     /* 0: a recording, */
	const char *file; /* this one, */
	uint64_t at_ns;   /* so long after its beginning; UINT64_MAX: at its end */
	char *owned;
};

/* A process's number, "FILE", or "FILE@TIME". -EINVAL: it is no number that processes have; -ENOMEM. */
int ltr__moment_parse(const char *text, struct ltr__moment *ret_moment);
void ltr__moment_done(struct ltr__moment *moment);

/*
 * Judge what has grown between two moments (ltr_judge_growth()). What cannot be looked at becomes an
 * inconclusive finding, and then nothing is compared. 0 or -errno and a sentence.
 */
int ltr__court_compare(const struct ltr__moment *before, const struct ltr__moment *after,
		       const struct ltr__court_options *options, struct ltr_judgement *judgement,
		       struct ltr_why *ret_why);

#endif
