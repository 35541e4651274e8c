// SPDX-License-Identifier: MIT
/* Rings read through shared memory, of a made-up program (fake_target.h): how much of them, and by how many. */
#include "testing.h"

#include <errno.h>
#include <unistd.h>

#include "fake_target.h"
#include "process.h"
#include "shm.h"

enum { MANY_RINGS = 8, MANY_RECORDS = 1 << 20 };

struct delivery {
	uint64_t records;
	uint32_t rings; /* a bit for each that something came from */
	uint64_t lost;
};

static int count_delivery(void *context, uint32_t ring, uint64_t position,
			  const struct ltr_event *events, size_t count)
{
	struct delivery *delivery = context;

	(void)position, (void)events;
	delivery->records += count;
	delivery->rings |= count ? 1u << ring : 0;
	return 0;
}

static void count_loss(void *context, uint64_t records)
{
	struct delivery *delivery = context;

	delivery->lost += records;
}

/* More records than any poll should take: it ends all the same, and no ring is kept waiting for ever. */
static void test_a_poll_ends(void **state)
{
	(void)state;
	static struct ltr_event records[MANY_RECORDS];
	static struct ltr_ring rings[MANY_RINGS];
	struct delivery delivery = {0};
	const struct ltr_event_sink sink = {.context = &delivery, .records = count_delivery};
	struct ltr_process *process;
	struct ltr_why why = {""};
	void *source = NULL;

	fake_reset();
	for (uint32_t i = 0; i < MANY_RINGS; i++)
		rings[i] = (struct ltr_ring){.records = (uint64_t)(uintptr_t)records,
					     .capacity = MANY_RECORDS};
	fake.ring_count = MANY_RINGS;
	ltr_layout.ring_max = MANY_RINGS;
	ltr_layout.rings = (uint64_t)(uintptr_t)rings;
	pid_t pid = fake_start();
	assert_int_equal(ltr_process_open((uint32_t)pid, &process, &why), 0);
	const struct ltr_event_target what = {
		.pid = (uint32_t)pid, .process = process, .layout = &ltr_layout};
	assert_int_equal(ltr__shm_source.open(&what, &source, &why), 0);
	/* One less than the capacity is the most that can be read safely. */
	for (uint32_t i = 0; i < MANY_RINGS; i++)
		rings[i].head = MANY_RECORDS - 1;
	fake_poke(pid, rings, sizeof(rings));
	assert_int_equal(ltr__shm_source.poll(source, &sink), 1);
	assert_in_range(delivery.records, 1, 5 << 20);
	assert_int_not_equal(delivery.rings, (1u << MANY_RINGS) - 1);
	for (int polls = 0; polls < 4; polls++)
		assert_true(ltr__shm_source.poll(source, &sink) >= 0);
	assert_int_equal(delivery.rings, (1u << MANY_RINGS) - 1);
	assert_int_equal(delivery.records, (uint64_t)MANY_RINGS * (MANY_RECORDS - 1));
	ltr__shm_source.close(source);
	ltr_process_close(process);
	fake_stop(pid);
}

static void test_no_free_slot(void **state)
{
	(void)state;
	struct ltr_probe_options options = {.via = LTR_VIA_SHM};
	struct ltr_probe *probe = NULL;
	struct ltr_why why = {""};

	fake_reset();
	for (int i = 0; i < LTR_WATCH_SLOTS; i++)
		fake.slots[i].pid = 1;
	pid_t pid = fake_start();
	assert_int_equal(ltr_probe_open((uint32_t)pid, &options, &probe, &why), -EOPNOTSUPP);
	assert_non_null(strstr(why.text, "watch this program already"));
	fake_stop(pid);
}

/*
 * A slot has the heartbeat of who had it before: it must not look as if that one went on saying nothing.
 * And who finds that its slot was taken away has perhaps missed what was never written.
 */
static void test_a_slot_is_taken_and_taken_again(void **state)
{
	(void)state;
	struct delivery delivery = {0};
	const struct ltr_event_sink sink = {&delivery, count_delivery, count_loss};
	struct ltr_process *process;
	struct ltr_watch_slot slot;
	struct ltr_why why = {""};
	void *source = NULL;

	fake_reset();
	fake.slots[0].heartbeat = 1;
	pid_t pid = fake_start();
	assert_int_equal(ltr_process_open((uint32_t)pid, &process, &why), 0);
	const struct ltr_event_target what = {
		.pid = (uint32_t)pid, .process = process, .layout = &ltr_layout};
	assert_int_equal(ltr__shm_source.open(&what, &source, &why), 0);
	uint64_t address = (uint64_t)(uintptr_t)&fake.slots[0];
	assert_int_equal(ltr_process_read(process, address, &slot, sizeof(slot)), 0);
	assert_int_equal(slot.pid, getpid());
	assert_int_not_equal(slot.heartbeat, 1);
	assert_true(ltr__shm_source.poll(source, &sink) >= 0);
	assert_int_equal(delivery.lost, 0);

	fake_poke(pid, &fake.slots[0], sizeof(fake.slots[0]));
	while (!delivery.lost) /* it looks a few times a second */
		assert_true(ltr__shm_source.poll(source, &sink) >= 0);
	assert_int_equal(delivery.lost, 1);
	assert_int_equal(ltr_process_read(process, address, &slot, sizeof(slot)), 0);
	assert_int_equal(slot.pid, getpid());
	ltr__shm_source.close(source);
	ltr_process_close(process);
	fake_stop(pid);
}

static void test_what_of_a_ring_is_valid(void **state)
{
	(void)state;
	uint64_t from;
	uint64_t to;

	ltr__shm_valid(10, 20, 20, 64, &from, &to);
	assert_int_equal(from, 10);
	assert_int_equal(to, 20);
	/* The writer is about to write position 74: into the slot of position 10. */
	ltr__shm_valid(10, 20, 74, 64, &from, &to);
	assert_int_equal(from, 11);
	assert_int_equal(to, 20);
	ltr__shm_valid(10, 20, 500, 64, &from, &to);
	assert_int_equal(from, to);
	/* Positions that wrapped. */
	ltr__shm_valid(UINT64_MAX - 1, 3, 3, 64, &from, &to);
	assert_int_equal(from, UINT64_MAX - 1);
	assert_int_equal(to, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_poll_ends),
		cmocka_unit_test(test_no_free_slot),
		cmocka_unit_test(test_a_slot_is_taken_and_taken_again),
		cmocka_unit_test(test_what_of_a_ring_is_valid),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
