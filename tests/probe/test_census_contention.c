// SPDX-License-Identifier: MIT
/*
 * Who made others wait for locks, where the order of time is not known in time: many more waits than are
 * kept to be put in order, looked at on the way; and where there is no memory for it: then the n-th
 * allocation fails, for every n until none does. (test_census_model.c has what each is charged with.)
 */
#include <errno.h>

#include "../no_memory.h"
#include "../wait_count.h"
#include "testing.h"

#include "census_fill.h"

#define GOROUTINES 6
#define LOCKS      3
#define STACKS     4

struct program {
	struct chance chance;
	struct ltr_census *census;
	uint32_t sequence[GOROUTINES + 1];
	bool waits[GOROUTINES + 1];
	uint64_t now;
	uint64_t charged[STACKS + 1]; /* as it was seen last */
};

static const struct ltr_clock_rate nanoseconds = {0, 0, 1.0};

static void apply(struct program *program, uint64_t id, uint8_t kind, uint8_t reason, uint64_t arg,
		  uint32_t sequence)
{
	static const uint32_t ring = 0;
	const struct ltr_event event = {.goroutine = id,
					.ticks = program->now,
					.arg = arg,
					.sequence = sequence,
					.kind = kind,
					.reason = reason};
	uint64_t position = ltr_census_info(program->census)->events;

	assert_int_equal(ltr_census_apply(program->census, &nanoseconds, ring, position, &event, 1),
			 0);
}

static void step(struct program *program)
{
	uint64_t id = 1 + chance_below(&program->chance, GOROUTINES);
	uint32_t *sequence = &program->sequence[id];

	/* Threads that tell of what they did some time ago. */
	program->now += chance_below(&program->chance, 100);
	if (chance_below(&program->chance, 1000) == 0 && program->now > 100000)
		program->now -= chance_below(&program->chance, 50000);
	if (*sequence == 0) {
		apply(program, id, LTR_KIND_CREATE, 0, 0, ++*sequence);
		apply(program, id, LTR_KIND_START, 0, 0, ++*sequence);
	} else if (program->waits[id]) {
		if (chance_below(&program->chance, 3))
			apply(program, id, LTR_KIND_STACK, 0,
			      1 + chance_below(&program->chance, STACKS), *sequence + 1);
		apply(program, id, LTR_KIND_READY, 0, 7, ++*sequence);
		apply(program, id, LTR_KIND_START, 0, 0, ++*sequence);
		program->waits[id] = false;
	} else {
		apply(program, id, LTR_KIND_PARK, LTR_REASON_MUTEX_LOCK,
		      0x1000 + chance_below(&program->chance, LOCKS), ++*sequence);
		program->waits[id] = true;
	}
}

static size_t contention_count(const struct ltr_census *census)
{
	size_t count;

	assert_int_equal(ltr_census_contention_count(census, &count), 0);
	return count;
}

/*
 * Where somebody unlocks, nothing ever becomes less; and all together is what was waited. But what came
 * late may have been charged already, and is taken off what comes next: at most `over_ns` until then.
 */
static void look(struct program *program, uint64_t over_ns)
{
	uint64_t charged[STACKS + 1] = {0};
	uint64_t ns = 0, count = 0;

	for (size_t i = 0; i < contention_count(program->census); i++) {
		const struct ltr_contention *one = ltr_census_contention(program->census, i);
		size_t depth;
		const uint64_t *pcs = ltr_census_stack(program->census, one->stack, &depth);

		ns += one->total_ns;
		count += one->count;
		if (!one->object)
			charged[pcs ? pcs[0] : 0] += one->total_ns;
	}
	for (size_t i = 0; i < wait_count_of(program->census); i++) {
		const struct ltr_wait_total *total = ltr_census_wait(program->census, i);

		if (!ltr_census_is_lock_wait(total->reason))
			continue;
		ns -= total->total_ns;
		count -= total->count;
	}
	assert_int_equal(count, 0);
	assert_in_range(ns, 0, over_ns);
	for (uint32_t i = 1; i <= STACKS; i++)
		assert_true(charged[i] >= program->charged[i]);
	memcpy(program->charged, charged, sizeof(charged));
}

static void test_more_than_are_kept(void **state)
{
	struct program program = {.chance = {chance_seed()}, .now = 1000};

	(void)state;
	assert_int_equal(ltr_census_new(&program.census), 0);
	assert_int_equal(ltr_census_keep_waits(program.census), 0);
	for (uint64_t i = 1; i <= STACKS; i++)
		assert_int_equal(ltr_census_define_stack(program.census, (uint32_t)i, &i, 1), 0);
	for (int i = 0; i < 300000; i++) {
		step(&program);
		if (chance_below(&program.chance, 5000) == 0)
			look(&program, (uint64_t)GOROUTINES * 1000 * 50000);
	}
	/* Nothing that is late any more: what was charged too early is paid back. */
	for (int i = 0; i < 5000; i++) {
		program.now += 100000;
		step(&program);
	}
	look(&program, 0);
	for (uint32_t i = 1; i <= STACKS; i++)
		assert_true(program.charged[i] > 0);
	ltr_census_free(program.census);
}

