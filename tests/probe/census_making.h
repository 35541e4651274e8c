/* SPDX-License-Identifier: MIT */
#ifndef TESTS_PROBE_CENSUS_MAKING_H
#define TESTS_PROBE_CENSUS_MAKING_H

/* How the tests of the census make one: snapshots and records, by hand. */

#include "testing.h"

#include "census_fill.h"

#define SECOND 1000000000ull

static const struct ltr_clock_rate nanoseconds = {0, 0, 1.0};

static inline int new_census(void **state)
{
	return ltr_census_new((struct ltr_census **)state);
}

static inline int free_census(void **state)
{
	ltr_census_free(*state);
	return 0;
}

static inline void put(struct ltr_census *census, uint64_t id, uint8_t state, uint8_t reason,
		       uint32_t transitions)
{
	struct ltr_goroutine goroutine = {.id = id,
					  .state = state,
					  .reason = reason,
					  .since_ns = 100,
					  .transitions = transitions};
	assert_int_equal(ltr_census_snapshot_put(census, &goroutine), 0);
}

/* A complete snapshot of goroutines 1 .. count, all waiting on a channel since 100. */
static inline void snapshot_of(struct ltr_census *census, uint64_t now_ns, uint64_t count,
			       uint32_t transitions)
{
	assert_int_equal(ltr_census_snapshot_begin(census, now_ns), 0);
	for (uint64_t id = 1; id <= count; id++)
		put(census, id, LTR_STATE_CHAN, LTR_REASON_CHAN_RECEIVE, transitions);
	assert_int_equal(ltr_census_snapshot_end(census, true), 0);
}

static inline struct ltr_event event_of(uint64_t id, uint8_t kind, uint32_t sequence,
					uint64_t ticks)
{
	return (struct ltr_event){
		.goroutine = id, .kind = kind, .sequence = sequence, .ticks = ticks};
}

static inline void apply_one(struct ltr_census *census, uint32_t ring, uint64_t position,
			     struct ltr_event event)
{
	assert_int_equal(ltr_census_apply(census, &nanoseconds, ring, position, &event, 1), 0);
}

static inline const struct ltr_goroutine *find_shown(const struct ltr_census *census, uint64_t id)
{
	for (size_t i = 0; i < ltr_census_count(census); i++)
		if (ltr_census_at(census, i)->id == id)
			return ltr_census_at(census, i);
	return NULL;
}

/* One test with a census of its own, in *state. */
#define TEST(function) cmocka_unit_test_setup_teardown(function, new_census, free_census)

#endif
