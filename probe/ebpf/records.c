/* SPDX-License-Identifier: MIT */
/*
 * Live records through eBPF: a uprobe at the program's hand-over function, whose program
 * (bpf/loiter.bpf.c) copies each batch into a BPF ring buffer that is read here.
 *
 * Invariants
 *  - The kernel itself raises and lowers the semaphores in the program's watch word: it knows when
 *    a uprobe comes and goes, also if this process is killed. Nothing else is written to the
 *    program, and no other process of the same file is touched.
 *  - A uprobe in the middle of an instruction would destroy the program, and one on another
 *    instruction than the 5-byte nop may cost twenty times as much: the file must have the nop at
 *    the address, or nothing is attached.
 *  - Records that the kernel side drops are reported as lost at once and exactly. So that the jump
 *    of the position does not report them again, the positions that the sink sees leave them out;
 *    what still jumps was lost by the program.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../bpf/batch.h"
#include "../helper.h"
#include "loiter.skel.h"
#include "private.h"

/* Kernels that take the program. */
#define SINCE "5.11 or later"

#define WAKE_BYTES (LTR__EBPF_BUFFER_BYTES / 4)

/* Nobody is woken for a few records; this bounds how old they get. */
#define INTERVAL_MS 10

/* A poll ends after so many records, even if the program makes them faster than they are taken. */
#define POLL_RECORDS (LTR__EBPF_BUFFER_BYTES / LTR_EVENT_BYTES)

struct ebpf_source {
	struct loiter_bpf *kernel;
	struct ltr__intake intake;
	struct bpf_link *handover;
	struct bpf_link *want_stacks;
	uint32_t ring_max;
	const struct ltr_event_sink *sink; /* during a poll only */
};

/* Turns an error of attaching a uprobe into words. */
static int refuse_attach(struct ltr_why *ret_why, int err, uint32_t pid)
{
	switch (err) {
	case -EPERM:
	case -EACCES:
		return ltr_why_set(ret_why, -EPERM,
				   "attaching to process %" PRIu32 " is refused: it needs root, or "
				   "CAP_SYS_ADMIN and CAP_SYS_PTRACE, and no seccomp filter on "
				   "perf_event_open()",
				   pid);
	case -ESRCH:
		return ltr_why_set(ret_why, -ESRCH, "process %" PRIu32 " has ended", pid);
	case -ENOENT:
		return ltr_why_set(
			ret_why, -EOPNOTSUPP,
			"this kernel has no uprobes (CONFIG_UPROBE_EVENTS), or /sys is not "
			"mounted here");
	default:
		return ltr_why_set(
			ret_why, -EOPNOTSUPP,
			"the uprobe could not be attached to process %" PRIu32 " (%s)%s%s", pid,
			strerror(-err), *ltr__ebpf_warning() ? ": " : "", ltr__ebpf_warning());
	}
}

/* The file must have the contract's nop where the probe would go. */
static int check_nop(const struct ltr_event_target *what, uint64_t offset, const char *function,
		     struct ltr_why *ret_why)
{
#ifdef __x86_64__
	static const unsigned char nop[5] = {0x0f, 0x1f, 0x44, 0x00, 0x00};
	unsigned char bytes[sizeof(nop)];
	int fd = open(what->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 && kill((pid_t)what->pid, 0) < 0 && errno == ESRCH)
		return ltr_why_set(ret_why, -ESRCH, "process %" PRIu32 " has ended", what->pid);
	if (fd < 0)
		return ltr_why_set(ret_why, -EOPNOTSUPP,
				   "the program's file cannot be opened to attach a "
				   "probe to it");

	ssize_t got = offset > INT64_MAX ? -1 : pread(fd, bytes, sizeof(bytes), (off_t)offset);

	close(fd);
	if (got != sizeof(bytes) || memcmp(bytes, nop, sizeof(nop)) != 0)
		return ltr_why_set(
			ret_why, -EOPNOTSUPP,
			"the program's %s() does not begin with the 5-byte nop that a probe "
			"can be attached to",
			function);
#else
	(void)what, (void)offset, (void)function, (void)ret_why;
#endif
	return 0;
}

/* Whether the kernel has done what it was asked for; if the word cannot be read, it is believed. */
static int check_raised(const struct ltr_event_target *what, struct ltr_why *ret_why)
{
	struct ltr_watch watch;
	struct iovec here = {&watch, sizeof(watch)};
	struct iovec there = {(void *)(uintptr_t)what->layout->watch, sizeof(watch)};

	if (process_vm_readv((pid_t)what->pid, &here, 1, &there, 1, 0) != sizeof(watch))
		return 0;
	if (watch.events_kernel == 0 || (what->stacks && watch.stacks_kernel == 0))
		return ltr_why_set(ret_why, -EOPNOTSUPP,
				   "the kernel attached the uprobe but did not raise the program's "
				   "semaphore");
	return 0;
}

static int take_batch(void *context, void *data, size_t size)
{
	struct ebpf_source *source = context;
	const struct ltr_batch *batch = data;

	if (size < sizeof(*batch) || batch->count == 0 || batch->count > LTR_BATCH_MAX ||
	    size < sizeof(*batch) + (size_t)batch->count * LTR_EVENT_BYTES ||
	    batch->ring >= source->ring_max)
		return ltr__intake_taken(&source->intake, -EBADMSG, 0, POLL_RECORDS);
	return ltr__intake_taken(&source->intake,
				 source->sink->records(source->sink->context, batch->ring,
						       batch->position - batch->dropped,
						       batch->records, batch->count),
				 batch->count, POLL_RECORDS);
}