/* Who waits for the lock of another is charged once, however long the queue behind. */
static void test_a_queue_is_charged_to_who_held_it(void **state)
{
	struct program program = {.now = 1000};

	(void)state;
	assert_int_equal(ltr_census_new(&program.census), 0);
	assert_int_equal(ltr_census_keep_waits(program.census), 0);
	for (uint64_t i = 1; i <= STACKS; i++)
		assert_int_equal(ltr_census_define_stack(program.census, (uint32_t)i, &i, 1), 0);
	for (uint64_t id = 1; id <= 3; id++) {
		apply(&program, id, LTR_KIND_CREATE, 0, 0, 1);
		apply(&program, id, LTR_KIND_START, 0, 0, 2);
		apply(&program, id, LTR_KIND_PARK, LTR_REASON_MUTEX_LOCK, 0x1000, 3);
	}
	/* Stack 1 has held it for 1000, and three waited; then 2 held it for 10, and two waited. */
	program.now += 1000;
	apply(&program, 1, LTR_KIND_STACK, 0, 1, 4);
	apply(&program, 1, LTR_KIND_READY, 0, 9, 4);
	program.now += 10;
	apply(&program, 2, LTR_KIND_STACK, 0, 2, 4);
	apply(&program, 2, LTR_KIND_READY, 0, 1, 4);
	program.now += 1;
	apply(&program, 9, LTR_KIND_CREATE, 0, 0, 1); /* the clock */
	assert_int_equal(contention_count(program.census), 3);
	for (size_t i = 0; i < 3; i++) {
		static const uint64_t want[] = {3000, 20, 1};
		const struct ltr_contention *one = ltr_census_contention(program.census, i);

		assert_int_equal(one->total_ns, want[i]);
		assert_int_equal(one->count, 1);
		assert_int_equal(one->object, i == 2 ? 0x1000 : 0);
	}
	ltr_census_free(program.census);
}

/* --- without memory --- */

/* Whatever grows with what is counted has to grow more than once. */
#define MANY 200

/* A lock each; every other one gets it, unlocked at a stack of its own. */
static struct ltr_census *many_locks(void)
{
	struct program program = {.now = 1000};

	assert_int_equal(ltr_census_new(&program.census), 0);
	assert_int_equal(ltr_census_keep_waits(program.census), 0);
	for (uint64_t id = 1; id <= MANY; id++) {
		assert_int_equal(ltr_census_define_stack(program.census, (uint32_t)id, &id, 1), 0);
		apply(&program, id, LTR_KIND_CREATE, 0, 0, 1);
		apply(&program, id, LTR_KIND_START, 0, 0, 2);
		apply(&program, id, LTR_KIND_PARK, LTR_REASON_MUTEX_LOCK, 0x1000 * id, 3);
	}
	for (uint64_t id = 1; id <= MANY; id += 2) {
		program.now += 1000;
		apply(&program, id, LTR_KIND_STACK, 0, id, 4);
		apply(&program, id, LTR_KIND_READY, 0, MANY + 1, 4);
	}
	return program.census;
}

static void assert_many_locks(const struct ltr_census *census)
{
	bool seen[MANY + 1] = {false};

	assert_int_equal(contention_count(census), MANY);
	for (size_t i = 0; i < MANY; i++) {
		const struct ltr_contention *one = ltr_census_contention(census, i);
		size_t depth;
		const uint64_t *pcs = ltr_census_stack(census, one->stack, &depth);
		uint64_t id = one->object ? one->object / 0x1000 : pcs[0];

		assert_in_range(id, 1, MANY);
		assert_false(seen[id]);
		seen[id] = true;
		assert_int_equal(one->object ? 0 : 1, id % 2);
		assert_int_equal(one->count, 1);
		assert_int_equal(one->total_ns, 1000 * (one->object ? MANY / 2 : (id + 1) / 2));
	}
}

/* It is said, nothing is forgotten by it, and nothing counted twice. */
static void test_without_memory(void **state)
{
	unsigned int n = 0;

	(void)state;
	do {
		struct ltr_census *census = many_locks();
		size_t count = 4711;
		int err;

		failed = false;
		left = ++n;
		err = ltr_census_contention_count(census, &count);
		left = 0;
		assert_int_equal(err, failed ? -ENOMEM : 0);
		assert_int_equal(count, failed ? 4711 : MANY);
		assert_many_locks(census);
		ltr_census_free(census);
	} while (failed);
	assert_true(n > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_more_than_are_kept),
		cmocka_unit_test(test_a_queue_is_charged_to_who_held_it),
		cmocka_unit_test(test_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
