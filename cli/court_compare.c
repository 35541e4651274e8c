/* SPDX-License-Identifier: MIT */
/* The court compares: two moments, each of a recording or of a process as it is now. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attach.h"
#include "cli.h"
#include "court.h"
#include "options.h"
#include "second_look.h"

/* "FILE@TIME", unless there is a file of that whole name; `file` is for the cut name. */
static int parse_file(const char *text, struct ltr__moment *ret_moment)
{
	const char *at = strrchr(text, '@');
	uint64_t at_ns = UINT64_MAX;
	char *file;

	if (at && !ltr_probe_is_recording(text) && ltr__parse_duration(at + 1, &at_ns) == 0)
		file = strndup(text, (size_t)(at - text));
	else
		file = strdup(text);
	if (!file)
		return -ENOMEM;
	ret_moment->file = file;
	ret_moment->at_ns = at_ns;
	ret_moment->owned = file;
	return 0;
}

int ltr__moment_parse(const char *text, struct ltr__moment *ret_moment)
{
	char *end;
	unsigned long pid = strtoul(text, &end, 10);

	*ret_moment = (struct ltr__moment){0};
	if (text[0] < '0' || text[0] > '9' || *end)
		return parse_file(text, ret_moment);
	if (pid == 0 || pid > INT32_MAX)
		return -EINVAL;
	ret_moment->pid = (uint32_t)pid;
	return 0;
}

void ltr__moment_done(struct ltr__moment *moment)
{
	free(moment->owned);
	*moment = (struct ltr__moment){0};
}

static int open_moment(const struct ltr__moment *moment, struct ltr_probe **ret_probe,
		       struct ltr_why *ret_why)
{
	const struct ltr_probe_options options = {.via = LTR_VIA_SNAPSHOT};
	const struct ltr_replay_options replay = {.at_ns = moment->at_ns};
	int error;

	if (moment->file)
		return ltr_probe_open_file(moment->file, &replay, ret_probe, ret_why);
	error = ltr__attach(moment->pid, &options, ret_probe, ret_why);
	if (error)
		return error;
	error = ltr_probe_refresh_whole(*ret_probe);
	if (error) {
		ltr__why(ret_why, "process %u cannot be read: %s", moment->pid,
			 error == -ESRCH ? "it has ended" : strerror(-error));
		*ret_probe = ltr_probe_close(*ret_probe);
	}
	return error;
}

/* What cannot be looked at is in the judgement then. */
static int open_or_judge(const struct ltr__moment *moment, struct ltr_judgement *judgement,
			 struct ltr_probe **ret_probe, struct ltr_why *ret_why)
{
	char text[sizeof(ret_why->text) + 64];
	char command[256] = "";

	if (moment->pid)
		ltr__command_line(moment->pid, command, sizeof(command));
	if (open_moment(moment, ret_probe, ret_why) == 0)
		return 0;
	*ret_probe = NULL;
	snprintf(text, sizeof(text), "could not be looked at: %s", ret_why->text);
	return ltr_judge_inconclusive(judgement, moment->pid, moment->file ? moment->file : command,
				      text);
}

int ltr__court_compare(const struct ltr__moment *before, const struct ltr__moment *after,
		       const struct ltr__court_options *options, struct ltr_judgement *judgement,
		       struct ltr_why *ret_why)
{
	const struct ltr_judge_options judge = {
		.older_than_ns = options->older_than_ns,
		.least = options->least,
		.baseline = options->baseline,
	};
	struct ltr_probe *probes[2] = {NULL, NULL};
	int error = open_or_judge(before, judgement, &probes[0], ret_why);

	if (!error)
		error = open_or_judge(after, judgement, &probes[1], ret_why);
	if (!error && probes[0] && probes[1])
		error = ltr_judge_growth(judgement, ltr_probe_census(probes[0]),
					 ltr_probe_census(probes[1]), &judge);
	ltr_probe_close(probes[0]);
	ltr_probe_close(probes[1]);
	if (error)
		ltr__why(ret_why, "cannot judge: %s", strerror(-error));
	return error;
}
