/* SPDX-License-Identifier: MIT */
/*
 * loiter profile: where goroutines are, or where they have spent their time, as a profile for pprof
 * or as folded stacks. What was ordered is understood here and taken in profile_take.c.
 */

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "options.h"
#include "profile_take.h"

struct profile_options {
	struct ltr__parsing parsing; /* first */
	struct ltr__profile_order order;
	regex_t focus;
	regex_t ignore;
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
	KEY_JSON,
};

static const struct argp_option options[] = {
	LTR__OPTION_HELP,
	LTR__OPTION_PID,
	LTR__OPTION_VIA,
	LTR__OPTION_AT,
	{"type", 't', "TYPE", 0,
	 "goroutine, goroutineleak, wait, block, mutex, sched, wall, create or cpu; see below", 0},
	{"seconds", KEY_SECONDS, "TIME", 0, "watch for so long", 0},
	{"rate", KEY_RATE, "HZ", 0,
	 "sample each CPU so often a second (--type cpu); without this: 99", 0},
	{"per-goroutine", KEY_PER_GOROUTINE, NULL, 0,
	 "one sample for each goroutine, labelled with its id", 0},
	{"runtime-frames", KEY_RUNTIME_FRAMES, NULL, 0, "keep the runtime's own frames", 0},
	{"focus", KEY_FOCUS, "REGEX", 0, "only stacks with a function that matches", 0},
	{"ignore", KEY_IGNORE, "REGEX", 0, "no stacks with a function that matches", 0},
	{"folded", KEY_FOLDED, NULL, 0, "folded stacks for flamegraph.pl instead", 0},
	{"json", KEY_JSON, NULL, 0, "a JSON document instead (loiter's own; docs/profiles.md)", 0},
	{"text", KEY_TEXT, "LEVEL", OPTION_ARG_OPTIONAL,
	 "text instead, as Go's debug=1, or with 2 every goroutine by itself, as its debug=2", 0},
	{"freeze", KEY_FREEZE, NULL, 0,
	 "goroutineleak: stop the program while its references are looked at", 0},
	{"output", 'o', "FILE", 0, "where the profile goes (required; - is standard output)", 0},
	{0},
};

static error_t check_cpu(struct argp_state *state, const struct profile_options *profile)
{
	if (!profile->order.type->from_cpu && profile->order.rate_hz)
		return ltr__options_wrong(state, "--rate is for --type cpu");
	if (!profile->order.type->from_cpu)
		return 0;
	if (profile->parsing.via != LTR_VIA_BEST && profile->parsing.via != LTR_VIA_EBPF)
		return ltr__options_wrong(state, "--type cpu is sampled through eBPF alone");
	if (profile->parsing.file && profile->order.rate_hz)
		return ltr__options_wrong(state, "--rate is for what runs: a recording has the "
						 "samples that it has");
	if (profile->order.profile.per_goroutine)
		return ltr__options_wrong(state, "samples of the CPUs are added up: --type cpu "
						 "cannot be told --per-goroutine");
	return 0;
}

static bool is_text(enum ltr__profile_form form)
{
	return form == LTR__FORM_TEXT || form == LTR__FORM_GOROUTINES;
}

static error_t check_options(struct argp_state *state)
{
	struct profile_options *profile = state->input;
	error_t error = ltr__options_common(ARGP_KEY_END, NULL, state);

	if (error)
		return error;
	if (!profile->order.type)
		return ltr__options_wrong(state, "say --type goroutine, --type wait or another");
	if (profile->order.type->from_waits && profile->parsing.via == LTR_VIA_SNAPSHOT)
		return ltr__options_wrong(state, "--type %s needs every event: --via ebpf or shm",
					  profile->order.type->name);
	error = check_cpu(state, profile);
	if (error)
		return error;
	if (profile->order.freeze && !profile->order.type->from_proof)
		return ltr__options_wrong(state, "--freeze is for --type goroutineleak");
	if (profile->order.freeze && profile->parsing.file && !profile->parsing.pid)
		return ltr__options_wrong(state, "--freeze is for what runs: a recording is only "
						 "read");
	if (profile->order.form != LTR__FORM_PPROF && profile->order.form != LTR__FORM_JSON &&
	    profile->order.profile.per_goroutine)
		return ltr__options_wrong(state, "%s cannot be told --per-goroutine",
					  profile->order.form == LTR__FORM_FOLDED ? "folded stacks"
										  : "text");
	if (profile->order.form == LTR__FORM_GOROUTINES &&
	    profile->order.type != ltr_profile_type_find("goroutine") &&
	    !profile->order.type->from_proof)
		return ltr__options_wrong(state, "--text=2 is for goroutine and goroutineleak");
	if (profile->order.form == LTR__FORM_GOROUTINES &&
	    (profile->order.profile.focus || profile->order.profile.ignore ||
	     profile->order.profile.runtime_frames))
		return ltr__options_wrong(state, "--text=2 shows every goroutine as it is");
	if (is_text(profile->order.form) && profile->parsing.input_count > 1)
		return ltr__options_wrong(state, "text has addresses alone, which mean something "
						 "else in each process: --text is for one of them");
	if (profile->parsing.file && !profile->parsing.pid && profile->order.length_ns)
		return ltr__options_wrong(state, "--seconds is for what runs: a recording is only "
						 "read");
	if (!profile->order.file)
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
	if (profile->order.profile.focus)
		regfree(&profile->focus);
	if (profile->order.profile.ignore)
		regfree(&profile->ignore);
}

