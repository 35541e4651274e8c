/* SPDX-License-Identifier: MIT */
/*
 * Opening the files of a process. Which file is it? A path alone does not say: the file may be gone,
 * replaced, or be another one in our mount namespace. /proc/PID/map_files has the mapping itself but
 * wants CAP_CHECKPOINT_RESTORE; /proc/PID/exe serves for the program; for the rest, the path below
 * /proc/PID/root is right unless the kernel marks it as deleted, which it does for replaced files
 * too. Inode numbers are no help: on overlayfs and btrfs those of maps and of stat() differ.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "process_private.h"

static const char deleted_mark[] = " (deleted)";

size_t ltr_process_map_path_length(const struct ltr_process_map *map)
{
	size_t length = strlen(map->path);
	size_t mark = sizeof(deleted_mark) - 1;

	return length > mark && strcmp(map->path + length - mark, deleted_mark) == 0 ? length - mark
										     : length;
}

/* The process chooses its paths: never block on a fifo, take regular files only. */
#define READ_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

/* The descriptor, or it is closed. */
static int only_regular(int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		close(fd);
		return -ENOEXEC;
	}
	return fd;
}

static int open_regular(const char *path)
{
	int fd = open(path, READ_FLAGS);

	return fd < 0 ? -errno : only_regular(fd);
}

/* Both texts are the kernel's, the mark for deleted files included. */
static bool is_program(const char *exe, const struct ltr_process_map *map)
{
	char target[PATH_MAX + sizeof(deleted_mark)];
	ssize_t length = readlink(exe, target, sizeof(target) - 1);

	if (length < 0)
		return false;
	target[length] = '\0';
	return strcmp(target, map->path) == 0;
}

int ltr_process_open_map(const struct ltr_process *process, const struct ltr_process_map *map)
{
	char name[96];
	int fd;

	snprintf(name, sizeof(name), "/proc/%" PRIu32 "/map_files/%" PRIx64 "-%" PRIx64,
		 process->pid, map->start, map->end);
	fd = open_regular(name);
	if (fd >= 0)
		return fd;
	snprintf(name, sizeof(name), "/proc/%" PRIu32 "/exe", process->pid);
	if (is_program(name, map))
		return open_regular(name);
	if (map->path[ltr_process_map_path_length(map)] != '\0')
		return -ENOENT;
	return ltr_process_open_path(process, map->path);
}

/* Links on the way are followed as the process would: its root is the root, nothing leads out. */
int ltr_process_open_path(const struct ltr_process *process, const char *path)
{
	/* The kernel's paths have no link at their end; one that is there was put there since. */
	struct open_how how = {
		.flags = READ_FLAGS | O_NOFOLLOW,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	char name[64];
	int root;
	int fd;

	snprintf(name, sizeof(name), "/proc/%" PRIu32 "/root", process->pid);
	root = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	if (fd < 0)
		fd = -errno;
	close(root);
	return fd < 0 ? fd : only_regular(fd);
}
