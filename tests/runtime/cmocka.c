/* SPDX-License-Identifier: MIT */

/*
 * loiter/cmocka.h: a test that leaves a goroutine behind fails, whatever its function says, and so does
 * one with an assertion that fails in a goroutine; and only those. What cmocka says of the tests that
 * have to fail is part of the output.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define LTR_CMOCKA_GRACE_NS (3 * LTR_SECOND)
#include <loiter.h>
#include <loiter/cmocka.h>

LTR_CHAN(numbers, int);

static numbers never;

static void wait_for_ever(void)
{
	ltr_recv(never, NULL);
}

static void leaks_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++)
		ltr_go(ltr_yield);
}

static void leaks(void **state)
{
	(void)state;
	never = ltr_make(numbers, 0);
	ltr_go(wait_for_ever);
}

static void leaves_a_daemon(void **state)
{
	(void)state;
	never = ltr_make(numbers, 0);
	ltr_go_with(&(struct ltr_go_options){.daemon = true}, wait_for_ever);
}

static void is_wrong(void)
{
	assert_int_equal(1, 2);
}

static void fails_in_a_goroutine(void **state)
{
	(void)state;
	ltr_go(is_wrong);
	ltr_sleep(LTR_MINUTE);
}

static void deadlocks(void **state)
{
	(void)state;
	never = ltr_make(numbers, 0);
	wait_for_ever();
}

/* --- fixtures: a server that the teardown stops ------------------------------------------------- */

static int start_server(void **state)
{
	never = ltr_make(numbers, 0);
	ltr_go(wait_for_ever);
	*state = &never;
	return 0;
}

static int stop_server(void **state)
{
	ltr_close(*(numbers *)*state);
	return 0;
}

static int forget_server(void **state)
{
	return *state == &never ? 0 : -1;
}

static int fails(void **state)
{
	(void)state;
	return -1;
}

/* --- tests that run at the same time in goroutines of one process -------------------------------- */

struct parallel {
	bool leaks;
	int *faults;
	struct ltr_waitgroup *done;
};

static void run_parallel(struct parallel *test)
{
	int result = ltr_cmocka_begin();

	ltr_go(ltr_yield);
	if (test->leaks)
		ltr_go(wait_for_ever);
	if (result != 0 || ltr_cmocka_end() != (test->leaks ? -1 : 0))
		__atomic_add_fetch(test->faults, 1, __ATOMIC_RELAXED);
	ltr_waitgroup_done(test->done);
}

static void tells_parallel_tests_apart(void **state)
{
	struct ltr_waitgroup done = {0};
	int faults = 0;

	never = ltr_make(numbers, 0);
	ltr_waitgroup_add(&done, 8);
	for (int i = 0; i < 8; i++)
		ltr_go(run_parallel, (struct parallel){i % 2, &faults, &done});
	ltr_waitgroup_wait(&done);
	assert_int_equal(faults, 0);
	ltr_close(never); /* the leaked ones end: they would count for this test as well */
	(void)state;
}

int main(void)
{
	const struct CMUnitTest clean[] = {
		ltr_cmocka_unit_test(leaks_nothing),
		ltr_cmocka_unit_test(leaves_a_daemon),
		ltr_cmocka_unit_test_setup_teardown(leaks_nothing, start_server, stop_server),
		ltr_cmocka_unit_test(tells_parallel_tests_apart),
	};
	const struct CMUnitTest wrong[] = {
		ltr_cmocka_unit_test(leaks),
		ltr_cmocka_unit_test(fails_in_a_goroutine),
		ltr_cmocka_unit_test(deadlocks),
		ltr_cmocka_unit_test_setup_teardown(leaks_nothing, start_server, forget_server),
		ltr_cmocka_unit_test_setup_teardown(leaks_nothing, fails, NULL),
		ltr_cmocka_unit_test_setup_teardown(leaks_nothing, NULL, fails),
	};
	int failed_clean = cmocka_run_group_tests(clean, NULL, NULL);
	int failed_wrong = cmocka_run_group_tests(wrong, NULL, NULL);

	printf("%d failed that are right, %d of 6 that are wrong\n", failed_clean, failed_wrong);
	return failed_clean != 0 || failed_wrong != 6;
}
