/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_STARVED_H
#define LOITER_CLI_STARVED_H

#include <stdint.h>

/*
 * For how long the threads of a process that live have waited for a CPU so far, all together, in ns; 0 if
 * the kernel does not tell. Becomes less when a thread ends.
 */
uint64_t ltr__starved_ns(uint32_t pid);

#endif
