/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_PROVE_H
#define LOITER_CLI_PROVE_H

/* Leaks, proven: for whoever shows them after a snapshot. */

#include <probe/probe.h>

/*
 * As ltr_probe_reach(), and says on standard error if that has not proven anything, and why: also
 * where there is nothing to look at, which is no error here.
 * ltr_census_info(census)->reach.conclusive tells the caller.
 */
int ltr__prove(struct ltr_probe *probe, enum ltr_reach_freeze freeze);

/*
 * Says it if no leak can be proven in the process, and why, or if many of its goroutines were on
 * their way still; false: nothing was to be said.
 */
bool ltr__say_if_not_proven(const struct ltr_census *census);

#endif
