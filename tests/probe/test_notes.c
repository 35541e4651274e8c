// SPDX-License-Identifier: MIT
/*
 * Notes of stacks (layout.h), against a made-up program whose notes and stacks say different
 * things, so that a test sees which of them was believed: those that hold, those that do not, those
 * that change while they are read, and how long one that takes its notes is waited for.
 */
#include "testing.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "fake_target.h"
#include "process.h"
#include "target/target.h"

static const uint64_t stands[] = {0x1111, 0x2222, 0x3333};
static const uint64_t noted[] = {0x7777, 0x8888};

static pid_t child;

/* After so many readings of several pieces, or pauses, something happens to the child. */
static void (*happens)(void);
static int happens_after_reading, happens_after_pause;
static bool happens_again; /* after each pause from then on */
static atomic_int readings, pauses;

int __real_ltr_process_read_many(const struct ltr_process *process,
				 struct ltr_process_piece *pieces, size_t count);
int __wrap_ltr_process_read_many(const struct ltr_process *process,
				 struct ltr_process_piece *pieces, size_t count);
int __wrap_ltr_process_read_many(const struct ltr_process *process,
				 struct ltr_process_piece *pieces, size_t count)
{
	int err = __real_ltr_process_read_many(process, pieces, count);

	if (++readings == happens_after_reading)
		happens();
	return err;
}

int __wrap_nanosleep(const struct timespec *time, struct timespec *ret_left);
int __wrap_nanosleep(const struct timespec *time, struct timespec *ret_left)
{
	(void)time, (void)ret_left;
	int count = ++pauses;

	if (happens &&
	    (count == happens_after_pause || (happens_again && count > happens_after_pause)))
		happens();
	return 0;
}

static void define_stack(uint32_t number, const uint64_t *pcs, uint32_t depth)
{
	fake.stacks[number].depth = depth;
	memcpy(fake.stacks[number].pcs, pcs, depth * sizeof(*pcs));
	if (fake.stack_count <= number)
		fake.stack_count = number + 1;
}

/* Goroutine 7 in the first descriptor, at transition 3; entry 1 of the table is what can be
 * noted. */
static void make(void)
{
	fake_reset();
	fake_add(7, LTR_STATE_CHAN, LTR_REASON_CHAN_SEND, stands, 3, 64);
	define_stack(1, noted, 2);
	happens = NULL;
	happens_after_reading = happens_after_pause = 0;
	happens_again = false;
	readings = pauses = 0;
}

static struct ltr_probe *look(void)
{
	struct ltr_probe_options options = {.via = LTR_VIA_SNAPSHOT};
	struct ltr_probe *probe = NULL;
	struct ltr_why why = {""};

	if (ltr_probe_open((uint32_t)child, &options, &probe, &why) < 0)
		fail_msg("%s", why.text);
	return probe;
}

static void expect_stack(const struct ltr_probe *probe, uint64_t id, const uint64_t *pcs,
			 size_t depth)
{
	const struct ltr_census *census = ltr_probe_census(probe);
	const struct ltr_goroutine *goroutine = ltr_census_find(census, id);
	size_t is_depth;

	assert_non_null(goroutine);
	const uint64_t *is = ltr_census_stack(census, goroutine->stack, &is_depth);
	assert_int_equal(is_depth, depth);
	assert_memory_equal(is, pcs, depth * sizeof(*pcs));
	assert_int_equal(ltr_census_info(census)->unreadable, 0);
}

/* Looks once; whom the census believes: the note, or the stack. */
static void expect_note_believed(bool believed)
{
	child = fake_start();
	struct ltr_probe *probe = look();

	if (believed)
		expect_stack(probe, 7, noted, 2);
	else
		expect_stack(probe, 7, stands, 3);
	ltr_probe_close(probe);
	fake_stop(child);
}

static void test_a_note_is_believed(void **state)
{
	(void)state;
	make();
	fake.notes[0] = (struct ltr_stack_note){7, fake.descriptors[0][0].sequence, 1};
	expect_note_believed(true);
}

