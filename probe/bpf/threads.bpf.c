/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the threads of one process are doing, for who asks: an iterator over tasks, which runs only
 * while somebody reads from it. Nothing is traced, and the process does not notice. (Following system
 * calls and switches as they happen would cost every program on the machine a tenth of a microsecond
 * for each of them.)
 *
 * Loads on every kernel since 5.15 that has type information (/sys/kernel/btf/vmlinux).
 */

#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "thread_row.h"

/* Pid namespaces lie no deeper (MAX_PID_NS_LEVEL). */
#define LEVEL_MAX 32

/* Set before load. */
const volatile uint64_t namespace_inode;
const volatile uint32_t process; /* in that namespace */

/* What we need of the kernel's own types; where it lies is found out at load. */
#define KERNEL_TYPE __attribute__((preserve_access_index))

struct ns_common {
	unsigned int inum;
} KERNEL_TYPE;

struct pid_namespace {
	struct ns_common ns;
} KERNEL_TYPE;

struct upid {
	int nr;
	struct pid_namespace *ns;
} KERNEL_TYPE;

struct pid {
	unsigned int level;
	struct upid numbers[1];
} KERNEL_TYPE;

struct sched_info {
	unsigned long long last_arrival;
	unsigned long long last_queued;
} KERNEL_TYPE;

struct sched_entity {
	uint64_t sum_exec_runtime;
	uint64_t prev_sum_exec_runtime;
} KERNEL_TYPE;

struct task_struct {
	unsigned int __state;
	int on_cpu;
	struct sched_entity se;
	struct sched_info sched_info;
	struct task_struct *group_leader;
	struct pid *thread_pid;
} KERNEL_TYPE;

struct pt_regs {
#ifdef __TARGET_ARCH_x86
	unsigned long orig_ax;
#else
	int syscallno;
#endif
} KERNEL_TYPE;

struct bpf_iter_meta {
	struct seq_file *seq;
} KERNEL_TYPE;

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} KERNEL_TYPE;

/* The number in the innermost namespace, where it lives, and the number of that. */
static __always_inline uint32_t own_number(struct task_struct *task, uint64_t *ret_namespace)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	unsigned int level = BPF_CORE_READ(pid, level);
	struct upid *innermost;

	*ret_namespace = 0;
	if (!pid || level > LEVEL_MAX)
		return 0;
	innermost = (void *)pid + bpf_core_field_offset(struct pid, numbers) +
		    level * bpf_core_type_size(struct upid);
	*ret_namespace = BPF_CORE_READ(innermost, ns, ns.inum);
	return BPF_CORE_READ(innermost, nr);
}

static __always_inline int64_t call_of(struct task_struct *task)
{
	struct pt_regs *registers = (struct pt_regs *)bpf_task_pt_regs(task);

#ifdef __TARGET_ARCH_x86
	return (int64_t)BPF_CORE_READ(registers, orig_ax);
#else
	return BPF_CORE_READ(registers, syscallno);
#endif
}

SEC("iter/task")
int loiter_threads(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	struct ltr_thread_row row = {0};
	uint64_t namespace;

	if (!task || own_number(task->group_leader, &namespace) != process ||
	    namespace != namespace_inode)
		return 0;
	row.reader_arrival = bpf_get_current_task_btf()->sched_info.last_arrival;
	row.tid = own_number(task, &namespace);
	row.state = task->__state;
	row.on_cpu = task->on_cpu;
	row.arrival = task->sched_info.last_arrival;
	row.queued = task->sched_info.last_queued;
	row.stretch_ns = task->se.sum_exec_runtime - task->se.prev_sum_exec_runtime;
	row.call = call_of(task);
	bpf_seq_write(context->meta->seq, &row, sizeof(row));
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
