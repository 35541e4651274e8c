/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_COURT_WATCH_H
#define LOITER_CLI_COURT_WATCH_H

/* One process that is judged again and again while it runs (`check --every`). */

#include <check/check.h>
#include <probe/probe.h>

#include "court.h"

struct ltr__watch {
	struct ltr_history *history; /* NULL before the first look */
	uint64_t looks;              /* that were judged; others are left out */
	bool said;                   /* why nothing can be proven */
};

void ltr__watch_done(struct ltr__watch *watch);

/*
 * A look, judged as of a process that goes on; the judgement goes to options->tell. Blocks as long as the
 * proof takes. -ESRCH: the process has ended; -ENOMEM, and what tell returns.
 */
int ltr__watch_look(struct ltr__watch *watch, struct ltr_probe *probe,
		    const struct ltr__court_options *options);

/*
 * Look at a process every options->every_ns until it ends or somebody interrupts. What cannot be looked at
 * becomes an inconclusive finding, which is told too. 0 or -errno and a sentence.
 */
int ltr__court_watch(uint32_t pid, const struct ltr__court_options *options,
		     struct ltr_why *ret_why);

#endif
