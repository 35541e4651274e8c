// SPDX-License-Identifier: MIT
/*
 * Reading a program from outside, against a made-up one (fake_target.h): as it should be, torn, damaged,
 * and dead. What its layout may be is in test_libloiter_layout.c.
 */
#include "testing.h"

#include <errno.h>
#include <unistd.h>

#include "fake_probe.h"
#include "target/target.h"

static void make_everything(void)
{
	fake_reset();
	struct fake_descriptor *made =
		fake_add(7, LTR_STATE_CHAN, LTR_REASON_SELECT, fake_pcs, 5, 64);
	made->parent_id = 1;
	made->object = 0xabc;
	made->waker_id = 3;
	made->entry = 0x9000;
	made->creation_pc = 0x9100;
	made->flags = LTR_GOROUTINE_DAEMON | LTR_GOROUTINE_LONG; /* a mark that comes late */
	made->site = (uint64_t)(uintptr_t)&fake_site;
	made->name = (uint64_t)(uintptr_t)fake_name;
	made->labels = (uint64_t)(uintptr_t)&fake_labels;
	made = fake_add(8, LTR_STATE_RUNNING, 0, NULL, 0, 0);
	made->saved_sp = 0;
	made->flags = LTR_GOROUTINE_LONG;
	fake_add(1, LTR_STATE_SLEEP, LTR_REASON_SLEEP, fake_pcs, 5, 64)->flags = LTR_GOROUTINE_MAIN;
	fake.rings[0].created = 5;
	fake.rings[1].created = 2;
	fake.rings[1].exited = 4;
	fake.rings[2].tid = 0;
}

static void expect_all_of_one(const struct ltr_census *census, const struct ltr_goroutine *is)
{
	size_t count;

	assert_int_equal(is->parent_id, 1);
	assert_int_equal(is->state, LTR_STATE_CHAN);
	assert_int_equal(is->reason, LTR_REASON_SELECT);
	assert_int_equal(is->object, 0xabc);
	assert_int_equal(is->waker_id, 3);
	assert_int_equal(is->entry_pc, 0x9000);
	assert_int_equal(is->creation_pc, 0x9100);
	assert_int_equal(is->flags, LTR_IS_DAEMON | LTR_IS_READ);
	assert_int_equal(is->transitions, 3);
	assert_int_equal(is->since_ns, 1000);
	assert_int_equal(is->created_ns, 500);
	assert_string_equal(ltr_census_string(census, is->name), fake_name);
	const struct ltr_census_position *position = ltr_census_site(census, is->site);
	assert_string_equal(ltr_census_string(census, position->file), fake_site.file);
	assert_string_equal(ltr_census_string(census, position->function), fake_site.function);
	assert_int_equal(position->line, 42);
	const struct ltr_census_label *label = ltr_census_labels(census, is->labels, &count);
	assert_int_equal(count, 2);
	assert_string_equal(ltr_census_string(census, label[0].key), "area");
	assert_string_equal(ltr_census_string(census, label[1].value), "blue");
	const uint64_t *stack = ltr_census_stack(census, is->stack, &count);
	assert_int_equal(count, 5);
	assert_memory_equal(stack, fake_pcs, sizeof(fake_pcs));
}

static void test_everything_is_read(void **state)
{
	(void)state;

	make_everything();
	pid_t pid = fake_start();
	struct ltr_probe *probe = fake_open(pid, LTR_VIA_SNAPSHOT, false);
	const struct ltr_census *census = ltr_probe_census(probe);
	const struct ltr_goroutine *is = ltr_census_find(census, 7);

	assert_int_equal(ltr_census_count(census), 3);
	expect_all_of_one(census, is);
	assert_int_equal(ltr_census_find(census, 8)->stack, 0);
	assert_int_equal(ltr_census_find(census, 8)->flags, LTR_IS_LONG | LTR_IS_READ);
	assert_int_equal(ltr_census_find(census, 1)->flags, LTR_IS_MAIN | LTR_IS_READ);
	assert_int_equal(ltr_census_find(census, 1)->stack, is->stack);
	const struct ltr_census_info *info = ltr_census_info(census);
	assert_int_equal(info->created, 7);
	assert_int_equal(info->exited, 4);
	assert_int_equal(info->threads, 2);
	assert_int_equal(info->processors, 2);
	assert_int_equal(info->phase, LTR_PHASE_RUNNING);
	assert_int_equal(info->pid, pid);
	assert_int_equal(info->unreadable, 0);
	assert_int_equal(info->coarse_ns, 1000000);
	assert_int_equal(info->way, LTR_WAY_SNAPSHOT);
	assert_string_not_equal(info->way_reason, "");
	ltr_probe_close(probe);
	fake_stop(pid);
}

