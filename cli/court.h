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

#include <stdint.h>

#include <check/check.h>
#include <probe/probe.h>

struct ltr__court_options {
	char **command;
	uint64_t grace_ns;
	uint64_t timeout_ns; /* 0: none. Whoever still runs then is judged as it is, and ended */
	struct ltr_baseline *baseline; /* as in check.h; NULL: none */
};

/*
 * Blocks until the command has ended and everybody is judged. Returns 0 and the command's status,
 * or -errno and a sentence if it could not be run; *ret_status is then what to exit with.
 */
int ltr__court_hold(const struct ltr__court_options *options, struct ltr_judgement *judgement,
		    int *ret_status, struct ltr_why *ret_why);

#endif
