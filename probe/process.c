// SPDX-License-Identifier: MIT
/*
 * A process from outside: who it is, whether we may read it and why not, and its death. Holds a
 * pidfd from the beginning, so that a pid that is given to somebody else is noticed. Memory is in
 * process_memory.c, mappings in process_maps.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "process_private.h"

int ltr_why_set(struct ltr_why *why, int err, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why->text, sizeof(why->text), format, arguments);
	va_end(arguments);
	return err;
}

uint64_t ltr_process_now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

ssize_t ltr__process_slurp(uint32_t pid, const char *file, char *buffer, size_t bytes)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%u/%s", pid, file);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;

	size_t done = 0;
	ssize_t got = 0;
	while (done < bytes - 1) {
		got = read(fd, buffer + done, bytes - 1 - done);
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	int err = got < 0 ? -errno : 0;
	close(fd);
	if (err)
		return err;
	buffer[done] = '\0';
	return (ssize_t)done;
}

/* The number after `key` in /proc/PID/status; -1 if it is not there. */
static long status_number(const char *status, const char *key)
{
	const char *line = strstr(status, key);
	return line ? strtol(line + strlen(key), NULL, 10) : -1;
}

static int check_identity(uint32_t pid, const char *status, struct ltr_why *why)
{
	long leader = status_number(status, "\nTgid:");
	if (leader > 0 && leader != (long)pid)
		return ltr_why_set(why, -ENOEXEC, "%u is a thread of process %ld: use %ld", pid,
				   leader, leader);

	const char *state = strstr(status, "\nState:");
	state = state ? state + strlen("\nState:") + strspn(state + strlen("\nState:"), " \t") : "";
	if (*state == 'Z' || *state == 'X')
		return ltr_why_set(why, -ESRCH,
				   "process %u has ended already and only waits for its parent",
				   pid);

	if (!strstr(status, "\nVmSize:"))
		return ltr_why_set(why, -ENOEXEC,
				   "process %u has no memory of its own: it is a "
				   "thread of the kernel",
				   pid);
	return 0;
}

int ltr__process_ptrace_scope(void)
{
	char text[16] = "";
	int fd = open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ssize_t got = read(fd, text, sizeof(text) - 1);
	close(fd);
	return got > 0 ? atoi(text) : 0;
}

/* Why reading was refused, as exactly as it can be told from outside. */
static int explain_refusal(uint32_t pid, const char *status, struct ltr_why *why)
{
	long owner = status_number(status, "\nUid:");
	int scope = ltr__process_ptrace_scope();

	if (owner >= 0 && (uid_t)owner != geteuid() && geteuid() != 0)
		return ltr_why_set(
			why, -EPERM,
			"process %u belongs to user %ld: reading it needs CAP_SYS_PTRACE "
			"(run loiter as root or as that user)",
			pid, owner);
	if (scope == 3)
		return ltr_why_set(why, -EPERM,
				   "nobody may read process %u: kernel.yama.ptrace_scope is 3",
				   pid);
	if (scope == 2)
		return ltr_why_set(why, -EPERM,
				   "reading process %u needs CAP_SYS_PTRACE, because "
				   "kernel.yama.ptrace_scope is 2",
				   pid);
	if (scope == 1 && geteuid() != 0)
		return ltr_why_set(
			why, -EPERM,
			"process %u may be read only by its parent, because "
			"kernel.yama.ptrace_scope is 1: start it with loiter (-- CMD), run "
			"as root, or set that to 0",
			pid);
	return ltr_why_set(why, -EPERM,
			   "reading process %u is refused: CAP_SYS_PTRACE is missing (it runs with "
			   "other rights than ours, or a sandbox forbids process_vm_readv)",
			   pid);
}

/* The address of something readable; every process has a stack. */
static int check_readable(struct ltr_process *process, const char *status, struct ltr_why *why)
{
	char line[256];
	ssize_t got = ltr__process_slurp(process->pid, "maps", line, sizeof(line));
	if (got == -EACCES || got == -EPERM)
		return explain_refusal(process->pid, status, why);
	if (got == -ESRCH || got == 0 || got == -ENOENT)
		return ltr_why_set(why, -ESRCH, "process %u has ended", process->pid);
	if (got < 0)
		return ltr_why_set(why, (int)got, "cannot read /proc/%u/maps: %s", process->pid,
				   strerror((int)-got));

	unsigned char byte;
	int err = ltr_process_read(process, strtoull(line, NULL, 16), &byte, 1);
	if (err == -EPERM)
		return explain_refusal(process->pid, status, why);
	if (err == -ESRCH)
		return ltr_why_set(why, -ESRCH, "process %u has ended", process->pid);
	if (err == -ENOSYS)
		return ltr_why_set(why, -EPERM, "this kernel has no process_vm_readv");
	return 0; /* -EFAULT: it may be read, but not there */
}

int ltr_process_open(uint32_t pid, struct ltr_process **ret_process, struct ltr_why *ret_why)
{
	char status[4096];
	ssize_t got = pid > 0 && pid <= INT32_MAX
			      ? ltr__process_slurp(pid, "status", status, sizeof(status))
			      : -ENOENT;
	if (got == -ENOENT || got == -ESRCH)
		return ltr_why_set(ret_why, -ESRCH, "there is no process %u", pid);
	if (got < 0)
		return ltr_why_set(ret_why, (int)got, "cannot read /proc/%u/status: %s", pid,
				   strerror((int)-got));
	int err = check_identity(pid, status, ret_why);
	if (err)
		return err;

	struct ltr_process *process = calloc(1, sizeof(*process));
	if (!process)
		return ltr_why_set(ret_why, -ENOMEM, "out of memory");
	process->pid = pid;
	process->is_own = pid == (uint32_t)getpid();
	process->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (process->pidfd < 0 && errno == ESRCH)
		err = ltr_why_set(ret_why, -ESRCH, "there is no process %u", pid);
	if (!err)
		err = check_readable(process, status, ret_why);
	if (err) {
		ltr_process_close(process);
		return err;
	}
	*ret_process = process;
	return 0;
}

struct ltr_process *ltr_process_close(struct ltr_process *process)
{
	if (!process)
		return NULL;
	if (process->pidfd >= 0)
		close(process->pidfd);
	free(process);
	return NULL;
}

uint32_t ltr_process_pid(const struct ltr_process *process)
{
	return process->pid;
}

bool ltr_process_is_own(const struct ltr_process *process)
{
	return process->is_own;
}

int ltr_process_pidfd(const struct ltr_process *process)
{
	return process->pidfd;
}

bool ltr_process_is_alive(const struct ltr_process *process)
{
	char status[4096];

	if (process->pidfd >= 0) {
		struct pollfd death = {.fd = process->pidfd, .events = POLLIN};
		return poll(&death, 1, 0) == 0;
	}
	if (ltr__process_slurp(process->pid, "status", status, sizeof(status)) < 0)
		return false;
	return !strstr(status, "\nState:\tZ") && !strstr(status, "\nState:\tX");
}

void ltr_process_command(const struct ltr_process *process, char *buffer, size_t bytes)
{
	ssize_t got = ltr__process_slurp(process->pid, "cmdline", buffer, bytes);
	if (got < 0)
		got = 0;
	while (got > 0 && buffer[got - 1] == '\0')
		got--;
	for (ssize_t i = 0; i < got; i++)
		if (buffer[i] == '\0')
			buffer[i] = ' ';
	buffer[got] = '\0';
}
