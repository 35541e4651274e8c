/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CMOCKA_H
#define LOITER_CMOCKA_H

/*
 * Tests with cmocka for code that uses goroutines, which fail when they leave a goroutine behind:
 *
 *	#include <cmocka.h>            and what that needs before it
 *	#include <loiter/cmocka.h>
 *
 *	static void parses_empty_input(void **state) ...
 *
 *	const struct CMUnitTest tests[] = {
 *		ltr_cmocka_unit_test(parses_empty_input),
 *		ltr_cmocka_unit_test_setup_teardown(serves, setup, teardown),
 *	};
 *	return cmocka_run_group_tests(tests, NULL, NULL);      in main(), not below ltr_run()
 *
 * Each test is the main goroutine of a process of its own (a fork, with its own ltr_run()), its setup
 * and teardown with it. cmocka keeps where a failed assertion returns to in thread-local variables,
 * and goroutines change threads: in its own process an assertion may fail in any goroutine of the
 * test. What a test changes in memory is gone with its process; skip() counts as a failure. C only.
 *
 * A test is a scope (<loiter/scope.h>): when it and its teardown have returned, its goroutines have
 * LTR_CMOCKA_GRACE_NS to end; then they are reported on standard error, with where they wait and
 * were created, and the test fails.
 *
 * ltr_cmocka_begin() and ltr_cmocka_end() are the same in one line each, for the setup and the
 * teardown of other harnesses, and for tests that run at the same time in goroutines of one process.
 *
 * Everything is in the header: there is nothing to link but libloiter and libcmocka.
 */

#include <loiter/goroutine.h>
#include <loiter/scope.h>
#include <loiter/time.h>

/* Define it before the include for another grace. */
#ifndef LTR_CMOCKA_GRACE_NS
#define LTR_CMOCKA_GRACE_NS LTR_SECOND
#endif

/* The calling goroutine's test begins. 0, or -1 if there is no room for the label. */
static inline int ltr_cmocka_begin(void)
{
	struct ltr_scope scope; /* the goroutine's labels keep it */

	return ltr_scope_begin(&scope, "test") == 0 ? 0 : -1;
}

/* It ends. 0, or -1 if somebody is left, which is said, or it had not begun. */
static inline int ltr_cmocka_end(void)
{
	struct ltr_scope scope;

	if (ltr_scope_current(&scope) != 0)
		return -1;
	return ltr_scope_end(&scope, ltr_after(LTR_CMOCKA_GRACE_NS)) == 0 ? 0 : -1;
}

#if defined(CMOCKA_H_) && !defined(__cplusplus)

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct ltr_cmocka_test {
	void (*test)(void **state);
	int (*setup)(void **state);
	int (*teardown)(void **state);
};

/* How the process of a test ends, besides what it does itself. */
enum ltr__cmocka_status {
	LTR__CMOCKA_SETUP = 121,
	LTR__CMOCKA_TEARDOWN = 122,
	LTR__CMOCKA_LEFT = 123,
};

static const struct ltr_cmocka_test *ltr__cmocka_now;

static inline int ltr__cmocka_main(int argc, char **argv)
{
	const struct ltr_cmocka_test *test = ltr__cmocka_now;
	void *state = NULL;

	(void)argc;
	(void)argv;
	if (ltr_cmocka_begin() != 0 || (test->setup && test->setup(&state) != 0))
		return LTR__CMOCKA_SETUP;
	test->test(&state);
	if (test->teardown && test->teardown(&state) != 0)
		return LTR__CMOCKA_TEARDOWN;
	return ltr_cmocka_end() == 0 ? 0 : LTR__CMOCKA_LEFT;
}

static inline void ltr__cmocka_run(void **state)
{
	int status = 0;
	pid_t child;

	ltr__cmocka_now = (const struct ltr_cmocka_test *)*state;
	fflush(NULL); /* or the child writes it as well */
	child = fork();
	if (child == 0) {
		/* in a goroutine it cannot go back to its runner: let it say what it is, and abort */
		setenv("CMOCKA_TEST_ABORT", "1", 1);
		status = ltr_run(ltr__cmocka_main, 0, NULL);
		fflush(NULL);
		_exit(status < 0 ? LTR__CMOCKA_SETUP : status);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (child < 0)
		fail_msg("the test has got no process: errno %d", errno);
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT)
		fail_msg("an assertion of the test has failed, or it has aborted");
	else if (WIFSIGNALED(status))
		fail_msg("the test was killed by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) == LTR__CMOCKA_SETUP)
		fail_msg("the test could not be set up");
	else if (WEXITSTATUS(status) == LTR__CMOCKA_TEARDOWN)
		fail_msg("its teardown failed");
	else if (WEXITSTATUS(status) == LTR__CMOCKA_LEFT)
		fail_msg("goroutines of the test have not ended");
	else if (WEXITSTATUS(status) != 0)
		fail_msg("the test ended with status %d", WEXITSTATUS(status));
}

#define ltr_cmocka_unit_test(function) ltr_cmocka_unit_test_setup_teardown(function, NULL, NULL)
#define ltr_cmocka_unit_test_setup_teardown(function, setup, teardown)            \
	{                                                                         \
#function, ltr__cmocka_run, NULL, NULL, &(struct ltr_cmocka_test) \
		{                                                                 \
			function, setup, teardown                                 \
		}                                                                 \
	}

#endif /* CMOCKA_H_ */

#endif
