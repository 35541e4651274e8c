/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PROCESS_PRIVATE_H
#define LOITER_PROCESS_PRIVATE_H

#include <stdatomic.h>
#include <sys/types.h>

#include "process.h"

struct ltr_process {
	uint32_t pid;
	int pidfd; /* -1: this kernel has none */
	bool is_own;
	atomic_bool is_cancelled; /* any thread may set it; reading ends soon then */
};

/* Of Yama; 0 where there is none. */
int ltr__process_ptrace_scope(void);

/* The beginning of /proc/PID/`file`, with a NUL after it; its length or -errno. */
ssize_t ltr__process_slurp(uint32_t pid, const char *file, char *buffer, size_t bytes);

#endif