static error_t parse_form(struct argp_state *state, enum ltr__profile_form form)
{
	struct profile_options *profile = state->input;

	if (profile->order.form != LTR__FORM_PPROF && profile->order.form != form)
		return ltr__options_wrong(state,
					  "a profile has one form: --folded, --json or --text");
	profile->order.form = form;
	return 0;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct profile_options *profile = state->input;

	switch (key) {
	case 't':
		profile->order.type = ltr_profile_type_find(argument);
		if (!profile->order.type)
			return ltr__options_wrong(state, "there is no profile type '%s'", argument);
		return 0;
	case KEY_SECONDS:
		return ltr__options_some_time(state, "--seconds", argument,
					      &profile->order.length_ns);
	case KEY_RATE:
		return ltr__options_some(state, "--rate", argument, LTR_CPU_HZ_MAX,
					 &profile->order.rate_hz);
	case KEY_PER_GOROUTINE:
		profile->order.profile.per_goroutine = true;
		return 0;
	case KEY_RUNTIME_FRAMES:
		profile->order.profile.runtime_frames = true;
		return 0;
	case KEY_FOCUS:
		return parse_pattern(state, "--focus", argument, &profile->focus,
				     &profile->order.profile.focus);
	case KEY_IGNORE:
		return parse_pattern(state, "--ignore", argument, &profile->ignore,
				     &profile->order.profile.ignore);
	case KEY_FOLDED:
		return parse_form(state, LTR__FORM_FOLDED);
	case KEY_JSON:
		return parse_form(state, LTR__FORM_JSON);
	case KEY_TEXT:
		if (argument && strcmp(argument, "1") != 0 && strcmp(argument, "2") != 0)
			return ltr__options_wrong(state, "--text wants 1 or 2, not '%s'", argument);
		return parse_form(state, argument && argument[0] == '2' ? LTR__FORM_GOROUTINES
									: LTR__FORM_TEXT);
	case KEY_FREEZE:
		profile->order.freeze = true;
		return 0;
	case 'o':
		profile->order.file = argument;
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
	.args_doc = "-p PID...\n-- COMMAND...\nFILE.ltr...",
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
	       "Parts of it are block (channels, select and sync) and sched (ready, but not "
	       "running); wall is all time, running included. mutex is the part of block on mutexes "
	       "and read-write locks, at the stacks of those that held and unlocked them.\n"
	       "cpu samples what the CPUs do for the program, as often as --rate says, and knows which "
	       "goroutine it is; it needs eBPF (root, or CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE). A recording has the samples "
	       "that loiter record took, 99 a second, unless that was refused; then there is no "
	       "profile.\n\n"
	       "--json has what is in the profile as a document of loiter's own, for scripts, and sums.\n\n"
	       "Several processes (-p PID -p PID) and recordings, also of both kinds, become one "
	       "profile, in which each sample is labelled with its process, pid and recording; processes are "
	       "watched at the same time. If one of them cannot be looked at, no profile is "
	       "written. --text is for one of them alone.\n\n"
	       "When --seconds are over, a command is ended with SIGTERM. Ctrl-C ends the watching of "
	       "a process early; the profile is written.\n\n"
	       "Exit status: the command's own; 0 for a process and for a command that was ended "
	       "after --seconds; 24 instead of 0 if leaks could not be proven; 1 if the program cannot be watched or the profile cannot be written; "
	       "64, 126 and 127 as a shell.\n\n"
	       "Examples:\n"
	       "  loiter profile -p $(pidof httpd) --type wait --seconds 5 -o wait.pb.gz\n"
	       "  go tool pprof -top wait.pb.gz\n"
	       "  loiter profile -p 4711 --type wall --folded -o - | flamegraph.pl >wall.svg",
};

static int run(int argc, char **argv)
{
	__attribute__((cleanup(free_patterns))) struct profile_options profile = {
		.parsing = {.takes_pid = true, .takes_file = true, .takes_many = true}};
	int status;

	if (!ltr__options_parse(&argp, argc, argv, &profile.parsing, &status))
		return status;
	return ltr__profile_take(&profile.parsing, &profile.order);
}

const struct ltr__command ltr__command_profile = {
	.name = "profile",
	.summary = "write a profile of goroutines or of their waits, for pprof",
	.run = run,
};
