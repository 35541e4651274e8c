/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_USAGE_H
#define LOITER_CLI_USAGE_H

/*
 * What a process costs, as the kernel counts it.
 */

#include <stdint.h>

/* CPU time since it began, all threads, user and system; and resident memory. 0: not known. */
uint64_t ltr__usage_cpu_ns(uint32_t pid);
uint64_t ltr__usage_bytes(uint32_t pid);

#endif
