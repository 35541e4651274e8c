// SPDX-License-Identifier: MIT
/* The census, rule by rule: what census.h and census_fill.h promise. */
#include "../wait_count.h"
#include "testing.h"

#include <errno.h>

#include "census_making.h"

static bool is_unsure(const struct ltr_census *census, uint64_t id)
{
	return ltr_census_find(census, id)->flags & LTR_IS_UNSURE;
}

static void test_empty(void **state)
{
	struct ltr_census *census = *state;
	size_t count = 1;

	assert_int_equal(ltr_census_count(census), 0);
	assert_null(ltr_census_at(census, 0));
	assert_null(ltr_census_find(census, 1));
	assert_string_equal(ltr_census_string(census, 0), "");
	assert_string_equal(ltr_census_string(census, 77), "");
	assert_null(ltr_census_site(census, 0));
	assert_null(ltr_census_labels(census, 0, &count));
	assert_int_equal(count, 0);
	assert_null(ltr_census_stack(census, 9, &count));
	assert_int_equal(ltr_census_stack_count(census), 1);
	assert_int_equal(wait_count_of(census), 0);
	assert_int_equal(ltr_census_module_count(census), 0);
	assert_string_equal(ltr_census_symbol(census, 0x1234)->function, "");
	assert_null(ltr_census_free(NULL));
}

static void test_equal_contents_equal_numbers(void **state)
{
	struct ltr_census *census = *state;
	char text[600];
	uint32_t number[3];

	for (int round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 5000; i++) {
			snprintf(text, sizeof(text), "name %u", i);
			assert_int_equal(ltr_census_intern_string(census, text, &number[0]), 0);
			assert_int_equal(number[0], i + 1);
			assert_string_equal(ltr_census_string(census, number[0]), text);
		}
	}
	memset(text, 'x', sizeof(text));
	text[599] = '\0';
	assert_int_equal(ltr_census_intern_string(census, text, &number[0]), 0);
	assert_int_equal(strlen(ltr_census_string(census, number[0])), 255);
	assert_int_equal(ltr_census_intern_string(census, "", &number[1]), 0);
	assert_int_equal(number[1], 0);

	assert_int_equal(ltr_census_intern_site(census, "a.c", "f", 7, &number[0]), 0);
	assert_int_equal(ltr_census_intern_site(census, "a.c", "f", 8, &number[1]), 0);
	assert_int_equal(ltr_census_intern_site(census, "a.c", "f", 7, &number[2]), 0);
	assert_int_equal(number[0], number[2]);
	assert_int_not_equal(number[0], number[1]);
	assert_int_equal(ltr_census_site(census, number[1])->line, 8);
}

static void test_long_stacks_are_cut(void **state)
{
	struct ltr_census *census = *state;
	uint64_t pcs[300];
	uint32_t stack;
	size_t depth;

	for (uint64_t i = 0; i < 300; i++)
		pcs[i] = i;
	assert_int_equal(ltr_census_intern_stack(census, pcs, 300, &stack), 0);
	const uint64_t *is = ltr_census_stack(census, stack, &depth);
	assert_int_equal(depth, 128);
	assert_int_equal(is[127], 127);
	assert_int_equal(ltr_census_stack_count(census), 2);
	assert_int_equal(ltr_census_intern_stack(census, pcs, 0, &stack), 0);
	assert_int_equal(stack, 0);
}

static void test_labels_are_in_order_of_keys(void **state)
{
	struct ltr_census *census = *state;
	struct ltr_census_label label[2];
	uint32_t one;
	uint32_t other;
	size_t count;

	assert_int_equal(ltr_census_intern_string(census, "zebra", &label[0].key), 0);
	assert_int_equal(ltr_census_intern_string(census, "ant", &label[1].key), 0);
	label[0].value = label[1].value = label[0].key;
	assert_int_equal(ltr_census_intern_labels(census, label, 2, &one), 0);
	const struct ltr_census_label *is = ltr_census_labels(census, one, &count);
	assert_int_equal(count, 2);
	assert_string_equal(ltr_census_string(census, is[0].key), "ant");
	struct ltr_census_label swapped[2] = {label[1], label[0]};
	assert_int_equal(ltr_census_intern_labels(census, swapped, 2, &other), 0);
	assert_int_equal(one, other);
}

