/* SPDX-License-Identifier: MIT */
/* The court goes out: one look at a process that nobody holds, or at a recording. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <loiter/layout.h>

#include "attach.h"
#include "cli.h"
#include "court.h"
#include "prove.h"
#include "second_look.h"

/* Without a proof there are the other grades; why there is none is in the census. */
static int look_and_prove(struct ltr_probe *probe, bool freeze, struct ltr_look **ret_earlier)
{
	int error = ltr__look_first(probe);

	if (!error)
		error = ltr__look_again(probe, ret_earlier);
	if (!error)
		error = ltr__prove(probe, freeze ? LTR_FREEZE_ALWAYS : LTR_FREEZE_NEVER);
	if (!error && ltr_probe_objects(probe) == -ENOMEM)
		error = -ENOMEM;
	return error;
}

int ltr__court_visit(uint32_t pid, const struct ltr__court_options *options,
		     struct ltr_judgement *judgement, struct ltr_why *ret_why)
{
	const struct ltr_probe_options probe_options = {.via = LTR_VIA_SNAPSHOT};
	struct ltr_judge_options judge_options = {
		.alive = true,
		.older_than_ns = options->older_than_ns,
		.baseline = options->baseline,
	};
	struct ltr_probe *probe = NULL;
	struct ltr_look *earlier = NULL;
	char command[256];
	char text[sizeof(ret_why->text) + 64];
	int error;

	ltr__command_line(pid, command, sizeof(command));
	error = ltr__attach(pid, &probe_options, &probe, ret_why);
	if (error) {
		snprintf(text, sizeof(text), "could not be looked at: %s", ret_why->text);
	} else {
		error = look_and_prove(probe, options->freeze, &earlier);
		snprintf(text, sizeof(text), "could not be read: %s",
			 error == -ESRCH ? "it has ended" : strerror(-error));
	}
	judge_options.earlier = earlier;
	if (error)
		error = ltr_judge_inconclusive(judgement, pid, command, text);
	else
		error = ltr_judge_census(judgement, ltr_probe_census(probe), &judge_options);
	ltr_look_free(earlier);
	ltr_probe_close(probe);
	if (error)
		ltr__why(ret_why, "cannot judge: %s", strerror(-error));
	return error;
}

int ltr__court_read(const char *file, uint64_t at_ns, const struct ltr__court_options *options,
		    struct ltr_judgement *judgement, struct ltr_why *ret_why)
{
	const struct ltr_replay_options replay = {.at_ns = at_ns};
	struct ltr_judge_options judge_options = {
		.older_than_ns = options->older_than_ns,
		.baseline = options->baseline,
	};
	char text[sizeof(ret_why->text) + 64];
	struct ltr_look *earlier = NULL;
	struct ltr_probe *probe = NULL;
	int error = ltr_probe_open_file(file, &replay, &probe, ret_why);

	if (!error)
		error = ltr__look_back(file, probe, &earlier, ret_why);
	if (error) {
		snprintf(text, sizeof(text), "could not be looked at: %s", ret_why->text);
		error = ltr_judge_inconclusive(judgement, 0, file, text);
	} else {
		const struct ltr_census_info *info = ltr_census_info(ltr_probe_census(probe));

		judge_options.alive = info->phase == LTR_PHASE_RUNNING && !info->gone;
		judge_options.earlier = earlier;
		error = ltr_judge_census(judgement, ltr_probe_census(probe), &judge_options);
	}
	ltr_look_free(earlier);
	ltr_probe_close(probe);
	if (error)
		ltr__why(ret_why, "cannot judge: %s", strerror(-error));
	return error;
}