/* Six goroutines around two locks, and one that waits for nothing that could be a lock. */
static void add_lockers(void)
{
	uint64_t mutex = (uint64_t)(uintptr_t)&fake.locks[0];
	uint64_t rwmutex = (uint64_t)(uintptr_t)&fake.locks[1];
	struct fake_descriptor *made;

	fake.locks[0] = (struct ltr_lock_words){.state = LTR_LOCK_HELD | LTR_LOCK_WAITED,
						.locked_at = 0x1235,
						.owner = 3,
						.guard = 1,
						.marks = LTR_LOCK_STRAY_UNLOCK,
						.unlocker = 9};
	fake.locks[1] = (struct ltr_lock_words){.state = 2 * LTR_LOCK_READER | LTR_LOCK_WAITED,
						.locked_at = 0x99,
						.marks = LTR_LOCK_STRAY_READER};
	fake_add(1, LTR_STATE_SYNC, LTR_REASON_MUTEX_LOCK, fake_pcs, 5, 64)->object = mutex;
	fake_add(2, LTR_STATE_SYNC, LTR_REASON_ONCE_DO, fake_pcs, 5, 64)->object = mutex;
	made = fake_add(3, LTR_STATE_CHAN, LTR_REASON_SELECT, fake_pcs, 5, 64);
	made->object = rwmutex + 24; /* a channel's: no lock */
	made->read_lock_0 = rwmutex;
	made->read_lock_1 = rwmutex;
	made = fake_add(4, LTR_STATE_SYNC, LTR_REASON_RWMUTEX_LOCK, fake_pcs, 5, 64);
	made->object = rwmutex;
	made->read_lock_1 = 0xabc0;
	fake_add(5, LTR_STATE_SYNC, LTR_REASON_MUTEX_LOCK, fake_pcs, 5, 64)->object = 0x10;
	fake_add(6, LTR_STATE_SYNC, LTR_REASON_MUTEX_LOCK, fake_pcs, 5, 64)->object = mutex + 1;
	made = fake_add(7, LTR_STATE_RUNNING, 0, NULL, 0, 0);
	made->saved_sp = 0;
	made->read_lock_0 = rwmutex; /* it moves: that means nothing */
}

static void test_locks_are_read(void **state)
{
	(void)state;
	const uint64_t mutex = (uint64_t)(uintptr_t)&fake.locks[0];
	const uint64_t rwmutex = (uint64_t)(uintptr_t)&fake.locks[1];

	fake_reset();
	add_lockers();
	pid_t pid = fake_start();
	struct ltr_probe *probe = fake_open(pid, LTR_VIA_SNAPSHOT, false);
	const struct ltr_census *census = ltr_probe_census(probe);

	assert_int_equal(ltr_probe_refresh(probe), 1); /* what was known before is forgotten */
	assert_int_equal(ltr_census_lock_count(census), 2);
	assert_null(ltr_census_lock(census, 2));
	assert_null(ltr_census_find_lock(census, rwmutex + 24));
	const struct ltr_lock *lock = ltr_census_find_lock(census, mutex);
	assert_ptr_equal(lock, ltr_census_lock(census, 0));
	assert_int_equal(lock->owner_id, 3);
	assert_int_equal(lock->readers, 0);
	assert_int_equal(lock->locked_at, 0x1235);
	assert_int_equal(lock->unlocker_id, 9);
	assert_true(lock->stray_unlock && !lock->stray_reader);
	assert_int_equal(ltr_census_locked_pc(census, lock), 0); /* no module has such an address */
	lock = ltr_census_find_lock(census, rwmutex);
	assert_int_equal(lock->owner_id, 0);
	assert_int_equal(lock->readers, 2);
	assert_true(!lock->stray_unlock && lock->stray_reader);
	assert_int_equal(ltr_census_reader_count(census), 3);
	assert_int_equal(ltr_census_reader(census, 0)->object, 0xabc0);
	assert_int_equal(ltr_census_reader(census, 0)->goroutine_id, 4);
	assert_int_equal(ltr_census_reader(census, 1)->object, rwmutex);
	assert_int_equal(ltr_census_reader(census, 1)->goroutine_id, 3);
	assert_int_equal(ltr_census_reader(census, 2)->goroutine_id, 3);
	ltr_probe_close(probe);

	/* The lower half of an address in this very program is enough to know the whole. */
	uint64_t here = (uint64_t)(uintptr_t)test_everything_is_read + 1;
	fake.locks[0].locked_at = (uint32_t)here;
	fake_poke(pid, &fake.locks[0], sizeof(fake.locks[0]));
	probe = fake_open(pid, LTR_VIA_SNAPSHOT, false);
	census = ltr_probe_census(probe);
	assert_int_equal(ltr_census_locked_pc(census, ltr_census_lock(census, 0)), here);
	ltr_probe_close(probe);
	fake_stop(pid);
}

