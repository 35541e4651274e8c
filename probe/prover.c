// SPDX-License-Identifier: MIT
/*
 * Looking for references in our own process. Who walks a heap must not allocate in it, and what it
 * has written down of goroutines must not count as a reference to them: so a child does it, which
 * looks at this process from outside and has all it needs in a copy of it. The thread that asks
 * sleeps until then.
 *
 * The child is fork()'s, because that makes malloc() and stdio usable in a copy of a program with
 * threads, whichever malloc() that is: locks are taken before and are free in the child, which has
 * one thread. There, only what relies on no more than that is called: system calls, malloc(), files
 * of its own, and what reads a process. No thread is started, no destructor, no handler of the
 * program's runs.
 *
 * It is no child of this process. fork() is called by a process in between that shares our memory
 * (as one of vfork() does: the calling thread sleeps until it has ended), and that has no signal
 * for its end: so the program gets no SIGCHLD, and no wait() of it finds somebody whom it does not
 * know. The child belongs to init then. It ends by itself with this process, because nothing is
 * left to read, and by SIGALRM when the time is over.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe_private.h"
#include "process_private.h"

#define STACK_BYTES ((size_t)1 << 20)
#define GRACE_S     5u /* the child's alarm comes so much later than our patience ends */
#define ENTRIES     512u

struct prover {
	struct ltr_probe *probe;
	int ours;   /* the two ends of a pair of sockets */
	int theirs; /* the child's */
	unsigned int most_s;
	pid_t pid; /* < 0: there is no child, for `error` */
	int pidfd; /* -1: none */
	int error;
};

/* What the child says, then `count` entries. */
struct answer {
	int32_t error;
	uint32_t count;
	struct ltr_reach_info info;
	struct ltr_why why;
};

struct entry {
	uint64_t id;
	uint32_t transitions;
	uint32_t reachable;
};

/* --- the child ------------------------------------------------------------------------------ */

/* No end of a connection, pipe or file of the program's is held any longer by us, but for
 * stderr. */
static void close_others(const struct prover *prover)
{
	unsigned int low = (unsigned int)prover->theirs;
	unsigned int high = low;
	int pidfd = ltr_process_pidfd(prover->probe->process);

	if (pidfd >= 0) {
		low = (unsigned int)pidfd < low ? (unsigned int)pidfd : low;
		high = (unsigned int)pidfd > high ? (unsigned int)pidfd : high;
	}
	/* Or the program had closed its own, and these are ours. */
	if (low > STDERR_FILENO)
		close_range(0, STDERR_FILENO - 1, 0);
	if (low > STDERR_FILENO + 1)
		close_range(STDERR_FILENO + 1, low - 1, 0);
	if (high > low + 1)
		close_range(low + 1, high - 1, 0);
	close_range(high + 1, ~0u, 0);
}

/* The program's handlers are about the program. */
static void forget_handlers(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		sigaction(number, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* If memory runs out, or we crash, then nothing of it is the program's loss. */
static void be_humble(void)
{
	const struct rlimit none = {0, 0};
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!write(fd, "1000", 4);
		close(fd);
	}
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_NAME, "loiter-prover");
}

static void tell(const struct prover *prover, const void *data, size_t bytes)
{
	const unsigned char *at = data;

	while (bytes) {
		ssize_t done = write(prover->theirs, at, bytes);

		if (done <= 0)
			return; /* by SIGPIPE we would have ended */
		at += done;
		bytes -= (size_t)done;
	}
}

static bool is_judged(const struct ltr_goroutine *goroutine)
{
	return goroutine->flags & (LTR_IS_REACHABLE | LTR_IS_UNREACHABLE);
}

