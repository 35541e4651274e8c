/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#ifndef LOITER_THREAD_ROW_H
#define LOITER_THREAD_ROW_H

/*
 * What threads.bpf.c hands to ebpf/threads.c: one thread of the watched process, a row for each. Times are
 * those of the scheduler's clock, which is that of nobody else; thread_reader.c converts them by the time at
 * which the reader itself got its CPU. The two are always built and loaded together.
 */

#include <loiter/layout.h>

struct ltr_thread_row {
	uint64_t reader_arrival; /* when the thread that reads this got its CPU */
	uint64_t arrival;        /* when this one got a CPU last */
	uint64_t queued;         /* since when it waits for one; 0: it does not */
	uint64_t stretch_ns;     /* for how long it had the CPU then, or has had it so far */
	int64_t call;            /* the system call that it is in; below 0: none */
	uint32_t tid;            /* in its own pid namespace */
	uint32_t state;          /* the kernel's bits; 0: it wants to run */
	uint32_t on_cpu;
	uint32_t reserved;
};

_Static_assert(sizeof(struct ltr_thread_row) == 56, "kernel and user space agree");

#endif
