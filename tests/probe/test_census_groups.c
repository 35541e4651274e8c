// SPDX-License-Identifier: MIT
/* Whose the totals are: groups of goroutines with the same name, labels and creator, and how
 * many. */
#include "testing.h"

#include "census_making.h"

#define STACKS 400u

static uint32_t name_of(struct ltr_census *census, uint64_t number)
{
	char text[32];
	uint32_t name;

	snprintf(text, sizeof(text), "name %llu", (unsigned long long)number);
	assert_int_equal(ltr_census_intern_string(census, text, &name), 0);
	return name;
}

static uint32_t site_of(struct ltr_census *census, uint32_t line)
{
	uint32_t site;

	assert_int_equal(ltr_census_intern_site(census, "a.c", "f", line, &site), 0);
	return site;
}

/* Between begin and end of a snapshot: it waits on a channel. */
static void put_named(struct ltr_census *census, uint64_t id, uint32_t transitions, uint32_t name,
		      uint32_t site)
{
	const struct ltr_goroutine goroutine = {.id = id,
						.state = LTR_STATE_CHAN,
						.reason = LTR_REASON_CHAN_RECEIVE,
						.since_ns = 1000,
						.name = name,
						.site = site,
						.transitions = transitions};

	assert_int_equal(ltr_census_snapshot_put(census, &goroutine), 0);
}

static void snapshot_named(struct ltr_census *census, uint64_t now_ns, uint32_t transitions,
			   uint32_t name, uint32_t site)
{
	assert_int_equal(ltr_census_snapshot_begin(census, now_ns), 0);
	put_named(census, 1, transitions, name, site);
	assert_int_equal(ltr_census_snapshot_end(census, true), 0);
}

static uint64_t position_of(const struct ltr_census *census)
{
	return ltr_census_info(census)->events;
}

static void apply_next(struct ltr_census *census, uint64_t id, uint8_t kind, uint32_t sequence,
		       uint64_t ns)
{
	struct ltr_event event = event_of(id, kind, sequence, ns);

	event.reason = kind == LTR_KIND_PARK ? LTR_REASON_CHAN_RECEIVE : 0;
	apply_one(census, 0, position_of(census), event);
}

static size_t wait_count(const struct ltr_census *census)
{
	size_t count;

	assert_int_equal(ltr_census_wait_count(census, &count), 0);
	return count;
}

/* The total of a state of goroutines with this name and site; NULL: none. */
static const struct ltr_wait_total *total_of(const struct ltr_census *census, uint8_t state,
					     uint32_t name, uint32_t site)
{
	for (size_t i = 0; i < wait_count(census); i++) {
		const struct ltr_wait_total *total = ltr_census_wait(census, i);
		const struct ltr_census_group *group = ltr_census_group(census, total->group);

		if (total->state == state && group->name == name && group->site == site)
			return total;
	}
	return NULL;
}

static void sums_of(const struct ltr_census *census, uint64_t *ret_count, uint64_t *ret_ns)
{
	*ret_count = *ret_ns = 0;
	for (size_t i = 0; i < wait_count(census); i++) {
		*ret_count += ltr_census_wait(census, i)->count;
		*ret_ns += ltr_census_wait(census, i)->total_ns;
	}
}

static void test_who_has_ended_still_has_its_name(void **state)
{
	struct ltr_census *census = *state;
	uint32_t name = name_of(census, 1), site = site_of(census, 7);

	ltr_census_keep_waits(census);
	snapshot_named(census, 1000, 1, name, site);
	apply_next(census, 1, LTR_KIND_READY, 2, 1300);
	apply_next(census, 1, LTR_KIND_START, 3, 1500);
	apply_next(census, 1, LTR_KIND_EXIT, 4, 1600);
	ltr_census_advance(census, 2000000000000);
	assert_int_equal(ltr_census_count(census), 0);
	assert_int_equal(wait_count(census), 3);
	assert_int_equal(total_of(census, LTR_STATE_CHAN, name, site)->total_ns, 300);
	assert_int_equal(total_of(census, LTR_STATE_QUEUED, name, site)->total_ns, 200);
	assert_int_equal(total_of(census, LTR_STATE_RUNNING, name, site)->total_ns, 100);
	assert_false(ltr_census_groups_cut(census));
}

