/* SPDX-License-Identifier: MIT */
/*
 * loiter check: fails when a goroutine of a command, of what it starts, or of a process never ends.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <check/check.h>

#include "baseline_file.h"
#include "check_options.h"
#include "cli.h"
#include "court_watch.h"
#include "news.h"
#include "rights.h"

/* Is there anything that people have to be told? */
static bool is_worth_telling(const struct ltr_judgement *judgement,
			     const struct ltr_report_options *options)
{
	size_t entries = options->baseline && ltr_judgement_is_conclusive(judgement)
				 ? ltr_baseline_count(options->baseline)
				 : 0;

	if (options->exploration)
		return true; /* how many schedules there were, and how they can be repeated */
	for (size_t i = 0; i < ltr_judgement_count(judgement); i++)
		if (options->all || !ltr_judgement_at(judgement, i)->excused)
			return true;
	for (size_t i = 0; i < entries; i++)
		if (ltr_baseline_stale(options->baseline, i))
			return true;
	return ltr_judgement_comparison(judgement) != NULL; /* what else is different */
}

static struct ltr_report_options report_options(const struct ltr__check_options *check,
						char *folder, size_t bytes,
						const struct ltr_exploration *exploration)
{
	return (struct ltr_report_options){
		.strip = getcwd(folder, bytes) ? folder : NULL,
		.all = check->all,
		.fail_on = check->fail_on,
		.baseline = check->court.baseline,
		.baseline_file = check->baseline,
		.exploration = exploration,
	};
}

/* Growth between populations that are not known whole is reported, and proves nothing. */
static int report_uncertain(const struct ltr__check_options *check,
			    const struct ltr_judgement *judgement,
			    const struct ltr_report_options *options)
{
	ltr__reports_write(&check->reports, judgement, options, true);
	if (check->write_baseline)
		ltr__say("no baseline is written: the judgement is inconclusive");
	return LTR__STATUS_INCONCLUSIVE;
}

/*
 * The reports go out, somewhere; one that was lost is never a clean verdict, and neither is a
 * baseline. What went into a new baseline does not fail the run that it was made from.
 */
static int report(const struct ltr__check_options *check, const struct ltr_judgement *judgement,
		  const struct ltr_exploration *exploration, int command_status)
{
	char folder[4096];
	const struct ltr_report_options options =
		report_options(check, folder, sizeof(folder), exploration);
	uint64_t left_out = 0;

	if (check->diff && !ltr_judgement_is_conclusive(judgement))
		return report_uncertain(check, judgement, &options);
	if (ltr__reports_write(&check->reports, judgement, &options,
			       is_worth_telling(judgement, &options)) != 0)
		command_status = LTR__STATUS_INCONCLUSIVE;
	if (!check->write_baseline)
		return ltr_judgement_status(judgement, check->fail_on, command_status);
	if (ltr__baseline_file_write(check->write_baseline, judgement, check->fail_on, &left_out))
		return ltr_judgement_status(judgement, check->fail_on, LTR__STATUS_INCONCLUSIVE);
	return left_out ? ltr_judgement_status(judgement, check->fail_on, command_status)
			: command_status;
}

/* The command once, as it comes. */
static int hold(struct ltr__check_options *check, struct ltr_judgement *judgement, int *ret_status,
		struct ltr_why *ret_why)
{
	struct ltr__court_end end;
	int error = ltr__court_hold(&check->court, judgement, &end, ret_why);

	*ret_status = end.status;
	check->was_interrupted = end.interrupted;
	return error;
}

/* What is to be compared with --diff's argument is what `check` would look at without it. */
static int compare(const struct ltr__check_options *check, struct ltr_judgement *judgement,
		   struct ltr_why *ret_why)
{
	const struct ltr__moment after = {
		.pid = check->parsing.pid,
		.file = check->parsing.file,
		.at_ns = check->parsing.at_ns,
	};

	return ltr__court_compare(&check->before, &after, &check->court, judgement, ret_why);
}

/*
 * Before anything is looked at. A command's rights are not ours to give up before it runs, and each
 * program that it becomes is attached to anew; with --record, a process is watched as record does.
 */
static void give_up_rights(const struct ltr__check_options *check)
{
	bool looks = check->parsing.pid || check->before.pid;

	if (check->parsing.program || check->court.box.file)
		return;
	ltr__rights_give_up(looks ? LTR__RIGHTS_LOOK : LTR__RIGHTS_FILES);
}

