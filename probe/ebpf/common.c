/* SPDX-License-Identifier: MIT */
/* What is said where eBPF is refused, and how BPF ring buffers are read. */

#include "private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Ends ring_buffer__consume() when enough is taken; no error, so nothing that libbpf returns. */
#define POLL_ENOUGH (-4096)

enum ltr__ebpf_ways ltr__ebpf_ways;

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

void ltr__ebpf_listen(void)
{
	last_warning[0] = '\0';
	libbpf_set_print(keep_warning);
}

int ltr__ebpf_namespace(const struct ltr_event_target *what,
			struct ltr_process_namespace *ret_namespace, struct ltr_why *ret_why)
{
	int err = ltr_process_namespace(what->process, ret_namespace);

	return err < 0 ? ltr_why_set(ret_why, err,
				     "the pid namespace of process %" PRIu32 " cannot be read: %s",
				     what->pid, strerror(-err))
		       : 0;
}

const char *ltr__ebpf_warning(void)
{
	return last_warning;
}

int ltr__ebpf_refuse(struct ltr_why *ret_why, int err, const char *since)
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
			LTR__EBPF_BUFFER_BYTES >> 20);
	case -ENOSYS:
		return ltr_why_set(ret_why, -EOPNOTSUPP, "this kernel has no eBPF");
	default:
		return ltr_why_set(
			ret_why, -EOPNOTSUPP,
			"this kernel does not take the eBPF program (%s; %s is needed)%s%s",
			strerror(-err), since, *last_warning ? ": " : "", last_warning);
	}
}

int ltr__intake_taken(struct ltr__intake *intake, int err, uint64_t count, uint64_t most)
{
	intake->err = err;
	intake->delivered += count;
	return err < 0 || intake->delivered >= most ? POLL_ENOUGH : 0;
}

int ltr__intake_poll(struct ltr__intake *intake, uint64_t lost,
		     void (*tell)(void *context, uint64_t lost), void *context)
{
	uint64_t more = lost - intake->lost;
	int err;

	intake->lost = lost;
	if (more)
		tell(context, more);
	intake->delivered = 0;
	intake->err = 0;
	err = ring_buffer__consume(intake->buffer);
	if (intake->err < 0)
		return intake->err;
	if (err < 0 && err != POLL_ENOUGH)
		return err;
	return intake->delivered > 0 || more > 0;
}
