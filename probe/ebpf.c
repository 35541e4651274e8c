/* SPDX-License-Identifier: MIT */
/*
 * Live records through eBPF: a uprobe at the program's hand-over function, whose program
 * (bpf/loiter.bpf.c) copies each batch into a BPF ring buffer that is read here; and samples of the
 * CPUs: a clock event on each of them, whose program is in bpf/cpu.bpf.c; and what threads are doing,
 * from an iterator over tasks (bpf/threads.bpf.c). This is the only file that includes libbpf.
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
#include <linux/perf_event.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/batch.h"
#include "bpf/sample.h"
#include "bpf/thread_row.h"
#include "cpu.skel.h"
#include "events.h"
#include "loiter.skel.h"
#include "process.h"
#include "threads.skel.h"

/* Room for some 40 ms of a program that makes 5 million transitions a second. */
#define BUFFER_BYTES (8u << 20)
#define WAKE_BYTES   (BUFFER_BYTES / 4)

/* Nobody is woken for a few records; this bounds how old they get. */
#define INTERVAL_MS 10

/* A poll ends after so many records, even if the program makes them faster than they are taken. */
#define POLL_RECORDS (BUFFER_BYTES / LTR_EVENT_BYTES)

/* Ends ring_buffer__consume() when that is reached; no error, so nothing that libbpf returns. */
#define POLL_ENOUGH (-4096)

/* Who reads a BPF ring buffer, and how far a poll of it has come. */
struct intake {
	struct ring_buffer *buffer;
	uint64_t lost; /* of what the kernel side has counted, already reported */

	/* During a poll only. */
	uint64_t delivered;
	int err;
};

struct ebpf_source {
	struct loiter_bpf *kernel;
	struct intake intake;
	struct bpf_link *handover;
	struct bpf_link *want_stacks;
	uint32_t ring_max;
	const struct ltr_event_sink *sink; /* during a poll only */
};

/* libbpf's last warning, for the sentence that explains a refusal. */
static _Thread_local char last_warning[120];

__attribute__((format(printf, 2, 0))) static int keep_warning(enum libbpf_print_level level,
							      const char *format, va_list arguments)
{
	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(last_warning, sizeof(last_warning), format, arguments);
	last_warning[strcspn(last_warning, "\n")] = '\0';
	return 0;
}

/* Before libbpf is asked for anything that may be refused. */
static void listen_for_warnings(void)
{
	last_warning[0] = '\0';
	libbpf_set_print(keep_warning);
}

/* How eBPF programs, which see all processes, know which one is meant. */
static int read_namespace(const struct ltr_event_target *what,
			  struct ltr_process_namespace *ret_namespace, struct ltr_why *ret_why)
{
	int err = ltr_process_namespace(what->process, ret_namespace);

	return err < 0 ? ltr_why_set(ret_why, err,
				     "the pid namespace of process %" PRIu32 " cannot be read: %s",
				     what->pid, strerror(-err))
		       : 0;
}

/* Turns an error of bpf() into words. */
static int refuse_load(struct ltr_why *ret_why, int err)
{
	switch (err) {
	case -EPERM:
	case -EACCES:
		if (geteuid() == 0)
			return ltr_why_set(
				ret_why, -EPERM,
				"eBPF is refused although this is root: a container's "
				"capabilities (CAP_BPF, CAP_PERFMON), seccomp filter or the "
				"kernel's lockdown forbids it");
		return ltr_why_set(ret_why, -EPERM,
				   "eBPF is refused: it needs root, or CAP_BPF, CAP_PERFMON and "
				   "CAP_SYS_PTRACE, and for records CAP_SYS_ADMIN");
	case -ENOMEM:
		return ltr_why_set(
			ret_why, -ENOMEM,
			"no memory for the eBPF buffer of %u MiB (or the limit of locked "
			"memory is too low: ulimit -l)",
			BUFFER_BYTES >> 20);
	case -ENOSYS:
		return ltr_why_set(ret_why, -EOPNOTSUPP, "this kernel has no eBPF");
	default:
		return ltr_why_set(
			ret_why, -EOPNOTSUPP,
			"this kernel does not take the eBPF program (%s; 5.11 or later is "
			"needed)%s%s",
			strerror(-err), *last_warning ? ": " : "", last_warning);
	}
}

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
		return ltr_why_set(ret_why, -EOPNOTSUPP,
				   "the uprobe could not be attached to process %" PRIu32
				   " (%s)%s%s",
				   pid, strerror(-err), *last_warning ? ": " : "", last_warning);
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

