/* SPDX-License-Identifier: MIT */
/* What a process costs. */
#include "usage.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

uint64_t ltr__usage_cpu_ns(uint32_t pid)
{
	struct timespec used;
	clockid_t clock;

	if (!pid || clock_getcpuclockid((pid_t)pid, &clock) || clock_gettime(clock, &used))
		return 0;
	return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

uint64_t ltr__usage_bytes(uint32_t pid)
{
	char path[48];
	uint64_t pages = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/statm", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%*u %" SCNu64, &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
