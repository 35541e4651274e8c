// SPDX-License-Identifier: MIT
/* Samples of the CPUs in the census: what is alike is added up, and what is known of who ran rides along. */
#include "testing.h"

#include "census_fill.h"

static struct ltr_census *census_with(const struct ltr_goroutine *goroutine)
{
	struct ltr_census *census;

	assert_int_equal(ltr_census_new(&census), 0);
	assert_int_equal(ltr_census_snapshot_begin(census, 1000), 0);
	if (goroutine)
		assert_int_equal(ltr_census_snapshot_put(census, goroutine), 0);
	assert_int_equal(ltr_census_snapshot_end(census, true), 0);
	return census;
}

static void test_nothing_is_there_at_first(void **state)
{
	(void)state;
	struct ltr_census *census = census_with(NULL);

	assert_int_equal(ltr_census_cpu_count(census), 0);
	assert_null(ltr_census_cpu(census, 0));
	assert_int_equal(ltr_census_info(census)->cpu_period_ns, 0);
	ltr_census_free(census);
}

static void test_the_first_address_becomes_one_of_a_call(void **state)
{
	(void)state;
	static const uint64_t pcs[] = {0x1000, 0x2000, 0x3000};
	struct ltr_census *census = census_with(NULL);
	size_t depth;

	assert_int_equal(ltr_census_add_cpu_sample(census, 1500, 0, false, pcs, 3), 0);
	const struct ltr_cpu_total *total = ltr_census_cpu(census, 0);
	const uint64_t *stack = ltr_census_stack(census, total->stack, &depth);

	assert_int_equal(depth, 3);
	assert_int_equal(stack[0], 0x1001);
	assert_int_equal(stack[1], 0x2000);
	assert_int_equal(stack[2], 0x3000);
	ltr_census_free(census);
}

static void test_alike_is_added_up(void **state)
{
	(void)state;
	static const uint64_t pcs[] = {0x1000, 0x2000};
	struct ltr_goroutine goroutine = {.id = 7, .state = LTR_STATE_RUNNING, .transitions = 2};
	struct ltr_census *census = census_with(&goroutine);

	assert_int_equal(ltr_census_intern_string(census, "worker", &goroutine.name), 0);
	assert_int_equal(ltr_census_intern_site(census, "a.c", "main", 3, &goroutine.site), 0);
	assert_int_equal(ltr_census_snapshot_begin(census, 1000), 0);
	assert_int_equal(ltr_census_snapshot_put(census, &goroutine), 0);
	assert_int_equal(ltr_census_snapshot_end(census, true), 0);

	for (int i = 0; i < 5; i++)
		assert_int_equal(ltr_census_add_cpu_sample(census, 1500, 7, false, pcs, 2), 0);
	assert_int_equal(ltr_census_add_cpu_sample(census, 1500, 7, true, pcs, 2), 0);
	assert_int_equal(ltr_census_add_cpu_sample(census, 1500, 7, false, pcs, 1), 0);
	assert_int_equal(ltr_census_add_cpu_sample(census, 1500, 8, false, pcs, 2),
			 0); /* who is that? */
	assert_int_equal(ltr_census_add_cpu_sample(census, 1500, 0, false, pcs, 2), 0);
	assert_int_equal(ltr_census_add_cpu_sample(census, 1500, 0, false, NULL, 0), 0);
	assert_int_equal(ltr_census_cpu_count(census), 6);

	const struct ltr_cpu_total *total = ltr_census_cpu(census, 0);
	assert_int_equal(total->samples, 5);
	assert_int_equal(total->state, LTR_STATE_RUNNING);
	assert_int_equal(total->name, goroutine.name);
	assert_int_equal(total->site, goroutine.site);
	total = ltr_census_cpu(census, 1);
	assert_int_equal(total->samples, 1);
	assert_int_equal(total->state, LTR_STATE_SYSCALL);
	total = ltr_census_cpu(census, 3);
	assert_int_equal(total->state, LTR_STATE_RUNNING);
	assert_int_equal(total->name, 0);
	total = ltr_census_cpu(census, 4);
	assert_int_equal(total->state, LTR_STATE_UNKNOWN);
	assert_int_equal(total->stack, ltr_census_cpu(census, 3)->stack);
	total = ltr_census_cpu(census, 5);
	assert_int_equal(total->stack, 0);
	assert_null(ltr_census_cpu(census, 6));
	ltr_census_free(census);
}