static void tell_all(const struct prover *prover, struct answer *answer)
{
	const struct ltr_census *census = prover->probe->census;
	size_t count = ltr_census_count(census);
	struct entry entries[ENTRIES];
	size_t filled = 0;

	answer->info = ltr_census_info(census)->reach;
	if (answer->error || !answer->info.conclusive)
		count = 0;
	for (size_t i = 0; i < count; i++)
		answer->count += is_judged(ltr_census_at(census, i));
	tell(prover, answer, sizeof(*answer));
	for (size_t i = 0; i < count; i++) {
		const struct ltr_goroutine *goroutine = ltr_census_at(census, i);

		if (is_judged(goroutine))
			entries[filled++] = (struct entry){
				.id = goroutine->id,
				.transitions = goroutine->transitions,
				.reachable = !!(goroutine->flags & LTR_IS_REACHABLE),
			};
		if (filled == ENTRIES || i + 1 == count) {
			tell(prover, entries, filled * sizeof(*entries));
			filled = 0;
		}
	}
}

static void look(const struct prover *prover, struct answer *answer)
{
	struct ltr_probe *probe = prover->probe;
	uint64_t word;

	answer->error = ltr_process_read(probe->process, (uint64_t)(uintptr_t)&probe->census, &word,
					 sizeof(word));
	if (answer->error) {
		ltr_why_set(
			&answer->why, answer->error,
			"the child that looks may not read this process (is it not dumpable, or "
			"does a sandbox or kernel.yama.ptrace_scope forbid it?): %s",
			strerror(-answer->error));
		return;
	}
	answer->error = probe->kind->reach(probe->target, probe->census, LTR_FREEZE_NEVER);
	if (answer->error)
		ltr_why_set(&answer->why, answer->error, "%s", strerror(-answer->error));
}

static void child_main(const struct prover *prover)
{
	struct answer answer = {0};
	char go;

	close_others(prover);
	forget_handlers();
	be_humble();
	alarm(prover->most_s + GRACE_S);
	/* Until we may read: or it has changed its mind, or has ended. */
	if (read(prover->theirs, &go, 1) != 1)
		return;
	look(prover, &answer);
	tell_all(prover, &answer);
}

/*
 * In between. What a sanitizer wrote down of this stack would remain, so that it does not know of
 * it; and it is told of no end: exit_group(2) is no function that does not return.
 */
__attribute__((no_sanitize_address)) static int fork_apart(void *context)
{
	struct prover *prover = context;
	pid_t pid = fork();

	if (pid == 0) {
		child_main(prover);
		syscall(SYS_exit_group, 0);
	}
	prover->error = pid < 0 ? -errno : 0;
	if (pid > 0)
		prover->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	prover->pid = pid;
	syscall(SYS_exit_group, 0);
	return 0;
}

/* --- who asks ------------------------------------------------------------------------------- */

static int start(struct prover *prover, struct ltr_why *why)
{
	unsigned char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	pid_t between = -1;

	prover->pid = prover->pidfd = -1;
	prover->error = -EAGAIN;
	if (stack == MAP_FAILED)
		return ltr_why_set(why, -errno, "cannot fork: %s", strerror(errno));
	/* The descriptors are shared, too: that is how we get the one of the child. */
	between = clone(fork_apart, stack + STACK_BYTES, CLONE_VM | CLONE_VFORK | CLONE_FILES,
			prover);
	if (between < 0)
		prover->error = -errno;
	while (between > 0 && waitpid(between, NULL, __WALL) < 0 && errno == EINTR)
		;
	munmap(stack, STACK_BYTES);
	if (prover->pid < 0)
		return ltr_why_set(why, prover->error, "cannot fork: %s", strerror(-prover->error));
	return 0;
}

static uint64_t now_ms(void)
{
	return ltr_process_now_ns() / 1000000;
}

