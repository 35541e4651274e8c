/* SPDX-License-Identifier: MIT */
/*
 * argp does the parsing, but not the talking: its messages are two lines long and do not name the
 * subcommand. So it is told to be silent, and what was wrong is said here.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "options.h"

#define YEAR_NS (365ull * 24 * 3600 * LTR__SECOND_NS)

bool ltr__options_parse(const struct argp *argp, int argc, char **argv,
			struct ltr__parsing *parsing, int *ret_status)
{
	error_t error;

	parsing->at_ns = UINT64_MAX;
	parsing->command = argv[0];
	parsing->argp = argp;
	error = argp_parse(argp, argc, argv,
			   ARGP_IN_ORDER | ARGP_NO_HELP | ARGP_NO_ERRS | ARGP_NO_EXIT, NULL,
			   parsing);
	if (!error)
		return true;
	*ret_status = parsing->helped ? LTR__STATUS_OK : LTR__STATUS_USAGE;
	if (!parsing->helped && !parsing->said)
		ltr__say("'%s' is no option of '%s', or has no value where it needs one; see "
			 "'loiter %s --help'",
			 parsing->wrong, argv[0], argv[0]);
	return false;
}

static void print_help(const struct ltr__parsing *parsing)
{
	char name[64];

	snprintf(name, sizeof(name), "loiter %s", parsing->command);
	argp_help(parsing->argp, stdout,
		  ARGP_HELP_SHORT_USAGE | ARGP_HELP_PRE_DOC | ARGP_HELP_LONG | ARGP_HELP_POST_DOC,
		  name);
}

error_t ltr__options_wrong(struct argp_state *state, const char *format, ...)
{
	struct ltr__parsing *parsing = state->input;
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	ltr__say("%s; see 'loiter %s --help'", text, parsing->command);
	parsing->said = true;
	return EINVAL;
}

static error_t parse_pid(struct argp_state *state, const char *text, uint32_t *ret_pid)
{
	uint64_t pid = 0;
	error_t error = ltr__options_number(state, "--pid", text, INT32_MAX, &pid);

	if (error)
		return error;
	if (pid == 0)
		return ltr__options_wrong(state, "--pid wants the number of a process");
	*ret_pid = (uint32_t)pid;
	return 0;
}

static error_t add_input(struct argp_state *state, struct ltr__parsing *parsing,
			 struct ltr__input added)
{
	for (size_t i = 0; i < parsing->input_count; i++) {
		const struct ltr__input *input = &parsing->inputs[i];

		if (added.pid && input->pid == added.pid)
			return ltr__options_wrong(state, "process %u is given twice", added.pid);
		if (added.file && input->file && strcmp(input->file, added.file) == 0)
			return ltr__options_wrong(state, "%s is given twice", added.file);
	}
	if (parsing->input_count == LTR__INPUTS_MAX)
		return ltr__options_wrong(state, "give at most %d processes and recordings",
					  LTR__INPUTS_MAX);
	parsing->inputs[parsing->input_count++] = added;
	return 0;
}

static error_t parse_via(struct argp_state *state, const char *text, enum ltr_via *ret_via)
{
	static const struct {
		const char *name;
		enum ltr_via via;
	} ways[] = {{"ebpf", LTR_VIA_EBPF}, {"shm", LTR_VIA_SHM}, {"snapshot", LTR_VIA_SNAPSHOT}};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strcmp(ways[i].name, text) == 0) {
			*ret_via = ways[i].via;
			return 0;
		}
	}
	return ltr__options_wrong(state, "--via wants ebpf, shm or snapshot, not '%s'", text);
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length > end_length && strcmp(text + length - end_length, end) == 0;
}

/* An argument that is no option: a recording, or the first word of a command. */
static error_t parse_argument(struct argp_state *state, struct ltr__parsing *parsing,
			      char *argument)
{
	bool quoted = state->quoted && state->next > state->quoted; /* it comes after -- */

	if (parsing->takes_file && !quoted &&
	    (ends_with(argument, ".ltr") || ltr_probe_is_recording(argument))) {
		if (parsing->file && !parsing->takes_many)
			return ltr__options_wrong(state, "give one recording, not two");
		parsing->file = argument;
		return parsing->takes_many
			       ? add_input(state, parsing, (struct ltr__input){.file = argument})
			       : 0;
	}
	parsing->program = &state->argv[state->next - 1];
	state->next = state->argc;
	return 0;
}