static void test_snapshot_removes_who_is_gone(void **state)
{
	struct ltr_census *census = *state;

	snapshot_of(census, 1000, 10, 5);
	assert_int_equal(ltr_census_count(census), 10);
	assert_int_equal(ltr_census_info(census)->by_state[LTR_STATE_CHAN], 10);
	assert_int_equal(ltr_census_info(census)->created, 10);
	snapshot_of(census, 2000, 3, 5);
	assert_int_equal(ltr_census_count(census), 3);
	assert_int_equal(ltr_census_info(census)->by_state[LTR_STATE_CHAN], 3);
	assert_int_equal(ltr_census_info(census)->exited, 7);
	assert_null(ltr_census_find(census, 4));
	assert_int_equal(ltr_census_age_ns(census, ltr_census_find(census, 3)), 1900);
}

static void test_incomplete_snapshot_removes_nobody(void **state)
{
	struct ltr_census *census = *state;

	snapshot_of(census, 1000, 10, 5);
	ltr_census_note_loss(census, 1);
	assert_int_equal(ltr_census_snapshot_begin(census, 2000), 0);
	put(census, 1, LTR_STATE_CHAN, LTR_REASON_SELECT, 6);
	assert_int_equal(ltr_census_snapshot_end(census, false), 0);
	assert_int_equal(ltr_census_count(census), 10);
	assert_true(is_unsure(census, 1));
	assert_int_equal(ltr_census_find(census, 1)->reason, LTR_REASON_SELECT);
}

static void test_misuse_of_snapshots(void **state)
{
	struct ltr_census *census = *state;
	struct ltr_goroutine goroutine = {.id = 1};

	assert_int_equal(ltr_census_snapshot_put(census, &goroutine), -EINVAL);
	assert_int_equal(ltr_census_snapshot_end(census, true), -EINVAL);
	assert_int_equal(ltr_census_snapshot_begin(census, 1), 0);
	goroutine.id = 0;
	assert_int_equal(ltr_census_snapshot_put(census, &goroutine), -EINVAL);
	goroutine = (struct ltr_goroutine){.id = 1, .state = 200};
	assert_int_equal(ltr_census_snapshot_put(census, &goroutine), 0);
	assert_int_equal(ltr_census_snapshot_end(census, true), 0);
	assert_int_equal(ltr_census_find(census, 1)->state, LTR_STATE_UNKNOWN);
	assert_int_equal(ltr_census_apply(census, &nanoseconds, 65536, 0, NULL, 0), -EINVAL);
}

static void test_older_reading_only_fills_in(void **state)
{
	struct ltr_census *census = *state;
	struct ltr_goroutine old = {.id = 1,
				    .state = LTR_STATE_QUEUED,
				    .transitions = 1,
				    .entry_pc = 0x77,
				    .flags = LTR_IS_DAEMON};

	apply_one(census, 0, 0, event_of(1, LTR_KIND_CREATE, 1, 10));
	apply_one(census, 0, 1, event_of(1, LTR_KIND_START, 2, 20));
	assert_int_equal(ltr_census_snapshot_begin(census, 30), 0);
	assert_int_equal(ltr_census_snapshot_put(census, &old), 0);
	assert_int_equal(ltr_census_snapshot_end(census, true), 0);
	const struct ltr_goroutine *is = ltr_census_find(census, 1);
	assert_int_equal(is->state, LTR_STATE_RUNNING);
	assert_int_equal(is->since_ns, 20);
	assert_int_equal(is->entry_pc, 0x77);
	assert_int_equal(is->flags, LTR_IS_DAEMON | LTR_SINCE_EXACT);
}