/* Not the caller's any more: -ECANCELED, -ETIMEDOUT, -ECHILD it has ended. */
static int hear(const struct prover *prover, int stop_fd, uint64_t end_ms, void *buffer,
		size_t bytes)
{
	unsigned char *at = buffer;

	while (bytes) {
		struct pollfd news[] = {
			{.fd = prover->ours, .events = POLLIN},
			{.fd = stop_fd, .events = POLLIN},
		};
		uint64_t now = now_ms();
		ssize_t got;

		if (now >= end_ms)
			return -ETIMEDOUT;
		if (poll(news, 2, (int)(end_ms - now)) < 0)
			continue;
		if (news[1].revents)
			return -ECANCELED;
		if (!news[0].revents)
			continue;
		got = read(prover->ours, at, bytes);
		if (got == 0 || (got < 0 && errno != EINTR))
			return -ECHILD;
		if (got > 0) {
			at += got;
			bytes -= (size_t)got;
		}
	}
	return 0;
}

static int hear_all(const struct prover *prover, int stop_fd, uint64_t end_ms, struct ltr_why *why)
{
	struct ltr_census *census = prover->probe->census;
	struct answer answer = {0};
	struct entry entries[ENTRIES] = {0};
	int error = hear(prover, stop_fd, end_ms, &answer, sizeof(answer));

	if (!error && answer.error) {
		*why = answer.why;
		return answer.error;
	}
	while (!error && answer.count) {
		uint32_t some = answer.count < ENTRIES ? answer.count : ENTRIES;

		error = hear(prover, stop_fd, end_ms, entries, some * sizeof(*entries));
		for (uint32_t i = 0; i < some && !error; i++)
			ltr_census_note_reach(census, entries[i].id, entries[i].transitions,
					      entries[i].reachable);
		answer.count -= some;
	}
	if (!error)
		ltr_census_info_mut(census)->reach = answer.info;
	else if (error == -ETIMEDOUT)
		ltr_why_set(why, error, "looking for references took longer than %u seconds",
			    prover->most_s);
	else if (error == -ECANCELED)
		ltr_why_set(why, error, "the program is about to end");
	else
		ltr_why_set(why, error, "the child that looked was killed");
	return error;
}

/*
 * Yama lets it read if we name it. Whom the program itself had named (a reporter of crashes) is not
 * known; so it is done only where it is needed, and nobody is named afterwards.
 */
static int hear_permitted(const struct prover *prover, int stop_fd, struct ltr_why *why)
{
	uint64_t end_ms = now_ms() + prover->most_s * 1000ull;
	bool names = ltr__process_ptrace_scope() == 1;
	int error;

	if (names)
		prctl(PR_SET_PTRACER, (unsigned long)prover->pid, 0, 0, 0);
	if (send(prover->ours, "", 1, MSG_NOSIGNAL) == 1)
		error = hear_all(prover, stop_fd, end_ms, why);
	else
		error = ltr_why_set(why, -ECHILD, "the child that was to look was killed");
	if (names)
		prctl(PR_SET_PTRACER, 0, 0, 0, 0);
	return error;
}

int ltr_probe_reach_by_child(struct ltr_probe *probe, int stop_fd, unsigned int most_s,
			     struct ltr_why *ret_why)
{
	struct prover prover = {.probe = probe, .most_s = most_s};
	int pair[2];
	int error;

	if (probe->gone)
		return ltr_why_set(ret_why, -ESRCH, "the program has ended");
	if (!probe->kind->reach || !probe->process || !ltr_process_is_own(probe->process))
		return ltr_why_set(ret_why, -EOPNOTSUPP, "it is not this process");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return ltr_why_set(ret_why, -errno, "cannot talk to a child: %s", strerror(errno));
	prover.ours = pair[0];
	prover.theirs = pair[1];
	error = start(&prover, ret_why);
	close(prover.theirs);
	if (!error)
		error = hear_permitted(&prover, stop_fd, ret_why);
	if (prover.pidfd >= 0) {
		if (error)
			(void)syscall(SYS_pidfd_send_signal, prover.pidfd, SIGKILL, NULL, 0);
		close(prover.pidfd);
	}
	close(prover.ours);
	return error;
}
