/* SPDX-License-Identifier: MIT */

/*
 * Stack overflows say whose stack it was and end by SIGSEGV; other faults are as if the runtime had no
 * handler. Not under sanitizers, which have handlers of their own.
 */

#include "harness.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static volatile uint64_t depth;

/* As good as for ever. Not static, so that reports can name it. */
uint64_t dig(volatile char *above);
__attribute__((noinline)) uint64_t dig(volatile char *above)
{
	volatile char room[512];

	room[0] = above ? above[0] : 1;
	return depth++ == UINT64_MAX ? 0 : dig(room) + (uint64_t)room[0];
}

static void digger(void)
{
	dig(NULL);
}

static void wait_for_ever(void)
{
	ltr_sleep_until(LTR_FOREVER - 1);
}

static int a_goroutine(int argc, char **argv)
{
	struct ltr_go_options options = {.name = "digger"};

	(void)argc, (void)argv;
	ltr_go_with(&options, digger);
	wait_for_ever();
	return 0;
}

static int a_large_goroutine(int argc, char **argv)
{
	struct ltr_go_options options = {.stack_bytes = 1 << 20};

	(void)argc, (void)argv;
	ltr_go_with(&options, digger);
	wait_for_ever();
	return 0;
}

/* After it has parked and gone on, perhaps on another thread. */
static void wander_and_dig(void)
{
	for (int i = 0; i < 100; i++)
		ltr_yield();
	ltr_sleep(LTR_MILLISECOND);
	dig(NULL);
}

static int a_wanderer(int argc, char **argv)
{
	(void)argc, (void)argv;
	for (int i = 0; i < 10; i++)
		ltr_go(wander_and_dig);
	wait_for_ever();
	return 0;
}

static int the_main_goroutine(int argc, char **argv)
{
	(void)argc, (void)argv;
	dig(NULL);
	return 0;
}

static void dig_in_a_call(void *argument)
{
	(void)argument;
	dig(NULL);
}

static int a_blocking_call(int argc, char **argv)
{
	(void)argc, (void)argv;
	ltr_set_name("the caller");
	ltr_blocking(dig_in_a_call, NULL);
	return 0;
}

/* A frame so large that it leaps over the guard, into that of the stack below, the waiter's. */
static __attribute__((noinline)) void leap(void)
{
	volatile char room[126 << 10];

	room[0] = 1;
	depth += (uint64_t)room[0];
}

static void say_and_wait(bool **here)
{
	__atomic_store_n(*here, true, __ATOMIC_RELEASE);
	wait_for_ever();
}

static int a_large_frame(int argc, char **argv)
{
	static bool here;

	(void)argc, (void)argv;
	ltr_go(say_and_wait, &here);
	while (!__atomic_load_n(&here, __ATOMIC_ACQUIRE))
		ltr_yield();
	ltr_go(leap);
	wait_for_ever();
	return 0;
}

static int *volatile nowhere;

static void touch_nothing(void)
{
	*nowhere = 1;
}

static int null_in_a_goroutine(int argc, char **argv)
{
	(void)argc, (void)argv;
	ltr_go(touch_nothing);
	wait_for_ever();
	return 0;
}

static int a_signal_that_was_sent(int argc, char **argv)
{
	(void)argc, (void)argv;
	raise(SIGSEGV);
	return 0;
}

static bool repair;
static sigjmp_buf back;

static void on_fault(int number, siginfo_t *info, void *context)
{
	static const char words[] = "the program's own handler\n";

	(void)context;
	if (repair && info->si_addr == NULL)
		siglongjmp(back, 1);
	if (number == SIGSEGV && write(STDERR_FILENO, words, sizeof(words) - 1) > 0)
		_exit(5);
}

/* A handler of the program's own, from before ltr_run(). */
static void install_handler(const struct rule *rule)
{
	struct sigaction action = {.sa_flags = SA_SIGINFO};

	signal(SIGSEGV, SIG_DFL); /* cmocka's */
	if (strcmp(rule->name, "handler") != 0)
		return;
	action.sa_sigaction = on_fault;
	sigaction(SIGSEGV, &action, NULL);
}

static void fault_and_go_on(struct ltr_waitgroup **done)
{
	for (volatile int i = 0; i < 10; i++)
		if (!sigsetjmp(back, 1))
			*nowhere = 1;
	ltr_waitgroup_done(*done);
}

/* siglongjmp() out of the handler, that is, from the alternate stack to the goroutine's. */
static int own_handler_may_jump(int argc, char **argv)
{
	struct ltr_waitgroup done = {0};

	(void)argc, (void)argv;
	repair = true;
	ltr_waitgroup_add(&done, 1);
	ltr_go(fault_and_go_on, &done);
	ltr_waitgroup_wait(&done);
	return 0;
}

static void nothing(struct ltr_waitgroup **done)
{
	ltr_waitgroup_done(*done);
}

/* A kernel without guard regions and a process with all mappings used: both refused by a filter. */
static int no_guards(int argc, char **argv)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 102, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROT_NONE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOMEM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};
	struct ltr_waitgroup done = {0};

	(void)argc, (void)argv;
	/* this thread alone: the goroutines that it starts are cut here, or nowhere */
	expect(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	expect(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) ==
	       0);
	ltr_waitgroup_add(&done, 10);
	for (int i = 0; i < 10; i++)
		ltr_go(nothing, &done);
	ltr_waitgroup_wait(&done);
	return 0;
}

/* The emulator has a line of its own for a signal that kills, and no seccomp(). */
#ifdef LTR_TEST_EMULATED
#define NOTHING_OF_OURS "qemu: uncaught target signal 11"
#else
#define NOTHING_OF_OURS ""
#endif

int main(void)
{
	static const struct rule rules[] = {
		SIGNAL_RULE(a_goroutine, SIGSEGV, "\"digger\" (created at "),
		SIGNAL_RULE(a_goroutine, SIGSEGV, ", its stack is 64 KiB\n"),
		SIGNAL_RULE(a_goroutine, SIGSEGV, "\n\tdig+"),
		SIGNAL_RULE(a_large_goroutine, SIGSEGV, ", its stack is 1024 KiB\n"),
		SIGNAL_RULE(a_wanderer, SIGSEGV, ", its stack is 64 KiB\n"),
		SIGNAL_RULE(the_main_goroutine, SIGSEGV,
			    "stack overflow in goroutine 1 \"main\", its stack is 8192 KiB\n"),
		SIGNAL_RULE(a_blocking_call, SIGSEGV,
			    "stack overflow in a blocking call of goroutine 1 \"the caller\""),
		SIGNAL_RULE(a_large_frame, SIGSEGV, "fatal error: stack overflow in goroutine "),
		{"null", null_in_a_goroutine, -SIGSEGV, NOTHING_OF_OURS},
		{"sent", a_signal_that_was_sent, -SIGSEGV, NOTHING_OF_OURS},
		{"handler", null_in_a_goroutine, 5, "the program's own handler"},
		{"handler", a_signal_that_was_sent, 5, "the program's own handler"},
		{"handler", a_goroutine, 5, "fatal error: stack overflow"},
		{"handler", a_goroutine, 5, "the program's own handler"},
		{"handler", own_handler_may_jump, 0, ""},
		{"no_guards", no_guards, 0, "loiter: no guard pages"},
	};
	size_t count = sizeof(rules) / sizeof(rules[0]);

	rule_before = install_handler;
#ifdef LTR_TEST_EMULATED
	count--;
	puts("skipped: no_guards: the emulator has no seccomp()");
#endif
	return run_rules(rules, count);
}
