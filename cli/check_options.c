/* SPDX-License-Identifier: MIT */
/* Options of loiter check: each by itself as it comes, all of them together at their end. */
#include "check_options.h"

#include <errno.h>
#include <string.h>

#include <check/check.h>

#include "cli.h"

#define RECORD_LAST_NS (30 * LTR__SECOND_NS)

enum {
	KEY_GRACE = LTR__KEY_OWN,
	KEY_TIMEOUT,
	KEY_OLDER_THAN,
	KEY_FORMAT,
	KEY_FAIL_ON,
	KEY_BASELINE,
	KEY_WRITE_BASELINE,
	KEY_ALL,
	KEY_SCHEDULES,
	KEY_STRATEGY,
	KEY_SEED,
	KEY_KEEP_GOING,
	KEY_FREEZE,
	KEY_RECORD,
	KEY_RECORD_LAST,
	KEY_DIFF,
	KEY_GROWTH,
	KEY_EVERY,
};

static const struct argp_option option_list[] = {
	LTR__OPTION_HELP,
	LTR__OPTION_PID,
	{"older-than", KEY_OLDER_THAN, "TIME", 0,
	 "whoever waits longer than TIME without a deadline is suspect", 0},
	{"diff", KEY_DIFF, "BEFORE", 0,
	 "report what has grown since BEFORE, a recording (FILE.ltr, or FILE.ltr@TIME for a moment in "
	 "it) or the number of a process: the same recording, another one or -p PID follows",
	 0},
	{"every", KEY_EVERY, "TIME", 0,
	 "judge whoever runs again every TIME, and tell each new finding once, when it arises, until "
	 "the program ends",
	 0},
	{"growth", KEY_GROWTH, "N", 0,
	 "with --diff and --every: by how many goroutines a population has to grow at least (1)",
	 0},
	LTR__OPTION_AT,
	{"grace", KEY_GRACE, "TIME", 0,
	 "how long goroutines may take to end after the main goroutine has returned (1s)", 0},
	{"timeout", KEY_TIMEOUT, "TIME", 0,
	 "judge whoever still runs after TIME as it is, then end the command", 0},
	{"fail-on", KEY_FAIL_ON, "GRADES", 0,
	 "what fails the run, besides what is inconclusive: a list of deadlock, leaked, "
	 "never-exited, suspect (deadlock,leaked,never-exited)",
	 0},
	{"baseline", KEY_BASELINE, "FILE", 0,
	 "what FILE lists does not fail the run; what it lists in vain is said", 0},
	{"write-baseline", KEY_WRITE_BASELINE, "FILE", 0,
	 "write what was found to FILE, as a baseline; it does not fail this run any more", 0},
	{"format", KEY_FORMAT, "NAME", 0,
	 "format of a report: text, json, junit, sarif or github (text). May be given several times, "
	 "each with an -o of its own",
	 0},
	{"output", 'o', "FILE", 0,
	 "write the report of the --format before it (of text, if there is none) to FILE, also when "
	 "it is clean, instead of to standard error",
	 0},
	{"schedules", KEY_SCHEDULES, "N", 0,
	 "run the command under N seeded schedules, each a run of its own, until one is not clean; "
	 "its outputs are thrown away",
	 0},
	{"strategy", KEY_STRATEGY, "NAME", 0,
	 "how schedules are made: random, a random walk; or pct, few interruptions in random places "
	 "(random)",
	 0},
	{"seed", KEY_SEED, "N", 0,
	 "the first schedule's seed, the others follow (1); without --schedules this one alone", 0},
	{"keep-going", KEY_KEEP_GOING, NULL, 0, "run all the schedules, whatever they show", 0},
	{"freeze", KEY_FREEZE, NULL, 0,
	 "prove leaks from one look while all threads are stopped, and say how long that was, "
	 "instead of from three while they run",
	 0},
	{"record", KEY_RECORD, "FILE", 0,
	 "record the command; when it fails, write the end of that to FILE.ltr, for loiter top", 0},
	{"record-last", KEY_RECORD_LAST, "TIME", 0, "how much of it is kept for --record (30s)", 0},
	{"all", KEY_ALL, NULL, 0, "report every finding, however many there are", 0},
	{0},
};

/* Is `name`, of `length` bytes, what the option calls this grade: with dashes for blanks? */
static bool is_grade(const char *grade, const char *name, size_t length)
{
	if (strlen(grade) != length)
		return false;
	for (size_t i = 0; i < length; i++)
		if (name[i] != (grade[i] == ' ' ? '-' : grade[i]))
			return false;
	return true;
}