/* What does not belong to this wait of this goroutine, and what leads nowhere. */
static void test_what_is_no_note(void **state)
{
	(void)state;
	uint32_t sequence;

	make();
	sequence = fake.descriptors[0][0].sequence;
	const struct ltr_stack_note no_notes[] = {
		{8, sequence, 1}, {7, sequence - 2, 1},       {7, sequence | 1, 1},
		{7, sequence, 0}, {7, sequence, 2},           {7, sequence, 3},
		{7, sequence, 5}, {7, sequence, FAKE_STACKS}, {7, sequence, UINT32_MAX},
	};

	for (size_t i = 0; i < sizeof(no_notes) / sizeof(no_notes[0]); i++) {
		make();
		define_stack(3, noted, 2);
		fake.stacks[2].depth = 0;
		fake.stacks[3].depth = LTR_STACK_DEPTH_MAX + 1;
		fake.notes[0] = no_notes[i];
		expect_note_believed(false);
	}
}

static void test_another_layout(void **state)
{
	(void)state;
	const uint32_t others[] = {0, 8, 32, UINT32_MAX};

	make();
	fake.notes[0] = (struct ltr_stack_note){7, fake.descriptors[0][0].sequence, 1};
	ltr_layout.bytes = offsetof(struct ltr_layout, notes);
	expect_note_believed(false);
	ltr_layout.bytes = sizeof(ltr_layout);
	ltr_layout.note_max = 0;
	expect_note_believed(false);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		make();
		fake.notes[0] = (struct ltr_stack_note){7, fake.descriptors[0][0].sequence, 1};
		ltr_layout.note_bytes = others[i];
		expect_note_believed(false);
	}
}

/* The table of stacks: nobody's end, and the stack is read. */
static void test_a_table_that_cannot_be_read(void **state)
{
	(void)state;
	make();
	fake.notes[0] = (struct ltr_stack_note){7, fake.descriptors[0][0].sequence, 1};
	ltr_layout.stacks = 0x10000;
	expect_note_believed(false);
}

static void test_notes_that_cannot_be_read(void **state)
{
	(void)state;
	const uint64_t nowhere[] = {0, 0x10000, 0x7ffffffff000};

	for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
		make();
		ltr_layout.notes = nowhere[i];
		expect_note_believed(false);
	}
}

static void the_note_changes(void)
{
	fake.notes[0].stack = 2;
	fake_poke(child, &fake.notes[0], sizeof(fake.notes[0]));
}

static void the_note_is_being_written(void)
{
	fake.notes[0].sequence = 1;
	fake_poke(child, &fake.notes[0], sizeof(fake.notes[0]));
}

static void the_goroutine_moves_on(void)
{
	fake.descriptors[0][0].sequence += 2;
	fake_poke(child, &fake.descriptors[0][0], sizeof(fake.descriptors[0][0]));
}

/* Between the first copy and the second: then the first may be of two notes. */
static void test_torn_copies(void **state)
{
	(void)state;
	void (*const what[])(void) = {the_note_changes, the_note_is_being_written,
				      the_goroutine_moves_on};

	for (size_t i = 0; i < sizeof(what) / sizeof(what[0]); i++) {
		make();
		define_stack(2, noted, 1);
		fake.notes[0] = (struct ltr_stack_note){7, fake.descriptors[0][0].sequence, 1};
		happens = what[i];
		happens_after_reading = 1;
		expect_note_believed(false);
		assert_true(readings > 3); /* it was looked at again */
	}
}

/* --- waiting for them ----------------------------------------------------------------------- */

#define MANY 8192u

static struct fake_descriptor many[MANY];
static struct ltr_stack_note many_notes[MANY];

