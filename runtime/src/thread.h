/* SPDX-License-Identifier: MIT */
#ifndef LTR_THREAD_H
#define LTR_THREAD_H

/* What the kernel says about one of our threads, asked from another one. */

#include <stdbool.h>
#include <stdint.h>

/* The CPU time that it has used, in ns. 0 if that cannot be had. */
int64_t ltr__thread_cpu_ns(uint32_t tid);

/* Whether it sleeps in a system call. True also if that cannot be had (no /proc). */
bool ltr__thread_is_asleep(uint32_t tid);

#endif