static void test_a_life(void **state)
{
	struct ltr_census *census = *state;
	struct ltr_event create = event_of(7, LTR_KIND_CREATE, 1, 10);
	struct ltr_event start = event_of(7, LTR_KIND_START, 2, 20);
	struct ltr_event park = event_of(7, LTR_KIND_PARK, 3, 30);
	struct ltr_event ready = event_of(7, LTR_KIND_READY, 4, 40);

	create.arg = 3;
	start.flags = LTR_EVENT_FIRST;
	start.arg = 0x4711;
	park.reason = LTR_REASON_MUTEX_LOCK;
	park.arg = 0xbeef;
	ready.arg = 9;
	apply_one(census, 1, 0, create);
	assert_int_equal(ltr_census_find(census, 7)->state, LTR_STATE_QUEUED);
	assert_int_equal(ltr_census_find(census, 7)->parent_id, 3);
	apply_one(census, 1, 1, start);
	assert_int_equal(ltr_census_find(census, 7)->creation_pc, 0x4711);
	apply_one(census, 1, 2, park);
	const struct ltr_goroutine *is = ltr_census_find(census, 7);
	assert_int_equal(is->state, LTR_STATE_SYNC);
	assert_int_equal(is->reason, LTR_REASON_MUTEX_LOCK);
	assert_int_equal(is->object, 0xbeef);
	apply_one(census, 1, 3, ready);
	is = ltr_census_find(census, 7);
	assert_int_equal(is->waker_id, 9);
	assert_int_equal(is->reason, LTR_REASON_NONE);
	assert_int_equal(is->object, 0);
	apply_one(census, 1, 4, event_of(7, LTR_KIND_START, 5, 50));
	apply_one(census, 1, 5, event_of(7, LTR_KIND_EXIT, 6, 60));
	assert_null(ltr_census_find(census, 7));
	const struct ltr_census_info *info = ltr_census_info(census);
	assert_int_equal(info->created, 1);
	assert_int_equal(info->exited, 1);
	assert_int_equal(info->events, 6);
	assert_int_equal(info->lost, 0);
	assert_int_equal(info->now_ns, 60);
	for (int i = 0; i < LTR_STATE_COUNT; i++)
		assert_int_equal(info->by_state[i], 0);
}

static void test_too_early_is_held_back(void **state)
{
	struct ltr_census *census = *state;

	apply_one(census, 1, 0, event_of(1, LTR_KIND_START, 4, 40));
	apply_one(census, 1, 1, event_of(1, LTR_KIND_YIELD, 3, 30));
	apply_one(census, 0, 0, event_of(1, LTR_KIND_CREATE, 1, 10));
	assert_int_equal(ltr_census_find(census, 1)->transitions, 1);
	apply_one(census, 0, 1, event_of(1, LTR_KIND_START, 2, 20));
	assert_int_equal(ltr_census_find(census, 1)->transitions, 4);
	assert_int_equal(ltr_census_find(census, 1)->state, LTR_STATE_RUNNING);
	assert_int_equal(ltr_census_info(census)->lost, 0);
}

static void test_twice_is_once(void **state)
{
	struct ltr_census *census = *state;

	apply_one(census, 0, 0, event_of(1, LTR_KIND_CREATE, 1, 10));
	apply_one(census, 0, 1, event_of(1, LTR_KIND_START, 2, 20));
	apply_one(census, 0, 0, event_of(1, LTR_KIND_CREATE, 1, 10));
	assert_int_equal(ltr_census_find(census, 1)->state, LTR_STATE_RUNNING);
	assert_int_equal(ltr_census_info(census)->created, 1);
}

