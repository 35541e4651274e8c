/* SPDX-License-Identifier: MIT */
#ifndef LTR_IO_H
#define LTR_IO_H

/*
 * One operation on a pollable, tried until it does not say EAGAIN. It is tried first, and waits only
 * when the kernel had nothing; but if the last look emptied the socket and no edge has come since,
 * it waits first, which spares the system call that would say so.
 */

#include <sys/uio.h>

#include "pollable.h"

struct ltr__io {
	enum ltr_direction direction;
	enum ltr_reason reason;
	/* One non-blocking system call; -1 and errno, or a result. */
	ssize_t (*attempt)(const struct ltr__pollable *pollable, struct ltr__io *io);
	union {
		void *buffer;
		const void *data;
		const struct iovec *buffers;
	};
	size_t bytes; /* that are asked for: a TCP read that brings less has emptied the socket */
	int count;    /* of buffers */
	union {
		struct ltr_address *from;
		const struct ltr_address *to;
	};
};

/* The result, or a negative errno; the caller has entered. */
ssize_t ltr__io(struct ltr__pollable *pollable, struct ltr__io *io, int64_t deadline_ns);

/* The same with enter and leave. */
ssize_t ltr__io_on(const void *handle, struct ltr__io *io, int64_t deadline_ns);

#endif