/* A runtime from before it said anything of locks. */
static void test_no_locks_in_an_older_layout(void **state)
{
	(void)state;

	fake_reset();
	add_lockers();
	ltr_layout.lock_bytes = 0;
	ltr_layout.fields[LTR_FIELD_read_lock_0] = (struct ltr_field){0};
	ltr_layout.fields[LTR_FIELD_read_lock_1] = (struct ltr_field){0};
	pid_t pid = fake_start();
	struct ltr_probe *probe = fake_open(pid, LTR_VIA_SNAPSHOT, false);
	const struct ltr_census *census = ltr_probe_census(probe);

	assert_int_equal(ltr_census_count(census), 7);
	assert_int_equal(ltr_census_lock_count(census), 0);
	assert_int_equal(ltr_census_reader_count(census), 0);
	assert_null(ltr_census_find_lock(census, (uint64_t)(uintptr_t)&fake.locks[0]));
	ltr_probe_close(probe);
	fake_stop(pid);

	/* One that did not say yet who freed them: what is there instead is not looked at. */
	ltr_layout.lock_bytes = LTR_LOCK_WORDS_LEAST;
	ltr_layout.lock_bytes_all = 0;
	pid = fake_start();
	probe = fake_open(pid, LTR_VIA_SNAPSHOT, false);
	census = ltr_probe_census(probe);
	assert_int_equal(ltr_census_lock_count(census), 2);
	assert_int_equal(ltr_census_lock(census, 0)->owner_id, 3);
	assert_int_equal(ltr_census_lock(census, 0)->unlocker_id, 0);
	ltr_probe_close(probe);
	fake_stop(pid);

	/* One that says more than is known here. */
	ltr_layout.lock_bytes_all = sizeof(struct ltr_lock_words) + 8;
	pid = fake_start();
	probe = fake_open(pid, LTR_VIA_SNAPSHOT, false);
	census = ltr_probe_census(probe);
	assert_int_equal(ltr_census_lock_count(census), 2);
	assert_int_equal(ltr_census_lock(census, 0)->unlocker_id, 9);
	ltr_probe_close(probe);
	fake_stop(pid);

	ltr_layout.lock_bytes_all = 8;
	pid = fake_start();
	fake_refused(pid, -EPROTO, "lock_bytes_all");
	fake_stop(pid);
	ltr_layout.lock_bytes_all = 0;
	ltr_layout.lock_bytes = 8;
	pid = fake_start();
	fake_refused(pid, -EPROTO, "lock_bytes");
	fake_stop(pid);
}

