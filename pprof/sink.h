/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_SINK_H
#define LOITER_PPROF_SINK_H

/*
 * A sink is where the bytes of a profile or a dump go: a file (output.h), a descriptor, a reply.
 * Whoever writes into one owns nothing of it.
 */

#include <stddef.h>

struct ltr_sink {
	/* Takes all of `data`, or returns a negative errno; after an error it is not called again. */
	int (*write)(void *context, const void *data, size_t bytes);
	void *context;
};

/*
 * Writes to a descriptor, which stays the caller's. Blocks until everything is written, also where
 * the descriptor does not. Errors are those of write(2): -ENOSPC, -EPIPE (ignore SIGPIPE), ...
 */
struct ltr_sink ltr_sink_fd(int fd);

#endif
