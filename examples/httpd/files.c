/* SPDX-License-Identifier: MIT */
/*
 * Opening and reading what lies below the root. A job is done on the scheduler's thread with a flag
 * that makes the kernel refuse to wait (RESOLVE_CACHED, RWF_NOWAIT), and only then, if it refuses,
 * on a thread that may wait.
 */

#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <loiter.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static const struct {
	const char *suffix;
	const char *type;
} types[] = {
	{".html", "text/html; charset=utf-8"},
	{".txt", "text/plain; charset=utf-8"},
	{".css", "text/css; charset=utf-8"},
	{".js", "text/javascript; charset=utf-8"},
	{".json", "application/json"},
	{".svg", "image/svg+xml"},
	{".png", "image/png"},
	{".jpg", "image/jpeg"},
	{".gif", "image/gif"},
	{".wasm", "application/wasm"},
};

static const char *type_of(const char *path)
{
	const char *suffix = strrchr(path, '.');

	for (size_t i = 0; suffix != NULL && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcasecmp(suffix, types[i].suffix) == 0)
			return types[i].type;
	return "application/octet-stream";
}

static int open_beneath(int root, const char *path, uint64_t resolve)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | resolve,
	};
	long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

int files_root(const char *folder)
{
	int root = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int probe;

	if (root < 0)
		return -errno;
	probe = open_beneath(root, ".", 0);
	if (probe < 0) {
		close(root);
		return probe;
	}
	close(probe);
	return root;
}

struct open_job {
	int root;
	const char *path;
	uint64_t resolve;
	int fd; /* or a negative errno */
	struct stat status;
};

static void run_open(void *argument)
{
	struct open_job *job = argument;

	job->fd = open_beneath(job->root, job->path, job->resolve);
	if (job->fd >= 0 && fstat(job->fd, &job->status) != 0) {
		int error = -errno;

		close(job->fd);
		job->fd = error;
	}
}

int file_open(int root, const char *path, struct file *ret_file)
{
	struct open_job job = {.root = root, .path = path, .resolve = RESOLVE_CACHED};

	run_open(&job);
	/* -EINVAL: a kernel before 5.12, which does not know the flag. */
	if (job.fd == -EAGAIN || job.fd == -EINVAL) {
		int error;

		job.resolve = 0;
		error = ltr_blocking(run_open, &job);
		if (error < 0)
			return error;
	}
	if (job.fd == -EXDEV || job.fd == -ELOOP || job.fd == -EPERM || job.fd == -ENXIO)
		return -EACCES;
	if (job.fd < 0)
		return job.fd;
	if (!S_ISREG(job.status.st_mode)) {
		close(job.fd);
		return -EACCES;
	}
	ret_file->fd = job.fd;
	ret_file->bytes = (uint64_t)job.status.st_size;
	ret_file->type = type_of(path);
	return 0;
}

struct read_job {
	int fd;
	struct iovec piece;
	off_t offset;
	int flags;
	ssize_t result; /* or a negative errno */
};

static void run_read(void *argument)
{
	struct read_job *job = argument;

	do {
		job->result = preadv2(job->fd, &job->piece, 1, job->offset, job->flags);
	} while (job->result < 0 && errno == EINTR);
	if (job->result < 0)
		job->result = -errno;
}

ssize_t file_read(const struct file *file, void *buffer, size_t bytes, uint64_t offset)
{
	struct read_job job = {
		.fd = file->fd,
		.piece = {buffer, bytes},
		.offset = (off_t)offset,
		.flags = RWF_NOWAIT,
	};

	run_read(&job);
	/* -EOPNOTSUPP: a file system that cannot promise not to wait. */
	if (job.result == -EAGAIN || job.result == -EOPNOTSUPP) {
		int error;

		job.flags = 0;
		error = ltr_blocking(run_read, &job);
		if (error < 0)
			return error;
	}
	return job.result;
}

void file_close(struct file *file)
{
	close(file->fd);
	file->fd = -1;
}
