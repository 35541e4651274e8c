/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_BLACK_BOX_H
#define LOITER_CLI_BLACK_BOX_H

/*
 * The last seconds of a program that is being judged, kept in memory and written when the verdict is
 * bad: a recorder with a probe of its own, so that the verdict is the same with it and without.
 */

#include <stdbool.h>
#include <stdint.h>

struct ltr__black_box;

struct ltr__black_box_options {
	const char *file; /* NULL: there is none */
	uint64_t last_ns;
};

/* Whether its file can be written, before anything runs: 0, or -errno, which is said. */
int ltr__black_box_try(const struct ltr__black_box_options *options);

/* Before the program's first goroutine runs. Says it when that is not possible, and returns NULL. */
struct ltr__black_box *ltr__black_box_open(uint32_t pid,
					   const struct ltr__black_box_options *options);

/* Take in what has happened, without waiting. Takes NULL. To be called every LTR__BLACK_BOX_MS. */
#define LTR__BLACK_BOX_MS 50
void ltr__black_box_poll(struct ltr__black_box *box);

/*
 * Write what is kept to the file, or, if that was written by another one of this run, to FILE.PID; say
 * where it is, or why not. At most once. Takes NULL; also after the program's end.
 */
void ltr__black_box_write(struct ltr__black_box *box);

/* Takes NULL, returns NULL. */
struct ltr__black_box *ltr__black_box_close(struct ltr__black_box *box);

#endif
