/* SPDX-License-Identifier: MIT */

/* What docs/runtime.md says of errno, signals, longjmp and fork. */

#include "harness.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/wait.h>

LTR_CHAN(numbers, int);

static void check_mask(struct ltr_waitgroup **done)
{
	static const int open[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGPROF};
	sigset_t blocked;

	expect(pthread_sigmask(SIG_BLOCK, NULL, &blocked) == 0);
	for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
		expect(sigismember(&blocked, open[i]) == 0);
	expect(sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGCHLD) == 1 &&
	       sigismember(&blocked, SIGALRM) == 1 && sigismember(&blocked, SIGUSR1) == 1);
	ltr_waitgroup_done(*done);
}

static int goroutines_block_signals(int argc, char **argv)
{
	struct ltr_waitgroup done = {0};

	(void)argc, (void)argv;
	ltr_waitgroup_add(&done, 20);
	for (int i = 0; i < 20; i++)
		ltr_go(check_mask, &done);
	ltr_waitgroup_wait(&done);
	return 0;
}

static int handler_end;
static pid_t handler_thread;

static void on_signal(int number)
{
	char byte = (char)number;

	/* NOLINTNEXTLINE(bugprone-signal-handler): a system call and nothing else */
	__atomic_store_n(&handler_thread, gettid(), __ATOMIC_RELAXED);
	if (write(handler_end, &byte, 1) != 1)
		_exit(98);
}

static int a_handler_writes_to_a_pipe(int argc, char **argv)
{
	struct ltr_conn *conn;
	int ends[2];
	char byte;

	(void)argc, (void)argv;
	expect(pipe(ends) == 0);
	handler_end = ends[1];
	expect(ltr_conn_adopt(ends[0], &conn) == 0);
	signal(SIGUSR1, on_signal);
	for (int i = 0; i < 10; i++) {
		expect(kill(getpid(), SIGUSR1) == 0);
		expect(ltr_read(conn, &byte, 1) == 1 && byte == SIGUSR1);
		expect(__atomic_load_n(&handler_thread, __ATOMIC_RELAXED) ==
		       getpid()); /* that of main() and ltr_run() */
	}
	ltr_conn_close(conn);
	return 0;
}

static jmp_buf back;
static volatile bool stay; /* never; but the compiler does not know */

static __attribute__((noinline)) void jump(void)
{
	ltr_yield();
	if (!stay)
		longjmp(back, 7);
}

static __attribute__((noinline)) void go_down(int levels)
{
	ltr_yield();
	if (levels == 0) {
		jump();
		return;
	}
	go_down(levels - 1);
}

/* Over frames that have parked, and perhaps changed threads. */
static int longjmp_in_a_goroutine(int argc, char **argv)
{
	int value;

	(void)argc, (void)argv;
	for (volatile int i = 0; i < 100; i++) {
		value = setjmp(back);
		if (value == 0)
			go_down(5);
		expect(value == 7);
		ltr_sleep(LTR_MICROSECOND);
	}
	return 0;
}

/*
 * In a function of its own, which does not park: compilers take errno's address once a function and
 * keep it, and after a park it is another thread's.
 */
static __attribute__((noinline)) void fail_once(int error)
{
	errno = 0;
	if (error == EBADF)
		expect(close(-1) == -1 && errno == EBADF);
	else
		expect(access("/no such file", F_OK) == -1 && errno == ENOENT);
}

static void fail_with(int *error)
{
	for (int i = 0; i < 200; i++) {
		fail_once(*error);
		ltr_yield();
	}
}

static int errno_read_at_once(int argc, char **argv)
{
	(void)argc, (void)argv;
	for (int i = 0; i < 10; i++) {
		ltr_go(fail_with, EBADF);
		ltr_go(fail_with, ENOENT);
	}
	while (ltr_count() > 1)
		ltr_yield();
	return 0;
}

struct waiting {
	pid_t child;
	int status;
};

static void wait_for_child(void *argument)
{
	struct waiting *waiting = argument;

	expect(waitpid(waiting->child, &waiting->status, 0) == waiting->child);
}

static int fork_and_exec(int argc, char **argv)
{
	struct waiting waiting;

	(void)argc, (void)argv;
	waiting.child = fork();
	expect(waiting.child >= 0);
	if (waiting.child == 0) {
		execl("/bin/sh", "sh", "-c", "exit 5", (char *)NULL);
		_exit(97);
	}
	expect(ltr_blocking(wait_for_child, &waiting) == 0);
	expect(WIFEXITED(waiting.status) && WEXITSTATUS(waiting.status) == 5);
	return 0;
}

int main(void)
{
	static const struct rule rules[] = {
		RULE(goroutines_block_signals),
		RULE(a_handler_writes_to_a_pipe),
		RULE(longjmp_in_a_goroutine),
		RULE(errno_read_at_once),
		RULE(fork_and_exec),
	};

	return run_rules(rules, sizeof(rules) / sizeof(rules[0]));
}
