/* SPDX-License-Identifier: MIT */
/* loiter check: fails when a goroutine of a command, or of what it starts, never ends. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <check/check.h>
#include <pprof/output.h>

#include "cli.h"
#include "court.h"
#include "options.h"

struct check_options {
	struct ltr__parsing parsing; /* first */
	struct ltr__court_options court;
	const char *file; /* NULL: standard error, and only if there is something to report */
	const char *format;
	bool all;
};

enum { KEY_GRACE = LTR__KEY_OWN, KEY_TIMEOUT, KEY_FORMAT, KEY_ALL };

static const struct argp_option options[] = {
	LTR__OPTION_HELP,
	{"grace", KEY_GRACE, "TIME", 0,
	 "how long goroutines may take to end after the main goroutine has returned (1s)", 0},
	{"timeout", KEY_TIMEOUT, "TIME", 0,
	 "judge whoever still runs after TIME as it is, then end the command", 0},
	{"format", KEY_FORMAT, "NAME", 0, "format of the report (text)", 0},
	{"output", 'o', "FILE", 0,
	 "write the report to FILE, also when it is clean, instead of to standard error", 0},
	{"all", KEY_ALL, NULL, 0, "report every finding, however many there are", 0},
	{0},
};

static error_t parse_format(struct argp_state *state, const char *text, const char **ret_format)
{
	const char *const *names = ltr_report_formats();

	for (size_t i = 0; names[i]; i++) {
		if (strcmp(names[i], text) == 0) {
			*ret_format = names[i];
			return 0;
		}
	}
	return ltr__options_wrong(state, "there is no report format '%s'", text);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct check_options *check = state->input;

	switch (key) {
	case KEY_GRACE:
		return ltr__options_duration(state, "--grace", argument, &check->court.grace_ns);
	case KEY_TIMEOUT: {
		error_t error = ltr__options_duration(state, "--timeout", argument,
						      &check->court.timeout_ns);

		if (!error && check->court.timeout_ns == 0)
			return ltr__options_wrong(state, "--timeout wants more than nothing");
		return error;
	}
	case KEY_FORMAT:
		return parse_format(state, argument, &check->format);
	case 'o':
		check->file = argument;
		return 0;
	case KEY_ALL:
		check->all = true;
		return 0;
	default:
		return ltr__options_common(key, argument, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "-- COMMAND...",
	.doc = "Run a command and fail if a goroutine of it never ends.\v"
	       "When the main goroutine of the command has returned, the others have --grace to end. "
	       "Those that are left are reported by the place that created them, with their stack, "
	       "what they wait for and for how long, and what to change. So is a program whose "
	       "goroutines are all asleep. Goroutines declared as daemons are left out.\n"
	       "Goroutine programs that the command starts (make test, a shell script) are judged "
	       "each for itself. The command's input and outputs are not touched.\n\n"
	       "Exit status: the command's own if nothing was found; 23 for a deadlock or a goroutine "
	       "that never exited; 24 if it could not be judged (it is no goroutine program, called "
	       "_exit, was killed, ran into --timeout ...); 64 for wrong usage; 126 or 127 if the "
	       "command cannot be run.\n\n"
	       "Examples:\n"
	       "  loiter check -- ./server --self-test\n"
	       "  loiter check --grace 5s --timeout 2m -o leaks.txt -- make test",
};

static int print_report(const struct check_options *check, const struct ltr_judgement *judgement,
			char **ret_text, size_t *ret_bytes)
{
	char folder[4096];
	struct ltr_report_options report = {
		.strip = getcwd(folder, sizeof(folder)) ? folder : NULL,
		.all = check->all,
	};
	FILE *out = open_memstream(ret_text, ret_bytes);
	int error;

	if (!out)
		return -ENOMEM;
	error = ltr_report_write(judgement, check->format, &report, out);
	if (fclose(out) != 0 && !error)
		error = -ENOMEM;
	return error;
}

static int write_file(const char *file, const char *text, size_t bytes)
{
	struct ltr_output *output;
	struct ltr_sink sink;
	int error = ltr_output_open(file, false, &output);

	if (error)
		return error;
	sink = ltr_output_sink(output);
	error = sink.write(sink.context, text, bytes);
	if (error) {
		ltr_output_abort(output);
		return error;
	}
	return ltr_output_commit(output);
}

static int write_standard_error(const char *text, size_t bytes)
{
	struct ltr_sink sink = ltr_sink_fd(STDERR_FILENO);

	return sink.write(sink.context, text, bytes);
}

/* The report goes out, somewhere; a report that was lost is never a clean verdict. */
static int report(const struct check_options *check, const struct ltr_judgement *judgement,
		  int status)
{
	bool found = ltr_judgement_count(judgement) != 0;
	char *text = NULL;
	size_t bytes = 0;
	int error = print_report(check, judgement, &text, &bytes);

	if (error) {
		ltr__say("cannot write the report: %s", strerror(-error));
	} else if (check->file) {
		error = write_file(check->file, text, bytes);
		if (error)
			ltr__say("cannot write the report to %s: %s", ltr__output_name(check->file),
				 ltr_output_error(error));
		if (error && found)
			write_standard_error(text, bytes);
	} else if (found) {
		error = write_standard_error(text, bytes);
	}
	free(text);
	return error && !found ? LTR__STATUS_INCONCLUSIVE : status;
}

static int run(int argc, char **argv)
{
	struct check_options check = {
		.court.grace_ns = LTR__SECOND_NS,
		.format = "text",
	};
	struct ltr_judgement *judgement;
	struct ltr_why why;
	int status;
	int error;

	if (!ltr__options_parse(&argp, argc, argv, &check.parsing, &status))
		return status;
	check.court.command = check.parsing.program;
	error = ltr_judgement_new(&judgement);
	if (error) {
		ltr__say("cannot judge: %s", strerror(-error));
		return LTR__STATUS_INCONCLUSIVE;
	}
	error = ltr__court_hold(&check.court, judgement, &status, &why);
	if (error)
		ltr__say("%s", why.text);
	if (!error || ltr_judgement_count(judgement) != 0)
		status = report(&check, judgement, ltr_judgement_status(judgement, status));
	ltr_judgement_free(judgement);
	return status;
}

const struct ltr__command ltr__command_check = {
	.name = "check",
	.summary = "run a command; fail if a goroutine never ends",
	.run = run,
};