static int ebpf_poll(void *context, const struct ltr_event_sink *sink)
{
	struct ebpf_source *source = context;
	const struct ltr_batch_losses *losses = &source->kernel->bss->losses;
	uint64_t lost = __atomic_load_n(&losses->full_records, __ATOMIC_RELAXED) +
			__atomic_load_n(&losses->fault_records, __ATOMIC_RELAXED);
	int got;

	source->sink = sink;
	got = ltr__intake_poll(&source->intake, lost, sink->lost, sink->context);
	source->sink = NULL;
	return got;
}

static int ebpf_fd(void *context)
{
	struct ebpf_source *source = context;

	return ring_buffer__epoll_fd(source->intake.buffer);
}

static void *detach(void *link)
{
	bpf_link__destroy(link);
	return NULL;
}

/* The kernel takes some 80 ms for each, until nobody can be in the uprobe any more: for both at once. */
static void detach_both(struct ebpf_source *source)
{
	pthread_t thread;
	bool is_helped = source->want_stacks &&
			 ltr_helper_start(&thread, 0, detach, source->want_stacks) == 0;

	detach(source->handover);
	if (is_helped)
		pthread_join(thread, NULL);
	else
		detach(source->want_stacks);
}

static void ebpf_close(void *context)
{
	struct ebpf_source *source = context;

	if (!source)
		return;
	detach_both(source);
	ring_buffer__free(source->intake.buffer);
	loiter_bpf__destroy(source->kernel);
	free(source);
}

static int load(struct ebpf_source *source, struct ltr_why *ret_why)
{
	int err;

	source->kernel = loiter_bpf__open();
	if (!source->kernel)
		return ltr__ebpf_refuse(ret_why, -errno, SINCE);
	source->kernel->rodata->wake_bytes = WAKE_BYTES;
	err = bpf_map__set_max_entries(source->kernel->maps.batches, LTR__EBPF_BUFFER_BYTES);
	if (err == 0)
		err = bpf_map__set_max_entries(source->kernel->maps.dropped, source->ring_max);
	if (err == 0)
		err = loiter_bpf__load(source->kernel);
	if (err < 0)
		return ltr__ebpf_refuse(ret_why, err, SINCE);

	source->intake.buffer = ring_buffer__new(bpf_map__fd(source->kernel->maps.batches),
						 take_batch, source, NULL);
	return source->intake.buffer ? 0 : ltr__ebpf_refuse(ret_why, -errno, SINCE);
}

static int attach(struct bpf_program *program, const struct ltr_event_target *what, uint64_t offset,
		  uint64_t semaphore, struct bpf_link **ret_link, struct ltr_why *ret_why)
{
	LIBBPF_OPTS(bpf_uprobe_opts, options, .ref_ctr_offset = semaphore);
	struct bpf_link *link = bpf_program__attach_uprobe_opts(program, (pid_t)what->pid,
								what->path, offset, &options);

	if (!link)
		return refuse_attach(ret_why, -errno, what->pid);
	*ret_link = link;
	return 0;
}

static int start(struct ebpf_source *source, const struct ltr_event_target *what,
		 struct ltr_why *ret_why)
{
	int err = load(source, ret_why);

	/* Before the other: no PARK is to have a record and no stack. */
	if (err == 0 && what->stacks)
		err = attach(source->kernel->progs.loiter_want_stacks, what,
			     what->want_stacks_offset, what->stacks_semaphore_offset,
			     &source->want_stacks, ret_why);
	if (err == 0)
		err = attach(source->kernel->progs.loiter_handover, what, what->handover_offset,
			     what->events_semaphore_offset, &source->handover, ret_why);
	if (err == 0)
		err = check_raised(what, ret_why);
	return err;
}

static int ebpf_open(const struct ltr_event_target *what, void **ret_context,
		     struct ltr_why *ret_why)
{
	int err;

	if (!what->path)
		return ltr_why_set(
			ret_why, -EOPNOTSUPP,
			"the program's hand-over function lies in no file that a probe could "
			"be attached to");
	if (what->pid == 0 || what->pid > INT32_MAX)
		return ltr_why_set(ret_why, -ESRCH, "there is no process %" PRIu32, what->pid);
	err = check_nop(what, what->handover_offset, "ltr__handover", ret_why);
	if (err == 0 && what->stacks)
		err = check_nop(what, what->want_stacks_offset, "ltr__want_stacks", ret_why);
	if (err < 0)
		return err;

	struct ebpf_source *source = calloc(1, sizeof(*source));

	if (!source)
		return ltr_why_set(ret_why, -ENOMEM, "no memory");
	source->ring_max = what->layout->ring_max;
	ltr__ebpf_listen();
	err = start(source, what, ret_why);
	if (err < 0) {
		ebpf_close(source);
		return err;
	}
	*ret_context = source;
	return 0;
}

const struct ltr_event_source_ops ltr__ebpf_source = {
	.name = "ebpf",
	.way = LTR_WAY_EBPF,
	.interval_ms = INTERVAL_MS,
	.open = ebpf_open,
	.poll = ebpf_poll,
	.fd = ebpf_fd,
	.close = ebpf_close,
};
