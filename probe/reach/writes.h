/* SPDX-License-Identifier: MIT */
#ifndef LOITER_REACH_WRITES_H
#define LOITER_REACH_WRITES_H

/* Which pages of a process have been written to since they were watched; writes.c has the idea. */

#include "private.h"

/* UFFD_USER_MODE_ONLY, which needs no privilege; the headers may be older. */
#define LTR__UFFD_USER_MODE 1

/*
 * borrow.c. A descriptor of userfaultfd(2) for the process's memory, no feature asked for yet, from a
 * thread that sleeps on one of the two futexes (reach.h). Blocks for some 20 ms at most. -EPERM;
 * -EAGAIN no thread is where it could be had from; -EOPNOTSUPP not on this machine; -ENOSYS.
 */
int ltr__borrow_userfault(const struct ltr_process *process, const uint64_t words[2]);

/*
 * pinned.c. Can there be pages that are written to without a fault? True also if that cannot be known.
 */
bool ltr__may_have_pinned(const struct ltr_process *process);

struct ltr__writes;

/* Nothing is watched yet. -EBUSY: it may have pinned pages; -EOPNOTSUPP and errors of borrow.c. */
int ltr__writes_new(const struct ltr_process *process, const uint64_t words[2],
		    struct ltr__writes **ret_writes);
/* Nothing is watched any more; takes NULL, returns NULL. */
struct ltr__writes *ltr__writes_free(struct ltr__writes *writes);

/* Note writes to the pages of [start, end) from now on; false: not there. */
bool ltr__writes_watch(struct ltr__writes *writes, uint64_t start, uint64_t end);

/*
 * Calls `each` for every run of pages in [start, end) that are there, but for those that are watched
 * and were not written to, in order, until one returns not 0. -EIO: nothing is known.
 */
int ltr__writes_each(const struct ltr__writes *writes, uint64_t start, uint64_t end,
		     int (*each)(void *context, uint64_t from, uint64_t to), void *context);

#endif
