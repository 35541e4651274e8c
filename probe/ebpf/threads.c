/* SPDX-License-Identifier: MIT */
/*
 * What threads are doing, through eBPF: an iterator over tasks (bpf/threads.bpf.c), whose rows
 * thread_reader.c makes sense of.
 *
 * Where the program finds things in the kernel's own types is settled when it is loaded. Kernels since
 * 5.17 do that themselves. For older ones libbpf does it, and reads all of the kernel's type information
 * (5 MB, 60 ms) for it.
 */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "../bpf/thread_row.h"
#include "private.h"
#include "threads.lskel.h"
#include "threads.skel.h"

/* Kernels that take the program. */
#define SINCE "5.15 or later, with type information,"

struct ltr_thread_rows {
	int link; /* of the iterator; it keeps the program loaded */
};

struct ltr_thread_rows *ltr__thread_rows_close(struct ltr_thread_rows *rows)
{
	if (!rows)
		return NULL;
	if (rows->link >= 0)
		close(rows->link);
	free(rows);
	return NULL;
}

/* Kernels before 6.1 cannot be told which process, and go over all tasks. */
static int link_iterator(int program, uint32_t pid)
{
	union bpf_iter_link_info which = {.task = {.pid = pid}};
	LIBBPF_OPTS(bpf_link_create_opts, options, .iter_info = &which,
		    .iter_info_len = sizeof(which));
	int link = bpf_link_create(program, 0, BPF_TRACE_ITER, &options);

	return link < 0 ? bpf_link_create(program, 0, BPF_TRACE_ITER, NULL) : link;
}

/* The link, or a negative errno. */
static int start_relocated_by_kernel(const struct ltr_process_namespace *namespace, uint32_t pid)
{
	struct threads_light *kernel = threads_light__open();
	int link;

	if (!kernel)
		return -ENOMEM;
	kernel->rodata->namespace_inode = namespace->inode;
	kernel->rodata->process = namespace->pid;
	link = threads_light__load(kernel);
	if (link == 0)
		link = link_iterator(kernel->progs.loiter_threads.prog_fd, pid);
	threads_light__destroy(kernel);
	return link;
}

/* The link, or a negative errno. */
static int start_relocated_by_libbpf(const struct ltr_process_namespace *namespace, uint32_t pid)
{
	struct threads_bpf *kernel = threads_bpf__open();
	int link;

	if (!kernel)
		return -errno;
	kernel->rodata->namespace_inode = namespace->inode;
	kernel->rodata->process = namespace->pid;
	link = threads_bpf__load(kernel);
	if (link == 0)
		link = link_iterator(bpf_program__fd(kernel->progs.loiter_threads), pid);
	threads_bpf__destroy(kernel);
	return link;
}

static int start_rows(struct ltr_thread_rows *rows, const struct ltr_event_target *what,
		      struct ltr_why *ret_why)
{
	struct ltr_process_namespace namespace;
	int err = ltr__ebpf_namespace(what, &namespace, ret_why);

	if (err < 0)
		return err;
	if (ltr__ebpf_ways != LTR__EBPF_WAYS_OLD)
		rows->link = start_relocated_by_kernel(&namespace, what->pid);
	if (rows->link < 0 && ltr__ebpf_ways != LTR__EBPF_WAYS_NEW)
		rows->link = start_relocated_by_libbpf(&namespace, what->pid);
	return rows->link < 0 ? ltr__ebpf_refuse(ret_why, rows->link, SINCE) : 0;
}

int ltr__thread_rows_open(const struct ltr_event_target *what, struct ltr_thread_rows **ret_rows,
			  struct ltr_why *ret_why)
{
	struct ltr_thread_rows *rows = calloc(1, sizeof(*rows));
	int err;

	if (!rows)
		return ltr_why_set(ret_why, -ENOMEM, "no memory");
	rows->link = -1;
	ltr__ebpf_listen();
	err = start_rows(rows, what, ret_why);
	if (err < 0) {
		ltr__thread_rows_close(rows);
		return err;
	}
	*ret_rows = rows;
	return 0;
}

int ltr__thread_rows_read(const struct ltr_thread_rows *rows, struct ltr_thread_row *ret_row,
			  size_t most, size_t *ret_count)
{
	int fd = bpf_iter_create(rows->link);
	size_t room = most * sizeof(*ret_row);
	size_t bytes = 0;
	ssize_t got = fd < 0 ? -errno : 1;

	while (got > 0 && bytes < room) {
		got = read(fd, (char *)ret_row + bytes, room - bytes);
		if (got > 0)
			bytes += (size_t)got;
		else if (got < 0)
			got = errno == EINTR || errno == EAGAIN ? 1 : -errno;
	}
	if (fd >= 0)
		close(fd);
	*ret_count = bytes / sizeof(*ret_row);
	return got < 0 ? (int)got : 0;
}
