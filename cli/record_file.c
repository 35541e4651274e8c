/* SPDX-License-Identifier: MIT */
/*
 * FILE.part and FILE (record_file.h). The lock on FILE.part says that its recorder is alive; it goes
 * with the recorder, however that ends. `part` is "" if the output is written directly.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "record_file.h"

struct ltr__record_file {
	int fd;
	char path[PATH_MAX]; /* links resolved */
	char part[PATH_MAX];
};

static int write_all(void *context, const void *bytes, size_t count)
{
	const struct ltr__record_file *file = context;
	size_t done = 0;

	while (done < count) {
		ssize_t wrote = write(file->fd, (const char *)bytes + done, count - done);

		if (wrote < 0 && errno != EINTR)
			return -errno;
		if (wrote > 0)
			done += (size_t)wrote;
	}
	return 0;
}

struct ltr_record_sink ltr__record_file_sink(struct ltr__record_file *file)
{
	return (struct ltr_record_sink){file, write_all};
}

const char *ltr__record_file_name(const struct ltr__record_file *file)
{
	return file->part[0] ? file->part : ltr__output_name(file->path);
}

static int refuse(struct ltr_why *why, const char *path, int error)
{
	ltr__why(why, "cannot record to %s: %s", ltr__output_name(path), strerror(-error));
	return error;
}

/* Somebody's recording has the name that ours would have. */
static int refuse_part(const struct ltr__record_file *file, struct ltr_why *why)
{
	int fd = open(file->part, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	bool in_use = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;

	if (fd >= 0)
		close(fd);
	if (in_use)
		ltr__why(why, "another loiter is recording to %s", file->path);
	else
		ltr__why(why,
			 "%s is there, from a recording that was not finished: look at it, "
			 "rename it or remove it",
			 file->part);
	return -EEXIST;
}

static int open_part(struct ltr__record_file *file, struct ltr_why *why)
{
	int length = snprintf(file->part, sizeof(file->part), "%s.part", file->path);

	if (length >= (int)sizeof(file->part)) {
		file->part[0] = '\0';
		return refuse(why, file->path, -ENAMETOOLONG);
	}
	file->fd = open(file->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (file->fd < 0 && errno == EEXIST) {
		int error = refuse_part(file, why);

		file->part[0] = '\0';
		return error;
	}
	if (file->fd < 0) {
		int error = -errno;

		file->part[0] = '\0';
		return refuse(why, file->path, error);
	}
	(void)flock(file->fd, LOCK_EX | LOCK_NB); /* where there are no locks: as if it were dead */
	return 0;
}

static int open_path(struct ltr__record_file *file, const char *path, struct ltr_why *why)
{
	struct stat old;
	bool exists = stat(path, &old) == 0;

	if (!*path)
		return refuse(why, "a file without a name", -ENOENT);
	if (exists && S_ISDIR(old.st_mode))
		return refuse(why, path, -EISDIR);
	if (exists && !S_ISREG(old.st_mode)) {
		snprintf(file->path, sizeof(file->path), "%s", path);
		file->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		return file->fd < 0 ? refuse(why, path, -errno) : 0;
	}
	if (exists && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) < 0)
		return refuse(why, path, -errno);
	if (exists ? !realpath(path, file->path)
		   : snprintf(file->path, sizeof(file->path), "%s", path) >= PATH_MAX)
		return refuse(why, path, exists ? -errno : -ENAMETOOLONG);
	return open_part(file, why);
}

int ltr__record_file_open(const char *path, struct ltr__record_file **ret_file,
			  struct ltr_why *ret_why)
{
	struct ltr__record_file *file = calloc(1, sizeof(*file));
	int error = 0;

	if (!file)
		return refuse(ret_why, path, -ENOMEM);
	file->fd = -1;
	if (strcmp(path, "-") == 0) {
		snprintf(file->path, sizeof(file->path), "-");
		file->fd = dup(STDOUT_FILENO);
		if (file->fd < 0)
			error = refuse(ret_why, path, -errno);
	} else {
		error = open_path(file, path, ret_why);
	}
	if (!error && isatty(file->fd)) {
		ltr__why(ret_why, "a recording is nothing for a terminal: -o FILE.ltr");
		error = -ENOTTY;
	}
	if (error) {
		ltr__record_file_abandon(file, false);
		return error;
	}
	*ret_file = file;
	return 0;
}

int ltr__record_file_finish(struct ltr__record_file *file, struct ltr_why *ret_why)
{
	int error = 0;

	/* On the disk before it takes the place of another one. */
	if (file->part[0] && (fsync(file->fd) < 0 || rename(file->part, file->path) < 0)) {
		error = -errno;
		ltr__why(ret_why, "cannot finish %s: %s; the recording is in %s", file->path,
			 strerror(-error), file->part);
	}
	ltr__record_file_abandon(file, true);
	return error;
}

void ltr__record_file_abandon(struct ltr__record_file *file, bool keep)
{
	if (!file)
		return;
	if (file->part[0] && !keep)
		unlink(file->part);
	if (file->fd >= 0)
		close(file->fd);
	free(file);
}
