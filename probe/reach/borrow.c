/* SPDX-License-Identifier: MIT */
/*
 * userfaultfd(2) gives a descriptor for the memory of who calls it, and of nobody else. So a thread of the
 * process has to make the call; then the descriptor is fetched, and the thread closes its own.
 *
 * A thread is taken that sleeps in futex(2) and does not care what that returns: the caller says on which
 * words such threads sleep. It is stopped, begins its call anew, as after any stop, and at that moment the
 * kernel is told to carry out another call instead. Then it begins its own once more. Its
 * instructions, memory and stack are not touched.
 *
 * Should we be killed in between, its call returns a descriptor's number, or at once: hence the words.
 * In the C library's own calls, that would end the program. A descriptor may stay open then.
 *
 * Not where a seccomp filter is: what that makes of a call which the program never makes is not for us to
 * find out.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "writes.h"

#if defined(__x86_64__)
#include <sys/user.h>

#define TRIES_MAX     20u
#define CLOSE_TRIES   50u
#define PAUSE_NS      1000000l
#define THREADS_TRIED 64u
#define SYSCALL_STOP  (SIGTRAP | 0x80)
#define OPCODE        0x050fu /* the two bytes of `syscall` */
#define CODE_64_BIT   0x33u

/* What the kernel returns inside for a call that it will begin anew. */
#define RESTART_FIRST (-516)
#define RESTART_LAST  (-512)

static FILE *open_of(const struct ltr_process *process, uint32_t tid, const char *name)
{
	char path[80];

	snprintf(path, sizeof(path), "/proc/%u/task/%u/%s", ltr_process_pid(process), tid, name);
	return fopen(path, "re");
}

static bool has_filter(const struct ltr_process *process, uint32_t tid)
{
	FILE *file = open_of(process, tid, "status");
	char line[256];
	int mode = -1;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "Seccomp: %d", &mode) == 1)
			break;
	if (file)
		fclose(file);
	return mode != 0;
}

/* futex(2) that had begun anew before, with a time-out, has the number of restart_syscall(2). */
static bool is_fit(const uint64_t words[2], uint64_t number, uint64_t first, uint64_t second)
{
	uint64_t command = second & 0x7f; /* without FUTEX_PRIVATE_FLAG and the clock */

	return (number == SYS_futex || number == SYS_restart_syscall) && first &&
	       (first == words[0] || first == words[1]) && command == 0 /* FUTEX_WAIT */;
}

static bool is_in_futex(const struct ltr_process *process, uint32_t tid)
{
	FILE *file = open_of(process, tid, "wchan");
	char name[64] = "";
	bool is = file && fgets(name, sizeof(name), file) && ltr__begins_with(name, "futex");

	if (file)
		fclose(file);
	return is;
}

/* A look before, so that nobody is stopped who cannot serve: some calls end when they are. */
static bool may_serve(const struct ltr_process *process, const uint64_t words[2], uint32_t tid)
{
	FILE *file = open_of(process, tid, "syscall");
	char line[256];
	unsigned long long number, first, second;
	bool may = file && fgets(line, sizeof(line), file) &&
		   sscanf(line, "%llu %llx %llx", &number, &first, &second) == 3 &&
		   is_fit(words, number, first, second);

	if (file)
		fclose(file);
	return may && is_in_futex(process, tid);
}

/* Waits until the thread stops; its signal, or what else it stops for. -ESRCH: it has ended. */
static int await_stop(uint32_t tid)
{
	int status;

	while (waitpid((pid_t)tid, &status, __WALL) < 0)
		if (errno != EINTR)
			return -ESRCH;
	if (!WIFSTOPPED(status))
		return -ESRCH;
	return status >> 16 == PTRACE_EVENT_STOP ? PTRACE_EVENT_STOP : WSTOPSIG(status);
}

static void let_go(uint32_t tid, int stopped_for)
{
	int number =
		stopped_for == PTRACE_EVENT_STOP || stopped_for == SYSCALL_STOP ? 0 : stopped_for;

	ptrace(PTRACE_DETACH, (pid_t)tid, NULL, (void *)(intptr_t)number);
}

static bool sleeps_for_no_result(const uint64_t words[2], const struct user_regs_struct *registers)
{
	int64_t result = (int64_t)registers->rax;

	return registers->cs == CODE_64_BIT && result >= RESTART_FIRST && result <= RESTART_LAST &&
	       is_fit(words, registers->orig_rax, registers->rdi, registers->rsi);
}

