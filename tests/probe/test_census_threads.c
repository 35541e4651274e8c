// SPDX-License-Identifier: MIT
/* Threads in the census: kept while their goroutine stands, and only if the two agree. */
#include "testing.h"

#include "census_fill.h"

static struct ltr_census *census_of(const struct ltr_goroutine *goroutines, size_t count)
{
	struct ltr_census *census;

	assert_int_equal(ltr_census_new(&census), 0);
	assert_int_equal(ltr_census_snapshot_begin(census, 1000), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(ltr_census_snapshot_put(census, &goroutines[i]), 0);
	assert_int_equal(ltr_census_snapshot_end(census, true), 0);
	return census;
}

static const struct ltr_goroutine goroutines[] = {
	{.id = 9, .state = LTR_STATE_SYSCALL, .reason = LTR_REASON_SYSCALL, .transitions = 4},
	{.id = 5, .state = LTR_STATE_RUNNING, .transitions = 3},
	{.id = 7, .state = LTR_STATE_CHAN, .reason = LTR_REASON_SELECT, .transitions = 8},
};

static const struct ltr_thread threads[] = {
	{.goroutine_id = 9, .tid = 101, .call = 0, .state = LTR_THREAD_ASLEEP, .since_ns = 500},
	{.goroutine_id = 7, .tid = 102, .call = -1, .state = LTR_THREAD_ON_CPU},
	{.goroutine_id = 5, .tid = 103, .call = -1, .state = LTR_THREAD_READY},
	{.goroutine_id = 4, .tid = 104, .call = -1, .state = LTR_THREAD_READY},
};

static void test_who_agrees_is_kept_in_order(void **state)
{
	(void)state;
	static const bool in_call[] = {true, false, false, false};
	struct ltr_census *census = census_of(goroutines, 3);
	const struct ltr_thread *thread;

	assert_int_equal(ltr_census_set_threads(census, threads, in_call, 4), 0);
	assert_int_equal(ltr_census_thread_count(census), 2);
	assert_int_equal(ltr_census_thread(census, 0)->goroutine_id, 5);
	assert_int_equal(ltr_census_thread(census, 1)->goroutine_id, 9);
	assert_null(ltr_census_thread(census, 2));

	thread = ltr_census_thread_of(census, ltr_census_find(census, 9));
	assert_int_equal(thread->tid, 101);
	assert_int_equal(thread->since_ns, 500);
	assert_int_equal(thread->transitions, 4);
	assert_null(ltr_census_thread_of(census, ltr_census_find(census, 7)));
	ltr_census_free(census);
}

static void test_a_call_is_no_running(void **state)
{
	(void)state;
	static const bool in_call[] = {false, false, true, false};
	struct ltr_census *census = census_of(goroutines, 3);

	assert_int_equal(ltr_census_set_threads(census, threads, in_call, 4), 0);
	assert_int_equal(ltr_census_thread_count(census), 0);
	assert_null(ltr_census_thread_of(census, ltr_census_find(census, 9)));
	ltr_census_free(census);
}

static void test_who_moves_is_no_longer_there(void **state)
{
	(void)state;
	static const bool in_call[] = {true, false, false, false};
	struct ltr_goroutine moved = goroutines[0];
	struct ltr_census *census = census_of(goroutines, 3);

	assert_int_equal(ltr_census_set_threads(census, threads, in_call, 4), 0);
	moved.transitions += 3; /* another call */
	assert_int_equal(ltr_census_snapshot_begin(census, 2000), 0);
	assert_int_equal(ltr_census_snapshot_put(census, &moved), 0);
	assert_int_equal(ltr_census_snapshot_put(census, &goroutines[1]), 0);
	assert_int_equal(ltr_census_snapshot_end(census, true), 0);
	assert_null(ltr_census_thread_of(census, ltr_census_find(census, 9)));
	assert_non_null(ltr_census_thread_of(census, ltr_census_find(census, 5)));
	assert_int_equal(ltr_census_set_threads(census, NULL, NULL, 0), 0);
	assert_null(ltr_census_thread_of(census, ltr_census_find(census, 5)));
	ltr_census_free(census);
}

static void test_states_have_names(void **state)
{
	(void)state;
	assert_string_equal(ltr_thread_state_name(LTR_THREAD_ON_CPU), "on CPU");
	assert_string_equal(ltr_thread_state_name(LTR_THREAD_BLOCKED), "blocked");
	assert_string_equal(ltr_thread_state_name(LTR_THREAD_UNKNOWN), "?");
	assert_string_equal(ltr_thread_state_name(200), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_agrees_is_kept_in_order),
		cmocka_unit_test(test_a_call_is_no_running),
		cmocka_unit_test(test_who_moves_is_no_longer_there),
		cmocka_unit_test(test_states_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