/* Frames beyond the part that is read at first, and more frames than are kept. */
static void test_deep_stacks(void **state)
{
	(void)state;
	uint64_t many[200];
	size_t depth;

	for (uint64_t i = 0; i < 200; i++)
		many[i] = 0x10000 + i;
	fake_reset();
	fake_add(1, LTR_STATE_CHAN, LTR_REASON_SELECT, many, 15, 1024);
	fake_add(2, LTR_STATE_CHAN, LTR_REASON_SELECT, many, 200, 64);
	fake_add(3, LTR_STATE_QUEUED, 0, NULL, 0, 0);
	pid_t pid = fake_start();
	struct ltr_probe *probe = fake_open(pid, LTR_VIA_SNAPSHOT, false);
	const struct ltr_census *census = ltr_probe_census(probe);

	const uint64_t *is = ltr_census_stack(census, ltr_census_find(census, 1)->stack, &depth);
	assert_int_equal(depth, 15);
	assert_memory_equal(is, many, 15 * sizeof(many[0]));
	is = ltr_census_stack(census, ltr_census_find(census, 2)->stack, &depth);
	assert_int_equal(depth, 128);
	assert_memory_equal(is, many, 128 * sizeof(many[0]));
	assert_int_equal(ltr_census_find(census, 3)->stack, 0);
	assert_int_equal(ltr_census_info(census)->unreadable, 0);
	ltr_probe_close(probe);
	fake_stop(pid);
}

/* Each damage to a stack: the walk ends, the frames before it are kept, and it is counted. */
static void test_damaged_stacks(void **state)
{
	(void)state;
	size_t depth;
	struct fake_descriptor *made[8];

	fake_reset();
	for (uint32_t i = 0; i < 8; i++)
		made[i] = fake_add(1 + i, LTR_STATE_CHAN, LTR_REASON_SELECT, fake_pcs, 3, 64);
	uint32_t middle = FAKE_STACK_BYTES / 8 - 4 - 8; /* the second frame */
	fake.stack[0][middle] = 8;
	fake.stack[1][middle] += 4;
	fake.stack[2][middle] = (uint64_t)(uintptr_t)&fake.stack[2][middle]; /* a circle */
	fake.stack[3][middle] = made[3]->stack_high;
	made[4]->saved_sp = made[4]->stack_high - 8;
	made[5]->stack_low = 0;
	made[5]->stack_high = UINT64_MAX;
	made[6]->saved_sp = 0x1000;
	made[7]->saved_sp += 1;
	pid_t pid = fake_start();
	struct ltr_probe *probe = fake_open(pid, LTR_VIA_SNAPSHOT, false);
	const struct ltr_census *census = ltr_probe_census(probe);

	assert_int_equal(ltr_census_count(census), 8);
	for (uint64_t id = 1; id <= 4; id++) {
		ltr_census_stack(census, ltr_census_find(census, id)->stack, &depth);
		assert_int_equal(depth, 2);
	}
	assert_int_equal(ltr_census_info(census)->unreadable, 8);
	ltr_probe_close(probe);
	fake_stop(pid);
}

/* One that never stands still is still there, in a state, without a stack. */
static void test_always_in_the_middle(void **state)
{
	(void)state;

	fake_reset();
	fake_add(1, LTR_STATE_CHAN, LTR_REASON_SELECT, fake_pcs, 3, 64)->sequence = 7;
	fake_add(2, LTR_STATE_CHAN, LTR_REASON_SELECT, fake_pcs, 3, 64);
	pid_t pid = fake_start();
	struct ltr_probe *probe = fake_open(pid, LTR_VIA_SNAPSHOT, false);
	const struct ltr_census *census = ltr_probe_census(probe);

	assert_int_equal(ltr_census_count(census), 2);
	assert_int_equal(ltr_census_find(census, 1)->state, LTR_STATE_CHAN);
	assert_int_equal(ltr_census_find(census, 1)->stack, 0);
	assert_int_not_equal(ltr_census_find(census, 2)->stack, 0);
	ltr_probe_close(probe);
	fake_stop(pid);
}

/* The largest descriptors that may be, more than go into one reading: each stands in its place. */
static void test_largest_descriptors(void **state)
{
	(void)state;
	enum { BYTES = 4096, COUNT = 1100 };
	static unsigned char wide[COUNT][BYTES];

	fake_reset();
	for (uint64_t i = 0; i < COUNT; i++) {
		struct fake_descriptor one = {
			.id = 1 + i, .state = LTR_STATE_QUEUED, .parent_id = i, .sequence = 2};
		memcpy(wide[i], &one, sizeof(one));
		memcpy(wide[i] + BYTES - sizeof(i), &i, sizeof(i));
	}
	fake.slab_count = 1;
	fake.slabs[0] = (uint64_t)(uintptr_t)wide;
	ltr_layout.slab_descriptors = COUNT;
	ltr_layout.descriptor_bytes = BYTES;
	/* The last eight bytes that a field can have. */
	ltr_layout.fields[LTR_FIELD_parent_id].offset = BYTES - sizeof(uint64_t);
	pid_t pid = fake_start();
	struct ltr_probe *probe = fake_open(pid, LTR_VIA_SNAPSHOT, false);
	const struct ltr_census *census = ltr_probe_census(probe);

	assert_int_equal(ltr_census_count(census), COUNT);
	for (uint64_t i = 0; i < COUNT; i++)
		assert_int_equal(ltr_census_find(census, 1 + i)->parent_id, i);
	assert_int_equal(ltr_census_info(census)->unreadable, 0);
	ltr_probe_close(probe);
	fake_stop(pid);
}