/* Ends the poll if it has taken enough, or with an error. */
static int taken(struct intake *intake, int err, uint64_t count, uint64_t most)
{
	intake->err = err;
	intake->delivered += count;
	return err < 0 || intake->delivered >= most ? POLL_ENOUGH : 0;
}

/* How many of the `lost` that the kernel side has counted by now are news. */
static uint64_t newly_lost(struct intake *intake, uint64_t lost)
{
	uint64_t more = lost - intake->lost;

	intake->lost = lost;
	return more;
}

/* Whether something was delivered, or a negative errno. */
static int consume(struct intake *intake)
{
	int err;

	intake->delivered = 0;
	intake->err = 0;
	err = ring_buffer__consume(intake->buffer);
	if (intake->err < 0)
		return intake->err;
	if (err < 0 && err != POLL_ENOUGH)
		return err;
	return intake->delivered > 0;
}

static int take_batch(void *context, void *data, size_t size)
{
	struct ebpf_source *source = context;
	const struct ltr_batch *batch = data;

	if (size < sizeof(*batch) || batch->count == 0 || batch->count > LTR_BATCH_MAX ||
	    size < sizeof(*batch) + (size_t)batch->count * LTR_EVENT_BYTES ||
	    batch->ring >= source->ring_max)
		return taken(&source->intake, -EBADMSG, 0, POLL_RECORDS);
	return taken(&source->intake,
		     source->sink->records(source->sink->context, batch->ring,
					   batch->position - batch->dropped, batch->records,
					   batch->count),
		     batch->count, POLL_RECORDS);
}

static int ebpf_poll(void *context, const struct ltr_event_sink *sink)
{
	struct ebpf_source *source = context;
	const struct ltr_batch_losses *losses = &source->kernel->bss->losses;
	uint64_t lost = newly_lost(
		&source->intake, __atomic_load_n(&losses->full_records, __ATOMIC_RELAXED) +
					 __atomic_load_n(&losses->fault_records, __ATOMIC_RELAXED));
	int got;

	if (lost)
		sink->lost(sink->context, lost);
	source->sink = sink;
	got = consume(&source->intake);
	source->sink = NULL;
	return got == 0 && lost ? 1 : got;
}

static int ebpf_fd(void *context)
{
	struct ebpf_source *source = context;

	return ring_buffer__epoll_fd(source->intake.buffer);
}

static void ebpf_close(void *context)
{
	struct ebpf_source *source = context;

	if (!source)
		return;
	bpf_link__destroy(source->want_stacks);
	bpf_link__destroy(source->handover);
	ring_buffer__free(source->intake.buffer);
	loiter_bpf__destroy(source->kernel);
	free(source);
}

