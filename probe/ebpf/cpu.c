/* SPDX-License-Identifier: MIT */
/* Samples of the CPUs through eBPF: a clock event on each of them, whose program is in bpf/cpu.bpf.c. */

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../bpf/sample.h"
#include "cpu.skel.h"
#include "private.h"

/* Kernels that take the program. */
#define SINCE "5.11 or later"

#define POLL_SAMPLES (LTR__EBPF_BUFFER_BYTES / sizeof(struct ltr_cpu_sample))

struct ltr_cpu_sampler {
	struct cpu_bpf *kernel;
	const struct bpf_program *program; /* of kernel's, the one that is loaded */
	struct ltr__intake intake;
	struct bpf_link **links; /* by CPU; NULL: that CPU is not there */
	int cpu_count;
	const struct ltr_cpu_sink *sink; /* during a poll only */
};

static int take_sample(void *context, void *data, size_t size)
{
	struct ltr_cpu_sampler *sampler = context;

	return ltr__intake_taken(&sampler->intake, ltr__cpu_sample_take(data, size, sampler->sink),
				 1, POLL_SAMPLES);
}

static int poll_sampler(void *context, const struct ltr_cpu_sink *sink)
{
	struct ltr_cpu_sampler *sampler = context;
	uint64_t lost = __atomic_load_n(&sampler->kernel->bss->lost_samples, __ATOMIC_RELAXED);
	int got;

	sampler->sink = sink;
	got = ltr__intake_poll(&sampler->intake, lost, sink->lost, sink->context);
	sampler->sink = NULL;
	return got;
}

static void close_sampler(void *context)
{
	struct ltr_cpu_sampler *sampler = context;

	if (!sampler)
		return;
	for (int cpu = 0; sampler->links && cpu < sampler->cpu_count; cpu++)
		bpf_link__destroy(sampler->links[cpu]);
	free(sampler->links);
	ring_buffer__free(sampler->intake.buffer);
	cpu_bpf__destroy(sampler->kernel);
	free(sampler);
}

/* One of the two programs. 0, or a negative errno; then nothing is loaded. */
static int load_program(struct ltr_cpu_sampler *sampler, const struct ltr_event_target *what,
			const struct ltr_process_namespace *namespace, bool is_old)
{
	struct cpu_bpf *kernel = cpu_bpf__open();
	int err;

	if (!kernel)
		return -errno;
	kernel->rodata->namespace_device = namespace->device;
	kernel->rodata->namespace_inode = namespace->inode;
	kernel->rodata->process = namespace->pid;
	kernel->rodata->rings = what->layout->rings;
	kernel->rodata->ring_count = what->layout->ring_count;
	kernel->rodata->ring_max = what->layout->ring_max;
	bpf_program__set_autoload(kernel->progs.loiter_sample, !is_old);
	bpf_program__set_autoload(kernel->progs.loiter_sample_old, is_old);
	err = bpf_map__set_max_entries(kernel->maps.samples, LTR__EBPF_BUFFER_BYTES);
	if (err == 0)
		err = cpu_bpf__load(kernel);
	if (err < 0) {
		cpu_bpf__destroy(kernel);
		return err;
	}
	sampler->kernel = kernel;
	sampler->program = is_old ? kernel->progs.loiter_sample_old : kernel->progs.loiter_sample;
	return 0;
}

/* bpf_loop() is refused by kernels before 5.17, and by others where programs are not compiled. */
static int load_sampler(struct ltr_cpu_sampler *sampler, const struct ltr_event_target *what,
			struct ltr_why *ret_why)
{
	struct ltr_process_namespace namespace;
	int err = ltr__ebpf_namespace(what, &namespace, ret_why);

	if (err < 0)
		return err;
	if (ltr__ebpf_ways != LTR__EBPF_WAYS_OLD)
		err = load_program(sampler, what, &namespace, false);
	if (!sampler->kernel && ltr__ebpf_ways != LTR__EBPF_WAYS_NEW)
		err = load_program(sampler, what, &namespace, true);
	if (err < 0)
		return ltr__ebpf_refuse(ret_why, err, SINCE);
	sampler->intake.buffer = ring_buffer__new(bpf_map__fd(sampler->kernel->maps.samples),
						  take_sample, sampler, NULL);
	return sampler->intake.buffer ? 0 : ltr__ebpf_refuse(ret_why, -errno, SINCE);
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
	sampler->links[cpu] = bpf_program__attach_perf_event(sampler->program, fd);
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
	ltr__ebpf_listen();

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