/* So many that it would pay, of which one stands somewhere; somebody watches, nobody sleeps. */
static void make_many(void)
{
	make();
	memset(many, 0, sizeof(many));
	memset(many_notes, 0, sizeof(many_notes));
	many[MANY - 1] = fake.descriptors[0][0];
	fake.slabs[0] = (uint64_t)(uintptr_t)many;
	fake.slab_count = 1;
	fake.watch.events_kernel = 1;
	fake.note_progress = (struct ltr_note_progress){5, UINT32_MAX}; /* for somebody else */
	ltr_layout.slab_descriptors = MANY;
	ltr_layout.notes = (uint64_t)(uintptr_t)many_notes;
	ltr_layout.note_max = MANY;
}

static void note_all(void)
{
	many_notes[MANY - 1] = (struct ltr_stack_note){7, many[MANY - 1].sequence, 1};
	fake.note_progress = (struct ltr_note_progress){6, UINT32_MAX};
	fake_poke(child, &many_notes[MANY - 1], sizeof(many_notes[0]));
	fake_poke(child, &fake.note_progress, sizeof(fake.note_progress));
}

static void test_it_is_waited_for(void **state)
{
	(void)state;
	make_many();
	happens = note_all;
	happens_after_pause = 20;
	expect_note_believed(true);
	assert_true(pauses >= 20);
}

/* It does not begin: it may be stopped. */
static void test_not_for_long(void **state)
{
	(void)state;
	make_many();
	child = fake_start();

	struct ltr_probe *probe = look();
	int first = pauses;

	expect_stack(probe, 7, stands, 3);
	assert_in_range(first, 10, 1000);
	assert_int_equal(ltr_probe_refresh(probe), 1); /* never again */
	expect_stack(probe, 7, stands, 3);
	assert_int_equal(pauses, first);
	ltr_probe_close(probe);
	fake_stop(child);
}

static void begin_and_stop(void)
{
	fake.note_progress = (struct ltr_note_progress){6, MANY / 2};
	fake_poke(child, &fake.note_progress, sizeof(fake.note_progress));
}

static void test_not_for_long_once_begun(void **state)
{
	(void)state;
	make_many();
	happens = begin_and_stop;
	happens_after_pause = 5;
	expect_note_believed(false);
	assert_in_range(pauses, 10, 2000);
}

/* One that says for ever that it goes on, and lets a few pass now and then. */
static void pretend(void)
{
	uint32_t count = (uint32_t)pauses;

	fake.note_progress.passes = 6;
	fake.note_progress.looked = count / 400 * 256 + count % 200;
	fake_poke(child, &fake.note_progress, sizeof(fake.note_progress));
}

static void test_not_for_ever(void **state)
{
	(void)state;
	make_many();
	happens = pretend;
	happens_again = true;
	expect_note_believed(false);
	assert_in_range(pauses, 2000, 6000);
}

static void test_not_in_vain(void **state)
{
	(void)state;

	for (int i = 0; i < 4; i++) {
		make_many();
		if (i == 0)
			fake.watch.events_kernel = 0;
		else if (i == 1)
			fake.monitor_words[1] = 1; /* it sleeps */
		else if (i == 2)
			ltr_layout.note_progress = 0x10000;
		else
			ltr_layout.slab_descriptors = MANY / 2;
		if (i == 3)
			many[0] = many[MANY - 1];
		expect_note_believed(false);
		assert_int_equal(pauses, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_note_is_believed),
		cmocka_unit_test(test_what_is_no_note),
		cmocka_unit_test(test_another_layout),
		cmocka_unit_test(test_a_table_that_cannot_be_read),
		cmocka_unit_test(test_notes_that_cannot_be_read),
		cmocka_unit_test(test_torn_copies),
		cmocka_unit_test(test_it_is_waited_for),
		cmocka_unit_test(test_not_for_long),
		cmocka_unit_test(test_not_for_long_once_begun),
		cmocka_unit_test(test_not_for_ever),
		cmocka_unit_test(test_not_in_vain),
	};
	return cmocka_run_group_tests_name("notes of stacks", tests, NULL, NULL);
}