/* What stood in the census when the sample was taken stays with it. */
static void test_who_has_ended_keeps_the_samples(void **state)
{
	(void)state;
	static const uint64_t pcs[] = {0x1000};
	struct ltr_goroutine goroutine = {.id = 7, .state = LTR_STATE_RUNNING, .transitions = 2};
	struct ltr_census *census = census_with(&goroutine);

	assert_int_equal(ltr_census_add_cpu_sample(census, 1500, 7, false, pcs, 1), 0);
	assert_int_equal(ltr_census_snapshot_begin(census, 2000), 0);
	assert_int_equal(ltr_census_snapshot_end(census, true), 0);
	assert_int_equal(ltr_census_count(census), 0);
	assert_int_equal(ltr_census_cpu(census, 0)->samples, 1);
	ltr_census_free(census);
}

/* A stack that is too deep is cut; stacks that never repeat are added up as one, in the end. */
static void test_a_hostile_program_has_a_bound(void **state)
{
	(void)state;
	struct ltr_census *census = census_with(NULL);
	uint64_t deep[200];
	uint64_t samples = 0;
	size_t depth;

	for (size_t i = 0; i < 200; i++)
		deep[i] = 0x5000 + i;
	assert_int_equal(ltr_census_add_cpu_sample(census, 1500, 0, false, deep, 200), 0);
	ltr_census_stack(census, ltr_census_cpu(census, 0)->stack, &depth);
	assert_int_equal(depth, 128);

	for (uint64_t i = 0; i < 300000; i++) {
		uint64_t pc = 0x100000 + i;
		assert_int_equal(ltr_census_add_cpu_sample(census, 1500, 0, false, &pc, 1), 0);
	}
	assert_true(ltr_census_cpu_count(census) < 263000);
	for (size_t i = 0; i < ltr_census_cpu_count(census); i++)
		samples += ltr_census_cpu(census, i)->samples;
	assert_int_equal(samples, 300001); /* none is gone */
	ltr_census_free(census);
}

/* What a recording has: the same as if they had been taken here. */
static void test_totals_are_added_up(void **state)
{
	(void)state;
	static const uint64_t pcs[] = {0x1000, 0x2000};
	struct ltr_census *census = census_with(NULL);
	struct ltr_cpu_seen seen = {0};

	assert_int_equal(ltr_census_add_cpu_sample(census, 1500, 9, true, pcs, 2), 0);
	seen.what = *ltr_census_cpu(census, 0);
	assert_int_equal(seen.what.samples, 1);
	seen.what.samples = 41;
	assert_int_equal(ltr_census_restore_cpu_sample(census, &seen), 0);
	assert_int_equal(ltr_census_cpu_count(census), 1);
	assert_int_equal(ltr_census_cpu(census, 0)->samples, 42);
	seen.what.state = LTR_STATE_RUNNING;
	seen.what.samples = UINT64_MAX;
	assert_int_equal(ltr_census_restore_cpu_sample(census, &seen), 0);
	assert_int_equal(ltr_census_restore_cpu_sample(census, &seen), 0);
	assert_int_equal(ltr_census_cpu_count(census), 2);
	assert_int_equal(ltr_census_cpu(census, 1)->samples, UINT64_MAX);
	assert_int_equal(ltr_census_cpu(census, 1)->stack, ltr_census_cpu(census, 0)->stack);
	ltr_census_free(census);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_there_at_first),
		cmocka_unit_test(test_the_first_address_becomes_one_of_a_call),
		cmocka_unit_test(test_alike_is_added_up),
		cmocka_unit_test(test_who_has_ended_keeps_the_samples),
		cmocka_unit_test(test_a_hostile_program_has_a_bound),
		cmocka_unit_test(test_totals_are_added_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