static void test_jump_of_position_is_a_loss(void **state)
{
	struct ltr_census *census = *state;

	snapshot_of(census, 1000, 4, 1);
	assert_int_equal(ltr_census_apply(census, &nanoseconds, 3, 500, NULL, 0), 0);
	apply_one(census, 3, 510, event_of(1, LTR_KIND_READY, 2, 2000));
	assert_int_equal(ltr_census_info(census)->lost, 10);
	assert_true(ltr_census_is_unsure(census));
	for (uint64_t id = 1; id <= 4; id++)
		assert_true(is_unsure(census, id));
	/* Another ring has its own positions, and its first is no jump. */
	apply_one(census, 4, 77, event_of(2, LTR_KIND_READY, 2, 2000));
	apply_one(census, 4, 78, event_of(2, LTR_KIND_START, 3, 2000));
	assert_int_equal(ltr_census_info(census)->lost, 10);

	snapshot_of(census, 3000, 4, 9);
	assert_false(ltr_census_is_unsure(census));
	for (uint64_t id = 1; id <= 4; id++)
		assert_false(is_unsure(census, id));
	/* The records go on where the snapshot stood. */
	apply_one(census, 3, 511, event_of(1, LTR_KIND_READY, 10, 4000));
	assert_int_equal(ltr_census_find(census, 1)->state, LTR_STATE_QUEUED);
	assert_int_equal(ltr_census_info(census)->lost, 10);
}

static void test_lost_record_counts(void **state)
{
	struct ltr_census *census = *state;
	struct ltr_event lost = {.kind = LTR_KIND_LOST, .arg = 42};

	snapshot_of(census, 1000, 1, 1);
	apply_one(census, 0, 0, lost);
	assert_int_equal(ltr_census_info(census)->lost, 42);
	assert_true(is_unsure(census, 1));
	lost.arg = UINT64_MAX;
	apply_one(census, 0, 1, lost);
	assert_int_equal(ltr_census_info(census)->lost, UINT64_MAX);
}

static void test_gap_ends_as_a_loss(void **state)
{
	struct ltr_census *census = *state;

	snapshot_of(census, 1000, 2, 1);
	apply_one(census, 0, 0, event_of(1, LTR_KIND_READY, 5, 2000));
	ltr_census_advance(census, 2 * SECOND);
	assert_int_equal(ltr_census_find(census, 1)->state, LTR_STATE_CHAN);
	assert_int_equal(ltr_census_info(census)->lost, 0);
	ltr_census_advance(census, 4 * SECOND);
	assert_int_equal(ltr_census_find(census, 1)->state, LTR_STATE_QUEUED);
	assert_int_equal(ltr_census_info(census)->lost, 3);
	assert_true(is_unsure(census, 1));
	assert_false(is_unsure(census, 2));
	assert_true(ltr_census_is_unsure(census));
	snapshot_of(census, 5 * SECOND, 2, 9);
	assert_false(ltr_census_is_unsure(census));
}

/* Three records lost, seen as a jump and as a gap: three, not six. */
static void test_the_same_loss_is_counted_once(void **state)
{
	struct ltr_census *census = *state;

	snapshot_of(census, 1000, 2, 1);
	apply_one(census, 0, 0, event_of(1, LTR_KIND_READY, 2, 2000));
	apply_one(census, 0, 4, event_of(1, LTR_KIND_START, 6, 2000));
	ltr_census_advance(census, 2 * SECOND);
	ltr_census_advance(census, 4 * SECOND);
	assert_int_equal(ltr_census_find(census, 1)->transitions, 6);
	assert_int_equal(ltr_census_info(census)->lost, 3);
}

static void test_never_created_shows_up_unsure(void **state)
{
	struct ltr_census *census = *state;

	snapshot_of(census, 1000, 1, 1);
	apply_one(census, 0, 0, event_of(50, LTR_KIND_START, 2, 2000));
	assert_null(ltr_census_find(census, 50));
	ltr_census_advance(census, 2 * SECOND);
	ltr_census_advance(census, 4 * SECOND);
	assert_int_equal(ltr_census_find(census, 50)->state, LTR_STATE_RUNNING);
	assert_true(is_unsure(census, 50));
	assert_int_equal(ltr_census_info(census)->lost, 1);
}

