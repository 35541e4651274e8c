/* SPDX-License-Identifier: MIT */

/* See thread.h. */

#include "thread.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The clock of a thread by its number: part of the kernel's ABI (CPUCLOCK_SCHED, per thread). */
static clockid_t cpu_clock(uint32_t tid)
{
	return (clockid_t)(~tid << 3 | 4 | 2);
}

int64_t ltr__thread_cpu_ns(uint32_t tid)
{
	struct timespec used;

	if (clock_gettime(cpu_clock(tid), &used) != 0)
		return 0;
	return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

bool ltr__thread_is_asleep(uint32_t tid)
{
	char path[64], line[128], *name_end;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%u/stat", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	n = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (n <= 0)
		return true;
	line[n] = '\0';
	/* "tid (name) state ...", and a name may hold parentheses */
	name_end = strrchr(line, ')');
	return !name_end || !strchr("RtT", name_end[1] ? name_end[2] : 'S');
}