static void test_refresh_sees_what_changed(void **state)
{
	(void)state;

	fake_reset();
	struct fake_descriptor *one =
		fake_add(1, LTR_STATE_CHAN, LTR_REASON_SELECT, fake_pcs, 3, 64);
	struct fake_descriptor *two =
		fake_add(2, LTR_STATE_CHAN, LTR_REASON_SELECT, fake_pcs, 3, 64);
	pid_t pid = fake_start();
	struct ltr_probe *probe = fake_open(pid, LTR_VIA_SNAPSHOT, false);
	const struct ltr_census *census = ltr_probe_census(probe);

	one->state = LTR_STATE_SYNC;
	one->reason = LTR_REASON_MUTEX_LOCK;
	one->sequence += 2;
	one->name = (uint64_t)(uintptr_t)fake_name;
	two->id = 0;
	fake_poke(pid, one, sizeof(*one));
	fake_poke(pid, two, sizeof(*two));
	assert_int_equal(ltr_probe_poll(probe, 0), 0);
	assert_int_equal(ltr_census_count(census), 2);
	assert_int_equal(ltr_probe_refresh(probe), 1);
	assert_int_equal(ltr_census_count(census), 1);
	assert_int_equal(ltr_census_find(census, 1)->reason, LTR_REASON_MUTEX_LOCK);
	assert_string_equal(ltr_census_string(census, ltr_census_find(census, 1)->name), fake_name);
	ltr_probe_close(probe);
	fake_stop(pid);
}

static void test_death(void **state)
{
	(void)state;

	for (int via = LTR_VIA_SHM; via <= LTR_VIA_SNAPSHOT; via++) {
		fake_reset();
		fake_add(1, LTR_STATE_CHAN, LTR_REASON_SELECT, fake_pcs, 3, 64);
		pid_t pid = fake_start();
		struct ltr_probe *probe = fake_open(pid, (enum ltr_via)via, true);
		const struct ltr_census *census = ltr_probe_census(probe);
		assert_false(ltr_census_info(census)->gone);
		fake_stop(pid);
		assert_int_equal(ltr_probe_poll(probe, 60000), -ESRCH);
		assert_true(ltr_census_info(census)->gone);
		assert_int_equal(ltr_census_count(census), 1);
		assert_int_equal(ltr_probe_poll(probe, 0), -ESRCH);
		assert_int_equal(ltr_probe_refresh(probe), -ESRCH);
		ltr_probe_close(probe);
	}
}

/* Write the records that are there now into the child, and then move the head. */
static void publish(pid_t pid, uint32_t ring, uint64_t head)
{
	fake.rings[ring].head = head;
	fake_poke(pid, fake.records, sizeof(fake.records));
	fake_poke(pid, &fake.rings[ring].head, sizeof(fake.rings[ring].head));
}

static struct ltr_watch_slot read_slot(const struct ltr_process *process)
{
	struct ltr_watch_slot slot;

	assert_int_equal(
		ltr_process_read(process, (uint64_t)(uintptr_t)&fake.slots[0], &slot, sizeof(slot)),
		0);
	return slot;
}

/* By one, who wants events and stacks. */
static void expect_watched(const struct ltr_process *process)
{
	struct ltr_watch_slot slot = read_slot(process);
	struct ltr_watch watch;

	assert_int_equal(slot.pid, getpid());
	assert_int_equal(slot.wants, LTR_WATCH_EVENTS | LTR_WATCH_STACKS);
	assert_int_equal(
		ltr_process_read(process, (uint64_t)(uintptr_t)&fake.watch, &watch, sizeof(watch)),
		0);
	assert_int_equal(watch.events_slots, 1);
	assert_int_equal(watch.stacks_slots, 1);
	assert_int_equal(watch.events_kernel, 0);
}