/* What has ended keeps the name that was known then; what is under way has the one that is. */
static void test_a_name_is_that_of_the_end(void **state)
{
	struct ltr_census *census = *state;
	uint32_t first = name_of(census, 1), second = name_of(census, 2);

	ltr_census_keep_waits(census);
	snapshot_named(census, 1000, 1, first, 0);
	apply_next(census, 1, LTR_KIND_READY, 2, 1300);
	apply_next(census, 1, LTR_KIND_START, 3, 1500);
	apply_next(census, 1, LTR_KIND_PARK, 4, 1600);
	ltr_census_advance(census, 2000);
	assert_int_equal(total_of(census, LTR_STATE_CHAN, first, 0)->total_ns, 300 + 400);
	snapshot_named(census, 3000, 4, second, 0);
	assert_int_equal(total_of(census, LTR_STATE_CHAN, first, 0)->total_ns, 300);
	assert_int_equal(total_of(census, LTR_STATE_CHAN, first, 0)->unfinished, 0);
	assert_int_equal(total_of(census, LTR_STATE_CHAN, second, 0)->total_ns, 1400);
	assert_int_equal(total_of(census, LTR_STATE_CHAN, second, 0)->unfinished, 1);
}

static void test_who_was_never_seen_is_of_no_group(void **state)
{
	struct ltr_census *census = *state;

	ltr_census_keep_waits(census);
	snapshot_named(census, 1000, 1, name_of(census, 1), 0);
	apply_next(census, 2, LTR_KIND_CREATE, 1, 1100);
	apply_next(census, 2, LTR_KIND_START, 2, 1200);
	assert_int_equal(total_of(census, LTR_STATE_QUEUED, 0, 0)->total_ns, 100);
	assert_int_equal(total_of(census, LTR_STATE_QUEUED, 0, 0)->group, 0);
	assert_int_equal(ltr_census_group(census, 0)->name, 0);
	assert_int_equal(ltr_census_group(census, 12345)->name, 0);
}

static void test_names_that_were_there_before_totals_are_kept(void **state)
{
	struct ltr_census *census = *state;
	uint32_t name = name_of(census, 1);

	snapshot_named(census, 1000, 1, name, 0);
	ltr_census_keep_waits(census);
	ltr_census_advance(census, 3000);
	assert_int_equal(total_of(census, LTR_STATE_CHAN, name, 0)->total_ns, 2000);
}

/* The program makes names without end: the creator stays, and no time is lost. */
static void test_too_many_names(void **state)
{
	struct ltr_census *census = *state;
	uint32_t site = site_of(census, 7);
	uint64_t many = LTR_CENSUS_GROUPS_MAX + 1000, count, ns;

	ltr_census_keep_waits(census);
	assert_int_equal(ltr_census_snapshot_begin(census, 1000), 0);
	for (uint64_t id = 1; id <= many; id++)
		put_named(census, id, 1, name_of(census, id), site);
	assert_int_equal(ltr_census_snapshot_end(census, true), 0);
	ltr_census_advance(census, 3000);
	assert_true(ltr_census_groups_cut(census));
	assert_int_equal(total_of(census, LTR_STATE_CHAN, name_of(census, 1), site)->count, 1);
	assert_int_equal(total_of(census, LTR_STATE_CHAN, 0, site)->count, 1000);
	assert_int_equal(wait_count(census), LTR_CENSUS_GROUPS_MAX + 1);
	sums_of(census, &count, &ns);
	assert_int_equal(count, many);
	assert_int_equal(ns, many * 2000);

	/* Another one that is known already still finds its own. */
	assert_int_equal(ltr_census_snapshot_begin(census, 3000), 0);
	for (uint64_t id = 1; id <= many; id++)
		put_named(census, id, 1, name_of(census, id == many ? 5 : id), site);
	assert_int_equal(ltr_census_snapshot_end(census, true), 0);
	assert_int_equal(total_of(census, LTR_STATE_CHAN, name_of(census, 5), site)->count, 2);
}

