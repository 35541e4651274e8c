/* SPDX-License-Identifier: MIT */
#ifndef HTTPD_FILES_H
#define HTTPD_FILES_H

/*
 * Files below one folder, and nothing outside it: the kernel resolves names (openat2 with
 * RESOLVE_BENEATH), so that no "..", no absolute name and no symbolic link leads out.
 *
 * What the kernel has in its caches is served at once; where it would have to wait for a disk, the
 * same call is made again through ltr_blocking(), so that only this goroutine waits.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct file {
	int fd;
	uint64_t bytes;
	const char *type; /* for Content-Type */
};

/* The folder's descriptor, or a negative errno; -ENOSYS: this kernel has no openat2 (before 5.6). */
int files_root(const char *folder);

/*
 * -EACCES: not below the root, no regular file, or not readable for us; -ENOENT; or what openat2
 * says. Never waits for the other end of a FIFO.
 */
int file_open(int root, const char *path, struct file *ret_file);

/* As pread(2), but a negative errno; 0 at the file's end. */
ssize_t file_read(const struct file *file, void *buffer, size_t bytes, uint64_t offset);

void file_close(struct file *file);

#endif