/* However many records wait for what never comes, memory is bounded and the count is right. */
static void test_flood_of_early_records(void **state)
{
	struct ltr_census *census = *state;
	const uint64_t count = 300000;

	snapshot_of(census, 1000, 1, 1);
	for (uint64_t i = 0; i < count; i++)
		apply_one(census, 0, i, event_of(1000 + i, LTR_KIND_START, 2, 2000));
	ltr_census_advance(census, 2 * SECOND);
	ltr_census_advance(census, 4 * SECOND);
	assert_int_equal(ltr_census_count(census), count + 1);
	assert_int_equal(ltr_census_info(census)->lost, count);
}

/*
 * Two threads ran a goroutine by turns, the first record is lost, and one thread's records come after all of
 * the other's: each of them has its place between two that are here. Who looks for that place from one
 * end is still looking when the test times out.
 */
static void test_storm_between_two_rings(void **state)
{
	struct ltr_census *census = *state;
	const uint32_t each = 60000;

	snapshot_of(census, 1000, 40, 1);
	for (uint64_t id = 1; id <= 40; id++) {
		uint64_t now_ns = 4 * id * SECOND;

		for (uint32_t ring = 0; ring < 2; ring++)
			for (uint32_t i = 0; i < each; i++)
				apply_one(census, ring, (id - 1) * each + i,
					  event_of(id, ring ? LTR_KIND_START : LTR_KIND_YIELD,
						   3 + 2 * i + ring, now_ns));
		assert_int_equal(ltr_census_find(census, id)->transitions, 1);
		ltr_census_advance(census, now_ns + SECOND);
		ltr_census_advance(census, now_ns + 3 * SECOND);
		assert_int_equal(ltr_census_find(census, id)->transitions, 2 + 2 * each);
		assert_int_equal(ltr_census_find(census, id)->state, LTR_STATE_RUNNING);
		assert_int_equal(ltr_census_info(census)->lost, id);
	}
}

/* Stacks of waits that nobody has heard of, and one record that shows that there is a goroutine. */
static void test_flood_of_stacks(void **state)
{
	struct ltr_census *census = *state;
	const uint32_t count = 100000;

	snapshot_of(census, 1000, 1, 1);
	for (uint64_t id = 2; id < 22; id++) {
		uint64_t now_ns = 4 * id * SECOND;

		for (uint32_t i = 0; i < count; i++)
			apply_one(census, 0, (id - 2) * (count + 1) + i,
				  event_of(id, LTR_KIND_STACK, i + 2, now_ns));
		apply_one(census, 0, (id - 2) * (count + 1) + count,
			  event_of(id, LTR_KIND_START, count + 2, now_ns));
		ltr_census_advance(census, now_ns + SECOND);
		ltr_census_advance(census, now_ns + 3 * SECOND);
		assert_int_equal(ltr_census_find(census, id)->transitions, count + 2);
		assert_int_equal(ltr_census_find(census, id)->state, LTR_STATE_RUNNING);
	}
}

static const struct ltr_wait_total *find_wait(const struct ltr_census *census, uint8_t state)
{
	const struct ltr_wait_total *found = NULL;
	for (size_t i = 0; i < wait_count_of(census); i++) {
		if (ltr_census_wait(census, i)->state != state)
			continue;
		assert_null(found);
		found = ltr_census_wait(census, i);
	}
	return found;
}