/* Goroutine 1 is woken by what is in one ring, and goes to sleep at {0x66, 0x77} by another. */
static void publish_a_sleep(pid_t pid)
{
	uint64_t now = ltr_process_now_ns();

	fake.stacks[1] = (struct ltr_stack_entry){.depth = 2, .pcs = {0x66, 0x77}};
	fake.stack_count = 2;
	fake_poke(pid, fake.stacks, sizeof(fake.stacks));
	fake_poke(pid, &fake.stack_count, sizeof(fake.stack_count));
	*fake_record(1, 1000) = (struct ltr_event){
		.goroutine = 1, .kind = LTR_KIND_READY, .sequence = 4, .ticks = now};
	*fake_record(1, 1001) = (struct ltr_event){
		.goroutine = 1, .kind = LTR_KIND_START, .sequence = 5, .ticks = now};
	*fake_record(0, 0) = (struct ltr_event){.goroutine = 1,
						.kind = LTR_KIND_PARK,
						.sequence = 6,
						.ticks = now,
						.reason = LTR_REASON_SLEEP};
	*fake_record(0, 1) = (struct ltr_event){
		.goroutine = 1, .kind = LTR_KIND_STACK, .sequence = 6, .ticks = now, .arg = 1};
	publish(pid, 0, 2);
	publish(pid, 1, 1002);
}

static void test_rings_from_outside(void **state)
{
	(void)state;

	fake_reset();
	fake_add(1, LTR_STATE_CHAN, LTR_REASON_SELECT, fake_pcs, 3, 64);
	fake.rings[1].head = 1000; /* written long ago: of no interest */
	pid_t pid = fake_start();
	struct ltr_probe *probe = fake_open(pid, LTR_VIA_SHM, true);
	const struct ltr_census *census = ltr_probe_census(probe);
	const struct ltr_census_info *info = ltr_census_info(census);
	struct ltr_process *process;
	struct ltr_why why;
	assert_int_equal(ltr_process_open((uint32_t)pid, &process, &why), 0);

	assert_int_equal(info->way, LTR_WAY_SHM);
	expect_watched(process);
	publish_a_sleep(pid);
	assert_int_equal(ltr_probe_poll(probe, 60000), 1);
	while (info->events < 4)
		assert_true(ltr_probe_poll(probe, 60000) >= 0);
	const struct ltr_goroutine *is = ltr_census_find(census, 1);
	assert_int_equal(is->state, LTR_STATE_SLEEP);
	size_t depth;
	const uint64_t *stack = ltr_census_stack(census, is->stack, &depth);
	assert_int_equal(depth, 2);
	assert_int_equal(stack[1], 0x77);
	assert_int_equal(info->lost, 0);

	/* A ring that went round while nobody looked. */
	for (uint64_t i = 0; i < FAKE_CAPACITY; i++)
		*fake_record(1, i) = (struct ltr_event){0};
	publish(pid, 1, 1002 + 3 * FAKE_CAPACITY);
	while (info->lost == 0)
		assert_true(ltr_probe_poll(probe, 60000) >= 0);
	assert_int_equal(info->lost, 2 * FAKE_CAPACITY + 1);
	while (ltr_census_find(census, 1)->flags & LTR_IS_UNSURE)
		assert_true(ltr_probe_poll(probe, 10) >= 0);

	ltr_probe_close(probe);
	assert_int_equal(read_slot(process).pid, 0);
	ltr_process_close(process);
	fake_stop(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything_is_read),
		cmocka_unit_test(test_locks_are_read),
		cmocka_unit_test(test_no_locks_in_an_older_layout),
		cmocka_unit_test(test_deep_stacks),
		cmocka_unit_test(test_damaged_stacks),
		cmocka_unit_test(test_always_in_the_middle),
		cmocka_unit_test(test_largest_descriptors),
		cmocka_unit_test(test_refresh_sees_what_changed),
		cmocka_unit_test(test_death),
		cmocka_unit_test(test_rings_from_outside),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
