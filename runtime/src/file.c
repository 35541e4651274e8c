/* SPDX-License-Identifier: MIT */

/*
 * Files, by the ring (uring.h) and the blocking pool. A call's arguments and result lie on the stack
 * of the goroutine, which does not run before the call is over.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <loiter/file.h>
#include <loiter/goroutine.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>
#include <unistd.h>

#include "clock.h"
#include "uring.h"

#define AT_POSITION ((off_t)-1)

struct file_call {
	int fd;
	union {
		void *buffer;
		const void *data;
		const char *path;
	};
	struct stat *stat;
	size_t bytes;
	off_t offset; /* AT_POSITION: where the file stands */
	int flags;
	mode_t mode;
	ssize_t result; /* or a negative errno */
};

static ssize_t make(void (*function)(void *), struct file_call *call, int64_t deadline_ns)
{
	int r = ltr__blocking(function, call, deadline_ns);

	return r < 0 ? r : call->result;
}

/* --- reading and writing ------------------------------------------------------------------------ */

static ssize_t one_read(const struct file_call *call, size_t done, int flags)
{
	struct iovec rest = {(char *)call->buffer + done, call->bytes - done};
	off_t offset = call->offset == AT_POSITION ? AT_POSITION : call->offset + (off_t)done;

	return preadv2(call->fd, &rest, 1, offset, flags);
}

static ssize_t one_write(const struct file_call *call, size_t done)
{
	const char *rest = (const char *)call->data + done;

	if (call->offset == AT_POSITION)
		return write(call->fd, rest, call->bytes - done);
	return pwrite(call->fd, rest, call->bytes - done, call->offset + (off_t)done);
}

/* From call->result on, which says how much is done. */
static void transfer(struct file_call *call,
		     ssize_t (*one)(const struct file_call *call, size_t done))
{
	size_t done = (size_t)call->result;

	while (done < call->bytes) {
		ssize_t n = one(call, done);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || done > 0)
			break;
		else if (errno != EINTR) {
			call->result = -errno;
			return;
		}
	}
	call->result = (ssize_t)done;
}

static ssize_t one_more_read(const struct file_call *call, size_t done)
{
	return one_read(call, done, 0);
}

static void read_rest(void *call)
{
	transfer(call, one_more_read);
}

static void write_all(void *call)
{
	transfer(call, one_write);
}

/*
 * Whether the page cache is not asked. The kernel takes nothing that goes around it whose buffer is
 * not aligned to a sector at least, so that others need not ask.
 */
static bool is_direct(const struct file_call *call)
{
	int flags;

	if (((uintptr_t)call->buffer | call->bytes) % 512 != 0)
		return false;
	flags = fcntl(call->fd, F_GETFL);
	return flags >= 0 && flags & O_DIRECT;
}

/*
 * The kernel moves the position of a file for one call at a time, but not for operations of an
 * io_uring: what has no position (a pipe, a terminal) is theirs. Direct writes to one file it makes
 * one after the other there, which the pool does not. And a thread does what the disk can do whatever
 * has become of the deadline.
 */
static bool is_for_ring(const struct file_call *call, uint8_t opcode, int64_t deadline_ns)
{
	if (call->offset == AT_POSITION)
		return lseek(call->fd, 0, SEEK_CUR) < 0 && errno == ESPIPE;
	return (opcode == IORING_OP_READ || !is_direct(call)) && !ltr__is_late(deadline_ns);
}

/* From call->result on, by the ring as far as it goes. */
static ssize_t transfer_rest(struct file_call *call, uint8_t opcode, void (*by_pool)(void *),
			     int64_t deadline_ns)
{
	bool is_at_position = call->offset == AT_POSITION, by_ring;
	ssize_t n = 1;

	by_ring = is_for_ring(call, opcode, deadline_ns);

	while (by_ring && (size_t)call->result < call->bytes && n != 0) {
		struct ltr__uring_call part = {
			.opcode = opcode,
			.fd = call->fd,
			.buffer = (const char *)call->data + call->result,
			.bytes = call->bytes - (size_t)call->result,
			.offset = (uint64_t)call->offset +
				  (is_at_position ? 0 : (uint64_t)call->result),
		};

		by_ring = ltr__uring(&part, deadline_ns, &n) && n != -EAGAIN;
		if (by_ring && n > 0)
			call->result += n;
		else if (by_ring && n < 0 && n != -EINTR)
			return call->result > 0 ? call->result : n;
		if (call->result > 0 && ltr__is_late(deadline_ns))
			return call->result;
	}
	if (by_ring)
		return call->result;
	n = make(by_pool, call, deadline_ns);
	/* The position has moved: what was done must not be lost. */
	return n < 0 && call->result > 0 ? call->result : n;
}