static void test_waits_count_from_the_start_of_watching(void **state)
{
	struct ltr_census *census = *state;

	ltr_census_keep_waits(census);
	ltr_census_info_mut(census)->started_ns = 1000;
	snapshot_of(census, 1000, 2, 1);
	apply_one(census, 0, 0, event_of(1, LTR_KIND_READY, 2, 1500));
	ltr_census_advance(census, 3000);
	const struct ltr_wait_total *wait = find_wait(census, LTR_STATE_CHAN);
	assert_int_equal(wait->count, 2);
	assert_int_equal(wait->unfinished, 1);
	assert_int_equal(wait->total_ns, 500 + 2000);
	assert_int_equal(wait->longest_ns, 2000);
	wait = find_wait(census, LTR_STATE_QUEUED);
	assert_int_equal(wait->unfinished, 1);
	assert_int_equal(wait->total_ns, 1500);
}

static void test_wait_with_a_lost_end_is_not_counted(void **state)
{
	struct ltr_census *census = *state;

	ltr_census_keep_waits(census);
	snapshot_of(census, 1000, 1, 1);
	apply_one(census, 0, 0, event_of(1, LTR_KIND_START, 3, 2000));
	ltr_census_advance(census, 2 * SECOND);
	ltr_census_advance(census, 4 * SECOND);
	assert_null(find_wait(census, LTR_STATE_CHAN));
	assert_int_equal(find_wait(census, LTR_STATE_RUNNING)->unfinished, 1);
}

/* A snapshot did not have it any more: its wait is not under way, and the rest is to be told by records. */
static void test_wait_of_who_is_gone_is_not_under_way(void **state)
{
	struct ltr_census *census = *state;

	ltr_census_keep_waits(census);
	snapshot_of(census, 1000, 2, 1);
	apply_one(census, 0, 0, event_of(2, LTR_KIND_READY, 2, 1500));
	snapshot_of(census, 2000, 1, 1);
	ltr_census_advance(census, 3000);
	assert_int_equal(ltr_census_count(census), 1);
	assert_null(find_wait(census, LTR_STATE_QUEUED));
	apply_one(census, 0, 1, event_of(2, LTR_KIND_START, 3, 1700));
	apply_one(census, 0, 2, event_of(2, LTR_KIND_EXIT, 4, 1900));
	const struct ltr_wait_total *wait = find_wait(census, LTR_STATE_QUEUED);
	assert_int_equal(wait->count, 1);
	assert_int_equal(wait->total_ns, 200);
	wait = find_wait(census, LTR_STATE_RUNNING);
	assert_int_equal(wait->count, 1);
	assert_int_equal(wait->unfinished, 0);
	assert_int_equal(wait->total_ns, 200);
}

/* A time at a bound is below it, one that is longer is in the next bucket. */
static void test_histogram_bounds(void **state)
{
	struct ltr_census *census = *state;
	uint64_t now_ns = 1000;
	uint32_t sequence = 1;
	size_t expected[LTR_HISTOGRAM_BUCKETS] = {0};

	ltr_census_keep_waits(census);
	snapshot_of(census, now_ns, 1, sequence);
	apply_one(census, 0, 0, event_of(1, LTR_KIND_READY, ++sequence, now_ns));
	for (uint32_t bucket = 0; bucket < LTR_HISTOGRAM_BUCKETS - 1; bucket++) {
		uint64_t bound = 64ull << bucket;

		assert_int_equal(ltr_histogram_bound_ns(bucket), bound);
		for (uint64_t spent = bound; spent <= bound + 1; spent++) {
			apply_one(census, 0, sequence - 1,
				  event_of(1, LTR_KIND_START, sequence + 1, now_ns += spent));
			apply_one(census, 0, sequence,
				  event_of(1, LTR_KIND_YIELD, sequence + 2, now_ns));
			sequence += 2;
			expected[bucket + (spent > bound)]++;
		}
	}
	assert_int_equal(ltr_histogram_bound_ns(LTR_HISTOGRAM_BUCKETS - 1), UINT64_MAX);
	const struct ltr_histogram *is = NULL;
	for (size_t i = 0; i < ltr_census_histogram_count(census); i++)
		if (ltr_census_histogram(census, i)->state == LTR_STATE_QUEUED)
			is = ltr_census_histogram(census, i);
	assert_non_null(is);
	for (uint32_t bucket = 0; bucket < LTR_HISTOGRAM_BUCKETS; bucket++)
		assert_int_equal(is->buckets[bucket], expected[bucket]);
	assert_int_equal(is->count, 2 * (LTR_HISTOGRAM_BUCKETS - 1));
	assert_int_equal(ltr_census_info(census)->lost, 0);
}

