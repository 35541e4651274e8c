// SPDX-License-Identifier: MIT
/*
 * In which pid namespace a process lives, and what its number is there: the kernel side is told by
 * these whom to look at, because its own numbers are those of the outermost namespace, which we may
 * not be in.
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

int ltr_process_namespace(const struct ltr_process *process,
			  struct ltr_process_namespace *ret_namespace)
{
	char path[64];
	char status[65536]; /* the groups come before what we look for */
	struct stat namespace;
	uint32_t pid;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/ns/pid", process->pid);
	if (stat(path, &namespace) < 0)
		return errno == ENOENT ? -ESRCH : errno == EACCES ? -EPERM : -errno;
	ssize_t got = ltr__process_slurp(process->pid, "status", status, sizeof(status));
	if (got < 0)
		return got == -ENOENT ? -ESRCH : (int)got;
	int err = innermost_pid(status, &pid);
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
