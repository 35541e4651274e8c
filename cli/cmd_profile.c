/* SPDX-License-Identifier: MIT */
/*
 * loiter profile: where goroutines are, or where they have spent their time, as a profile for pprof
 * or as folded stacks.
 */

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

#include <pprof/output.h>
#include <pprof/profile.h>
#include <pprof/text.h>

#include "cli.h"
#include "options.h"
#include "prove.h"
#include "second_look.h"
#include "target.h"
#include "watch.h"

#define DEFAULT_SECONDS 10
#define SECONDS_MAX     86400

enum form { FORM_PPROF, FORM_FOLDED, FORM_TEXT, FORM_GOROUTINES };

/* So often it is looked who is who, for the labels of what is sampled. */
#define CPU_SNAPSHOT_NS 250000000ull

struct profile_options {
	struct ltr__parsing parsing; /* first */
	const struct ltr_profile_type *type;
	struct ltr_profile_options profile;
	regex_t focus;
	regex_t ignore;
	const char *file;
	uint64_t seconds; /* 0: not said */
	uint64_t rate_hz; /* the same */
	enum form form;
	bool freeze;
};

enum {
	KEY_SECONDS = LTR__KEY_OWN,
	KEY_PER_GOROUTINE,
	KEY_RUNTIME_FRAMES,
	KEY_FOCUS,
	KEY_IGNORE,
	KEY_FOLDED,
	KEY_RATE,
	KEY_FREEZE,
	KEY_TEXT,
};

static const struct argp_option options[] = {
	LTR__OPTION_HELP,
	LTR__OPTION_PID,
	LTR__OPTION_VIA,
	LTR__OPTION_AT,
	{"type", 't', "TYPE", 0,
	 "goroutine, goroutineleak, wait, block, mutex, sched, wall, create or cpu; see below", 0},
	{"seconds", KEY_SECONDS, "N", 0, "watch for so long", 0},
	{"rate", KEY_RATE, "HZ", 0,
	 "sample each CPU so often a second (--type cpu); without this: 99", 0},
	{"per-goroutine", KEY_PER_GOROUTINE, NULL, 0,
	 "one sample for each goroutine, labelled with its id", 0},
	{"runtime-frames", KEY_RUNTIME_FRAMES, NULL, 0, "keep the runtime's own frames", 0},
	{"focus", KEY_FOCUS, "REGEX", 0, "only stacks with a function that matches", 0},
	{"ignore", KEY_IGNORE, "REGEX", 0, "no stacks with a function that matches", 0},
	{"folded", KEY_FOLDED, NULL, 0, "folded stacks for flamegraph.pl instead", 0},
	{"text", KEY_TEXT, "LEVEL", OPTION_ARG_OPTIONAL,
	 "text instead, as Go's debug=1, or with 2 every goroutine by itself, as its debug=2", 0},
	{"freeze", KEY_FREEZE, NULL, 0,
	 "goroutineleak: stop the program while its references are looked at", 0},
	{"output", 'o', "FILE", 0, "where the profile goes (required; - is standard output)", 0},
	{0},
};

static error_t check_cpu(struct argp_state *state, const struct profile_options *profile)
{
	if (!profile->type->from_cpu && profile->rate_hz)
		return ltr__options_wrong(state, "--rate is for --type cpu");
	if (!profile->type->from_cpu)
		return 0;
	if (profile->parsing.via != LTR_VIA_BEST && profile->parsing.via != LTR_VIA_EBPF)
		return ltr__options_wrong(state, "--type cpu is sampled through eBPF alone");
	if (profile->parsing.file)
		return ltr__options_wrong(state, "--type cpu is for what runs: a recording has no "
						 "samples of the CPUs");
	if (profile->profile.per_goroutine)
		return ltr__options_wrong(state, "samples of the CPUs are added up: --type cpu "
						 "cannot be told --per-goroutine");
	return 0;
}