/*
 * What is in the page cache needs no thread. Less than was asked for may be the end, or the end of
 * what is cached: the ring or the pool finds out. Reads around the page cache wait for the device,
 * RWF_NOWAIT or not.
 */
static ssize_t read_call(struct file_call *call, int64_t deadline_ns)
{
	ssize_t n = is_direct(call) ? 0 : one_read(call, 0, RWF_NOWAIT);

	call->result = n > 0 ? n : 0;
	if ((size_t)call->result == call->bytes)
		return call->result;
	return transfer_rest(call, IORING_OP_READ, read_rest, deadline_ns);
}

ssize_t ltr__file_read(int fd, void *buffer, size_t bytes, int64_t deadline_ns)
{
	struct file_call call = {.fd = fd, .buffer = buffer, .bytes = bytes, .offset = AT_POSITION};

	return read_call(&call, deadline_ns);
}

ssize_t ltr__file_pread(int fd, void *buffer, size_t bytes, off_t offset, int64_t deadline_ns)
{
	struct file_call call = {.fd = fd, .buffer = buffer, .bytes = bytes, .offset = offset};

	return offset < 0 ? -EINVAL : read_call(&call, deadline_ns);
}

ssize_t ltr__file_write(int fd, const void *buffer, size_t bytes, int64_t deadline_ns)
{
	struct file_call call = {.fd = fd, .data = buffer, .bytes = bytes, .offset = AT_POSITION};

	return transfer_rest(&call, IORING_OP_WRITE, write_all, deadline_ns);
}

ssize_t ltr__file_pwrite(int fd, const void *buffer, size_t bytes, off_t offset,
			 int64_t deadline_ns)
{
	struct file_call call = {.fd = fd, .data = buffer, .bytes = bytes, .offset = offset};

	return offset < 0 ? -EINVAL : transfer_rest(&call, IORING_OP_WRITE, write_all, deadline_ns);
}

/* --- the rest ----------------------------------------------------------------------------------- */

static ssize_t result_of(ssize_t returned)
{
	return returned < 0 ? -errno : returned;
}

static void do_open(void *argument)
{
	struct file_call *call = argument;

	do
		call->result = result_of(open(call->path, call->flags | O_CLOEXEC, call->mode));
	while (call->result == -EINTR);
}

int ltr__file_open(const char *path, int flags, mode_t mode, int64_t deadline_ns)
{
	struct file_call call = {.path = path, .flags = flags, .mode = mode};

	return (int)make(do_open, &call, deadline_ns);
}

static void do_sync(void *argument)
{
	struct file_call *call = argument;

	do
		call->result = result_of(fsync(call->fd));
	while (call->result == -EINTR);
}

int ltr__file_sync(int fd, int64_t deadline_ns)
{
	struct file_call call = {.fd = fd};
	struct ltr__uring_call sync = {.opcode = IORING_OP_FSYNC, .fd = fd};
	ssize_t r;

	do
		if (ltr__is_late(deadline_ns) || !ltr__uring(&sync, deadline_ns, &r))
			return (int)make(do_sync, &call, deadline_ns);
	while (r == -EINTR);
	return (int)r;
}

static void do_stat(void *argument)
{
	struct file_call *call = argument;
	struct stat found;

	call->result = result_of(call->fd < 0 ? stat(call->path, &found) : fstat(call->fd, &found));
	if (call->result == 0)
		*call->stat = found;
}

int ltr__file_stat(int fd, struct stat *ret_stat, int64_t deadline_ns)
{
	struct file_call call = {.fd = fd, .stat = ret_stat};

	return fd < 0 ? -EBADF : (int)make(do_stat, &call, deadline_ns);
}

int ltr__path_stat(const char *path, struct stat *ret_stat, int64_t deadline_ns)
{
	struct file_call call = {.fd = -1, .path = path, .stat = ret_stat};

	return (int)make(do_stat, &call, deadline_ns);
}

/* EINTR means that it is closed (close(2), Linux). */
static void do_close(void *argument)
{
	struct file_call *call = argument;

	call->result = close(call->fd) == 0 || errno == EINTR ? 0 : -errno;
}

int ltr_file_close(int fd)
{
	struct file_call call = {.fd = fd};

	return (int)make(do_close, &call, LTR_FOREVER);
}