static void test_stack_defined_later(void **state)
{
	struct ltr_census *census = *state;
	const uint64_t pcs[] = {0x10, 0x20};
	struct ltr_event batch[2] = {event_of(1, LTR_KIND_PARK, 2, 2000),
				     event_of(1, LTR_KIND_STACK, 2, 2000)};
	size_t depth;

	ltr_census_keep_waits(census);
	batch[0].reason = LTR_REASON_SLEEP;
	batch[1].arg = 12;
	snapshot_of(census, 1000, 1, 1);
	assert_int_equal(ltr_census_apply(census, &nanoseconds, 0, 0, batch, 2), 0);
	assert_int_equal(ltr_census_find(census, 1)->stack, 0);
	assert_int_equal(find_wait(census, LTR_STATE_SLEEP)->stack, 0);
	assert_int_equal(ltr_census_define_stack(census, 12, pcs, 2), 0);
	uint32_t stack = ltr_census_find(census, 1)->stack;
	assert_memory_equal(ltr_census_stack(census, stack, &depth), pcs, sizeof(pcs));
	assert_int_equal(find_wait(census, LTR_STATE_SLEEP)->stack, stack);
	assert_int_equal(ltr_census_define_stack(census, 0, pcs, 2), -EINVAL);
	assert_int_equal(ltr_census_define_stack(census, UINT32_MAX, pcs, 2), -EINVAL);
}

static void test_clock_is_converted(void **state)
{
	struct ltr_census *census = *state;
	const struct ltr_clock_rate rate = {3000, 1000000, 0.5};
	struct ltr_event event = event_of(1, LTR_KIND_CREATE, 1, 5000);

	assert_int_equal(ltr_census_apply(census, &rate, 0, 0, &event, 1), 0);
	assert_int_equal(ltr_census_find(census, 1)->since_ns, 1001000);
	event = event_of(1, LTR_KIND_START, 2, 1000);
	assert_int_equal(ltr_census_apply(census, &rate, 0, 1, &event, 1), 0);
	assert_int_equal(ltr_census_find(census, 1)->since_ns, 999000);
	event = event_of(1, LTR_KIND_YIELD, 3, UINT64_MAX);
	assert_int_equal(ltr_census_apply(census, &rate, 0, 2, &event, 1), 0);
	assert_true(ltr_census_find(census, 1)->since_ns <= INT64_MAX);
}

static void test_sequences_wrap(void **state)
{
	struct ltr_census *census = *state;

	snapshot_of(census, 1000, 1, 0x7fffffffu);
	apply_one(census, 0, 0, event_of(1, LTR_KIND_READY, 0x80000000u, 2000));
	assert_int_equal(ltr_census_find(census, 1)->state, LTR_STATE_QUEUED);
	assert_int_equal(ltr_census_find(census, 1)->transitions, 0);
	apply_one(census, 0, 1, event_of(1, LTR_KIND_START, 0x80000001u, 2100));
	assert_int_equal(ltr_census_find(census, 1)->state, LTR_STATE_RUNNING);
	snapshot_of(census, 3000, 1, 2);
	assert_int_equal(ltr_census_find(census, 1)->state, LTR_STATE_CHAN);
}

