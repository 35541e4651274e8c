// SPDX-License-Identifier: MIT
/*
 * What objects say of themselves: channels, WaitGroups, Conds, semaphores and the cases of a select, read
 * from a made-up program (fake_target.h) that may lie.
 */
#include "testing.h"

#include <errno.h>

#include "fake_probe.h"
#include "target/target.h"

static const uint64_t pcs[] = {0x1111, 0x2222, 0x3333};

static uint64_t at(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

static struct fake_descriptor *wait_on(uint64_t id, uint8_t reason, uint64_t object)
{
	struct fake_descriptor *made = fake_add(id, ltr_reason_state(reason), reason, pcs, 3, 64);

	made->object = object;
	return made;
}

static const struct ltr_object *object_of(const struct ltr_probe *probe, uint64_t id)
{
	const struct ltr_census *census = ltr_probe_census(probe);

	return ltr_census_object_of(census, ltr_census_find(census, id));
}

static size_t case_count(const struct ltr_probe *probe, uint64_t id)
{
	const struct ltr_census *census = ltr_probe_census(probe);
	size_t count;

	(void)ltr_census_cases_of(census, ltr_census_find(census, id), &count);
	return count;
}

static void test_channels_are_read_when_asked_for(void **state)
{
	const uint64_t first = at(&fake.channels[0]);
	const uint64_t second = at(&fake.channels[1]);
	struct ltr_object now;
	(void)state;

	fake_reset();
	fake.channels[0].head = (struct ltr_channel_head){.closed = 1, .capacity = 5, .count = 3};
	fake.channels[0].words = (struct ltr_channel_words){0x1234, 7, 9};
	fake.channels[1].words = (struct ltr_channel_words){0x5678, 0, UINT64_MAX};
	wait_on(1, LTR_REASON_CHAN_SEND, first);
	wait_on(2, LTR_REASON_CHAN_RECEIVE, second);
	wait_on(3, LTR_REASON_SELECT, first);
	wait_on(4, LTR_REASON_MUTEX_LOCK, first);
	wait_on(5, LTR_REASON_SELECT, 0);
	wait_on(6, LTR_REASON_CHAN_SEND, 0x10);
	wait_on(7, LTR_REASON_CHAN_SEND, first + 1);
	wait_on(8, LTR_REASON_CHAN_SEND, UINT64_MAX & ~7ull);
	pid_t pid = fake_start();
	struct ltr_probe *probe = fake_open(pid, LTR_VIA_SNAPSHOT, false);

	assert_null(object_of(probe, 1)); /* nobody has asked yet */
	assert_true(ltr_census_object_now(ltr_probe_census(probe),
					  ltr_census_find(ltr_probe_census(probe), 1), &now));
	assert_int_equal(now.capacity, 5);
	assert_int_equal(ltr_probe_objects(probe), 0);
	const struct ltr_object *object = object_of(probe, 1);
	assert_non_null(object);
	assert_int_equal(object->address, first);
	assert_int_equal(object->made_pc, 0x1234);
	assert_int_equal(object->giver_id, 7);
	assert_int_equal(object->taker_id, 9);
	assert_true(object->counted && object->closed);
	assert_int_equal(object->count, 3);
	assert_int_equal(object->capacity, 5);
	assert_ptr_equal(object_of(probe, 3), object);
	assert_int_equal(object_of(probe, 2)->taker_id, UINT64_MAX);
	for (uint64_t id = 4; id <= 8; id++) /* no channel's, none, not mapped, no address */
		assert_null(object_of(probe, id));
	assert_false(ltr_census_object_now(ltr_probe_census(probe),
					   ltr_census_find(ltr_probe_census(probe), 8), &now));
	ltr_probe_close(probe);
	fake_stop(pid);
}

/* A runtime from before has fewer words, and its layout is shorter. */
static void test_older_runtimes(void **state)
{
	(void)state;

	fake_reset();
	fake.channels[0].words = (struct ltr_channel_words){0x1234, 7, 9};
	wait_on(1, LTR_REASON_CHAN_SEND, at(&fake.channels[0]));
	wait_on(2, LTR_REASON_WAITGROUP_WAIT, at(&fake.sync));
	ltr_layout.bytes = offsetof(struct ltr_layout, sync_words);
	pid_t pid = fake_start();
	struct ltr_probe *probe = fake_open(pid, LTR_VIA_SNAPSHOT, false);

	assert_int_equal(ltr_probe_objects(probe), 0);
	assert_int_equal(object_of(probe, 1)->made_pc, 0x1234);
	assert_false(object_of(probe, 1)->counted);
	assert_null(object_of(probe, 2));
	ltr_probe_close(probe);
	fake_stop(pid);

	ltr_layout.channel_words = 0;
	pid = fake_start();
	probe = fake_open(pid, LTR_VIA_SNAPSHOT, false);
	assert_int_equal(ltr_probe_objects(probe), 0);
	assert_null(object_of(probe, 1));
	ltr_probe_close(probe);
	fake_stop(pid);
}

static void refused(const char *sentence)
{
	pid_t pid = fake_start();

	fake_refused(pid, -EPROTO, sentence);
	fake_stop(pid);
}

static void test_layouts_that_make_no_sense(void **state)
{
	(void)state;
	fake_reset();
	ltr_layout.channel_words = 4097;
	refused("channel_words");
	fake_reset();
	ltr_layout.sync_words = 47;
	refused("sync_words");
	fake_reset();
	ltr_layout.channel_head = 33;
	refused("channel_head");
	fake_reset();
	ltr_layout.case_bytes = UINT32_MAX;
	refused("case_bytes");
}

/* One memory seen as each of the kinds. */
static void test_the_words_of_the_others(void **state)
{
	const struct ltr_object *object;
	(void)state;

	fake_reset();
	fake.sync.before[0] = 12; /* a semaphore's capacity */
	fake.sync.before[1] = (uint64_t)(uint32_t)-3 << 32 | 9;
	fake.sync.words = (struct ltr_sync_words){
		.first_at = 0x55, .giver_id = 7, .taker_id = 9, .given_at = 0x66, .taken_at = 0x77};
	wait_on(1, LTR_REASON_SEMACQUIRE, at(&fake.sync));
	wait_on(2, LTR_REASON_WAITGROUP_WAIT, at(&fake.sync.before[1]));
	wait_on(3, LTR_REASON_COND_WAIT, at(&fake.sync.words));
	pid_t pid = fake_start();
	struct ltr_probe *probe = fake_open(pid, LTR_VIA_SNAPSHOT, false);

	assert_int_equal(ltr_probe_objects(probe), 0);
	for (uint64_t id = 1; id <= 3; id++) {
		object = object_of(probe, id);
		assert_non_null(object);
		assert_int_equal(object->first_at, 0x55);
		assert_int_equal(object->giver_id, 7);
		assert_int_equal(object->taker_id, 9);
		assert_int_equal(object->given_at, 0x66);
		assert_int_equal(object->taken_at, 0x77);
		assert_int_equal(ltr_census_made_pc(ltr_probe_census(probe), object), 0);
	}
	object = object_of(probe, 1);
	assert_int_equal(object->capacity, 12);
	assert_int_equal(object->count, (int64_t)fake.sync.before[1]);
	assert_int_equal(object_of(probe, 2)->count, -3);
	assert_false(object_of(probe, 3)->counted);
	ltr_probe_close(probe);
	fake_stop(pid);
}

static struct ltr_select_mark *mark_of(const struct fake_descriptor *descriptor)
{
	return (struct ltr_select_mark *)(uintptr_t)(descriptor->saved_sp + 32);
}

static void put_mark(const struct fake_descriptor *descriptor, uint64_t count)
{
	struct ltr_select_mark *mark = mark_of(descriptor);

	*mark = (struct ltr_select_mark){LTR_SELECT_MAGIC, at(mark), at(fake.cases), count};
}

static void test_the_cases_of_a_select(void **state)
{
	(void)state;

	fake_reset();
	fake.channels[1].words = (struct ltr_channel_words){0x5678, 4, 5};
	fake.cases[0] = (struct ltr_case_words){.channel = at(&fake.channels[0]), .is_receive = 1};
	fake.cases[2] = (struct ltr_case_words){.channel = at(&fake.channels[1])};
	fake.cases[3] = (struct ltr_case_words){.channel = 0x10};
	put_mark(wait_on(1, LTR_REASON_SELECT, 0), 4);
	put_mark(wait_on(2, LTR_REASON_SELECT, 0), 2);
	put_mark(wait_on(3, LTR_REASON_SELECT, 0), UINT64_MAX);
	put_mark(wait_on(4, LTR_REASON_SELECT, 0), 0);
	struct fake_descriptor *copied = wait_on(5, LTR_REASON_SELECT, 0);
	put_mark(copied, 4);
	mark_of(copied)->address += 8;
	struct fake_descriptor *nowhere = wait_on(6, LTR_REASON_SELECT, 0);
	put_mark(nowhere, 4);
	mark_of(nowhere)->cases = 0x10;
	wait_on(7, LTR_REASON_SELECT, 0); /* no mark at all */
	pid_t pid = fake_start();
	struct ltr_probe *probe = fake_open(pid, LTR_VIA_SNAPSHOT, false);
	const struct ltr_census *census = ltr_probe_census(probe);

	assert_int_equal(case_count(probe, 1), 0); /* nobody has asked */
	struct ltr_select_case now[4];
	struct ltr_object channels[4];
	assert_int_equal(ltr_census_cases_now(census, ltr_census_find(census, 1), now, channels, 4),
			 3);
	assert_int_equal(now[1].index, 2);
	assert_int_equal(channels[1].giver_id, 4);
	assert_int_equal(channels[2].kind, LTR_OBJECT_NONE);
	assert_int_equal(ltr_census_cases_now(census, ltr_census_find(census, 1), now, channels, 2),
			 2);
	for (uint64_t id = 3; id <= 7; id++)
		assert_int_equal(
			ltr_census_cases_now(census, ltr_census_find(census, id), now, channels, 4),
			0);
	assert_int_equal(ltr_probe_objects(probe), 0);
	size_t count;
	const struct ltr_select_case *cases =
		ltr_census_cases_of(census, ltr_census_find(census, 1), &count);
	assert_int_equal(count, 3);
	assert_int_equal(cases[0].index, 0);
	assert_true(cases[0].receives);
	assert_int_equal(cases[1].index, 2);
	assert_false(cases[1].receives);
	assert_int_equal(ltr_census_case_object(census, &cases[1])->giver_id, 4);
	assert_null(ltr_census_case_object(census, &cases[2])); /* not mapped */
	assert_int_equal(case_count(probe, 2), 1);
	for (uint64_t id = 3; id <= 7; id++)
		assert_int_equal(case_count(probe, id), 0);

	/* Who has moved since the snapshot is passed over by who remembers its cases. */
	struct ltr_goroutine moved = *ltr_census_find(census, 1);
	moved.transitions++;
	assert_null(ltr_census_cases_of(census, &moved, &count));
	assert_int_equal(ltr_census_cases_now(census, &moved, now, channels, 4), 0);
	assert_int_equal(count, 0);
	ltr_probe_close(probe);
	fake_stop(pid);
}

/* What is known of an address says nothing of who came to it later. */
static void test_what_is_known_gets_old(void **state)
{
	const struct ltr_object object = {.address = 0x70, .kind = LTR_OBJECT_CHANNEL};
	struct ltr_goroutine goroutine = {.id = 1,
					  .object = 0x70,
					  .since_ns = 1000,
					  .state = LTR_STATE_CHAN,
					  .reason = LTR_REASON_CHAN_SEND};
	struct ltr_census *census;
	(void)state;

	assert_int_equal(ltr_census_new(&census), 0);
	ltr_census_objects_begin(census, 1000);
	assert_int_equal(ltr_census_object_put(census, &object), 0);
	assert_null(ltr_census_object_of(census, &goroutine)); /* still being read */
	ltr_census_objects_end(census);
	assert_non_null(ltr_census_object_of(census, &goroutine));
	goroutine.reason = LTR_REASON_COND_WAIT;
	assert_null(ltr_census_object_of(census, &goroutine));
	goroutine.reason = LTR_REASON_CHAN_SEND;
	goroutine.since_ns = 1001;
	assert_null(ltr_census_object_of(census, &goroutine));
	ltr_census_free(census);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_channels_are_read_when_asked_for),
		cmocka_unit_test(test_older_runtimes),
		cmocka_unit_test(test_layouts_that_make_no_sense),
		cmocka_unit_test(test_the_words_of_the_others),
		cmocka_unit_test(test_the_cases_of_a_select),
		cmocka_unit_test(test_what_is_known_gets_old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
