/* SPDX-License-Identifier: MIT */
/* The court goes out: one look at a process that nobody holds. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "attach.h"
#include "cli.h"
#include "court.h"

/* A program that runs may be torn under the reader; how often and how soon it is read again. */
#define LOOKS_MAX     10
#define LOOK_PAUSE_NS (20 * LTR__MS_NS)

static int look(struct ltr_probe *probe)
{
	const struct timespec pause = {.tv_nsec = (long)LOOK_PAUSE_NS};
	int error = 0;

	for (int i = 0; i < LOOKS_MAX; i++) {
		error = ltr_probe_refresh(probe);
		if (error < 0 || ltr_census_info(ltr_probe_census(probe))->unreadable == 0)
			break;
		nanosleep(&pause, NULL);
	}
	return error < 0 ? error : 0;
}

int ltr__court_visit(uint32_t pid, const struct ltr__court_options *options,
		     struct ltr_judgement *judgement, struct ltr_why *ret_why)
{
	const struct ltr_probe_options probe_options = {.via = LTR_VIA_SNAPSHOT};
	const struct ltr_judge_options judge_options = {
		.alive = true,
		.older_than_ns = options->older_than_ns,
		.baseline = options->baseline,
	};
	struct ltr_probe *probe = NULL;
	char command[256];
	char text[sizeof(ret_why->text) + 64];
	int error;

	ltr__command_line(pid, command, sizeof(command));
	error = ltr__attach(pid, &probe_options, &probe, ret_why);
	if (error) {
		snprintf(text, sizeof(text), "could not be looked at: %s", ret_why->text);
	} else {
		error = look(probe);
		snprintf(text, sizeof(text), "could not be read: %s",
			 error == -ESRCH ? "it has ended" : strerror(-error));
	}
	if (error)
		error = ltr_judge_inconclusive(judgement, pid, command, text);
	else
		error = ltr_judge_census(judgement, ltr_probe_census(probe), &judge_options);
	ltr_probe_close(probe);
	if (error)
		ltr__why(ret_why, "cannot judge: %s", strerror(-error));
	return error;
}