static int judge(struct ltr__check_options *check)
{
	struct ltr_exploration *exploration = NULL;
	struct ltr_judgement *judgement;
	struct ltr_why why;
	int status = LTR__STATUS_OK;
	int error = ltr_judgement_new(&judgement);

	if (error) {
		ltr__say("cannot judge: %s", strerror(-error));
		return LTR__STATUS_INCONCLUSIVE;
	}
	if (check->diff) {
		error = compare(check, judgement, &why);
		status = error ? LTR__STATUS_INCONCLUSIVE : LTR__STATUS_OK;
	} else if (check->parsing.pid) {
		error = ltr__court_visit(check->parsing.pid, &check->court, judgement, &why);
		status = error ? LTR__STATUS_INCONCLUSIVE : LTR__STATUS_OK;
	} else if (check->parsing.file) {
		error = ltr__court_read(check->parsing.file, check->parsing.at_ns, &check->court,
					judgement, &why);
		status = error ? LTR__STATUS_INCONCLUSIVE : LTR__STATUS_OK;
	} else if (check->explore.schedules) {
		error = ltr__explore(&check->explore, judgement, &exploration, &status, &why);
	} else {
		error = hold(check, judgement, &status, &why);
	}
	if (error)
		ltr__say("%s", why.text);
	if (!error || ltr_judgement_count(judgement) != 0)
		status = report(check, judgement, exploration, status);
	ltr__exploration_free(exploration);
	ltr_judgement_free(judgement);
	return status;
}

static int tell(void *context, struct ltr_judgement *run)
{
	return ltr__news_tell(context, run);
}

/* The status of everything that was told, at any time. */
static int watched_status(const struct ltr__check_options *check, const struct ltr__news *news,
			  int command_status)
{
	uint64_t left_out = 0;

	if (news->lost)
		command_status = LTR__STATUS_INCONCLUSIVE;
	if (check->write_baseline) {
		if (ltr__baseline_file_write(check->write_baseline, news->told, check->fail_on,
					     &left_out))
			command_status = LTR__STATUS_INCONCLUSIVE;
		else if (!left_out)
			return command_status;
	}
	return ltr_judgement_status(news->told, check->fail_on, command_status);
}

/* Judged while it runs, and a command also at its end. */
static int watch(struct ltr__check_options *check)
{
	char folder[4096];
	const struct ltr_report_options options =
		report_options(check, folder, sizeof(folder), NULL);
	struct ltr_judgement *last = NULL;
	int status = LTR__STATUS_OK;
	struct ltr__news news;
	struct ltr_why why;
	int error = ltr__news_begin(&news, &check->reports, &options);

	if (error)
		return LTR__STATUS_INCONCLUSIVE;
	check->court.tell = tell;
	check->court.tell_context = &news;
	if (check->parsing.pid) {
		error = ltr__court_watch(check->parsing.pid, &check->court, &why);
	} else {
		error = ltr_judgement_new(&last);
		if (error)
			ltr__why(&why, "cannot judge: %s", strerror(-error));
		else
			error = hold(check, last, &status, &why);
		if (last && ltr__news_tell(&news, last) != 0)
			news.lost = true;
		ltr_judgement_free(last);
	}
	if (error) {
		ltr__say("%s", why.text);
		status = status ? status : LTR__STATUS_INCONCLUSIVE;
	}
	check->court.tell_context = NULL;
	/*
	 * Nobody judges the end of a process that is only watched: what would be left there is not
	 * known.
	 */
	ltr__news_end(&news, !error && !check->parsing.pid && !check->was_interrupted);
	status = watched_status(check, &news, status);
	ltr__news_done(&news);
	return status;
}

static int run(int argc, char **argv)
{
	struct ltr__check_options check = {
		.parsing = {.takes_pid = true, .takes_file = true},
		.court.grace_ns = LTR__SECOND_NS,
		.explore.first_seed = 1,
		.explore.strategy = ltr__explore_strategies()[0],
	};
	int status;

	if (!ltr__options_parse(&ltr__check_argp, argc, argv, &check.parsing, &status))
		return status;
	check.court.command = check.parsing.program;
	check.court.fail_on = check.fail_on;
	if (check.baseline && ltr__baseline_file_read(check.baseline, &check.court.baseline) != 0)
		return LTR__STATUS_USAGE; /* before anything runs */
	if (check.court.box.file && ltr__black_box_try(&check.court.box) != 0)
		return LTR__STATUS_INCONCLUSIVE;
	check.explore.court = check.court;
	check.explore.fail_on = check.fail_on;
	give_up_rights(&check);
	status = check.court.every_ns ? watch(&check) : judge(&check);
	ltr_baseline_free(check.court.baseline);
	ltr__moment_done(&check.before);
	return status;
}

const struct ltr__command ltr__command_check = {
	.name = "check",
	.summary = "run a command; fail if a goroutine never ends",
	.run = run,
};
