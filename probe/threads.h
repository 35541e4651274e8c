/* SPDX-License-Identifier: MIT */
#ifndef LOITER_THREADS_H
#define LOITER_THREADS_H

/*
 * The threads that goroutines are on, and what the kernel says of them: which system call, on a CPU or
 * not, since when. From an eBPF iterator where that is allowed, else from /proc/PID/task, where a thread
 * that wants to run is not told from one that does, and times are not known.
 */

#include "events.h"

struct ltr_threads;

/*
 * Without eBPF (`may_use_ebpf`: it is tried), /proc is what there is: that is no error, and ret_why says why;
 * else that is "". `what` as for a source of records. -ENOMEM.
 */
int ltr__threads_open(const struct ltr_event_target *what, bool may_use_ebpf,
		      struct ltr_threads **ret_threads, struct ltr_why *ret_why);
/* Into the census, right after a snapshot. 0, -ESRCH, -ENOMEM. */
int ltr__threads_look(struct ltr_threads *threads, struct ltr_census *census);
struct ltr_threads *ltr__threads_close(struct ltr_threads *threads); /* takes NULL, returns NULL */

#endif