static error_t check_options(struct argp_state *state)
{
	struct profile_options *profile = state->input;
	error_t error = ltr__options_common(ARGP_KEY_END, NULL, state);

	if (error)
		return error;
	if (!profile->type)
		return ltr__options_wrong(state, "say --type goroutine, --type wait or another");
	if (profile->type->from_waits && profile->parsing.via == LTR_VIA_SNAPSHOT)
		return ltr__options_wrong(state, "--type %s needs every event: --via ebpf or shm",
					  profile->type->name);
	error = check_cpu(state, profile);
	if (error)
		return error;
	if (profile->freeze && !profile->type->from_proof)
		return ltr__options_wrong(state, "--freeze is for --type goroutineleak");
	if (profile->freeze && profile->parsing.file)
		return ltr__options_wrong(state, "--freeze is for what runs: a recording is only "
						 "read");
	if (profile->form != FORM_PPROF && profile->profile.per_goroutine)
		return ltr__options_wrong(state, "%s cannot be told --per-goroutine",
					  profile->form == FORM_FOLDED ? "folded stacks" : "text");
	if (profile->form == FORM_GOROUTINES &&
	    profile->type != ltr_profile_type_find("goroutine") && !profile->type->from_proof)
		return ltr__options_wrong(state, "--text=2 is for goroutine and goroutineleak");
	if (profile->form == FORM_GOROUTINES &&
	    (profile->profile.focus || profile->profile.ignore || profile->profile.runtime_frames))
		return ltr__options_wrong(state, "--text=2 shows every goroutine as it is");
	if (profile->parsing.file && profile->seconds)
		return ltr__options_wrong(state, "--seconds is for what runs: a recording is only "
						 "read");
	if (!profile->file)
		return ltr__options_wrong(state, "say where the profile goes: -o FILE.pb.gz");
	return 0;
}

/* One pattern, compiled once; given twice, the last one counts. */
static error_t parse_pattern(struct argp_state *state, const char *option, const char *text,
			     regex_t *pattern, const regex_t **ret_pattern)
{
	char why[128];
	int error;

	if (*ret_pattern) {
		regfree(pattern);
		*ret_pattern = NULL;
	}
	error = regcomp(pattern, text, REG_EXTENDED | REG_NOSUB);
	if (error) {
		regerror(error, pattern, why, sizeof(why));
		return ltr__options_wrong(state, "%s '%s' is no regular expression: %s", option,
					  text, why);
	}
	*ret_pattern = pattern;
	return 0;
}

static void free_patterns(struct profile_options *profile)
{
	if (profile->profile.focus)
		regfree(&profile->focus);
	if (profile->profile.ignore)
		regfree(&profile->ignore);
}

