/* SPDX-License-Identifier: MIT */
/*
 * Reads /proc/PID/maps. Only mappings of files are kept: a goroutine program may have tens of
 * thousands of others. The array is sorted by address because the kernel writes it so.
 *
 * Which file is it? A path alone does not say: it may be gone, replaced, or mean another file in our
 * mount namespace. /proc/PID/map_files has the mapping itself but wants CAP_CHECKPOINT_RESTORE;
 * /proc/PID/exe serves for the program; for the rest, the path below /proc/PID/root is right unless
 * the kernel marks it as deleted, which it does for replaced files too. Inode numbers are no help:
 * on overlayfs and btrfs those of maps and of stat() differ.
 */

#include "filemap.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const char deleted_mark[] = " (deleted)";

/* 1: a mapping of a file, whose path is ours now; 0: of something else; or a negative errno. */
static int parse_line(char *line, struct ltr_file_mapping *ret_mapping)
{
	struct ltr_file_mapping mapping = {0};
	char rights[5];
	unsigned int major, minor;
	int path_at = 0;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n",
		   &mapping.start, &mapping.end, rights, &mapping.offset, &major, &minor,
		   &mapping.inode, &path_at) != 7 ||
	    strlen(rights) != 4 || path_at == 0 || line[path_at] != '/')
		return 0;

	mapping.device = makedev(major, minor);
	mapping.writable = rights[1] == 'w';
	mapping.executable = rights[2] == 'x';
	mapping.shared = rights[3] == 's';

	char *path = line + path_at;
	size_t length = strlen(path);
	size_t mark = sizeof(deleted_mark) - 1;

	if (length > mark && strcmp(path + length - mark, deleted_mark) == 0) {
		mapping.deleted = true;
		path[length - mark] = '\0';
	}
	mapping.path = strdup(path);
	if (!mapping.path)
		return -ENOMEM;
	*ret_mapping = mapping;
	return 1;
}

static int append(struct ltr_filemap *map, size_t *room, const struct ltr_file_mapping *mapping)
{
	if (map->count == *room) {
		size_t more = *room ? *room * 2 : 32;
		void *grown = reallocarray(map->mappings, more, sizeof(*map->mappings));

		if (!grown)
			return -ENOMEM;
		map->mappings = grown;
		*room = more;
	}
	map->mappings[map->count++] = *mapping;
	return 0;
}

int ltr__process_folder(uint32_t pid)
{
	char name[32];

	snprintf(name, sizeof(name), "/proc/%" PRIu32, pid);

	int fd = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 ? fd : errno == ENOENT ? -ESRCH : -errno;
}

static FILE *open_maps(int process)
{
	int fd = openat(process, "maps", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;

	FILE *file = fdopen(fd, "r");

	if (!file)
		close(fd);
	return file;
}

int ltr__filemap_read(int process, struct ltr_filemap *ret_map)
{
	struct ltr_filemap map = {0};
	size_t room = 0, line_room = 0;
	char *line = NULL;
	int err = 0;

	FILE *file = open_maps(process);

	if (!file)
		return errno == ENOENT ? -ESRCH : errno == EACCES ? -EPERM : -errno;

	errno = 0;
	while (map.count < LTR_FILE_MAPPINGS_MAX && getline(&line, &line_room, file) >= 0) {
		struct ltr_file_mapping mapping;

		err = parse_line(line, &mapping);
		if (err == 1) {
			err = append(&map, &room, &mapping);
			if (err < 0)
				free(mapping.path);
		}
		if (err < 0)
			break;
		errno = 0;
	}
	if (err == 0 && ferror(file))
		err = errno ? -errno : -EIO;
	free(line);
	fclose(file);
	if (err < 0) {
		ltr__filemap_done(&map);
		return err;
	}
	*ret_map = map;
	return 0;
}

void ltr__filemap_done(struct ltr_filemap *map)
{
	for (size_t i = 0; i < map->count; i++)
		free(map->mappings[i].path);
	free(map->mappings);
	map->mappings = NULL;
	map->count = 0;
}

const struct ltr_file_mapping *ltr__filemap_at(const struct ltr_filemap *map, uint64_t address)
{
	size_t low = 0, high = map->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct ltr_file_mapping *mapping = &map->mappings[middle];

		if (address < mapping->start)
			high = middle;
		else if (address >= mapping->end)
			low = middle + 1;
		else
			return mapping;
	}
	return NULL;
}

/* The process chooses its paths: never block on a fifo, take regular files only. */
static int open_regular(int folder, const char *path, int flags)
{
	struct stat status;
	int fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		close(fd);
		return -ENOEXEC;
	}
	return fd;
}

/* Whether /proc/PID/exe is this mapping's file: both texts are the kernel's. */
static bool is_program(int process, const struct ltr_file_mapping *mapping)
{
	char target[PATH_MAX + sizeof(deleted_mark)];
	ssize_t length = readlinkat(process, "exe", target, sizeof(target) - 1);
	size_t path_length = strlen(mapping->path);

	if (length < 0)
		return false;
	target[length] = '\0';
	return strncmp(target, mapping->path, path_length) == 0 &&
	       strcmp(target + path_length, mapping->deleted ? deleted_mark : "") == 0;
}

int ltr__filemap_open(int process, const struct ltr_file_mapping *mapping)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "map_files/%" PRIx64 "-%" PRIx64, mapping->start,
		 mapping->end);
	fd = open_regular(process, name, 0);
	if (fd >= 0)
		return fd;
	if (is_program(process, mapping))
		return open_regular(process, "exe", 0);
	return mapping->deleted ? -ENOENT : ltr__process_open(process, mapping->path);
}

int ltr__process_open(int process, const char *path)
{
	char below_root[PATH_MAX + 8];
	int length = snprintf(below_root, sizeof(below_root), "root/%s", path);

	if (length < 0 || (size_t)length >= sizeof(below_root))
		return -ENAMETOOLONG;
	/* The kernel's paths have no links left in them; one that is there was put there since. */
	return open_regular(process, below_root, O_NOFOLLOW);
}
