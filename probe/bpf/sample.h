/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#ifndef LOITER_SAMPLE_H
#define LOITER_SAMPLE_H

/*
 * What cpu.bpf.c hands to ebpf/cpu.c: one sample of what a CPU is doing is one record of the BPF ring
 * buffer. The two are always built and loaded together: no version is needed.
 */

#include <loiter/layout.h>

#define LTR_SAMPLE_FRAMES 128

struct ltr_cpu_sample {
	uint64_t time_ns;   /* CLOCK_MONOTONIC */
	uint64_t goroutine; /* its id; 0: the thread runs none, or it is not known which */
	uint32_t depth;     /* of pcs; 0: there is no stack */
	uint32_t in_call;   /* not 0: the thread makes the goroutine's blocking call */
	uint64_t pcs[LTR_SAMPLE_FRAMES]; /* innermost first; what is beyond `depth` is garbage */
};

_Static_assert(sizeof(struct ltr_cpu_sample) == 24 + 8 * LTR_SAMPLE_FRAMES,
	       "kernel and user space agree");

#endif
