/* SPDX-License-Identifier: MIT */
/*
 * loiter record: everything that a probe learns of a program, in a file that top, profile, check
 * and dump take in place of the program; or the last seconds of it, when they are asked for.
 *
 * A recording is streamed (record_file.h). The flight recorder keeps its blocks in memory, and
 * writes FILE whole, each time (pprof/output.h).
 */

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <check/check.h>
#include <loiter/layout.h>
#include <pprof/output.h>
#include <probe/record.h>

#include "cli.h"
#include "interrupts.h"
#include "options.h"
#include "record_file.h"
#include "second_look.h"
#include "target.h"

#define POLL_MS     50
#define SNAPSHOT_NS LTR__SECOND_NS

struct record_options {
	struct ltr__parsing parsing; /* first */
	const char *file;
	uint64_t length_ns; /* 0: until it ends */
	uint64_t last_ns;   /* 0: all of it */
	uint64_t grace_ns;
	bool no_stacks;
	bool no_cpu;
};

enum {
	KEY_SECONDS = LTR__KEY_OWN,
	KEY_LAST,
	KEY_GRACE,
	KEY_NO_STACKS,
	KEY_NO_CPU,
};

static const struct argp_option options[] = {
	LTR__OPTION_HELP,
	LTR__OPTION_PID,
	LTR__OPTION_VIA,
	{"output", 'o', "FILE", 0, "where the recording goes (required; - is standard output)", 0},
	{"seconds", KEY_SECONDS, "TIME", 0, "record for so long; then a command is ended", 0},
	{"last", KEY_LAST, "TIME", 0,
	 "keep the last TIME in memory, and write it at the end and whenever SIGUSR1 comes", 0},
	{"grace", KEY_GRACE, "TIME", 0,
	 "how long goroutines may take to end after the main goroutine of a command has returned (1s)",
	 0},
	{"no-stacks", KEY_NO_STACKS, NULL, 0,
	 "do not ask for the stack of each wait: cheaper, but profiles of waits have none", 0},
	{"no-cpu", KEY_NO_CPU, NULL, 0,
	 "do not sample the CPUs: cheaper, but there is no profile of type cpu", 0},
	{0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct record_options *record = state->input;
	error_t error;

	switch (key) {
	case 'o':
		record->file = argument;
		return 0;
	case KEY_SECONDS:
		return ltr__options_some_time(state, "--seconds", argument, &record->length_ns);
	case KEY_LAST:
		return ltr__options_some_time(state, "--last", argument, &record->last_ns);
	case KEY_GRACE:
		return ltr__options_duration(state, "--grace", argument, &record->grace_ns);
	case KEY_NO_STACKS:
		record->no_stacks = true;
		return 0;
	case KEY_NO_CPU:
		record->no_cpu = true;
		return 0;
	case ARGP_KEY_END:
		error = ltr__options_common(key, argument, state);
		if (!error && !record->file)
			return ltr__options_wrong(state,
						  "say where the recording goes: -o FILE.ltr");
		return error;
	default:
		return ltr__options_common(key, argument, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "-p PID\n-- COMMAND...",
	.doc = "Record everything that a program's goroutines do, for top, profile, check and dump, "
	       "which take FILE.ltr in place of a program, on any machine.\v"
	       "The program is not stopped. A process is recorded until it ends, --seconds are over, "
	       "or Ctrl-C; a command until its main goroutine has returned and the others have ended "
	       "or --grace is over.\n"
	       "Until it is finished, the recording is called FILE.part, and an older FILE is left "
	       "alone. If loiter is killed, FILE.part has all but the last quarter of a second, and "
	       "can be looked at.\n"
	       "Where eBPF is refused it watches through shared memory, and says why. "
	       "Through eBPF the CPUs are sampled 99 times a second besides. What only the kernel knows of "
	       "a goroutine (its thread, its system call, the peer of its connection) is noted once a "
	       "second, with each snapshot. Where that is refused, the recording says so.\n"
	       "With --last nothing is written until SIGUSR1 comes, or the end; each time FILE is "
	       "replaced by a recording of the last TIME.\n\n"
	       "Exit status: the command's own; 0 for a process and for a command that was ended "
	       "after --seconds; 1 if the program cannot be watched or the recording cannot be "
	       "written; 64, 126 and 127 as a shell.\n\n"
	       "Examples:\n"
	       "  loiter record -p $(pidof httpd) --seconds 10s -o httpd.ltr\n"
	       "  loiter check httpd.ltr\n"
	       "  loiter profile httpd.ltr --type wait -o wait.pb.gz\n"
	       "  loiter record --last 30s -o crash.ltr -- ./server",
};

/* SIGUSR1 writes the ring. It must not be blocked: the command would inherit that. */
static volatile sig_atomic_t write_now;

static void on_usr1(int number)
{
	(void)number;
	write_now = 1;
}

static void catch_usr1(void)
{
	struct sigaction action = {.sa_handler = on_usr1};

	sigemptyset(&action.sa_mask);
	sigaction(SIGUSR1, &action, NULL);
}

static int cannot_write(const char *name, int error)
{
	ltr__say("cannot write the recording to %s: %s", ltr__output_name(name),
		 error == -ENODATA ? "nothing is known of the program yet" : strerror(-error));
	return error;
}

static int write_ring(const struct record_options *record, struct ltr_recorder *recorder)
{
	struct ltr_output *output;
	int error = ltr_output_open(record->file, true, &output);

	if (!error) {
		struct ltr_sink sink = ltr_output_sink(output);
		const struct ltr_record_sink to = {sink.context, sink.write};

		error = ltr_recorder_write(recorder, &to);
		if (error)
			ltr_output_abort(output);
		else
			error = ltr_output_commit(output);
	}
	return error ? cannot_write(record->file, error) : 0;
}

/* Before anything is started: can FILE be written at all? */
static int try_output(const char *file)
{
	struct ltr_output *output;
	int error = ltr_output_open(file, true, &output);

	if (error)
		return cannot_write(file, error);
	ltr_output_abort(output);
	return 0;
}

/* Something to write has been asked for; a failure is said, and the recording goes on. */
static void serve_usr1(const struct record_options *record, struct ltr_recorder *recorder,
		       struct ltr__target *target)
{
	if (!write_now || !record->last_ns)
		return;
	write_now = 0;
	ltr_probe_refresh(ltr__target_probe(target)); /* whose stacks nobody has read yet */
	write_ring(record, recorder);
}

/* Returns true if the time was over before the program was. */
static bool watch(const struct record_options *record, struct ltr__target *target,
		  struct ltr_recorder *recorder)
{
	uint64_t end_ns = ltr__now_ns() + record->length_ns;
	struct ltr__interrupts interrupts = {.fd = -1};
	bool timed_out = false;

	if (record->parsing.pid)
		ltr__interrupts_begin(&interrupts);
	while (!timed_out && !ltr__target_is_over(target) && !ltr__interrupts_came(&interrupts) &&
	       !ltr_recorder_error(recorder)) {
		if (ltr__target_poll(target, POLL_MS) < 0)
			break;
		serve_usr1(record, recorder, target);
		timed_out = record->length_ns && ltr__now_ns() >= end_ns;
	}
	if (record->parsing.pid)
		ltr__interrupts_end(&interrupts);
	return timed_out;
}

/* Its main goroutine has returned: who ends now did not stay. */
static void grant_grace(const struct record_options *record, struct ltr__target *target)
{
	const struct ltr_census *census = ltr_probe_census(ltr__target_probe(target));
	const struct ltr_census_info *info = ltr_census_info(census);
	uint64_t end_ns = ltr__now_ns() + record->grace_ns;

	ltr_probe_refresh(ltr__target_probe(target));
	while (ltr_judge_remaining(census) > 0 && ltr__now_ns() < end_ns &&
	       info->phase != LTR_PHASE_DEADLOCK) {
		if (ltr__target_poll(target, POLL_MS) < 0)
			return;
		if (info->way == LTR_WAY_SNAPSHOT)
			ltr_probe_refresh(ltr__target_probe(target));
	}
}

static void say_losses(const struct ltr_census_info *info)
{
	if (info->lost)
		ltr__say("%" PRIu64 " of %" PRIu64 " records were lost, and the recording says so",
			 info->lost, info->events + info->lost);
	if (info->cpu_lost)
		ltr__say("%" PRIu64 " samples of the CPUs were lost, and the recording says so",
			 info->cpu_lost);
}

/* The last moment, and what is left. */
static int finish(const struct record_options *record, struct ltr__target *target,
		  struct ltr_recorder *recorder)
{
	struct ltr_look *look = NULL;

	/*
	 * Twice, if there may be a deadlock: who judges the recording wants to see that it lasts.
	 */
	if (ltr_probe_refresh(ltr__target_probe(target)) >= 0 &&
	    ltr__look_again(ltr__target_probe(target), &look) == 0)
		ltr_look_free(look);
	say_losses(ltr_census_info(ltr_probe_census(ltr__target_probe(target))));
	if (record->last_ns)
		return write_ring(record, recorder);
	return ltr_recorder_finish(recorder);
}

static int run_recorder(const struct record_options *record, struct ltr_recorder *recorder,
			struct ltr__record_file *file)
{
	const struct ltr__target_options target_options = {
		.pid = record->parsing.pid,
		.command = record->parsing.program,
		.keeps_usr1 = record->last_ns != 0,
		.probe = {.via = record->parsing.via,
			  .waits = !record->no_stacks,
			  .snapshot_ns = SNAPSHOT_NS,
			  .recorder = recorder,
			  .threads = true,
			  .sockets = true,
			  .cpu_hz = record->no_cpu ? 0 : LTR_CPU_HZ,
			  .cpu_if_allowed = true},
	};
	struct ltr_recorder_counts counts;
	struct ltr__target *target;
	struct ltr_why why;
	int status;

	if (ltr__target_open(&target_options, &target, &why, &status) != 0) {
		ltr__say("%s", why.text);
		ltr__record_file_abandon(file, false);
		return status;
	}
	ltr__target_say_way(target);
	bool timed_out = watch(record, target, recorder);

	if (ltr__target_is_over(target) && !record->parsing.pid)
		grant_grace(record, target);
	int error = finish(record, target, recorder);

	ltr_recorder_counts(recorder, &counts);
	if (file && error) {
		cannot_write(ltr__record_file_name(file), error);
		ltr__record_file_abandon(file, counts.from_ns != 0);
	} else if (file) {
		error = ltr__record_file_finish(file, &why);
		if (error)
			ltr__say("%s", why.text);
	}
	status = ltr__target_close(target, timed_out);
	return error ? LTR__STATUS_FAILED : status;
}

static int run(int argc, char **argv)
{
	struct record_options record = {
		.parsing.takes_pid = true,
		.grace_ns = LTR__SECOND_NS,
	};
	struct ltr_recorder_options recorder_options = {0};
	struct ltr__record_file *file = NULL;
	struct ltr_recorder *recorder;
	struct ltr_why why;
	int status;

	if (!ltr__options_parse(&argp, argc, argv, &record.parsing, &status))
		return status;
	if (record.last_ns) {
		if (try_output(record.file) != 0)
			return LTR__STATUS_FAILED;
		catch_usr1();
	} else {
		/* Before anything is started. */
		if (ltr__record_file_open(record.file, &file, &why) != 0) {
			ltr__say("%s", why.text);
			return LTR__STATUS_FAILED;
		}
		recorder_options.sink = ltr__record_file_sink(file);
	}
	recorder_options.last_ns = record.last_ns;
	if (ltr_recorder_new(&recorder_options, &recorder) != 0) {
		ltr__say("there is no memory left");
		ltr__record_file_abandon(file, false);
		return LTR__STATUS_FAILED;
	}
	status = run_recorder(&record, recorder, file);
	ltr_recorder_free(recorder);
	return status;
}

const struct ltr__command ltr__command_record = {
	.name = "record",
	.summary = "record what goroutines do, to look at it later",
	.run = run,
};
