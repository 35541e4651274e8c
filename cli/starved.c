/* SPDX-License-Identifier: MIT */
/* /proc/PID/task/TID/schedstat: nanoseconds on a CPU, nanoseconds in a queue for one, and how often. */

#include "starved.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define THREADS_MAX 1024 /* a program may have more; these say enough */

static uint64_t waited_ns(int tasks, const char *tid)
{
	char path[300];
	char text[128];
	char *at = text;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "%s/schedstat", tid);
	fd = openat(tasks, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (got <= 0)
		return 0;
	text[got] = '\0';
	(void)strtoull(at, &at, 10);
	return strtoull(at, NULL, 10);
}

uint64_t ltr__starved_ns(uint32_t pid)
{
	const struct dirent *entry;
	uint64_t sum = 0;
	char path[64];
	int count = 0;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/task", pid);
	tasks = opendir(path);
	if (!tasks)
		return 0;
	while (count < THREADS_MAX && (entry = readdir(tasks)))
		if (isdigit((unsigned char)entry->d_name[0])) {
			sum += waited_ns(dirfd(tasks), entry->d_name);
			count++;
		}
	closedir(tasks);
	return sum;
}
