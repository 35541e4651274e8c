/* SPDX-License-Identifier: MIT */
/* loiter dump: every goroutine once, as Go prints them, or as JSON. */

#include <pprof/json.h>
#include <pprof/output.h>
#include <pprof/text.h>

#include "cli.h"
#include "options.h"
#include "target.h"

struct dump_options {
	struct ltr__parsing parsing; /* first */
	const char *file;
	bool json;
};

enum { KEY_JSON = LTR__KEY_OWN };

static const struct argp_option options[] = {
	LTR__OPTION_HELP,
	LTR__OPTION_PID,
	LTR__OPTION_AT,
	{"json", KEY_JSON, NULL, 0, "a JSON document instead of text", 0},
	{"output", 'o', "FILE", 0, "write to FILE instead of standard output", 0},
	{0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct dump_options *dump = state->input;

	switch (key) {
	case KEY_JSON:
		dump->json = true;
		return 0;
	case 'o':
		dump->file = argument;
		return 0;
	default:
		return ltr__options_common(key, argument, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "-p PID\n-- COMMAND...\nFILE.ltr",
	.doc = "Print every goroutine of a program: its state, how long it has been in it, its stack, "
	       "and who created it, in the form of Go's debug=2.\v"
	       "The program is not stopped. A command is looked at when its main goroutine has "
	       "returned, or all its goroutines are asleep; the dump follows its output, and its exit "
	       "status is loiter's.\n\n"
	       "Exit status: 0; 1 if the program cannot be read or the dump cannot be written; 64, "
	       "126 and 127 as a shell.\n\n"
	       "Examples:\n"
	       "  loiter dump -p $(pidof httpd)\n"
	       "  loiter dump --json -p 4711 | jq '.goroutines | length'",
};

static int write_dump(const struct dump_options *dump, const struct ltr_census *census)
{
	struct ltr_output *output;
	int error = ltr_output_open(dump->file, false, &output);

	if (!error) {
		struct ltr_sink sink = ltr_output_sink(output);

		error = dump->json ? ltr_json_write(census, sink) : ltr_text_debug2(census, sink);
		if (error)
			ltr_output_abort(output);
		else
			error = ltr_output_commit(output);
	}
	if (error)
		ltr__say("cannot write the dump to %s: %s", ltr__output_name(dump->file),
			 ltr_output_error(error));
	return error;
}

static int run(int argc, char **argv)
{
	struct dump_options dump = {
		.parsing = {.takes_pid = true, .takes_file = true},
		.file = "-",
	};
	struct ltr__target *target;
	struct ltr_why why;
	int status;
	int error;

	if (!ltr__options_parse(&argp, argc, argv, &dump.parsing, &status))
		return status;
	error = ltr__target_open(
		&(struct ltr__target_options){
			.pid = dump.parsing.pid,
			.file = dump.parsing.file,
			.at_ns = dump.parsing.at_ns,
			.command = dump.parsing.program,
			.probe = {.via = LTR_VIA_SNAPSHOT, .threads = true},
		},
		&target, &why, &status);
	if (error) {
		ltr__say("%s", why.text);
		return status;
	}
	while (!dump.parsing.pid && !ltr__target_is_over(target))
		if (ltr__target_poll(target, -1) < 0)
			break;
	ltr_probe_refresh(ltr__target_probe(target)); /* if it has ended: its last moment */
	/* Where it cannot be asked any more, or comes from a file, there is what is known. */
	(void)ltr_probe_objects(ltr__target_probe(target));
	error = write_dump(&dump, ltr_probe_census(ltr__target_probe(target)));
	status = ltr__target_close(target, false);
	return error ? LTR__STATUS_FAILED : status;
}

const struct ltr__command ltr__command_dump = {
	.name = "dump",
	.summary = "print every goroutine with its stack, as text or JSON",
	.run = run,
};
