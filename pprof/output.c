/* SPDX-License-Identifier: MIT */

/*
 * Files that appear whole or not at all (output.h).
 *
 * `temporary` is the name that the new contents have until the commit, "" while they have none:
 * where the file system can, they are written into a nameless file (O_TMPFILE), which even a kill
 * leaves no trace of. `target` is the final name, links resolved; "" if the output is written
 * directly, and then there is nothing to commit but the end of it.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output.h"

/* How many names are tried for a temporary file. */
#define NAME_TRIES 100

struct ltr_output {
	int fd;
	bool owns_fd;
	char target[PATH_MAX];
	char folder[PATH_MAX];
	char temporary[PATH_MAX];
};

static struct ltr_output *output_free(struct ltr_output *output)
{
	if (!output)
		return NULL;
	if (output->owns_fd && output->fd >= 0)
		close(output->fd);
	if (output->temporary[0])
		unlink(output->temporary);
	free(output);
	return NULL;
}

static void output_cleanup(struct ltr_output **output)
{
	output_free(*output);
}

/* A name beside the target that is free, by all signs; `try` makes it another one. */
static int name_temporary(struct ltr_output *output, unsigned int try)
{
	int length = snprintf(output->temporary, sizeof(output->temporary), "%s/.loiter-%ld-%u.tmp",
			      output->folder, (long)getpid(), try);

	if (length < (int)sizeof(output->temporary))
		return 0;
	output->temporary[0] = '\0';
	return -ENAMETOOLONG;
}

static int open_named(struct ltr_output *output)
{
	for (unsigned int try = 0; try < NAME_TRIES; try++) {
		int err = name_temporary(output, try);

		if (err)
			return err;
		output->fd = open(output->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (output->fd >= 0)
			return 0;
		err = -errno;
		output->temporary[0] = '\0'; /* not ours to remove */
		if (err != -EEXIST)
			return err;
	}
	return -EEXIST;
}

static int open_temporary(struct ltr_output *output)
{
	output->fd = open(output->folder, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
	if (output->fd >= 0)
		return 0;
	/* EISDIR: a kernel, or a file system, that does not know O_TMPFILE. */
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
		return -errno;
	return open_named(output);
}

static int open_direct(struct ltr_output *output, const char *path, bool binary)
{
	output->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (output->fd < 0)
		return -errno;
	if (binary && isatty(output->fd))
		return -ENOTTY;
	return 0;
}

/* The new contents get what people set up for the old ones; the owner only where that works. */
static int keep_attributes(struct ltr_output *output, const struct stat *old)
{
	mode_t mode = old->st_mode & 07777;

	if (fchown(output->fd, old->st_uid, old->st_gid) < 0)
		mode &= 0777;
	return fchmod(output->fd, mode) < 0 ? -errno : 0;
}

/* Fills target and folder: the file behind all links, or a new name in the folder it will be in. */
static int resolve(struct ltr_output *output, const char *path, bool exists)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char *cut;

	if (exists) {
		if (!realpath(path, output->target))
			return -errno;
	} else {
		struct stat link;

		if (lstat(path, &link) == 0)
			return -ENOENT;
		if (name[0] == '\0')
			return -EISDIR;
		if (strlen(path) >= sizeof(output->target))
			return -ENAMETOOLONG;
		memcpy(output->target, path, strlen(path) + 1);
	}
	memcpy(output->folder, output->target, sizeof(output->folder));
	cut = strrchr(output->folder, '/');
	if (!cut) {
		cut = output->folder; /* a name of at least one character */
		*cut = '.';
	}
	cut[cut == output->folder] = '\0';
	return 0;
}

static int open_path(struct ltr_output *output, const char *path, bool binary)
{
	struct stat old;
	bool exists = stat(path, &old) == 0;
	int err;

	if (path[0] == '\0' || (!exists && errno != ENOENT))
		return path[0] ? -errno : -ENOENT;
	if (exists && S_ISDIR(old.st_mode))
		return -EISDIR;
	output->owns_fd = true;
	if (exists && !S_ISREG(old.st_mode))
		return open_direct(output, path, binary);
	if (exists && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) < 0)
		return -errno;
	err = resolve(output, path, exists);
	if (!err)
		err = open_temporary(output);
	if (!err && exists)
		err = keep_attributes(output, &old);
	return err;
}

int ltr_output_open(const char *path, bool binary, struct ltr_output **ret_output)
{
	struct ltr_output *output = calloc(1, sizeof(*output));
	int err = 0;

	if (!output)
		return -ENOMEM;
	output->fd = -1;
	if (strcmp(path, "-") != 0)
		err = open_path(output, path, binary);
	else if (binary && isatty(STDOUT_FILENO))
		err = -ENOTTY;
	else
		output->fd = STDOUT_FILENO;
	if (err) {
		output_free(output);
		return err;
	}
	*ret_output = output;
	return 0;
}

struct ltr_sink ltr_output_sink(struct ltr_output *output)
{
	return ltr_sink_fd(output->fd);
}

/* linkat() does not replace, so a nameless file gets a hidden name first. */
static int give_name(struct ltr_output *output)
{
	char self[32];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", output->fd);
	for (unsigned int try = 0; try < NAME_TRIES; try++) {
		int err = name_temporary(output, try);

		if (err)
			return err;
		if (linkat(AT_FDCWD, self, AT_FDCWD, output->temporary, AT_SYMLINK_FOLLOW) == 0)
			return 0;
		err = -errno;
		output->temporary[0] = '\0';
		if (err != -EEXIST)
			return err;
	}
	return -EEXIST;
}

static int commit_target(struct ltr_output *output)
{
	if (fsync(output->fd) < 0)
		return -errno;
	if (!output->temporary[0]) {
		int err = give_name(output);

		if (err)
			return err;
	}
	if (rename(output->temporary, output->target) < 0)
		return -errno;
	output->temporary[0] = '\0';
	return 0;
}

int ltr_output_commit(struct ltr_output *output)
{
	__attribute__((cleanup(output_cleanup))) struct ltr_output *owned = output;

	if (owned->target[0])
		return commit_target(owned);
	if (owned->owns_fd) {
		int fd = owned->fd;

		owned->fd = -1;
		return close(fd) < 0 ? -errno : 0;
	}
	return 0;
}

struct ltr_output *ltr_output_abort(struct ltr_output *output)
{
	return output_free(output);
}

const char *ltr_output_error(int error)
{
	const char *words;

	if (error == -ENOTTY)
		return "it is a terminal, and this is binary data";
	words = strerrordesc_np(error < 0 ? -error : error);
	return words ? words : "unknown error";
}
