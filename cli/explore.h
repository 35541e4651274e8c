/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_EXPLORE_H
#define LOITER_CLI_EXPLORE_H

/*
 * One command under many schedules: each is a run of its own, with LTR_SEED and LTR_SCHEDULE in its
 * environment (runtime/src/seed.h), held by the court. A seed fails again whenever it is run again,
 * as far as nothing from outside the program decides.
 */

#include <stdbool.h>
#include <stdint.h>

#include <check/check.h>

#include "court.h"

#define LTR__EXPLORE_SCHEDULES_MAX 1000000u
#define LTR__EXPLORE_SEED_MAX      UINT32_MAX

/* How long one run may take if nobody says otherwise. Most take milliseconds: time is virtual. */
#define LTR__EXPLORE_TIMEOUT_NS 10000000000u

struct ltr__explore_options {
	struct ltr__court_options court; /* of each run */
	uint64_t schedules;
	uint64_t first_seed;
	const char *strategy; /* one of ltr__explore_strategies() */
	bool keep_going;      /* after a schedule that was not clean */
	uint32_t fail_on;     /* as for ltr_finding_fails() */
};

/* What the runtime knows, the default first; NULL at the end. */
const char *const *ltr__explore_strategies(void);

/*
 * Blocks until all is run. Returns 0 and the status of the first run in which the command failed (0:
 * none did); or -errno and a sentence if it could not be run, *ret_status is then what to exit with.
 */
int ltr__explore(const struct ltr__explore_options *options, struct ltr_judgement *judgement,
		 struct ltr_exploration **ret_exploration, int *ret_status,
		 struct ltr_why *ret_why);

struct ltr_exploration *ltr__exploration_free(struct ltr_exploration *exploration); /* NULL */

#endif
