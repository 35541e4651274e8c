/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_REWIND_H
#define LOITER_CLI_REWIND_H

/*
 * The last seconds of a program that runs, kept in memory so that the screen can go back in them: a
 * recorder that is given to the program's probe, and, while somebody is back there, a probe of the
 * recording that it made then. That is read by a thread of its own, so that nobody waits for it.
 *
 * The recorder must outlive the program's probe, and so must this.
 */

#include <probe/probe.h>
#include <probe/record.h>

struct ltr__rewind;

/* `last_ns` and `bytes_max` as in struct ltr_recorder_options. -ENOMEM. */
int ltr__rewind_new(uint64_t last_ns, size_t bytes_max, struct ltr__rewind **ret_rewind);
/* Takes NULL, returns NULL. Waits for what is being read. The program's probe must be closed. */
struct ltr__rewind *ltr__rewind_free(struct ltr__rewind *rewind);

struct ltr_recorder *ltr__rewind_recorder(const struct ltr__rewind *rewind);
const struct ltr_recorder_options *ltr__rewind_options(const struct ltr__rewind *rewind);

/*
 * Go back in what `live`, the program's probe, has told until now; to be called until it does not
 * return 1, which means that it is being read. 0: ltr__rewind_probe() has it, with `seeks`.
 * -ENODATA: nothing is known yet; others as ltr_recorder_write() and ltr_probe_open_file().
 */
int ltr__rewind_go(struct ltr__rewind *rewind, struct ltr_probe *live, struct ltr_why *ret_why);
/* NULL: nobody has gone back. */
struct ltr_probe *ltr__rewind_probe(const struct ltr__rewind *rewind);
/*
 * Nobody wants to see it any more: what is being read of it, on whatever thread, ends soon with an
 * error.
 */
void ltr__rewind_leave(struct ltr__rewind *rewind);
/* The file of that recording; -1: nobody has gone back. */
int ltr__rewind_fd(const struct ltr__rewind *rewind);
/* To the present; also while it is being read. Everything of ltr__rewind_probe() is void. */
void ltr__rewind_end(struct ltr__rewind *rewind);

#endif