static int load(struct ebpf_source *source, struct ltr_why *ret_why)
{
	int err;

	source->kernel = loiter_bpf__open();
	if (!source->kernel)
		return refuse_load(ret_why, -errno);
	source->kernel->rodata->wake_bytes = WAKE_BYTES;
	err = bpf_map__set_max_entries(source->kernel->maps.batches, BUFFER_BYTES);
	if (err == 0)
		err = bpf_map__set_max_entries(source->kernel->maps.dropped, source->ring_max);
	if (err == 0)
		err = loiter_bpf__load(source->kernel);
	if (err < 0)
		return refuse_load(ret_why, err);

	source->intake.buffer = ring_buffer__new(bpf_map__fd(source->kernel->maps.batches),
						 take_batch, source, NULL);
	return source->intake.buffer ? 0 : refuse_load(ret_why, -errno);
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
	listen_for_warnings();
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

/* --- samples of the CPUs --- */

/* Room for 80 ms of 64 CPUs at a thousand a second. */
#define SAMPLES_BYTES (8u << 20)
#define POLL_SAMPLES  (SAMPLES_BYTES / sizeof(struct ltr_cpu_sample))

struct ltr_cpu_sampler {
	struct cpu_bpf *kernel;
	struct intake intake;
	struct bpf_link **links; /* by CPU; NULL: that CPU is not there */
	int cpu_count;
	const struct ltr_cpu_sink *sink; /* during a poll only */
};

static int take_sample(void *context, void *data, size_t size)
{
	struct ltr_cpu_sampler *sampler = context;

	return taken(&sampler->intake, ltr__cpu_sample_take(data, size, sampler->sink), 1,
		     POLL_SAMPLES);
}

static int poll_sampler(void *context, const struct ltr_cpu_sink *sink)
{
	struct ltr_cpu_sampler *sampler = context;
	uint64_t lost =
		newly_lost(&sampler->intake,
			   __atomic_load_n(&sampler->kernel->bss->lost_samples, __ATOMIC_RELAXED));
	int got;

	if (lost)
		sink->lost(sink->context, lost);
	sampler->sink = sink;
	got = consume(&sampler->intake);
	sampler->sink = NULL;
	return got == 0 && lost ? 1 : got;
}

static void *close_sampler(void *context)
{
	struct ltr_cpu_sampler *sampler = context;

	if (!sampler)
		return NULL;
	for (int cpu = 0; sampler->links && cpu < sampler->cpu_count; cpu++)
		bpf_link__destroy(sampler->links[cpu]);
	free(sampler->links);
	ring_buffer__free(sampler->intake.buffer);
	cpu_bpf__destroy(sampler->kernel);
	free(sampler);
	return NULL;
}

static int load_sampler(struct ltr_cpu_sampler *sampler, const struct ltr_event_target *what,
			struct ltr_why *ret_why)
{
	struct ltr_process_namespace namespace;
	int err = read_namespace(what, &namespace, ret_why);

	if (err < 0)
		return err;
	sampler->kernel = cpu_bpf__open();
	if (!sampler->kernel)
		return refuse_load(ret_why, -errno);
	sampler->kernel->rodata->namespace_device = namespace.device;
	sampler->kernel->rodata->namespace_inode = namespace.inode;
	sampler->kernel->rodata->process = namespace.pid;
	sampler->kernel->rodata->rings = what->layout->rings;
	sampler->kernel->rodata->ring_count = what->layout->ring_count;
	sampler->kernel->rodata->ring_max = what->layout->ring_max;
	err = bpf_map__set_max_entries(sampler->kernel->maps.samples, SAMPLES_BYTES);
	if (err == 0)
		err = cpu_bpf__load(sampler->kernel);
	if (err < 0)
		return refuse_load(ret_why, err);
	sampler->intake.buffer = ring_buffer__new(bpf_map__fd(sampler->kernel->maps.samples),
						  take_sample, sampler, NULL);
	return sampler->intake.buffer ? 0 : refuse_load(ret_why, -errno);
}

static int refuse_clock(struct ltr_why *ret_why, int err)
{
	if (err == -EPERM || err == -EACCES)
		return ltr_why_set(
			ret_why, -EPERM,
			"sampling the CPUs is refused: it needs root or CAP_PERFMON (where "
			"kernel.perf_event_paranoid is above 2: CAP_SYS_ADMIN), and no "
			"seccomp filter on perf_event_open()");
	return ltr_why_set(ret_why, -EOPNOTSUPP, "this kernel does not sample CPUs: %s",
			   strerror(-err));
}

/*
 * The CPU clock, not a counter of the CPU: it is there in every virtual machine, takes no counter
 * away from anybody, and its period is a time, so a sample is worth exactly so many nanoseconds.
 */
static int attach_clock(struct ltr_cpu_sampler *sampler, int cpu, uint32_t rate_hz,
			struct ltr_why *ret_why)
{
	struct perf_event_attr clock = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(clock),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = ltr_cpu_period_ns(rate_hz),
		.exclude_idle = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &clock, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		return errno == ENODEV ? 0 : refuse_clock(ret_why, -errno);
	sampler->links[cpu] =
		bpf_program__attach_perf_event(sampler->kernel->progs.loiter_sample, fd);
	if (sampler->links[cpu])
		return 0;

	int err = -errno;

	close(fd);
	return refuse_clock(ret_why, err);
}

static int start_sampler(struct ltr_cpu_sampler *sampler, const struct ltr_event_target *what,
			 uint32_t rate_hz, struct ltr_why *ret_why)
{
	int err = load_sampler(sampler, what, ret_why);

	if (err < 0 || !sampler->kernel)
		return err;
	sampler->cpu_count = libbpf_num_possible_cpus();
	if (sampler->cpu_count <= 0)
		return refuse_clock(ret_why, sampler->cpu_count < 0 ? sampler->cpu_count : -ENODEV);
	sampler->links = calloc((size_t)sampler->cpu_count, sizeof(struct bpf_link *));
	if (!sampler->links)
		return ltr_why_set(ret_why, -ENOMEM, "no memory");
	for (int cpu = 0; cpu < sampler->cpu_count && err == 0; cpu++)
		err = attach_clock(sampler, cpu, rate_hz, ret_why);
	return err;
}

static int open_sampler(const struct ltr_event_target *what, uint32_t rate_hz, void **ret_sampler,
			struct ltr_why *ret_why)
{
	struct ltr_cpu_sampler *sampler = calloc(1, sizeof(*sampler));

	if (!sampler)
		return ltr_why_set(ret_why, -ENOMEM, "no memory");
	listen_for_warnings();

	int err = start_sampler(sampler, what, rate_hz, ret_why);

	if (err < 0) {
		close_sampler(sampler);
		return err;
	}
	*ret_sampler = sampler;
	return 0;
}

const struct ltr_cpu_ops ltr__cpu_ebpf = {
	.open = open_sampler,
	.poll = poll_sampler,
	.close = close_sampler,
};

/* --- what threads are doing: rows, as the kernel has them (thread_reader.c makes sense of them) --- */

struct ltr_thread_rows {
	struct threads_bpf *kernel;
	struct bpf_link *link;
};

struct ltr_thread_rows *ltr__thread_rows_close(struct ltr_thread_rows *rows)
{
	if (!rows)
		return NULL;
	bpf_link__destroy(rows->link);
	threads_bpf__destroy(rows->kernel);
	free(rows);
	return NULL;
}

/* Kernels before 6.1 cannot be told which process, and go over all tasks. */
static int attach_iterator(struct ltr_thread_rows *rows, uint32_t pid)
{
	union bpf_iter_link_info which = {.task = {.pid = pid}};
	LIBBPF_OPTS(bpf_iter_attach_opts, options, .link_info = &which,
		    .link_info_len = sizeof(which));
	const struct bpf_program *program = rows->kernel->progs.loiter_threads;

	rows->link = bpf_program__attach_iter(program, &options);
	if (!rows->link)
		rows->link = bpf_program__attach_iter(program, NULL);
	return rows->link ? 0 : -errno;
}

static int start_rows(struct ltr_thread_rows *rows, const struct ltr_event_target *what,
		      struct ltr_why *ret_why)
{
	struct ltr_process_namespace namespace;
	int err = read_namespace(what, &namespace, ret_why);

	if (err < 0)
		return err;
	rows->kernel = threads_bpf__open();
	if (!rows->kernel)
		return refuse_load(ret_why, -errno);
	rows->kernel->rodata->namespace_inode = namespace.inode;
	rows->kernel->rodata->process = namespace.pid;
	err = threads_bpf__load(rows->kernel);
	if (err == 0)
		err = attach_iterator(rows, what->pid);
	return err < 0 ? refuse_load(ret_why, err) : 0;
}

int ltr__thread_rows_open(const struct ltr_event_target *what, struct ltr_thread_rows **ret_rows,
			  struct ltr_why *ret_why)
{
	struct ltr_thread_rows *rows = calloc(1, sizeof(*rows));
	int err;

	if (!rows)
		return ltr_why_set(ret_why, -ENOMEM, "no memory");
	listen_for_warnings();
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
	int fd = bpf_iter_create(bpf_link__fd(rows->link));
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
