// SPDX-License-Identifier: MIT
/* The census where snapshots and records meet: who is there, whatever comes first. */
#include "census_making.h"

/* Who had ended before the first snapshot leaves records, and no trace. */
static void test_history_of_the_dead(void **state)
{
	struct ltr_census *census = *state;

	apply_one(census, 0, 0, event_of(50, LTR_KIND_START, 8, 500));
	snapshot_of(census, 1000, 1, 1);
	apply_one(census, 0, 1, event_of(50, LTR_KIND_EXIT, 9, 600));
	apply_one(census, 0, 2, event_of(51, LTR_KIND_CREATE, 1, 700));
	ltr_census_advance(census, 2 * SECOND);
	ltr_census_advance(census, 4 * SECOND);
	assert_int_equal(ltr_census_count(census), 1);
	assert_int_equal(ltr_census_info(census)->lost, 0);
}

/* The end came, and was given up waiting for the beginning; then that came after all. */
static void test_a_beginning_that_comes_late(void **state)
{
	struct ltr_census *census = *state;

	snapshot_of(census, 1000, 1, 1);
	apply_one(census, 1, 0, event_of(50, LTR_KIND_START, 4, 2030));
	apply_one(census, 1, 1, event_of(50, LTR_KIND_EXIT, 5, 2040));
	ltr_census_advance(census, 2 * SECOND);
	ltr_census_advance(census, 4 * SECOND);
	apply_one(census, 0, 0, event_of(50, LTR_KIND_CREATE, 1, 2000));
	apply_one(census, 0, 1, event_of(50, LTR_KIND_START, 2, 2010));
	apply_one(census, 0, 2, event_of(50, LTR_KIND_YIELD, 3, 2020));
	assert_null(ltr_census_find(census, 50));
	assert_true(ltr_census_is_unsure(census));
	assert_int_equal(ltr_census_info(census)->lost, 3);

	/* Its neighbour is alive: the snapshot that is asked for now has it. */
	apply_one(census, 0, 3, event_of(51, LTR_KIND_CREATE, 1, 2035));
	snapshot_of(census, 5 * SECOND, 1, 1);
	assert_false(ltr_census_is_unsure(census));
	assert_int_equal(ltr_census_count(census), 1);
	apply_one(census, 0, 4, event_of(52, LTR_KIND_CREATE, 1, 5 * SECOND + 1));
	assert_non_null(ltr_census_find(census, 52));
}

/*
 * Born while the first snapshot was taken, and in there. Its end is in one thread's ring, its beginning,
 * which the snapshot was ahead of, in another's that is read later.
 */
static void test_an_end_that_comes_before_the_beginning(void **state)
{
	struct ltr_census *census = *state;

	ltr_census_info_mut(census)->way = LTR_WAY_SHM;
	assert_int_equal(ltr_census_snapshot_begin(census, 1000), 0);
	put(census, 5, LTR_STATE_QUEUED, 0, 3);
	assert_int_equal(ltr_census_snapshot_end(census, true), 0);
	apply_one(census, 1, 0, event_of(5, LTR_KIND_START, 4, 2000));
	assert_int_equal(ltr_census_count(census), 1);
	apply_one(census, 1, 1, event_of(5, LTR_KIND_EXIT, 5, 2100));
	assert_int_equal(ltr_census_count(census), 0);
	apply_one(census, 0, 0, event_of(5, LTR_KIND_CREATE, 1, 1500));
	apply_one(census, 0, 1, event_of(5, LTR_KIND_START, 2, 1600));
	apply_one(census, 0, 2, event_of(5, LTR_KIND_YIELD, 3, 1700));
	assert_int_equal(ltr_census_count(census), 0);
	ltr_census_advance(census, 10 * SECOND);
	assert_int_equal(ltr_census_count(census), 0);
	assert_int_equal(ltr_census_info(census)->lost, 0);
	assert_int_equal(ltr_census_info(census)->exited, 1);
	assert_false(ltr_census_is_unsure(census));
}

/* However long the snapshot took, and however much one ring has to tell before the other is read. */
static void test_an_end_that_comes_long_before_the_beginning(void **state)
{
	struct ltr_census *census = *state;

	ltr_census_info_mut(census)->way = LTR_WAY_SHM;
	assert_int_equal(ltr_census_snapshot_begin(census, 1000), 0);
	put(census, 5, LTR_STATE_QUEUED, 0, 3);
	assert_int_equal(ltr_census_snapshot_end(census, true), 0);
	apply_one(census, 1, 0, event_of(5, LTR_KIND_EXIT, 4, 3 * SECOND));
	apply_one(census, 1, 1, event_of(6, LTR_KIND_CREATE, 1, 9 * SECOND));
	apply_one(census, 0, 0, event_of(5, LTR_KIND_CREATE, 1, 2 * SECOND));
	assert_null(find_shown(census, 5));
	ltr_census_advance(census, 9 * SECOND);
	assert_null(find_shown(census, 5));
	assert_int_equal(ltr_census_info(census)->lost, 0);
	assert_false(ltr_census_is_unsure(census));
}

/* A goroutine was read in the middle of a change, and its next record may be missing. */
static void test_doubt_asks_for_a_snapshot(void **state)
{
	struct ltr_census *census = *state;

	snapshot_of(census, 1000, 1, 1);
	assert_false(ltr_census_is_unsure(census));
	ltr_census_note_doubt(census);
	assert_true(ltr_census_is_unsure(census));
	snapshot_of(census, 2000, 1, 2);
	assert_false(ltr_census_is_unsure(census));
	assert_int_equal(ltr_census_find(census, 1)->transitions, 2);
	assert_int_equal(ltr_census_info(census)->lost, 0);
}

