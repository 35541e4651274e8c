/* SPDX-License-Identifier: MIT */

/*
 * The sink that writes to a file descriptor. The descriptor itself is the context, so there is
 * nothing to free.
 */

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <unistd.h>

#include "sink.h"

static int fd_write(void *context, const void *data, size_t bytes)
{
	int fd = (int)(intptr_t)context;
	const char *at = data;

	while (bytes > 0) {
		ssize_t written = write(fd, at, bytes);

		if (written > 0) {
			at += written;
			bytes -= (size_t)written;
		} else if (written == 0) {
			return -EIO;
		} else if (errno == EAGAIN) {
			struct pollfd room = {.fd = fd, .events = POLLOUT};

			if (poll(&room, 1, -1) < 0 && errno != EINTR)
				return -errno;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

struct ltr_sink ltr_sink_fd(int fd)
{
	return (struct ltr_sink){.write = fd_write, .context = (void *)(intptr_t)fd};
}
