// SPDX-License-Identifier: MIT
/*
 * Reading and writing the memory of a process. One process_vm_readv takes up to IOV_MAX ranges on
 * either side and stops at the first byte that is not mapped; the loop here goes on behind that.
 */
#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "process_private.h"

#define RANGES_MAX 1024

static bool is_cancelled(const struct ltr_process *process)
{
	return atomic_load_explicit(&process->is_cancelled, memory_order_relaxed);
}

void ltr_process_cancel(struct ltr_process *process)
{
	atomic_store_explicit(&process->is_cancelled, true, memory_order_relaxed);
}

int ltr_process_read(const struct ltr_process *process, uint64_t address, void *buffer,
		     size_t bytes)
{
	struct iovec here = {buffer, bytes};
	struct iovec there = {(void *)address, bytes};

	if (is_cancelled(process))
		return -ECANCELED;
	ssize_t got = process_vm_readv((pid_t)process->pid, &here, 1, &there, 1, 0);
	if (got < 0)
		return -errno;
	return (size_t)got == bytes ? 0 : -EFAULT;
}

int ltr_process_write(const struct ltr_process *process, uint64_t address, const void *buffer,
		      size_t bytes)
{
	struct iovec here = {(void *)buffer, bytes};
	struct iovec there = {(void *)address, bytes};

	/* A number that has been given away is somebody else now, and is not written to. */
	if (!ltr_process_is_alive(process))
		return -ESRCH;
	ssize_t got = process_vm_writev((pid_t)process->pid, &here, 1, &there, 1, 0);
	if (got < 0)
		return -errno;
	return (size_t)got == bytes ? 0 : -EFAULT;
}

struct call {
	struct iovec here[RANGES_MAX];
	struct iovec there[RANGES_MAX];
	unsigned int here_count;
	unsigned int there_count;
};

/* Add a range, to the one before it if it goes on there. */
static void add_range(struct iovec *ranges, unsigned int *count, void *base, size_t bytes)
{
	struct iovec *last = *count ? &ranges[*count - 1] : NULL;

	if (last && (uintptr_t)last->iov_base + last->iov_len == (uintptr_t)base)
		last->iov_len += bytes;
	else
		ranges[(*count)++] = (struct iovec){base, bytes};
}

/* Puts pieces into a call until it is full; returns how many. */
static size_t fill(struct call *call, const struct ltr_process_piece *pieces, size_t count)
{
	size_t taken = 0;

	call->here_count = call->there_count = 0;
	while (taken < count && call->here_count < RANGES_MAX && call->there_count < RANGES_MAX) {
		const struct ltr_process_piece *piece = &pieces[taken++];
		if (!piece->bytes)
			continue;
		add_range(call->here, &call->here_count, piece->buffer, piece->bytes);
		add_range(call->there, &call->there_count, (void *)piece->address, piece->bytes);
	}
	return taken;
}

/* Shares `got` bytes out among the pieces; returns how many of these need no further call. */
static size_t settle(struct ltr_process_piece *pieces, size_t count, size_t got)
{
	for (size_t i = 0; i < count; i++) {
		size_t part = got < pieces[i].bytes ? got : pieces[i].bytes;
		pieces[i].done = part;
		got -= part;
		if (part < pieces[i].bytes)
			return i + 1; /* it ends in what is not mapped */
	}
	return count;
}

int ltr_process_read_many(const struct ltr_process *process, struct ltr_process_piece *pieces,
			  size_t count)
{
	struct call call;

	while (count) {
		size_t taken = fill(&call, pieces, count);
		ssize_t got = 0;
		if (is_cancelled(process))
			return -ECANCELED;
		if (call.there_count)
			got = process_vm_readv((pid_t)process->pid, call.here, call.here_count,
					       call.there, call.there_count, 0);
		if (got < 0 && errno != EFAULT && errno != EINVAL)
			return -errno;
		size_t settled = settle(pieces, taken, got < 0 ? 0 : (size_t)got);
		pieces += settled;
		count -= settled;
	}
	return 0;
}
