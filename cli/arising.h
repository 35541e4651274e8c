/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_ARISING_H
#define LOITER_CLI_ARISING_H

/*
 * When a finding came to be so, which its goroutines alone do not tell: looked for in its
 * recording, by halves. A thread with a probe and a judge of its own does it, so that the screen
 * goes on meanwhile; that takes the memory of a second census as long as it lasts.
 */

#include <probe/probe.h>
#include <tui/tui.h>

struct ltr__arising;

int ltr__arising_new(uint64_t older_than_ns, struct ltr__arising **ret_arising); /* -ENOMEM */
/* Takes NULL, returns NULL. Stops it, and waits until its thread has seen that. */
struct ltr__arising *ltr__arising_free(struct ltr__arising *arising);

/* What is looked for, and where. */
struct ltr__arising_case {
	uint64_t key;       /* of the finding, as in struct ltr_tui_finding */
	uint64_t moment_ns; /* when it is there */
	bool is_proven;     /* it may be there only because references were looked at */
	uint64_t begin_ns;  /* of the recording, as the screen knows it, */
	uint64_t end_ns;
	int fd; /* and its file; not taken over */
};

/*
 * -EAGAIN: one that was stopped has not come to its end yet; -ENOMEM, and others of no thread, no
 * file.
 */
int ltr__arising_begin(struct ltr__arising *arising, const struct ltr__arising_case *wanted);
/* Whether one was begun that nobody has stopped, and whose end nobody has been told. */
bool ltr__arising_is_on(const struct ltr__arising *arising);
/*
 * While one is on: 1 not done yet, and how far it is; 0: found. -errno, and a sentence:
 *   -ENOENT  it is not found in this recording at all
 *   -EIO     the file is not what it was
 *   others as ltr_probe_open_file(), ltr_probe_seek()
 */
int ltr__arising_ask(struct ltr__arising *arising, struct ltr_tui_arising *ret_arising,
		     struct ltr_why *ret_why);
/* Nobody wants to know any more. Does not wait. */
void ltr__arising_stop(struct ltr__arising *arising);

#endif
