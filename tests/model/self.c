/* SPDX-License-Identifier: MIT */

/*
 * The checker itself: small programs of which it is known what can come out (litmus tests), each with
 * and without the reduction: the same outcomes have to be found.
 */

#include "atomics.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static uint32_t x, y, count;
static uint32_t seen[MODEL_THREADS_MAX];
static bool outcome[4]; /* by 2 * seen[0] + seen[1] */

static void start(void)
{
	x = y = count = 0;
	memset(seen, 0, sizeof(seen));
	model_name(&x, sizeof(x), "x");
	model_name(&y, sizeof(y), "y");
	model_name(&count, sizeof(count), "count");
}

static void note_outcome(void)
{
	outcome[2 * seen[0] + seen[1]] = true;
}

/* --- each stores, then loads what the other stores ---------------------------------------------- */

static void store_then_load(unsigned number)
{
	__atomic_store_n(number ? &y : &x, 1, __ATOMIC_RELEASE);
	seen[number] = __atomic_load_n(number ? &x : &y, __ATOMIC_ACQUIRE);
}

static void store_fence_load(unsigned number)
{
	__atomic_store_n(number ? &y : &x, 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	seen[number] = __atomic_load_n(number ? &x : &y, __ATOMIC_RELAXED);
}

/* --- one stores data and a flag, the other loads the flag and the data --------------------------- */

static void write_data(unsigned number)
{
	(void)number;
	__atomic_store_n(&x, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&y, 1, __ATOMIC_RELEASE);
}

static void write_data_relaxed(unsigned number)
{
	(void)number;
	__atomic_store_n(&x, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&y, 1, __ATOMIC_RELAXED);
}

static void read_data(unsigned number)
{
	(void)number;
	seen[0] = __atomic_load_n(&y, __ATOMIC_ACQUIRE);
	seen[1] = __atomic_load_n(&x, __ATOMIC_RELAXED);
}

/* The outcomes, as four bits, the lowest is 0 and 0; and that the reduction loses none. */
static unsigned outcomes(void (*first)(unsigned), void (*second)(unsigned), bool delayed_stores)
{
	unsigned found[2];

	for (unsigned i = 0; i < 2; i++) {
		const struct model_program program = {
			.name = i ? "litmus, reduced" : "litmus, all orders",
			.thread_count = 2,
			.thread = {first, second},
			.start = start,
			.end = note_outcome,
			.delayed_stores = delayed_stores,
			.all_orders = i == 0,
		};
		struct model_result result;

		memset(outcome, 0, sizeof(outcome));
		assert_true(model_explore(&program, &result));
		model_print_result(&program, &result);
		found[i] = outcome[0] + 2u * outcome[1] + 4u * outcome[2] + 8u * outcome[3];
	}
	assert_int_equal(found[0], found[1]);
	return found[1];
}

static void late_stores_are_found(void **state)
{
	(void)state;
	assert_int_equal(outcomes(store_then_load, store_then_load, false), 0xe);
	assert_int_equal(outcomes(store_then_load, store_then_load, true), 0xf);
	assert_int_equal(outcomes(store_fence_load, store_fence_load, true), 0xe);
}

static void swapped_stores_are_found(void **state)
{
	(void)state;
	/* 0 and 0, 0 and 1, 1 and 1; and with relaxed stores 1 and 0 */
	assert_int_equal(outcomes(write_data, read_data, true), 0xb);
	assert_int_equal(outcomes(write_data_relaxed, read_data, false), 0xb);
	assert_int_equal(outcomes(write_data_relaxed, read_data, true), 0xf);
}

/* --- counting schedules -------------------------------------------------------------------------- */

static void add_three_times(unsigned number)
{
	(void)number;
	for (int i = 0; i < 3; i++)
		__atomic_fetch_add(&count, 1, __ATOMIC_RELAXED);
}

static void add_to_ones_own(unsigned number)
{
	for (int i = 0; i < 3; i++)
		__atomic_fetch_add(&seen[number], 1, __ATOMIC_RELAXED);
}

static void counted_to_six(void)
{
	model_expect(count == 6);
}

static void nothing(void)
{
}

static void every_order_once(void **state)
{
	struct model_program program = {
		.name = "two threads, three steps each",
		.thread_count = 2,
		.thread = {add_three_times, add_three_times},
		.start = start,
		.end = counted_to_six,
	};
	struct model_result result;

	(void)state;
	assert_true(model_explore(&program, &result));
	model_print_result(&program, &result);
	assert_int_equal(result.schedules, 20); /* 6 over 3 */

	program.without = MODEL_ATOMICITY;
	assert_false(model_explore(&program, &result));

	program.without = 0;
	program.end = nothing;
	program.thread[0] = program.thread[1] = add_to_ones_own;
	program.name = "the same, each for itself";
	assert_true(model_explore(&program, &result));
	model_print_result(&program, &result);
	assert_int_equal(result.schedules, 1);
}

/* --- locks --------------------------------------------------------------------------------------- */

static uint32_t lock_word;

static void add_under_real_lock(unsigned number)
{
	uint32_t before;

	(void)number;
	model_real_lock(&lock_word);
	before = __atomic_load_n(&count, __ATOMIC_RELAXED);
	__atomic_store_n(&count, before + 1, __ATOMIC_RELAXED);
	ltr__unlock(&lock_word);
}

static void start_locked(void)
{
	start();
	lock_word = 0;
	model_name(&lock_word, sizeof(lock_word), "lock");
}

static void all_were_counted(void)
{
	model_expect(count == 3 && lock_word == 0);
}

/* The runtime's own lock (lock.h), spinning included. */
static void lock_excludes(void **state)
{
	static const unsigned losses[] = {MODEL_ATOMICITY, MODEL_RELEASE};
	struct model_program program = {
		.name = "ltr__lock, three threads",
		.thread_count = 3,
		.thread = {add_under_real_lock, add_under_real_lock, add_under_real_lock},
		.start = start_locked,
		.end = all_were_counted,
		.delayed_stores = true,
	};
	struct model_result result;

	(void)state;
	if (!model_explore(&program, &result))
		model_print_schedule(stderr);
	model_print_result(&program, &result);
	assert_string_equal(result.failure, "");
	for (unsigned i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		program.without = losses[i];
		program.name = "the same, broken";
		assert_false(model_explore(&program, &result));
		model_print_result(&program, &result);
	}
}

static void wait_for_a_post(unsigned number)
{
	if (number == 0)
		model_wait(&count);
	else if (__atomic_load_n(&y, __ATOMIC_RELAXED))
		model_post(&count);
}

static void lost_wakeups_are_found(void **state)
{
	const struct model_program program = {
		.name = "a waker that looks too early",
		.thread_count = 3,
		.thread = {wait_for_a_post, wait_for_a_post, write_data},
		.start = start,
		.end = nothing,
	};
	struct model_result result;

	(void)state;
	assert_false(model_explore(&program, &result));
	model_print_result(&program, &result);
	assert_string_equal(result.failure, "thread 0 waits to be woken for ever");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(late_stores_are_found),
		cmocka_unit_test(swapped_stores_are_found),
		cmocka_unit_test(every_order_once),
		cmocka_unit_test(lock_excludes),
		cmocka_unit_test(lost_wakeups_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
