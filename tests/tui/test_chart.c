/* SPDX-License-Identifier: MIT */
/*
 * Charts and the history that they show: what is not 0 is seen, the newest stands at the right, and
 * each range remembers samples that are its step apart, for as long as it says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chart.h"
#include "fixture.h"
#include "history.h"

#define MS UINT64_C(1000000)

static void expect_line(const struct ltr__grid *grid, int y, const char *wanted)
{
	char line[512];

	ltr__grid_line(grid, y, line, sizeof(line));
	assert_string_equal(line, wanted);
}

static void sparks_show_what_is_not_nothing(void **state)
{
	static const double values[] = {9, LTR__NO_VALUE, 0, 0.0001, 4, 8};
	struct ltr__grid grid = {0};

	(void)state;
	assert_int_equal(ltr__grid_resize(&grid, 5, 1), 0);
	ltr__spark(ltr__grid_area(&grid), 0, 0, 5, LTR__STYLE_NORMAL, values, 6, 0);
	expect_line(&grid, 0, " ▁▁▄█");
	assert_int_equal(ltr__grid_at(&grid, 1, 0)->style, LTR__STYLE_BAR_EMPTY);
	assert_int_equal(ltr__grid_at(&grid, 2, 0)->style, LTR__STYLE_NORMAL);
	grid.ascii = true;
	ltr__grid_clear(&grid);
	ltr__spark(ltr__grid_area(&grid), 0, 0, 5, LTR__STYLE_NORMAL, values, 6, 16);
	expect_line(&grid, 0, " _.:=");
	ltr__grid_done(&grid);
}

static void stacks_stand_on_each_other(void **state)
{
	static const struct ltr__stack_part parts[] = {{LTR__STYLE_GOOD, 'a'},
						       {LTR__STYLE_LOUD, 'b'}};
	static const struct ltr__stack_column columns[] = {
		{true, {4, 4}}, {false, {0}}, {true, {0, 2}}, {true, {0, 0}}, {true, {1, 0.5}}};
	struct ltr__grid grid = {0};

	(void)state;
	assert_int_equal(ltr__grid_resize(&grid, 6, 4), 0);
	ltr__stack_chart(ltr__grid_area(&grid), columns, 5, parts, 2, 8, true);
	expect_line(&grid, 0, " b");
	expect_line(&grid, 1, " b");
	expect_line(&grid, 2, " a");
	expect_line(&grid, 3, " a b a");
	ltr__grid_clear(&grid);
	ltr__stack_chart(ltr__grid_area(&grid), columns, 5, parts, 2, 8, false);
	expect_line(&grid, 0, " █");
	expect_line(&grid, 3, " █ █ ▆");
	assert_int_equal(ltr__grid_at(&grid, 1, 0)->style, LTR__STYLE_LOUD);
	assert_int_equal(ltr__grid_at(&grid, 1, 3)->style, LTR__STYLE_GOOD);
	ltr__grid_done(&grid);
}

static void axes_are_round(void **state)
{
	(void)state;
	assert_true(ltr__round_up(0) == 1);
	assert_true(ltr__round_up(1) == 1);
	assert_true(ltr__round_up(3) == 5);
	assert_true(ltr__round_up(101) == 200);
	assert_true(ltr__round_up(999999) == 1000000);
}

/* Frames at irregular times for two hours: each range has what it promises. */
static void ranges_remember(void **state)
{
	struct fixture fixture;
	struct ltr__history *history = calloc(1, sizeof(*history));
	struct ltr_census_info *info;

	(void)state;
	srand(fixture_seed());
	assert_non_null(history);
	fixture_init(&fixture, FIXTURE_SMALL, 20);
	info = ltr_census_info_mut(fixture.census);
	for (uint64_t end = info->now_ns + 7200ull * 1000 * MS; info->now_ns < end;) {
		info->now_ns += (uint64_t)(rand() % 300 + 1) * MS;
		info->created = info->now_ns / MS;
		ltr__history_add(history, fixture.census, NULL);
	}
	for (int range = 0; range < LTR__RANGE_COUNT; range++) {
		uint64_t step = ltr__range_step_ns(range);

		assert_int_equal(ltr__history_last(history, range)->now_ns, info->now_ns);
		for (uint64_t i = 0; i < LTR__HISTORY_SAMPLES - LTR__HISTORY_SAMPLES / 8 - 2; i++) {
			uint64_t wanted = info->now_ns - i * step;
			const struct ltr__sample *before;
			const struct ltr__sample *at =
				ltr__history_at(history, range, wanted, &before);

			assert_non_null(at);
			assert_non_null(before);
			assert_true(at->now_ns <= wanted && wanted - at->now_ns <= step + 600 * MS);
			assert_true(before->now_ns < at->now_ns);
			assert_int_equal(at->created, at->now_ns / MS);
		}
	}
	fixture_done(&fixture);
	free(history);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sparks_show_what_is_not_nothing),
		cmocka_unit_test(stacks_stand_on_each_other),
		cmocka_unit_test(axes_are_round),
		cmocka_unit_test(ranges_remember),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