/* Each of many names at each of many stacks. */
static void test_too_many_totals(void **state)
{
	struct ltr_census *census = *state;
	const uint32_t names = (1u << 18) / STACKS + 20;
	uint64_t now_ns = 1000, count, ns;

	ltr_census_keep_waits(census);
	assert_int_equal(ltr_census_snapshot_begin(census, now_ns), 0);
	for (uint64_t id = 1; id <= names; id++)
		put_named(census, id, 1, name_of(census, id), 0);
	assert_int_equal(ltr_census_snapshot_end(census, true), 0);
	for (uint64_t stack = 1; stack <= STACKS; stack++)
		assert_int_equal(ltr_census_define_stack(census, (uint32_t)stack, &stack, 1), 0);
	for (uint64_t id = 1; id <= names; id++) {
		apply_next(census, id, LTR_KIND_START, 2, now_ns);
		for (uint32_t stack = 1; stack <= STACKS; stack++) {
			struct ltr_event at = event_of(id, LTR_KIND_STACK, stack * 2 + 1, now_ns);

			at.arg = stack;
			apply_next(census, id, LTR_KIND_PARK, stack * 2 + 1, now_ns);
			apply_one(census, 0, position_of(census), at);
			now_ns += 10;
			apply_next(census, id, LTR_KIND_START, stack * 2 + 2, now_ns);
		}
	}
	ltr_census_advance(census, now_ns);
	assert_true(ltr_census_groups_cut(census));
	sums_of(census, &count, &ns);
	assert_int_equal(count, (uint64_t)names * (1 + STACKS + 1 + STACKS));
	assert_int_equal(ns, names * (now_ns - 1000));
	assert_in_range(wait_count(census), 1u << 18, (1u << 18) + STACKS + 2);
}

static void test_mutex_is_of_who_unlocks(void **state)
{
	struct ltr_census *census = *state;
	uint32_t holder = name_of(census, 1), waiter = name_of(census, 2);
	const uint64_t pc = 0x1000;
	struct ltr_event event;
	size_t count;

	ltr_census_keep_waits(census);
	assert_int_equal(ltr_census_define_stack(census, 5, &pc, 1), 0);
	assert_int_equal(ltr_census_snapshot_begin(census, 1000), 0);
	put_named(census, 1, 1, holder, 0);
	put_named(census, 2, 1, waiter, 0);
	assert_int_equal(ltr_census_snapshot_end(census, true), 0);
	apply_next(census, 2, LTR_KIND_START, 2, 1100);
	event = event_of(2, LTR_KIND_PARK, 3, 1200);
	event.reason = LTR_REASON_MUTEX_LOCK;
	event.arg = 0x77;
	apply_one(census, 0, position_of(census), event);
	event = event_of(2, LTR_KIND_STACK, 4, 1500);
	event.arg = 5;
	apply_one(census, 0, position_of(census), event);
	event = event_of(2, LTR_KIND_READY, 4, 1500);
	event.arg = 1;
	apply_one(census, 0, position_of(census), event);
	assert_int_equal(ltr_census_contention_count(census, &count), 0);
	assert_int_equal(count, 1);
	const struct ltr_contention *one = ltr_census_contention(census, 0);
	assert_int_equal(one->total_ns, 300);
	assert_int_equal(ltr_census_group(census, one->group)->name, holder);
	assert_int_equal(total_of(census, LTR_STATE_SYNC, waiter, 0)->total_ns, 300);
}

static void test_going_back_makes_room(void **state)
{
	struct ltr_census *census = *state;
	struct ltr_census_mark mark;

	assert_int_equal(ltr_census_mark(census, &mark), 0);
	for (int round = 0; round < 2; round++) {
		ltr_census_keep_waits(census);
		assert_int_equal(ltr_census_snapshot_begin(census, 1000), 0);
		for (uint64_t id = 1; id <= LTR_CENSUS_GROUPS_MAX; id++)
			put_named(census, id, 1, name_of(census, id + (uint64_t)round * 100), 0);
		assert_int_equal(ltr_census_snapshot_end(census, true), 0);
		assert_false(ltr_census_groups_cut(census));
		assert_int_equal(wait_count(census), LTR_CENSUS_GROUPS_MAX);
		ltr_census_rewind(census, &mark);
	}
	ltr_census_mark_done(&mark);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_who_has_ended_still_has_its_name),
		TEST(test_a_name_is_that_of_the_end),
		TEST(test_who_was_never_seen_is_of_no_group),
		TEST(test_names_that_were_there_before_totals_are_kept),
		TEST(test_too_many_names),
		TEST(test_too_many_totals),
		TEST(test_mutex_is_of_who_unlocks),
		TEST(test_going_back_makes_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