static error_t parse_form(struct argp_state *state, enum form form)
{
	struct profile_options *profile = state->input;

	if (profile->form != FORM_PPROF && profile->form != form)
		return ltr__options_wrong(state, "a profile has one form: --folded or --text");
	profile->form = form;
	return 0;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct profile_options *profile = state->input;

	switch (key) {
	case 't':
		profile->type = ltr_profile_type_find(argument);
		if (!profile->type)
			return ltr__options_wrong(state, "there is no profile type '%s'", argument);
		return 0;
	case KEY_SECONDS: {
		error_t error = ltr__options_number(state, "--seconds", argument, SECONDS_MAX,
						    &profile->seconds);

		if (!error && profile->seconds == 0)
			return ltr__options_wrong(state, "--seconds wants at least 1");
		return error;
	}
	case KEY_RATE: {
		error_t error = ltr__options_number(state, "--rate", argument, LTR_CPU_HZ_MAX,
						    &profile->rate_hz);

		if (!error && profile->rate_hz == 0)
			return ltr__options_wrong(state, "--rate wants at least 1");
		return error;
	}
	case KEY_PER_GOROUTINE:
		profile->profile.per_goroutine = true;
		return 0;
	case KEY_RUNTIME_FRAMES:
		profile->profile.runtime_frames = true;
		return 0;
	case KEY_FOCUS:
		return parse_pattern(state, "--focus", argument, &profile->focus,
				     &profile->profile.focus);
	case KEY_IGNORE:
		return parse_pattern(state, "--ignore", argument, &profile->ignore,
				     &profile->profile.ignore);
	case KEY_FOLDED:
		return parse_form(state, FORM_FOLDED);
	case KEY_TEXT:
		if (argument && strcmp(argument, "1") != 0 && strcmp(argument, "2") != 0)
			return ltr__options_wrong(state, "--text wants 1 or 2, not '%s'", argument);
		return parse_form(state,
				  argument && argument[0] == '2' ? FORM_GOROUTINES : FORM_TEXT);
	case KEY_FREEZE:
		profile->freeze = true;
		return 0;
	case 'o':
		profile->file = argument;
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
	.doc = "Write a profile of a program's goroutines in pprof's format.\v"
	       "goroutine counts the goroutines at each stack, at one moment: now for a process, or "
	       "--seconds from now; for a command when its main goroutine has returned.\n"
	       "goroutineleak counts those that nobody can ever wake: that nothing alive in the "
	       "program refers to what they wait on is looked for then, as loiter check does it, "
	       "and what is not proven is not in it. Without a proof loiter says why, and so does "
	       "the profile; goroutines that wait for what cannot come (a nil channel, a select "
	       "without cases) are counted in any case, and in a recording only they are.\n"
	       "create counts them at the line that created them.\n"
	       "wait counts the waits at each stack and adds up their time, unfinished ones "
	       "included, from the beginning for a command, or for --seconds (10 for a process). "
	       "Parts of it are block (channels, select and sync), mutex (mutexes and read-write "
	       "locks) and sched (ready, but not running); wall is all time, running included.\n"
	       "cpu samples what the CPUs do for the program, as often as --rate says, and knows which "
	       "goroutine it is; it needs eBPF (root, or CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE).\n\n"
	       "When --seconds are over, a command is ended with SIGTERM. Ctrl-C ends the watching of "
	       "a process early; the profile is written.\n\n"
	       "Exit status: the command's own; 0 for a process and for a command that was ended "
	       "after --seconds; 24 instead of 0 if leaks could not be proven; 1 if the program cannot be watched or the profile cannot be written; "
	       "64, 126 and 127 as a shell.\n\n"
	       "Examples:\n"
	       "  loiter profile -p $(pidof httpd) --type wait --seconds 5 -o wait.pb.gz\n"
	       "  go tool pprof -top wait.pb.gz\n"
	       "  loiter profile -p $(pidof httpd) --type wall --folded -o - | flamegraph.pl >wall.svg",
};

static uint64_t watch_ns(const struct profile_options *profile)
{
	if (profile->seconds)
		return profile->seconds * LTR__SECOND_NS;
	if (profile->parsing.pid && (profile->type->from_waits || profile->type->from_cpu))
		return DEFAULT_SECONDS * LTR__SECOND_NS;
	return 0;
}

/* Returns true if the time was over before the program was. */
static bool watch(const struct profile_options *profile, struct ltr__target *target)
{
	uint64_t length_ns = watch_ns(profile);

	if (profile->parsing.pid && !length_ns)
		return false; /* one look */
	return ltr__watch(target, profile->parsing.pid != 0, length_ns);
}

static int write_form(const struct profile_options *profile, const struct ltr_census *census,
		      struct ltr_sink sink)
{
	switch (profile->form) {
	case FORM_FOLDED:
		return ltr_profile_folded(census, profile->type, &profile->profile, sink);
	case FORM_TEXT:
		return ltr_text_profile(census, profile->type, &profile->profile, sink);
	case FORM_GOROUTINES:
		return ltr_text_debug2(census, sink);
	default:
		return ltr_profile_write(census, profile->type, &profile->profile, sink);
	}
}

static int write_profile(const struct profile_options *profile, struct ltr_output *output,
			 const struct ltr_census *census)
{
	int error = write_form(profile, census, ltr_output_sink(output));

	if (error)
		ltr_output_abort(output);
	else
		error = ltr_output_commit(output);
	if (error)
		ltr__say("cannot write the profile to %s: %s", ltr__output_name(profile->file),
			 ltr_output_error(error));
	return error;
}

/* Of a command that is to end now anyway, somebody may be stopped. */
static int prove(const struct profile_options *profile, struct ltr_probe *probe)
{
	enum ltr_reach_freeze freeze = LTR_FREEZE_IF_NEEDED;
	int error = ltr__look_whole(probe);

	if (profile->parsing.pid)
		freeze = LTR_FREEZE_NEVER;
	if (profile->freeze)
		freeze = LTR_FREEZE_ALWAYS;
	if (!error)
		error = ltr__prove(probe, freeze);
	if (error)
		ltr__say("no leak can be proven: %s",
			 error == -ESRCH ? "the program has ended" : strerror(-error));
	return error;
}

static int run_with_output(const struct profile_options *profile, struct ltr_output *output)
{
	bool waits = profile->type->from_waits;
	struct ltr__target_options options_of_target = {
		.pid = profile->parsing.pid,
		.file = profile->parsing.file,
		.at_ns = profile->parsing.at_ns,
		.command = profile->parsing.program,
		.probe = {.via = profile->parsing.via, .waits = waits},
	};
	struct ltr__target *target;
	struct ltr_probe *probe;
	struct ltr_why why;
	bool unproven = false;
	bool timed_out;
	int status;
	int error;

	if (!waits && profile->parsing.via == LTR_VIA_BEST)
		options_of_target.probe.via = LTR_VIA_SNAPSHOT; /* one look needs no events */
	if (profile->type->from_cpu) {
		/* Events would cost the program more than the samples do, and change them. */
		options_of_target.probe.via = LTR_VIA_SNAPSHOT;
		options_of_target.probe.snapshot_ns = CPU_SNAPSHOT_NS;
		options_of_target.probe.cpu_hz =
			profile->rate_hz ? (uint32_t)profile->rate_hz : LTR_CPU_HZ;
	}
	error = ltr__target_open(&options_of_target, &target, &why, &status);
	if (error) {
		ltr_output_abort(output);
		ltr__say("%s", why.text);
		return status;
	}
	timed_out = watch(profile, target);
	probe = ltr__target_probe(target);
	ltr_probe_refresh(probe); /* if it has ended: its last moment */
	if (profile->type->from_proof)
		unproven = prove(profile, probe) != 0 ||
			   !ltr_census_info(ltr_probe_census(probe))->reach.conclusive;
	error = write_profile(profile, output, ltr_probe_census(probe));
	status = ltr__target_close(target, timed_out);
	if (error)
		return LTR__STATUS_FAILED;
	return status == LTR__STATUS_OK && unproven ? LTR__STATUS_INCONCLUSIVE : status;
}

static int run(int argc, char **argv)
{
	__attribute__((cleanup(free_patterns))) struct profile_options profile = {
		.parsing = {.takes_pid = true, .takes_file = true}};
	struct ltr_output *output;
	int status;
	int error;

	if (!ltr__options_parse(&argp, argc, argv, &profile.parsing, &status))
		return status;
	/* Before anything is started: whoever waits for --seconds wants the file in the end. */
	error = ltr_output_open(profile.file, profile.form == FORM_PPROF, &output);
	if (error) {
		ltr__say("cannot write the profile to %s: %s", ltr__output_name(profile.file),
			 ltr_output_error(error));
		return LTR__STATUS_FAILED;
	}
	return run_with_output(&profile, output);
}

const struct ltr__command ltr__command_profile = {
	.name = "profile",
	.summary = "write a profile of goroutines or of their waits, for pprof",
	.run = run,
};