/* A thread reads the clock once a step, so what it tells may be younger than it says. */
static void test_clocks_differ_where_the_watching_begins(void **state)
{
	struct ltr_census *census = *state;

	ltr_census_info_mut(census)->way = LTR_WAY_SHM;
	snapshot_of(census, 2 * SECOND, 1, 1);
	const uint64_t just_before = 2 * SECOND - 10, just_after = 2 * SECOND + 10;
	apply_one(census, 0, 0, event_of(9, LTR_KIND_START, 2, just_before));
	apply_one(census, 0, 1, event_of(9, LTR_KIND_EXIT, 3, just_before));
	apply_one(census, 1, 0, event_of(9, LTR_KIND_CREATE, 1, just_after));
	assert_null(ltr_census_find(census, 9));
	assert_int_equal(ltr_census_count(census), 1);

	/* Made before the snapshot, which does not have it: ended, until a younger record says no. */
	apply_one(census, 1, 1, event_of(10, LTR_KIND_CREATE, 1, just_before));
	assert_null(find_shown(census, 10));
	apply_one(census, 0, 2, event_of(10, LTR_KIND_START, 2, just_after));
	assert_int_equal(find_shown(census, 10)->state, LTR_STATE_RUNNING);
	ltr_census_advance(census, 4 * SECOND);
	assert_false(ltr_census_is_unsure(census));
	assert_int_equal(ltr_census_info(census)->lost, 0);
}

/* Of one that was made before a snapshot there is no record more: only another snapshot knows. */
static void test_an_exit_that_never_comes_asks_for_a_snapshot(void **state)
{
	struct ltr_census *census = *state;

	ltr_census_info_mut(census)->way = LTR_WAY_SHM;
	snapshot_of(census, 2 * SECOND, 1, 1);
	apply_one(census, 0, 0, event_of(2, LTR_KIND_CREATE, 1, 2 * SECOND - 10));
	apply_one(census, 0, 1, event_of(3, LTR_KIND_CREATE, 1, 2 * SECOND - 10));
	assert_int_equal(ltr_census_count(census), 1);
	ltr_census_advance(census, 2 * SECOND + 1000);
	assert_false(ltr_census_is_unsure(census));
	ltr_census_advance(census, 4 * SECOND);
	assert_true(ltr_census_is_unsure(census));
	snapshot_of(census, 4 * SECOND, 2, 1);
	assert_false(ltr_census_is_unsure(census));
	assert_int_equal(ltr_census_count(census), 2);
	assert_non_null(find_shown(census, 2));
	assert_null(find_shown(census, 3));
	assert_int_equal(ltr_census_info(census)->lost, 0);
}

static void test_created_during_a_snapshot_stays(void **state)
{
	struct ltr_census *census = *state;

	assert_int_equal(ltr_census_snapshot_begin(census, 5), 0);
	apply_one(census, 0, 0, event_of(1, LTR_KIND_CREATE, 1, 10));
	assert_int_equal(ltr_census_snapshot_end(census, true), 0);
	assert_non_null(ltr_census_find(census, 1));
}

/* The READY that 9 made is lost: until a snapshot has looked, it seems to have been 5 as before. */
static void test_a_lost_waker_is_healed(void **state)
{
	struct ltr_census *census = *state;
	struct ltr_goroutine seen = {.id = 1,
				     .state = LTR_STATE_CHAN,
				     .reason = LTR_REASON_CHAN_RECEIVE,
				     .waker_id = 5,
				     .transitions = 2};

	for (int look = 0; look < 2; look++) {
		assert_int_equal(ltr_census_snapshot_begin(census, 1000 + look * SECOND), 0);
		assert_int_equal(ltr_census_snapshot_put(census, &seen), 0);
		assert_int_equal(ltr_census_snapshot_end(census, true), 0);
		assert_int_equal(ltr_census_find(census, 1)->waker_id, look ? 9 : 5);
		assert_false(ltr_census_is_unsure(census));
		if (look)
			break;
		ltr_census_note_loss(census, 1);
		apply_one(census, 0, 1, event_of(1, LTR_KIND_START, 4, 1200));
		struct ltr_event park = event_of(1, LTR_KIND_PARK, 5, 1300);
		park.reason = LTR_REASON_CHAN_RECEIVE;
		apply_one(census, 0, 2, park);
		for (uint64_t second = 1; second < 4; second++)
			ltr_census_advance(census, 2000 + second * SECOND);
		assert_int_equal(ltr_census_find(census, 1)->transitions, 5);
		assert_int_equal(ltr_census_find(census, 1)->waker_id, 5);
		assert_true(ltr_census_is_unsure(census));
		seen.transitions = 5;
		seen.waker_id = 9;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_history_of_the_dead),
		TEST(test_a_beginning_that_comes_late),
		TEST(test_an_end_that_comes_before_the_beginning),
		TEST(test_an_end_that_comes_long_before_the_beginning),
		TEST(test_doubt_asks_for_a_snapshot),
		TEST(test_clocks_differ_where_the_watching_begins),
		TEST(test_an_exit_that_never_comes_asks_for_a_snapshot),
		TEST(test_created_during_a_snapshot_stays),
		TEST(test_a_lost_waker_is_healed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
