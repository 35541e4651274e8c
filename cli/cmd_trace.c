/* SPDX-License-Identifier: MIT */
/*
 * loiter trace: the timeline of a recording, for Perfetto and chrome://tracing.
 *
 * What runs is recorded first, into a nameless file: to name functions and to compress takes longer
 * than a program waits that must not lose records. So there is one way to a trace, and it needs no
 * more memory than a recording does.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <pprof/output.h>
#include <pprof/trace.h>
#include <probe/record.h>

#include "cli.h"
#include "options.h"
#include "rights.h"
#include "target.h"
#include "watch.h"

#define DEFAULT_SECONDS 10
#define SNAPSHOT_NS     LTR__SECOND_NS

struct trace_options {
	struct ltr__parsing parsing; /* first */
	const char *file;
	uint64_t length_ns; /* 0: not said */
	bool gzip;
};

enum { KEY_SECONDS = LTR__KEY_OWN };

static const struct argp_option options[] = {
	LTR__OPTION_HELP,
	LTR__OPTION_PID,
	LTR__OPTION_VIA,
	{"seconds", KEY_SECONDS, "TIME", 0, "watch for so long", 0},
	{"output", 'o', "FILE", 0,
	 "where the trace goes (required; - is standard output); compressed if it ends in .gz", 0},
	{0},
};