/* One thing to look at, and only what goes with it. */
static error_t check_what(struct argp_state *state, const struct ltr__parsing *parsing)
{
	bool mixes = parsing->takes_many && !parsing->program;

	if ((parsing->pid != 0) + (parsing->program != NULL) + (parsing->file != NULL) > 1 &&
	    !mixes)
		return ltr__options_wrong(
			state, parsing->file ? "give a process, a command or a recording, "
					       "not two of them"
					     : "give a process or a command, not both");
	if (parsing->file && !parsing->pid && parsing->via != LTR_VIA_BEST)
		return ltr__options_wrong(state,
					  "--via is for what runs: a recording is only read");
	if (!parsing->file && parsing->has_at)
		return ltr__options_wrong(state, "--at is for recordings");
	if (parsing->pid || parsing->program || parsing->file)
		return 0;
	if (parsing->takes_file)
		return ltr__options_wrong(state, "say what to look at: -p PID, -- COMMAND, or a "
						 "recording");
	if (parsing->takes_pid)
		return ltr__options_wrong(state, "say what to look at: -p PID, or -- COMMAND");
	return ltr__options_wrong(state, "say what to run: -- COMMAND");
}

error_t ltr__options_common(int key, char *argument, struct argp_state *state)
{
	struct ltr__parsing *parsing = state->input;

	switch (key) {
	case '?':
		print_help(parsing);
		parsing->helped = true;
		return ECANCELED;
	case 'p': {
		error_t error = parse_pid(state, argument, &parsing->pid);

		return error || !parsing->takes_many
			       ? error
			       : add_input(state, parsing,
					   (struct ltr__input){.pid = parsing->pid});
	}
	case LTR__KEY_VIA:
		return parse_via(state, argument, &parsing->via);
	case LTR__KEY_AT:
		parsing->has_at = true;
		return ltr__options_duration(state, "--at", argument, &parsing->at_ns);
	case ARGP_KEY_ARG:
		return parse_argument(state, parsing, argument);
	case ARGP_KEY_END:
		return check_what(state, parsing);
	case ARGP_KEY_ERROR:
		/* Of several short ones in one word, getopt still stands at the word. */
		parsing->wrong = state->argv[state->next > 1 ? state->next - 1 : state->argc - 1];
		if (parsing->wrong[0] != '-' && state->next < state->argc)
			parsing->wrong = state->argv[state->next];
		return ARGP_ERR_UNKNOWN;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int ltr__parse_duration(const char *text, uint64_t *ret_ns)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {{"", 1e9}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
	char *end;
	double number;

	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	if (strspn(text, "0123456789.") == 0 || text[strspn(text, "0123456789.")] == 'x')
		return -EINVAL;
	number = strtod(text, &end);
	if (end != text + strspn(text, "0123456789."))
		return -EINVAL;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(units[i].name, end) != 0)
			continue;
		number *= units[i].ns;
		if (number > (double)YEAR_NS)
			return -EINVAL;
		*ret_ns = (uint64_t)number;
		return 0;
	}
	return -EINVAL;
}

error_t ltr__options_duration(struct argp_state *state, const char *option, const char *text,
			      uint64_t *ret_ns)
{
	if (ltr__parse_duration(text, ret_ns) != 0)
		return ltr__options_wrong(
			state, "%s wants a time such as 500ms, 1s or 2m, not '%s'", option, text);
	return 0;
}

error_t ltr__options_number(struct argp_state *state, const char *option, const char *text,
			    uint64_t largest, uint64_t *ret_number)
{
	char *end;
	uint64_t number;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno || number > largest)
		return ltr__options_wrong(state, "%s wants a number up to %llu, not '%s'", option,
					  (unsigned long long)largest, text);
	*ret_number = number;
	return 0;
}

error_t ltr__options_some_time(struct argp_state *state, const char *option, const char *text,
			       uint64_t *ret_ns)
{
	uint64_t ns = 0;
	error_t error = ltr__options_duration(state, option, text, &ns);

	if (error)
		return error;
	if (ns == 0)
		return ltr__options_wrong(state, "%s wants more than nothing", option);
	*ret_ns = ns;
	return 0;
}

error_t ltr__options_some(struct argp_state *state, const char *option, const char *text,
			  uint64_t largest, uint64_t *ret_number)
{
	uint64_t number = 0;
	error_t error = ltr__options_number(state, option, text, largest, &number);

	if (error)
		return error;
	if (number == 0)
		return ltr__options_wrong(state, "%s wants at least 1", option);
	*ret_number = number;
	return 0;
}
