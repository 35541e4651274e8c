/* SPDX-License-Identifier: MIT */
/*
 * loiter: finds the subcommand and runs it. This room is the only one that wires the others
 * together; each subcommand says in its own file how.
 */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static int run_help(int argc, char **argv);
static int run_version(int argc, char **argv);

static const struct ltr__command help = {
	.name = "help",
	.summary = "print this page, or the manual of a subcommand",
	.run = run_help,
};

static const struct ltr__command version = {
	.name = "version",
	.summary = "print the version",
	.run = run_version,
};

static const struct ltr__command *const commands[] = {
	&ltr__command_top,
	&ltr__command_check,
	&ltr__command_profile,
	&ltr__command_trace,
	&ltr__command_record,
	&ltr__command_serve,
	&ltr__command_dump,
	&help,
	&version,
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static const struct ltr__command *find(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static void print_commands(void)
{
	puts("loiter shows which goroutines run, which wait, on what and for how long, and which will\n"
	     "never come back.\n\n"
	     "Usage: loiter SUBCOMMAND [OPTION...] [-- COMMAND...]\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		printf("  %-8s  %s\n", commands[i]->name, commands[i]->summary);
	puts("\n'loiter SUBCOMMAND --help' is the manual of a subcommand.\n\n"
	     "Exit status: what the subcommand's manual says; 64 if it was called wrongly.");
}

static int run_help(int argc, char **argv)
{
	const struct ltr__command *command = argc > 1 ? find(argv[1]) : NULL;

	if (command && command != &help && command != &version) {
		char option[] = "--help";
		char *arguments[] = {argv[1], option, NULL};

		return command->run(2, arguments);
	}
	if (argc > 1 && !command) {
		ltr__say("there is no subcommand '%s'; see 'loiter help'", argv[1]);
		return LTR__STATUS_USAGE;
	}
	print_commands();
	return LTR__STATUS_OK;
}

static int run_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts("loiter " LOITER_VERSION);
	return LTR__STATUS_OK;
}

/* What was written to standard output has to have arrived, or the status says so. */
static int finish(int status)
{
	if ((fflush(stdout) != 0 || ferror(stdout)) && status == LTR__STATUS_OK) {
		ltr__say("cannot write to standard output: %m");
		return LTR__STATUS_FAILED;
	}
	return status;
}

int main(int argc, char **argv)
{
	const struct ltr__command *command;

	if (getuid() != geteuid() || getgid() != getegid()) {
		/* It would run commands, and write files, with rights that its caller has not. */
		ltr__say(
			"this loiter is set-uid or set-gid, and must not be: see docs/security.md");
		return LTR__STATUS_FAILED;
	}
	signal(SIGPIPE, SIG_IGN); /* a reader that leaves is an error of write(), not our end */
	if (argc < 2) {
		ltr__say(
			"say what to do: top, check, profile, trace, record, serve or dump; see 'loiter help'");
		return LTR__STATUS_USAGE;
	}
	command = find(argv[1]);
	if (!command && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		command = &help;
	if (!command && strcmp(argv[1], "--version") == 0)
		command = &version;
	if (!command) {
		ltr__say("there is no subcommand '%s'; see 'loiter help'", argv[1]);
		return LTR__STATUS_USAGE;
	}
	return finish(command->run(argc - 1, argv + 1));
}
