// SPDX-License-Identifier: MIT
/*
 * In which pid namespace a process lives, and what its number is there: the kernel side is told by
 * these whom to look at, because its own numbers are those of the outermost namespace, which we may
 * not be in. What the process says of itself has its own numbers, too.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "process_private.h"

/* The last number of the line: the innermost namespace is the one it lives in. */
static int innermost_pid(const char *status, uint32_t *ret_pid)
{
	static const char key[] = "\nNSpid:";
	const char *at = strstr(status, key);
	unsigned long pid = 0;

	if (!at)
		return -ENOSYS;
	at += sizeof(key) - 1;
	for (;;) {
		char *end;

		at += strspn(at, "\t ");
		unsigned long next = strtoul(at, &end, 10);
		if (end == at)
			break;
		pid = next;
		at = end;
	}
	if (pid == 0 || pid > INT32_MAX)
		return -ENOSYS;
	*ret_pid = (uint32_t)pid;
	return 0;
}

static int read_innermost(uint32_t pid, const char *file, uint32_t *ret_pid)
{
	char status[65536]; /* the groups come before what we look for */
	ssize_t got = ltr__process_slurp(pid, file, status, sizeof(status));

	if (got < 0)
		return got == -ENOENT ? -ESRCH : (int)got;
	return innermost_pid(status, ret_pid);
}

int ltr_process_namespace(const struct ltr_process *process,
			  struct ltr_process_namespace *ret_namespace)
{
	char path[64];
	struct stat namespace;
	uint32_t pid;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/ns/pid", process->pid);
	if (stat(path, &namespace) < 0)
		return errno == ENOENT ? -ESRCH : errno == EACCES ? -EPERM : -errno;
	int err = read_innermost(process->pid, "status", &pid);
	if (err)
		return err;
	/* The kernel's own form of a device number, which is not that of user space. */
	*ret_namespace = (struct ltr_process_namespace){
		.device = (uint64_t)major(namespace.st_dev) << 20 | minor(namespace.st_dev),
		.inode = namespace.st_ino,
		.pid = pid,
	};
	return 0;
}

void ltr_process_own_tids(const struct ltr_process *process, uint32_t *tids, size_t count)
{
	uint32_t pid;

	/* Who has the same number here and there lives here; without namespaces nobody has two. */
	if (read_innermost(process->pid, "status", &pid) < 0 || pid == process->pid)
		return;
	for (size_t i = 0; i < count; i++) {
		char file[64];

		snprintf(file, sizeof(file), "task/%" PRIu32 "/status", tids[i]);
		if (read_innermost(process->pid, file, &tids[i]) < 0)
			tids[i] = 0;
	}
}