/* The thread stands at the beginning of its call, for the second time. */
static int replace_call(uint32_t tid, const struct user_regs_struct *before, uint64_t number,
			uint64_t argument, int64_t *ret_result)
{
	struct user_regs_struct now;
	uint64_t own;
	int stop;

	if (ptrace(PTRACE_GETREGS, (pid_t)tid, NULL, &now) != 0 || now.rip != before->rip ||
	    (now.orig_rax != before->orig_rax && now.orig_rax != SYS_restart_syscall)) {
		let_go(tid, SYSCALL_STOP);
		return -EAGAIN;
	}
	own = now.orig_rax;
	now.orig_rax = number;
	now.rdi = argument;
	if (ptrace(PTRACE_SETREGS, (pid_t)tid, NULL, &now) != 0 ||
	    ptrace(PTRACE_SYSCALL, (pid_t)tid, NULL, NULL) != 0)
		return -ESRCH;
	stop = await_stop(tid);
	if (stop < 0)
		return stop;
	if (ptrace(PTRACE_GETREGS, (pid_t)tid, NULL, &now) != 0)
		return -ESRCH;
	*ret_result = (int64_t)now.rax;
	now = *before;
	now.rip -= 2;
	now.rax = own;
	now.orig_rax = UINT64_MAX; /* nothing else is to be begun anew */
	if (ptrace(PTRACE_SETREGS, (pid_t)tid, NULL, &now) != 0)
		return -ESRCH;
	let_go(tid, stop);
	return 0;
}

/* A system call that somebody else is to make. */
struct errand {
	const struct ltr_process *process;
	const uint64_t *words;
	uint64_t number;
	uint64_t argument;
	int64_t result;
};

/* -EAGAIN: it did not sleep as it should. */
static int call_in_thread(struct errand *errand, uint32_t tid)
{
	struct user_regs_struct before;
	int stop;

	if (ptrace(PTRACE_SEIZE, (pid_t)tid, NULL, (void *)(intptr_t)PTRACE_O_TRACESYSGOOD) != 0)
		return errno == ESRCH ? -EAGAIN : -errno;
	if (ptrace(PTRACE_INTERRUPT, (pid_t)tid, NULL, NULL) != 0)
		return -EAGAIN;
	stop = await_stop(tid);
	if (stop < 0)
		return -EAGAIN;
	if (stop != PTRACE_EVENT_STOP || ptrace(PTRACE_GETREGS, (pid_t)tid, NULL, &before) != 0 ||
	    !sleeps_for_no_result(errand->words, &before) ||
	    ((uint64_t)ptrace(PTRACE_PEEKTEXT, (pid_t)tid, (void *)(before.rip - 2), NULL) &
	     0xffff) != OPCODE ||
	    ptrace(PTRACE_SYSCALL, (pid_t)tid, NULL, NULL) != 0) {
		let_go(tid, stop);
		return -EAGAIN;
	}
	stop = await_stop(tid);
	if (stop < 0)
		return -EAGAIN;
	if (stop != SYSCALL_STOP) {
		let_go(tid, stop);
		return -EAGAIN;
	}
	return replace_call(tid, &before, errand->number, errand->argument, &errand->result);
}

static int call_in_any(struct errand *errand)
{
	uint32_t *tids;
	size_t count;
	int error = ltr_reach_threads(errand->process, &tids, &count);

	if (error)
		return error;
	error = -EAGAIN;
	for (size_t i = 0; i < count && i < THREADS_TRIED && error == -EAGAIN; i++) {
		if (!may_serve(errand->process, errand->words, tids[i]))
			continue;
		error = has_filter(errand->process, tids[i]) ? -EPERM
							     : call_in_thread(errand, tids[i]);
	}
	free(tids);
	return error;
}

/* -EAGAIN: no thread sleeps as it should. */
static int call_in(struct errand *errand, uint32_t tries)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	int error = call_in_any(errand);

	for (uint32_t i = 1; i < tries && error == -EAGAIN; i++) {
		nanosleep(&pause, NULL);
		error = call_in_any(errand);
	}
	return error;
}

/* What has this number is what we had opened: the program may have put something else there. */
static bool is_userfault(const struct ltr_process *process, int64_t fd)
{
	char path[80], target[64];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%u/fd/%lld", ltr_process_pid(process), (long long)fd);
	length = readlink(path, target, sizeof(target) - 1);
	target[length > 0 ? length : 0] = '\0';
	return strcmp(target, "anon_inode:[userfaultfd]") == 0;
}

/* There is nobody else to close it: worth more patience than getting it was. */
static int close_there(struct errand *errand, int64_t fd)
{
	int error = -EAGAIN;

	errand->number = SYS_close;
	errand->argument = (uint64_t)fd;
	for (uint32_t i = 0; i < CLOSE_TRIES && error == -EAGAIN; i++)
		error = is_userfault(errand->process, fd) ? call_in(errand, TRIES_MAX) : 0;
	return error;
}

int ltr__borrow_userfault(const struct ltr_process *process, const uint64_t words[2])
{
	struct errand errand = {
		.process = process,
		.words = words,
		.number = SYS_userfaultfd,
		.argument = O_CLOEXEC | O_NONBLOCK | LTR__UFFD_USER_MODE,
	};
	int pidfd = ltr_process_pidfd(process);
	int64_t there;
	int fd, error;

	if (pidfd < 0)
		return -ENOSYS;
	error = call_in(&errand, TRIES_MAX);
	if (error)
		return error;
	there = errand.result;
	if (there < 0)
		return (int)there;
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, (int)there, 0);
	if (fd < 0)
		fd = -errno;
	error = close_there(&errand, there);
	if (error && fd >= 0) {
		close(fd);
		fd = error;
	}
	return fd;
}
#else
int ltr__borrow_userfault(const struct ltr_process *process, const uint64_t words[2])
{
	(void)process, (void)words;
	return -EOPNOTSUPP;
}
#endif
