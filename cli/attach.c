/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "attach.h"
#include "cli.h"

#define READY_WITHIN_NS LTR__SECOND_NS
#define READY_ASK_NS    (5 * LTR__MS_NS)

void ltr__command_line(uint32_t pid, char *ret_command, size_t bytes)
{
	char path[64];
	ssize_t got = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		got = read(fd, ret_command, bytes - 1);
		close(fd);
	}
	while (got > 0 && ret_command[got - 1] == '\0')
		got--;
	if (got < 0)
		got = 0;
	for (ssize_t i = 0; i < got; i++)
		if (ret_command[i] == '\0')
			ret_command[i] = ' ';
	ret_command[got] = '\0';
}

int ltr__attach(uint32_t pid, const struct ltr_probe_options *options, struct ltr_probe **ret_probe,
		struct ltr_why *ret_why)
{
	uint64_t end_ns = ltr__now_ns() + READY_WITHIN_NS;
	const struct timespec pause = {.tv_nsec = (long)READY_ASK_NS};
	int error;

	ret_why->text[0] = '\0';
	while ((error = ltr_probe_open(pid, options, ret_probe, ret_why)) == -EAGAIN &&
	       ltr__now_ns() < end_ns)
		nanosleep(&pause, NULL);
	if (error && !ret_why->text[0])
		ltr__why(ret_why, "cannot look at process %" PRIu32 ": %s", pid, strerror(-error));
	return error;
}