/* Add and take away in every order: whoever should be found is found. */
static void test_many_come_and_go(void **state)
{
	struct ltr_census *census = *state;
	struct chance chance = {chance_seed()};
	enum { IDS = 3000 };
	static bool alive[IDS];
	uint64_t position = 0;
	size_t count = 0;

	memset(alive, 0, sizeof(alive));
	for (int i = 0; i < 60000; i++) {
		uint32_t id = chance_below(&chance, IDS);
		struct ltr_event event = event_of(id * 1000003ull + 1, LTR_KIND_CREATE, 1, 10);
		if (alive[id]) {
			event.kind = LTR_KIND_EXIT;
			event.sequence = 2;
		}
		apply_one(census, 0, position++, event);
		alive[id] = !alive[id];
		count += alive[id] ? 1 : -1u;
		if (i % 1000)
			continue;
		for (uint32_t k = 0; k < IDS; k++)
			assert_int_equal(ltr_census_find(census, k * 1000003ull + 1) != NULL,
					 alive[k]);
		assert_int_equal(ltr_census_count(census), (uint32_t)count);
	}
}

static const struct ltr_symbol *find_made_up(void *context, uint64_t pc)
{
	static const struct ltr_symbol user = {.function = "user", .file = ""};
	static const struct ltr_symbol runtime = {
		.function = "recv", .file = "", .is_runtime = true};
	static const struct ltr_symbol inlined = {
		.function = "inlined", .file = "", .is_runtime = true, .outer = &user};

	++*(int *)context;
	return pc < 0x1000 ? &runtime : pc < 0x2000 ? &inlined : NULL;
}

static void forget(void *context)
{
	*(int *)context = -1;
}

static void test_first_frame(void **state)
{
	struct ltr_census *census = *state;
	const struct ltr_symbol_source source = {.find = find_made_up, .free = forget};
	const uint64_t pcs[] = {0x10, 0x1000, 0x1800, 0x5000};
	int calls = 0;
	uint32_t stack;
	uint32_t all_runtime;

	ltr_census_set_symbols(census, &source, &calls);
	assert_int_equal(ltr_census_intern_stack(census, pcs, 4, &stack), 0);
	assert_int_equal(ltr_census_intern_stack(census, pcs, 2, &all_runtime), 0);
	assert_int_equal(ltr_census_first_frame(census, stack), 2);
	assert_int_equal(ltr_census_first_frame(census, all_runtime), 2);
	int before = calls;
	assert_int_equal(ltr_census_first_frame(census, stack), 2);
	assert_int_equal(calls, before);
	assert_int_equal(ltr_census_first_frame(census, 0), 0);
	ltr_census_set_symbols(census, NULL, NULL);
	assert_int_equal(calls, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_empty),
		TEST(test_equal_contents_equal_numbers),
		TEST(test_long_stacks_are_cut),
		TEST(test_labels_are_in_order_of_keys),
		TEST(test_snapshot_removes_who_is_gone),
		TEST(test_incomplete_snapshot_removes_nobody),
		TEST(test_misuse_of_snapshots),
		TEST(test_older_reading_only_fills_in),
		TEST(test_a_life),
		TEST(test_too_early_is_held_back),
		TEST(test_twice_is_once),
		TEST(test_jump_of_position_is_a_loss),
		TEST(test_lost_record_counts),
		TEST(test_gap_ends_as_a_loss),
		TEST(test_the_same_loss_is_counted_once),
		TEST(test_never_created_shows_up_unsure),
		TEST(test_flood_of_early_records),
		TEST(test_storm_between_two_rings),
		TEST(test_flood_of_stacks),
		TEST(test_waits_count_from_the_start_of_watching),
		TEST(test_histogram_bounds),
		TEST(test_wait_with_a_lost_end_is_not_counted),
		TEST(test_wait_of_who_is_gone_is_not_under_way),
		TEST(test_stack_defined_later),
		TEST(test_clock_is_converted),
		TEST(test_sequences_wrap),
		TEST(test_many_come_and_go),
		TEST(test_first_frame),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
