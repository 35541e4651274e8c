/* SPDX-License-Identifier: MIT */
/* Which signals a helper takes. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "helper.h"

#define SAVED 77

static void *ask(void *context)
{
	pthread_sigmask(SIG_SETMASK, NULL, context);
	return context;
}

static void what_is_sent_is_the_screens(void **state)
{
	static const int sent[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH};
	static const int crashing[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
	pthread_t thread;
	sigset_t before;
	sigset_t after;
	sigset_t mask;

	(void)state;
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	assert_int_equal(ltr_helper_start(&thread, 0, ask, &mask), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	for (size_t i = 0; i < sizeof(sent) / sizeof(*sent); i++)
		assert_true(sigismember(&mask, sent[i]));
	for (size_t i = 0; i < sizeof(crashing) / sizeof(*crashing); i++)
		assert_false(sigismember(&mask, crashing[i]));
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	for (int number = 1; number < NSIG; number++)
		assert_int_equal(sigismember(&after, number), sigismember(&before, number));
}

#define STACK_BYTES (64u << 20) /* more than any other thread had: its stack may be used again */

static void *measure(void *context)
{
	pthread_attr_t attributes;

	if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
		pthread_attr_getstacksize(&attributes, context);
		pthread_attr_destroy(&attributes);
	}
	return NULL;
}

static void the_stack_is_as_asked_for(void **state)
{
	pthread_t thread;
	size_t bytes = 0;

	(void)state;
	assert_int_equal(ltr_helper_start(&thread, STACK_BYTES, measure, &bytes), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(bytes >= STACK_BYTES);
	assert_int_equal(ltr_helper_start(&thread, 1, measure, &bytes), -EINVAL);
}

static void save(int number)
{
	(void)number;
	_exit(SAVED);
}

static void *trap(void *context)
{
	__builtin_trap();
	return context;
}

/* As the one that restores the terminal. */
static void a_crash_reaches_its_handler(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	assert_true(pid >= 0);
	if (!pid) {
		pthread_t thread;

		signal(SIGILL, save);
		signal(SIGTRAP, save); /* on some machines */
		if (ltr_helper_start(&thread, 0, trap, NULL))
			_exit(1);
		pthread_join(thread, NULL);
		_exit(2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), SAVED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sent_is_the_screens),
		cmocka_unit_test(the_stack_is_as_asked_for),
		cmocka_unit_test(a_crash_reaches_its_handler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
