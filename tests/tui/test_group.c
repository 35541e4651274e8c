/* SPDX-License-Identifier: MIT */
/*
 * Groups: each counts exactly the goroutines that its subject has, whatever they are grouped by and
 * however hostile the program; growth counts from the mark; the number of groups stays bounded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "group.h"

static void count_all(struct ltr__groups *groups, struct ltr__stack_places *places,
		      const struct ltr_census *census)
{
	ltr__groups_begin(groups);
	for (size_t i = 0; i < ltr_census_count(census); i++)
		assert_int_equal(ltr__groups_add(groups, places, census, ltr_census_at(census, i)),
				 0);
	ltr__groups_end(groups, ltr_census_info(census)->now_ns);
}

static uint32_t count_with(const struct ltr__subject *subject, struct ltr__stack_places *places,
			   const struct ltr_census *census)
{
	uint32_t count = 0;

	for (size_t i = 0; i < ltr_census_count(census); i++)
		count += ltr__subject_has(subject, places, NULL, census, ltr_census_at(census, i));
	return count;
}

/* Tells more than a number: which group. */
static void expect_members(const struct ltr__groups *groups, struct ltr__stack_places *places,
			   const struct ltr_census *census)
{
	uint64_t top = 0;

	for (uint32_t i = 0; i < groups->count; i++) {
		const struct ltr__group *group = &groups->groups[i];
		struct ltr__subject subject = ltr__group_subject(groups, group);
		uint32_t wanted = count_with(&subject, places, census);
		char text[200];

		ltr__subject_say(&subject, census, text, sizeof(text));
		assert_true(text[0]);
		if (group->shown.count != wanted)
			fail_msg("by %d, %s: %u counted, %u are", groups->by, text,
				 group->shown.count, wanted);
		if (group->parent == LTR__GROUP_ROOT)
			top += group->shown.count;
		else
			assert_true(group->parent < i);
	}
	/* labels of several keys are counted under each */
	if (groups->by != LTR__BY_LABEL)
		assert_int_equal(top, ltr_census_count(census));
	assert_int_equal(groups->total, ltr_census_count(census));
}

static void groups_have_the_members_that_they_count(void **state)
{
	(void)state;
	for (int kind = FIXTURE_SMALL; kind <= FIXTURE_HOSTILE; kind++) {
		for (int by = 0; by < LTR__GROUP_BY_COUNT; by++) {
			struct ltr__groups groups = {0};
			struct ltr__stack_places places = {0};
			struct fixture fixture;

			fixture_init(&fixture, kind, 200);
			ltr__groups_clear(&groups, by);
			for (int round = 0; round < 3; round++) {
				count_all(&groups, &places, fixture.census);
				expect_members(&groups, &places, fixture.census);
				fixture_step(&fixture);
			}
			ltr__groups_done(&groups);
			ltr__stack_places_done(&places);
			fixture_done(&fixture);
		}
	}
}

static void growth_counts_from_the_mark(void **state)
{
	struct ltr__groups groups = {0};
	struct ltr__stack_places places = {0};
	struct fixture fixture;
	uint64_t mark_ns;

	(void)state;
	fixture_init(&fixture, FIXTURE_SMALL, 60);
	ltr__groups_clear(&groups, LTR__BY_STATE);
	count_all(&groups, &places, fixture.census);
	mark_ns = groups.mark_ns;
	assert_int_equal(mark_ns, ltr_census_info(fixture.census)->now_ns);
	/* far more steps than there are samples: they get longer and always reach back to the mark */
	for (int i = 0; i < 1000; i++) {
		fixture_step(&fixture);
		count_all(&groups, &places, fixture.census);
		assert_true(groups.ticks >= 1 && groups.ticks <= LTR__GROUP_SAMPLES);
	}
	assert_int_equal(groups.mark_ns, mark_ns);
	assert_true(groups.step_ns * LTR__GROUP_SAMPLES >= 250000000ull * 1000);
	for (uint32_t i = 0; i < groups.count; i++) {
		const struct ltr__group *group = &groups.groups[i];

		assert_int_equal(group->samples[groups.ticks - 1], group->shown.count);
		if (group->trait.kind != LTR__TRAIT_REASON ||
		    group->trait.value != LTR_REASON_CHAN_SEND)
			continue;
		assert_int_equal(group->shown.count - group->marked, 2000);
		for (unsigned j = 1; j < groups.ticks; j++)
			if (group->samples[j - 1] >= group->samples[j])
				fail_msg("sample %u of %u: %u, then %u", j, groups.ticks,
					 group->samples[j - 1], group->samples[j]);
	}
	ltr__groups_mark(&groups, ltr_census_info(fixture.census)->now_ns);
	for (uint32_t i = 0; i < groups.count; i++)
		assert_int_equal(groups.groups[i].marked, groups.groups[i].shown.count);
	ltr__groups_done(&groups);
	ltr__stack_places_done(&places);
	fixture_done(&fixture);
}

/* A label of its own for each goroutine, `from` to `to`. */
static void label_all(struct fixture *fixture, size_t from, size_t to)
{
	struct ltr_census *census = fixture->census;

	assert_int_equal(ltr_census_snapshot_begin(census, ltr_census_info(census)->now_ns + 1), 0);
	for (size_t i = from; i < to; i++) {
		struct ltr_goroutine goroutine = {.id = i + 1, .state = LTR_STATE_CHAN};
		struct ltr_census_label label;
		char text[24];

		snprintf(text, sizeof(text), "%zu", i);
		assert_int_equal(ltr_census_intern_string(census, "request", &label.key), 0);
		assert_int_equal(ltr_census_intern_string(census, text, &label.value), 0);
		assert_int_equal(ltr_census_intern_labels(census, &label, 1, &goroutine.labels), 0);
		assert_int_equal(ltr_census_snapshot_put(census, &goroutine), 0);
	}
	assert_int_equal(ltr_census_snapshot_end(census, true), 0);
}

static uint32_t others(const struct ltr__groups *groups)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < groups->count; i++)
		count += groups->groups[i].trait.kind == LTR__TRAIT_OTHER
				 ? groups->groups[i].shown.count
				 : 0;
	return count;
}

static void too_many_groups_are_others(void **state)
{
	struct ltr__groups groups = {0};
	struct ltr__stack_places places = {0};
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture, FIXTURE_SMALL, 20);
	ltr__groups_clear(&groups, LTR__BY_LABEL);
	label_all(&fixture, 0, 70000);
	count_all(&groups, &places, fixture.census);
	assert_true(groups.count <= LTR__GROUPS_MAX + 2);
	assert_int_equal(groups.groups[0].shown.count, 70000);
	assert_int_equal(others(&groups), 70000 - (LTR__GROUPS_MAX - 1));
	/* the next ones find room as soon as the ones before have gone */
	label_all(&fixture, 70000, 80000);
	count_all(&groups, &places, fixture.census);
	count_all(&groups, &places, fixture.census);
	assert_int_equal(others(&groups), 0);
	assert_int_equal(groups.count, 1 + 10000 + 1);
	ltr__groups_done(&groups);
	ltr__stack_places_done(&places);
	fixture_done(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_have_the_members_that_they_count),
		cmocka_unit_test(growth_counts_from_the_mark),
		cmocka_unit_test(too_many_groups_are_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