static error_t parse_fail_on(struct argp_state *state, const char *list, uint32_t *ret_grades)
{
	uint32_t grades = 0;
	size_t length;

	for (const char *name = list;; name += length + 1) {
		int grade = 0;

		length = strcspn(name, ",");
		while (grade < LTR_GRADE_INCONCLUSIVE &&
		       !is_grade(ltr_grade_name((enum ltr_grade)grade), name, length))
			grade++;
		if (grade == LTR_GRADE_INCONCLUSIVE)
			return ltr__options_wrong(state,
						  "--fail-on wants a list of deadlock, leaked, "
						  "never-exited and suspect, not '%s'",
						  list);
		grades |= LTR_GRADE_BIT(grade);
		if (!name[length])
			break;
	}
	*ret_grades = grades;
	return 0;
}

static error_t parse_strategy(struct argp_state *state, struct ltr__check_options *check,
			      const char *name)
{
	const char *const *names = ltr__explore_strategies();

	for (size_t i = 0; names[i]; i++) {
		if (strcmp(names[i], name) != 0)
			continue;
		check->explore.strategy = names[i];
		check->seeded = true;
		return 0;
	}
	return ltr__options_wrong(state, "--strategy wants random or pct, not '%s'", name);
}

/*
 * What has grown is what --diff is asked for, so it fails the run unless somebody says otherwise.
 */
static error_t check_diff(struct argp_state *state, struct ltr__check_options *check)
{
	int error;

	if (!check->diff && !check->court.every_ns && check->court.least)
		return ltr__options_wrong(state, "--growth is for --diff and --every");
	if (!check->diff)
		return 0;
	if (check->parsing.program || check->explore.schedules || check->seeded)
		return ltr__options_wrong(state, "--diff compares with a recording or with -p PID, "
						 "not with a command");
	if (check->court.every_ns)
		return ltr__options_wrong(state, "--every watches, --diff compares");
	if (check->court.freeze)
		return ltr__options_wrong(state, "--freeze proves leaks, --diff compares");
	error = ltr__moment_parse(check->diff, &check->before);
	if (error)
		return ltr__options_wrong(state, "cannot compare with '%s': %s", check->diff,
					  error == -EINVAL ? "it is no process" : strerror(-error));
	if (!check->court.older_than_ns)
		check->court.older_than_ns = LTR__SECOND_NS;
	if (!check->has_fail_on)
		check->fail_on = LTR_FAIL_ON_DEFAULT | LTR_GRADE_BIT(LTR_GRADE_SUSPECT);
	return 0;
}

/* Whether all of them together make sense. */
static error_t check_options(struct argp_state *state, struct ltr__check_options *check)
{
	error_t error;

	if (check->court.box.file && (check->parsing.file || check->parsing.pid ||
				      check->explore.schedules || check->seeded))
		return ltr__options_wrong(state, "--record is for a command that runs once");
	if (check->court.box.last_ns && !check->court.box.file)
		return ltr__options_wrong(state, "--record-last is for --record");
	if (!check->court.box.last_ns)
		check->court.box.last_ns = RECORD_LAST_NS;
	error = check_diff(state, check);
	if (error)
		return error;
	if (check->court.every_ns &&
	    (check->parsing.file || check->explore.schedules || check->seeded))
		return ltr__options_wrong(state, "--every is for what runs once: a process, or "
						 "a command");
	if (check->parsing.file && check->court.timeout_ns)
		return ltr__options_wrong(state, "--timeout is for a command: a recording is "
						 "only read");
	if (check->parsing.pid && check->court.timeout_ns)
		return ltr__options_wrong(state, "--timeout is for a command: a process that "
						 "runs already is not ended");
	if (check->seeded && !check->explore.schedules)
		check->explore.schedules = 1;
	if (check->explore.keep_going && !check->explore.schedules)
		return ltr__options_wrong(state, "--keep-going is for --schedules");
	if (check->parsing.pid && check->explore.schedules)
		return ltr__options_wrong(state, "schedules are for a command: a process that "
						 "runs already has its own");
	return 0;
}

