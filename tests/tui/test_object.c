/* SPDX-License-Identifier: MIT */
/*
 * Objects: each counts the goroutines that wait on it, on the side where they wait, however hostile
 * the program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fixture.h"
#include "object.h"

static void count_all(struct ltr__objects *objects, const struct ltr_census *census)
{
	ltr__objects_begin(objects, (uint64_t)rand() % 2000);
	for (size_t i = 0; i < ltr_census_count(census); i++)
		assert_int_equal(ltr__objects_add(objects, ltr_census_at(census, i)), 0);
}

/* The same by looking at all goroutines for each object. */
static void expect_waiters(const struct ltr__objects *objects, const struct ltr_census *census)
{
	uint64_t waiting = 0;
	uint64_t expected = 0;

	for (size_t i = 0; i < ltr_census_count(census); i++) {
		struct ltr__trait trait;

		expected += ltr__object_of(ltr_census_at(census, i), &trait);
	}
	for (uint32_t i = 0; i < objects->count; i++) {
		const struct ltr__object *object = &objects->objects[i];
		struct ltr__subject subject = {.trait_count = 1, .traits = {object->trait}};
		uint64_t oldest_ns = UINT64_MAX;
		uint32_t there = 0;

		for (size_t j = 0; j < ltr_census_count(census); j++) {
			const struct ltr_goroutine *goroutine = ltr_census_at(census, j);

			if (!ltr__subject_has(&subject, NULL, NULL, census, goroutine))
				continue;
			there++;
			if (goroutine->since_ns && goroutine->since_ns < oldest_ns)
				oldest_ns = goroutine->since_ns;
		}
		assert_int_equal(object->waiting, there);
		assert_int_equal(object->since_ns, oldest_ns);
		assert_true(object->senders + object->receivers + object->selects <= there);
		assert_non_null(ltr_census_find(census, object->oldest));
		assert_ptr_equal(ltr__objects_find(objects, &object->trait), object);
		waiting += object->waiting;
	}
	assert_int_equal(waiting, expected);
}

static void objects_have_the_waiters_that_they_count(void **state)
{
	(void)state;
	srand(fixture_seed());
	for (int kind = FIXTURE_SMALL; kind <= FIXTURE_HOSTILE; kind++) {
		struct ltr__objects objects = {0};
		struct fixture fixture;

		fixture_init(&fixture, kind, 900);
		for (int round = 0; round < 3; round++) {
			count_all(&objects, fixture.census);
			assert_true(objects.count > 0);
			expect_waiters(&objects, fixture.census);
			fixture_step(&fixture);
		}
		ltr__objects_done(&objects);
		fixture_done(&fixture);
	}
}

static void sides_are_told_apart(void **state)
{
	static const struct {
		uint8_t reason;
		uint8_t state;
	} waits[] = {
		{LTR_REASON_CHAN_SEND, LTR_STATE_CHAN},    {LTR_REASON_CHAN_SEND, LTR_STATE_CHAN},
		{LTR_REASON_CHAN_RECEIVE, LTR_STATE_CHAN}, {LTR_REASON_SELECT, LTR_STATE_CHAN},
		{LTR_REASON_IO_READ, LTR_STATE_NETWORK},   {LTR_REASON_SLEEP, LTR_STATE_SLEEP}};
	struct ltr__objects objects = {0};
	const struct ltr__object *channel;
	const struct ltr__object *file;

	(void)state;
	/* a descriptor and a channel of the same number are two things; a deadline is none */
	for (size_t i = 0; i < sizeof(waits) / sizeof(*waits); i++) {
		struct ltr_goroutine goroutine = {.id = i + 1,
						  .object = 7,
						  .reason = waits[i].reason,
						  .state = waits[i].state};

		assert_int_equal(ltr__objects_add(&objects, &goroutine), 0);
	}
	assert_int_equal(objects.count, 2);
	channel = ltr__objects_find(&objects, &(struct ltr__trait){LTR__TRAIT_OBJECT, 7});
	assert_non_null(channel);
	assert_int_equal(channel->waiting, 4);
	assert_int_equal(channel->senders, 2);
	assert_int_equal(channel->receivers, 1);
	assert_int_equal(channel->selects, 1);
	assert_string_equal(ltr__object_kind(channel), "channel");
	file = ltr__objects_find(&objects, &(struct ltr__trait){LTR__TRAIT_FILE, 7});
	assert_non_null(file);
	assert_int_equal(file->waiting, 1);
	assert_string_equal(ltr__object_kind(file), "descriptor");
	assert_null(ltr__objects_find(&objects, &(struct ltr__trait){LTR__TRAIT_FILE, 8}));
	ltr__objects_done(&objects);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_have_the_waiters_that_they_count),
		cmocka_unit_test(sides_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