static bool ends_in(const char *text, const char *end)
{
	size_t length = strlen(text);

	return length > strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

static error_t check_options(struct argp_state *state)
{
	struct trace_options *trace = state->input;
	error_t error = ltr__options_common(ARGP_KEY_END, NULL, state);

	if (error)
		return error;
	if (trace->parsing.via == LTR_VIA_SNAPSHOT)
		return ltr__options_wrong(state, "a trace needs every event: --via ebpf or shm");
	if (trace->parsing.file && trace->length_ns)
		return ltr__options_wrong(state, "--seconds is for what runs: a recording is only "
						 "read");
	if (!trace->file)
		return ltr__options_wrong(state, "say where the trace goes: -o FILE.json");
	trace->gzip = ends_in(trace->file, ".gz");
	return 0;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct trace_options *trace = state->input;

	switch (key) {
	case KEY_SECONDS:
		return ltr__options_some_time(state, "--seconds", argument, &trace->length_ns);
	case 'o':
		trace->file = argument;
		return 0;
	case ARGP_KEY_END:
		return check_options(state);
	default:
		return ltr__options_common(key, argument, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "-p PID\n-- COMMAND...\nFILE.ltr",
	.doc = "Write a timeline of a program's goroutines: what each of them did when, on which thread "
	       "it ran, who woke whom, and, through eBPF, samples of the CPUs. Perfetto (ui.perfetto.dev) and chrome://tracing open it.\v"
	       "A recording is read as it is. A process is watched for --seconds (10) or until "
	       "Ctrl-C; a command until its main goroutine has returned, or for --seconds, after which "
	       "it is ended with SIGTERM. What runs is recorded into a file without a name in the "
	       "folder for temporary files first.\n\n"
	       "Exit status: the command's own; 0 for a process, a recording, and for a command that "
	       "was ended after --seconds; 1 if the program cannot be watched or the trace cannot be "
	       "written; 64, 126 and 127 as a shell.\n\n"
	       "Examples:\n"
	       "  loiter trace httpd.ltr -o httpd.json.gz\n"
	       "  loiter trace -p $(pidof httpd) --seconds 2 -o httpd.json",
};

static void say_what_is_missing(const struct ltr_census_info *info)
{
	if (info->recorded_way == LTR_WAY_SNAPSHOT)
		ltr__say(
			"the recording has no events, only snapshots: what was between them is not "
			"known");
	else if (info->lost)
		ltr__say("%llu records were lost: the trace has gaps, and says so",
			 (unsigned long long)info->lost);
	else if (info->cut)
		ltr__say("the end of the recording is missing, and the trace says so");
}

/* It was to be, where that is allowed; who asks for shared memory has asked for no samples. */
static void say_refused_samples(const struct trace_options *trace, struct ltr__target *target)
{
	const struct ltr_census_info *info =
		ltr_census_info(ltr_probe_census(ltr__target_probe(target)));

	if (trace->parsing.via != LTR_VIA_SHM && info->cpu_reason[0])
		ltr__say("there are no samples of the CPUs: %s", info->cpu_reason);
}

static int cannot_write(const struct trace_options *trace, int error)
{
	ltr__say("cannot write the trace to %s: %s", ltr__output_name(trace->file),
		 ltr_output_error(error));
	return LTR__STATUS_FAILED;
}

/* The recording at `path` becomes the trace. Takes the output in any case. */
static int convert(const struct trace_options *options_of_trace, const char *path,
		   struct ltr_output *output)
{
	struct ltr_replay_options replay = {.waits = true, .at_ns = UINT64_MAX};
	struct ltr_trace *trace = NULL;
	struct ltr_probe *probe = NULL;
	struct ltr_steps steps;
	struct ltr_why why;
	int failure = 0; /* to read it */
	int error = ltr_trace_new(ltr_output_sink(output), options_of_trace->gzip, &trace);

	ltr__rights_give_up(LTR__RIGHTS_FILES);
	if (!error) {
		steps = ltr_trace_steps(trace);
		replay.steps = &steps;
		failure = ltr_probe_open_file(path, &replay, &probe, &why);
		error = failure ? ltr_trace_error(trace)
				: ltr_trace_finish(trace, ltr_probe_census(probe));
	}
	ltr_trace_free(trace);
	if (error || failure)
		ltr_output_abort(output);
	else
		error = ltr_output_commit(output);
	if (failure)
		ltr__say("%s", why.text);
	else if (error)
		cannot_write(options_of_trace, error);
	else
		say_what_is_missing(ltr_census_info(ltr_probe_census(probe)));
	ltr_probe_close(probe);
	return error || failure ? LTR__STATUS_FAILED : LTR__STATUS_OK;
}

static int write_part(void *context, const void *bytes, size_t count)
{
	return fwrite(bytes, 1, count, context) == count ? 0 : -errno;
}

/* Watches the program, and what was learnt goes to `part`. Returns the status to exit with. */
static int record(const struct trace_options *trace, struct ltr_recorder *recorder, int *ret_error)
{
	const struct ltr__target_options target_options = {
		.pid = trace->parsing.pid,
		.command = trace->parsing.program,
		.probe = {.via = trace->parsing.via,
			  .waits = true,
			  .cpu_hz = LTR_CPU_HZ,
			  .cpu_if_allowed = true,
			  .snapshot_ns = SNAPSHOT_NS,
			  .recorder = recorder},
	};
	uint64_t length_ns = trace->length_ns;
	struct ltr__target *target;
	struct ltr_why why;
	bool timed_out;
	int status;

	*ret_error = ltr__target_open(&target_options, &target, &why, &status);
	if (*ret_error) {
		ltr__say("%s", why.text);
		return status;
	}
	say_refused_samples(trace, target);
	if (trace->parsing.pid && !length_ns)
		length_ns = DEFAULT_SECONDS * LTR__SECOND_NS;
	timed_out = ltr__watch(target, trace->parsing.pid != 0, length_ns);
	ltr_probe_refresh(ltr__target_probe(target)); /* names, and who stands where at the end */
	*ret_error = ltr_recorder_finish(recorder);
	if (*ret_error)
		ltr__say("cannot keep what was recorded: %s", strerror(-*ret_error));
	return ltr__target_close(target, timed_out);
}

static int run_program(const struct trace_options *trace, struct ltr_output *output)
{
	FILE *part = tmpfile();
	const struct ltr_recorder_options recorder_options = {.sink = {part, write_part}};
	struct ltr_recorder *recorder = NULL;
	char path[64];
	int status = LTR__STATUS_FAILED;
	int error = part && fcntl(fileno(part), F_SETFD, FD_CLOEXEC) == 0
			    ? ltr_recorder_new(&recorder_options, &recorder)
			    : -errno;

	if (error) {
		ltr__say("cannot record: %s", strerror(-error));
	} else {
		status = record(trace, recorder, &error);
		if (!error && fflush(part) != 0) {
			ltr__say("cannot keep what was recorded: %m");
			error = -EIO;
		}
	}
	ltr_recorder_free(recorder);
	if (!error) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(part));
		if (convert(trace, path, output) != LTR__STATUS_OK)
			status = LTR__STATUS_FAILED;
	} else {
		ltr_output_abort(output);
		if (status == LTR__STATUS_OK)
			status = LTR__STATUS_FAILED;
	}
	if (part)
		fclose(part);
	return status;
}

static int run(int argc, char **argv)
{
	struct trace_options trace = {.parsing = {.takes_pid = true, .takes_file = true}};
	struct ltr_output *output;
	int status;
	int error;

	if (!ltr__options_parse(&argp, argc, argv, &trace.parsing, &status))
		return status;
	/* Before anything is started: whoever waits for --seconds wants the file in the end. */
	error = ltr_output_open(trace.file, trace.gzip, &output);
	if (error)
		return cannot_write(&trace, error);
	if (trace.parsing.file)
		return convert(&trace, trace.parsing.file, output);
	return run_program(&trace, output);
}

const struct ltr__command ltr__command_trace = {
	.name = "trace",
	.summary = "write a timeline of goroutines, for Perfetto",
	.run = run,
};
