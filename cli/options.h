/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_OPTIONS_H
#define LOITER_CLI_OPTIONS_H

/*
 * What the subcommands' options have in common. Options are argp's; a mistake is one sentence on
 * standard error and status 64, and the manual of each subcommand is its --help.
 *
 * A subcommand's options are a struct that begins with struct ltr__parsing, which is the input of
 * its parser. The parser gives the keys that it does not know to ltr__options_common().
 */

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include <probe/probe.h>

/* One of several things to look at: a process, or a recording. */
struct ltr__input {
	uint32_t pid;     /* 0: it is a recording */
	const char *file; /* NULL: it is a process */
};

#define LTR__INPUTS_MAX 256

struct ltr__parsing {
	const char *command; /* the subcommand's name */
	const struct argp *argp;
	bool said;         /* what was wrong */
	const char *wrong; /* else: the word at which nobody knew how to go on */
	bool helped;       /* the manual was asked for and printed */
	bool takes_pid;
	bool takes_file;
	uint32_t pid;     /* what to look at: a process, */
	const char *file; /* or a recording, */
	char **program;   /* or a command with its arguments; NULL: none */
	enum ltr_via via;
	bool has_at;
	uint64_t at_ns; /* of a recording, the moment after its beginning; UINT64_MAX: its end */
	/*
	 * Several processes and recordings, also of both kinds, are all looked at: `inputs` has all
	 * of them, none twice, and `pid` and `file` the last of each kind. To be set with takes_pid
	 * and takes_file.
	 */
	bool takes_many;
	struct ltr__input inputs[LTR__INPUTS_MAX];
	size_t input_count;
};

#define LTR__OPTION_HELP                                      \
	{                                                     \
		"help", '?', NULL, 0, "print this manual", -1 \
	}
#define LTR__OPTION_PID                                                    \
	{                                                                  \
		"pid", 'p', "PID", 0, "look at the running process PID", 0 \
	}
#define LTR__OPTION_VIA                                                                            \
	{                                                                                          \
		"via", LTR__KEY_VIA, "WAY", 0,                                                     \
			"watch by ebpf, shm or snapshot; without this: ebpf where it is allowed, " \
			"else shm",                                                                \
			0                                                                          \
	}

#define LTR__OPTION_AT                                                                             \
	{                                                                                          \
		"at", LTR__KEY_AT, "TIME", 0,                                                      \
			"of a recording: show the moment TIME after its beginning, not its end", 0 \
	}

enum ltr__option_key {
	LTR__KEY_VIA = 0x100,
	LTR__KEY_AT,
	LTR__KEY_OWN, /* the first that a subcommand may use for itself */
};

/*
 * Returns true if the subcommand is to go on; otherwise *ret_status is what to exit with (0 after
 * --help). Options end at the first argument that is none, or at --; from there on it is a command.
 * With takes_file, an argument before -- that is a recording, or has a name that ends with .ltr, is
 * one to look at, and options go on after it.
 */
bool ltr__options_parse(const struct argp *argp, int argc, char **argv,
			struct ltr__parsing *parsing, int *ret_status);

/* For parsers: --help, --pid, --via, --at, and the command or recording. */
error_t ltr__options_common(int key, char *argument, struct argp_state *state);

/* For parsers: says the sentence, and returns what the parser has to return: status 64. */
error_t ltr__options_wrong(struct argp_state *state, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* 500ms, 1.5s, 2m, 1h; a number alone is seconds. At most a year. -EINVAL if it is none. */
int ltr__parse_duration(const char *text, uint64_t *ret_ns);

/* Values of options, for parsers: 0, or what the parser has to return. */
error_t ltr__options_duration(struct argp_state *state, const char *option, const char *text,
			      uint64_t *ret_ns);
/* More than nothing. */
error_t ltr__options_some_time(struct argp_state *state, const char *option, const char *text,
			       uint64_t *ret_ns);
error_t ltr__options_number(struct argp_state *state, const char *option, const char *text,
			    uint64_t largest, uint64_t *ret_number);
/* At least 1. */
error_t ltr__options_some(struct argp_state *state, const char *option, const char *text,
			  uint64_t largest, uint64_t *ret_number);

#endif