/* Options of --schedules, and all that are not of check alone. */
static error_t parse_schedules(int key, char *argument, struct argp_state *state)
{
	struct ltr__check_options *check = state->input;

	switch (key) {
	case KEY_SCHEDULES:
		return ltr__options_some(state, "--schedules", argument, LTR__EXPLORE_SCHEDULES_MAX,
					 &check->explore.schedules);
	case KEY_STRATEGY:
		return parse_strategy(state, check, argument);
	case KEY_SEED:
		check->seeded = true;
		return ltr__options_number(state, "--seed", argument, LTR__EXPLORE_SEED_MAX,
					   &check->explore.first_seed);
	case KEY_KEEP_GOING:
		check->explore.keep_going = true;
		return 0;
	default:
		return ltr__options_common(key, argument, state);
	}
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct ltr__check_options *check = state->input;
	error_t error;

	switch (key) {
	case KEY_GRACE:
		return ltr__options_duration(state, "--grace", argument, &check->court.grace_ns);
	case KEY_TIMEOUT:
		return ltr__options_some_time(state, "--timeout", argument,
					      &check->court.timeout_ns);
	case KEY_OLDER_THAN:
		return ltr__options_some_time(state, "--older-than", argument,
					      &check->court.older_than_ns);
	case KEY_FORMAT:
		return ltr__reports_format(&check->reports, state, argument);
	case KEY_EVERY:
		return ltr__options_some_time(state, "--every", argument, &check->court.every_ns);
	case KEY_DIFF:
		check->diff = argument;
		return 0;
	case KEY_GROWTH:
		return ltr__options_some(state, "--growth", argument, UINT32_MAX,
					 &check->court.least);
	case KEY_FAIL_ON:
		check->has_fail_on = true;
		return parse_fail_on(state, argument, &check->fail_on);
	case KEY_BASELINE:
		check->baseline = argument;
		return 0;
	case KEY_WRITE_BASELINE:
		check->write_baseline = argument;
		return 0;
	case 'o':
		return ltr__reports_file(&check->reports, state, argument);
	case KEY_ALL:
		check->all = true;
		return 0;
	case KEY_FREEZE:
		check->court.freeze = true;
		return 0;
	case KEY_RECORD:
		check->court.box.file = argument;
		return 0;
	case KEY_RECORD_LAST:
		return ltr__options_some_time(state, "--record-last", argument,
					      &check->court.box.last_ns);
	case ARGP_KEY_END:
		error = check_options(state, check);
		return error ? error : ltr__options_common(key, argument, state);
	default:
		return parse_schedules(key, argument, state);
	}
}

const struct argp ltr__check_argp = {
	.options = option_list,
	.parser = parse,
	.args_doc = "-- COMMAND...\n-p PID\nFILE.ltr",
	.doc = "Run a command and fail if a goroutine of it never ends; or look at a process.\v"
	       "When the main goroutine of the command has returned, the others have --grace to end. "
	       "Those that are left are reported by the place that created them, with their stack, "
	       "what they wait for and for how long, and what to change. So are goroutines that "
	       "wait for each other's locks, and a program whose goroutines are all asleep. Goroutines "
	       "declared as daemons are left out.\n"
	       "With --record the command is watched besides, which costs it what loiter record does; "
	       "nothing is written unless it fails.\n"
	       "Goroutine programs that the command starts (make test, a shell script) are judged "
	       "each for itself. The command's input and outputs are not touched.\n"
	       "With -p a process that runs is judged as it is now, without stopping it: what is "
	       "proven at any moment (goroutines that wait for each other's locks, a wait for a "
	       "channel that was never made, a select without "
	       "cases), and with --older-than what is suspect. That nothing was found there does not "
	       "mean that it is clean.\n"
	       "With --diff two moments are compared, of one program or of two runs: by the place that "
	       "created them, the stack and the reason, goroutines are told that wait, without a "
	       "deadline and for longer than --older-than (1s), where there were fewer before. By at "
	       "least --growth, by more than twice the square root of how many there were, and only "
	       "if all goroutines from that place have become more. What else differs is listed. A "
	       "recording that is cut or has lost records gives 24.\n"
	       "With --every whoever runs is judged again and again, and each finding is told once: besides "
	       "what -p finds, suspects that need more than one look: more and more goroutines that wait on "
	       "and on at one place, and a loop that sleeps and tries again. In JSON each document is a line.\n"
	       "With --schedules the command runs many times, each time with another order of its "
	       "goroutines that a seed decides, in virtual time, until one of the runs is not clean. "
	       "The same seed gives the same order: the command that repeats it is in the report.\n\n"
	       "Exit status: the command's own if nothing was found that --fail-on asks for; 23 if "
	       "something was; 24 if it could not be judged (it is no goroutine program, called "
	       "_exit, was killed, ran into --timeout ...); 64 for wrong usage; 126 or 127 if the "
	       "command cannot be run.\n\n"
	       "Examples:\n"
	       "  loiter check -- ./server --self-test\n"
	       "  loiter check --schedules 200 -- ./test\n"
	       "  loiter check --grace 5s --timeout 2m -o leaks.txt -- make test\n"
	       "  loiter check -p $(pidof server) --every 30s --format json -o leaks.json\n"
	       "  loiter check --diff before.ltr after.ltr\n"
	       "  loiter check --format text --format junit -o leaks.xml -- make test",
};
