/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_COURT_H
#define LOITER_CLI_COURT_H

/*
 * The court: runs a command and judges every goroutine program that it is or starts.
 *
 * A program is looked at through snapshots alone: nothing is switched on in it, and until its main
 * goroutine has returned nothing is read. Then it has `grace_ns` to end by itself; it is judged as
 * soon as nobody is left in it, or when the grace is over, and let go.
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
	bool freeze;            /* stop the program while its references are looked at */
	struct ltr_baseline *baseline; /* as in check.h; NULL: none */
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
 * Judge a recording by its end. What cannot be read becomes an inconclusive finding. 0 or -errno and a
 * sentence.
 */
int ltr__court_read(const char *file, const struct ltr__court_options *options,
		    struct ltr_judgement *judgement, struct ltr_why *ret_why);

#endif
