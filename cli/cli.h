/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_H
#define LOITER_CLI_H

/*
 * What the files of this room share: the table of subcommands, exit statuses, and how loiter speaks.
 *
 * To add a subcommand, write cmd_NAME.c that ends with its `struct ltr__command`, and put it in the
 * table in main.c.
 */

#include <stdbool.h>
#include <stdint.h>

#include <probe/probe.h>

/* Besides these: 23 and 24 come from check (LTR_GRADES), and what a command exits with. */
enum ltr__status {
	LTR__STATUS_OK = 0,
	LTR__STATUS_FAILED = 1,
	LTR__STATUS_INCONCLUSIVE = 24,
	LTR__STATUS_USAGE = 64,
	LTR__STATUS_CANNOT_RUN = 126,
	LTR__STATUS_NOT_FOUND = 127,
	LTR__STATUS_SIGNAL = 128, /* plus the signal's number */
};

struct ltr__command {
	const char *name;
	const char *summary; /* one line for `loiter help` */
	/* argv[0] is the subcommand's name. Returns the exit status. */
	int (*run)(int argc, char **argv);
};

extern const struct ltr__command ltr__command_check;
extern const struct ltr__command ltr__command_dump;
extern const struct ltr__command ltr__command_profile;
extern const struct ltr__command ltr__command_record;
extern const struct ltr__command ltr__command_serve;
extern const struct ltr__command ltr__command_top;
extern const struct ltr__command ltr__command_trace;

/* One line to standard error that begins with "loiter: "; control characters come out as "?". */
void ltr__say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A sentence for the caller to say; cut where it does not fit. */
void ltr__why(struct ltr_why *ret_why, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* What a file is called in a sentence: "standard output" for "-". */
const char *ltr__output_name(const char *path);

/* Now, by CLOCK_MONOTONIC. */
uint64_t ltr__now_ns(void);

#define LTR__SECOND_NS 1000000000ull
#define LTR__MS_NS     1000000ull

#endif
