/* SPDX-License-Identifier: MIT */
#ifndef LOITER_FILE_H
#define LOITER_FILE_H

/*
 * Files. One cannot wait for a disk as one waits for a socket, so these calls are made by the kernel
 * on its own (io_uring), or by threads of the blocking pool (ltr_blocking(), at most 256 at once): the
 * goroutine parks, in state "syscall", and the others go on. A read whose data is in the page cache
 * is done at once. docs/runtime.md says which calls go where.
 *
 * A file is an ordinary descriptor, opened with O_CLOEXEC: other calls may be made on it. As with
 * all descriptors, do not close it while another goroutine uses it.
 *
 * A call cannot be abandoned once a thread runs it; its deadline bounds the wait for a thread:
 * -ETIMEDOUT, and nothing was done. What is under way in an io_uring is cancelled at the deadline, and
 * its end awaited, since until then the buffer is the kernel's: a read from an empty pipe ends at
 * once, one from a disk when the disk has answered, with its result. What was done by then counts:
 * -ETIMEDOUT means that nothing was read or written; of a sync it says nothing. Other errors are those
 * of the system call. -EINTR does not occur.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <loiter/declare.h>
#include <loiter/time.h>

LTR__DECLARE_BEGIN

/* open(2). Returns the descriptor. `mode` counts if `flags` have O_CREAT. */
#define ltr_file_open(path, flags, mode, ...) \
	ltr__file_open((path), (flags), (mode), LTR__DEADLINE(__VA_ARGS__))
int ltr__file_open(const char *path, int flags, mode_t mode, int64_t deadline_ns);

/*
 * Read `bytes` at the file's position, which moves on, or at `offset`, which leaves it alone. Returns
 * how many, fewer than `bytes` only at the end of the file; or, if some were read before an error,
 * how many, and the next call tells of the error.
 */
#define ltr_file_read(fd, buffer, bytes, ...) \
	ltr__file_read((fd), (buffer), (bytes), LTR__DEADLINE(__VA_ARGS__))
#define ltr_file_pread(fd, buffer, bytes, offset, ...) \
	ltr__file_pread((fd), (buffer), (bytes), (offset), LTR__DEADLINE(__VA_ARGS__))
ssize_t ltr__file_read(int fd, void *buffer, size_t bytes, int64_t deadline_ns);
ssize_t ltr__file_pread(int fd, void *buffer, size_t bytes, off_t offset, int64_t deadline_ns);

/* Write all. Returns `bytes`; or, if some were written before an error (-ENOSPC), how many. */
#define ltr_file_write(fd, buffer, bytes, ...) \
	ltr__file_write((fd), (buffer), (bytes), LTR__DEADLINE(__VA_ARGS__))
#define ltr_file_pwrite(fd, buffer, bytes, offset, ...) \
	ltr__file_pwrite((fd), (buffer), (bytes), (offset), LTR__DEADLINE(__VA_ARGS__))
ssize_t ltr__file_write(int fd, const void *buffer, size_t bytes, int64_t deadline_ns);
ssize_t ltr__file_pwrite(int fd, const void *buffer, size_t bytes, off_t offset,
			 int64_t deadline_ns);

/* fsync(2); -EIO: what was written may be lost. */
#define ltr_file_sync(fd, ...) ltr__file_sync((fd), LTR__DEADLINE(__VA_ARGS__))
int ltr__file_sync(int fd, int64_t deadline_ns);

/* fstat(2) and stat(2). */
#define ltr_file_stat(fd, ret_stat, ...) \
	ltr__file_stat((fd), (ret_stat), LTR__DEADLINE(__VA_ARGS__))
#define ltr_path_stat(path, ret_stat, ...) \
	ltr__path_stat((path), (ret_stat), LTR__DEADLINE(__VA_ARGS__))
int ltr__file_stat(int fd, struct stat *ret_stat, int64_t deadline_ns);
int ltr__path_stat(const char *path, struct stat *ret_stat, int64_t deadline_ns);

/* close(2); the descriptor is gone whatever it says. May wait long for the disk or a server. */
int ltr_file_close(int fd);

LTR__DECLARE_END

#endif
