/* SPDX-License-Identifier: MIT */

/* See io.h. */

#include "io.h"

#include <errno.h>

ssize_t ltr__io(struct ltr__pollable *pollable, struct ltr__io *io, int64_t deadline_ns)
{
	uint32_t *spent = &pollable->spent[io->direction];

	for (;;) {
		uint32_t seen = ltr__pollable_edges(pollable, io->direction);
		ssize_t n;

		if (seen == __atomic_load_n(spent, __ATOMIC_RELAXED) && deadline_ns != LTR_NOW) {
			int r = ltr__pollable_wait(pollable, io->direction, io->reason, seen,
						   deadline_ns);

			if (r < 0)
				return r;
			continue;
		}
		if (ltr__pollable_is_closed(pollable))
			return -ECANCELED;
		n = io->attempt(pollable, io);
		if (n >= 0) {
			if ((size_t)n < io->bytes && n > 0 &&
			    !__atomic_load_n(&pollable->never_spent, __ATOMIC_RELAXED))
				__atomic_store_n(spent, seen, __ATOMIC_RELAXED);
			return n;
		}
		if (errno == EAGAIN) {
			__atomic_store_n(spent, seen, __ATOMIC_RELAXED);
			if (deadline_ns == LTR_NOW)
				return -ETIMEDOUT;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
}

ssize_t ltr__io_on(const void *handle, struct ltr__io *io, int64_t deadline_ns)
{
	struct ltr__pollable *pollable;
	ssize_t n = ltr__pollable_enter(handle, &pollable);

	if (n < 0)
		return n;
	n = ltr__io(pollable, io, deadline_ns);
	ltr__pollable_leave(pollable);
	return n;
}
