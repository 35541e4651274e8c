/* SPDX-License-Identifier: MIT */
/*
 * Can pages of a process's memory be pinned? Devices, and the kernel on its own addresses, write to
 * such pages without a fault, so that nobody notes it: reads with O_DIRECT, buffers registered with
 * io_uring or with a driver (RDMA, VFIO), sockets whose packets lie in the process's memory. Who
 * pins a page later takes a fault for writing first; so this has to be asked when all pages have
 * been protected.
 *
 * Whatever could do that counts, whether it does or not. Not seen: a read without O_DIRECT that its
 * file system makes directly all the same (FUSE, 9P) and that was under way then; a read with
 * O_DIRECT whose descriptor another thread has closed meanwhile.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "writes.h"

#define PATH_BYTES 64

/* Of those it is known that they write to memory as read(2) does. */
static bool is_harmless_device(const char *path)
{
	static const char *const names[] = {"null",   "zero", "full", "random", "urandom",
					    "tty",    "ptmx", "pts/", "shm/",   "console",
					    "mqueue", "kmsg", "log"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (ltr__begins_with(path + strlen("/dev/"), names[i]))
			return true;
	return false;
}

static bool is_suspicious(const char *path)
{
	return ltr__begins_with(path, "anon_inode:[io_uring]") ||
	       ltr__begins_with(path, "/[aio]") ||
	       (ltr__begins_with(path, "/dev/") && !is_harmless_device(path));
}

static bool may_be_direct(const struct ltr_process *process, const char *descriptor)
{
	char path[PATH_BYTES], line[128];
	unsigned int flags = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/fdinfo/%.16s", ltr_process_pid(process), descriptor);
	file = fopen(path, "re");
	if (!file)
		return errno != ENOENT; /* it was closed meanwhile, or it cannot be known */
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "flags: %o", &flags) == 1)
			break;
	fclose(file);
	return flags & O_DIRECT;
}

static bool has_suspicious_descriptor(const struct ltr_process *process)
{
	char path[PATH_BYTES], target[64];
	struct dirent *entry;
	bool has = false;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%u/fd", ltr_process_pid(process));
	folder = opendir(path);
	if (!folder)
		return true;
	while (!has && (entry = readdir(folder))) {
		ssize_t length =
			readlinkat(dirfd(folder), entry->d_name, target, sizeof(target) - 1);

		if (length <= 0)
			continue;
		target[length] = '\0';
		has = is_suspicious(target) ||
		      (target[0] == '/' && may_be_direct(process, entry->d_name));
	}
	closedir(folder);
	return has;
}

/* What was mapped stays when its descriptor is closed. */
static bool has_suspicious_mapping(const struct ltr_process *process)
{
	char path[PATH_BYTES];
	char *text = NULL;
	size_t text_bytes = 0;
	bool has = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/maps", ltr_process_pid(process));
	file = fopen(path, "re");
	if (!file)
		return true;
	while (!has && getline(&text, &text_bytes, file) > 0) {
		int at = 0;

		sscanf(text, "%*x-%*x %*s %*x %*x:%*x %*u %n", &at);
		has = at && (is_suspicious(text + at) || ltr__begins_with(text + at, "socket:"));
	}
	has |= !feof(file); /* it could not be read to its end */
	free(text);
	fclose(file);
	return has;
}

/* What drivers say that they have pinned. */
static bool has_pinned(const struct ltr_process *process)
{
	char path[PATH_BYTES], line[256];
	unsigned long long kilobytes = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/status", ltr_process_pid(process));
	file = fopen(path, "re");
	if (!file)
		return true;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "VmPin: %llu", &kilobytes) == 1)
			break;
	fclose(file);
	return kilobytes > 0;
}

bool ltr__may_have_pinned(const struct ltr_process *process)
{
	return has_pinned(process) || has_suspicious_descriptor(process) ||
	       has_suspicious_mapping(process);
}
