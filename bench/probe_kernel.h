/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PROBE_KERNEL_H
#define BENCH_PROBE_KERNEL_H

/* What it costs to ask the kernel: samples of the CPUs, and looks at threads. Fills their rows. */

#include "probe_child.h"

/* `busy` plays ping-pong when told; `blocked` stands still with KERNEL_THREADS goroutines in blocking calls. */
#define KERNEL_THREADS 64
void kernel_measure(struct child *busy, struct child *blocked, bool ebpf, int round);

#endif
