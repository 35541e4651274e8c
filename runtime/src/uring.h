/* SPDX-License-Identifier: MIT */
#ifndef LTR_URING_H
#define LTR_URING_H

/*
 * Operations on files that the kernel carries on with by itself: one io_uring for the process, set up
 * at the first operation. The poller watches the ring as it watches sockets, and takes completed
 * operations out. Where there is no ring (an old kernel, a container that forbids it, LTR_URING=0, a
 * seeded run), or too many operations are under way, the caller has the blocking pool.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "pollable.h"

/* Before there are threads; the ring is not to be used unless `is_wanted`. */
void ltr__uring_init(bool is_wanted);

struct ltr__uring_call {
	uint8_t opcode; /* IORING_OP_READ, IORING_OP_WRITE, IORING_OP_FSYNC */
	int fd;
	const void *buffer;
	size_t bytes;
	uint64_t offset; /* all ones: a stream has none */
};

/*
 * Park until the operation is over. False: the ring does not take it, and nothing was done. In
 * *ret_result what the system call returns, or a negative errno; at the deadline the operation is
 * cancelled, and its end awaited. -EINTR: it has to be made again.
 */
bool ltr__uring(const struct ltr__uring_call *call, int64_t deadline_ns, ssize_t *ret_result);

/* For the poller: add those whose operation is over to `woken`. No lock is held. */
void ltr__uring_drain(struct ltr__woken *woken);

#endif
