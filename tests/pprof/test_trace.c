/* SPDX-License-Identifier: MIT */

/*
 * Timelines: a small life, event by event, against a golden file; what is lost, cut or hostile; sinks that
 * fail; and that memory does not grow with time.
 */

#include <errno.h>
#include <locale.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pprof/trace.h>

#include "fixture.h"
#include "traced.h"

#define BEGIN_NS (FIXTURE_NOW_NS - 10 * SECOND_NS)
#define STACK    7

static const struct ltr_clock_rate clock_of_ns = {.ns_per_tick = 1};

/* A census that a trace is made of while it comes to be. */
struct told {
	struct ltr_census *census;
	struct ltr_trace *trace;
	struct memory memory;
	uint64_t positions[3];
};

static void tell(struct told *told)
{
	struct ltr_steps steps;

	told->census = fixture_empty();
	assert_int_equal(ltr_trace_new(memory_sink(&told->memory), false, &told->trace), 0);
	steps = ltr_trace_steps(told->trace);
	ltr_census_set_steps(told->census, &steps);
	assert_int_equal(ltr_census_keep_waits(told->census), 0);
	ltr_census_info_mut(told->census)->way = LTR_WAY_SHM;
	ltr_census_info_mut(told->census)->now_ns = BEGIN_NS;
}

static void untell(struct told *told)
{
	ltr_trace_free(told->trace);
	ltr_census_free(told->census);
	memory_done(&told->memory);
}

/* Each ring's thread has a processor of its own; what is not a START says nothing of that. */
static void take(struct told *told, uint32_t ring, struct ltr_event event)
{
	if (event.kind == LTR_KIND_START)
		event.reason = (uint8_t)(1 + (ring + 1) % 3);
	assert_int_equal(ltr_census_apply(told->census, &clock_of_ns, ring, told->positions[ring]++,
					  &event, 1),
			 0);
}

#define EVENT(id, number, after_ns, kind_of)                                             \
	{                                                                                \
		.goroutine = (id), .sequence = (number), .ticks = BEGIN_NS + (after_ns), \
		.kind = LTR_KIND_##kind_of                                               \
	}

/* 1 was there already, and hears of nobody's end; its name is hostile. */
static void look_at_first(struct told *told)
{
	struct ltr_goroutine first = {
		.id = 1,
		.since_ns = BEGIN_NS - SECOND_NS,
		.entry_pc = PC_MAIN,
		.state = LTR_STATE_NETWORK,
		.reason = LTR_REASON_IO_READ,
		.object = 5,
		.transitions = 4,
		.flags = LTR_IS_MAIN,
	};

	assert_int_equal(
		ltr_census_intern_string(told->census, "\"\\ \x1b[2J\xff</script>", &first.name),
		0);
	assert_int_equal(ltr_census_snapshot_begin(told->census, BEGIN_NS), 0);
	assert_int_equal(ltr_census_snapshot_put(told->census, &first), 0);
	assert_int_equal(ltr_census_snapshot_end(told->census, true), 0);
}

static void define_stack(struct told *told)
{
	static const uint64_t reply_pcs[] = {PC_BLOCK + 0x41, PC_SEND + 0x65, PC_REPLY + 0xe9,
					     PC_SERVE + 0x25, PC_TRAMPOLINE + 0x21};

	assert_int_equal(ltr_census_define_stack(told->census, STACK, reply_pcs, 5), 0);
}

/*
 * 1 creates 2, which sends on ring 1, with a stack, until 1 takes that and wakes it; it goes on on ring
 * 2 and ends, and what ring 2 tells comes before what ring 0 does. 3 is created and waits for ever.
 */
static void live(struct told *told)
{
	struct ltr_event first = EVENT(2, 2, 2500, START);
	struct ltr_event send = EVENT(2, 3, 4000, PARK);
	struct ltr_event stack = EVENT(2, 3, 4000, STACK);
	struct ltr_event woken = EVENT(2, 4, 6000, READY);
	struct ltr_event created = EVENT(2, 1, 2000, CREATE);
	struct ltr_event third = EVENT(3, 1, 2100, CREATE);
	struct ltr_event lock = EVENT(3, 3, 3000, PARK);

	take(told, 0, (struct ltr_event)EVENT(1, 5, 1000, READY)); /* by the network: no arrow */
	take(told, 0, (struct ltr_event)EVENT(1, 6, 1000, START));
	created.arg = 1;
	take(told, 0, created);
	third.arg = 1;
	take(told, 0, third);
	first.flags = LTR_EVENT_FIRST;
	first.arg = PC_ACCEPT + 0x71;
	take(told, 1, first);
	send.reason = LTR_REASON_CHAN_SEND;
	send.arg = 0x5550000;
	take(told, 1, send);
	stack.arg = STACK;
	take(told, 1, stack);
	take(told, 2, (struct ltr_event)EVENT(3, 2, 2200, START));
	lock.reason = LTR_REASON_MUTEX_LOCK;
	lock.arg = 0x777000;
	take(told, 2, lock);
	take(told, 2, (struct ltr_event)EVENT(2, 5, 6001, START));
	take(told, 2, (struct ltr_event)EVENT(2, 6, 7250, EXIT));
	woken.arg = 1;
	take(told, 0, woken);
	define_stack(told);
	ltr_census_advance(told->census, BEGIN_NS + 10000);
}

static void finish(struct told *told, bool whole, struct traced *ret_traced)
{
	ltr_census_tell_unfinished(told->census);
	assert_int_equal(ltr_trace_finish(told->trace, told->census), 0);
	assert_true(trace_is_valid(told->memory.data, told->memory.bytes, whole, ret_traced));
	for (size_t i = 0; i < told->memory.bytes; i++)
		assert_true((unsigned char)told->memory.data[i] >= 0x20 ||
			    told->memory.data[i] == '\n');
}

static void a_life_is_golden(void **state)
{
	struct told told = {0};
	struct traced traced;

	(void)state;
	tell(&told);
	look_at_first(&told);
	define_stack(&told);
	live(&told);
	finish(&told, true, &traced);
	assert_int_equal(traced.arrows, 3);
	assert_int_equal(traced.runs, 4); /* 1 still runs */
	assert_int_equal(traced.state_ns[LTR_STATE_RUNNING], 9000 + 1500 + 800 + 1249);
	assert_int_equal(traced.runs_ns, traced.state_ns[LTR_STATE_RUNNING]);
	assert_int_equal(traced.processor_runs, traced.runs);
	assert_int_equal(traced.processor_ns, traced.runs_ns);
	assert_int_equal(traced.reason_ns[LTR_REASON_CHAN_SEND], 2000);
	assert_int_equal(traced.reason_ns[LTR_REASON_MUTEX_LOCK], 7000);
	/* Not from before the beginning of the watching. */
	assert_int_equal(traced.reason_ns[LTR_REASON_IO_READ], 1000);
	assert_true(is_golden("trace.json", told.memory.data, told.memory.bytes));
	untell(&told);
}

/* The same steps, the same bytes. */
static void it_is_the_same_every_time(void **state)
{
	struct told told[2] = {0};
	struct traced traced;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		tell(&told[i]);
		look_at_first(&told[i]);
		live(&told[i]);
		finish(&told[i], true, &traced);
	}
	assert_int_equal(told[0].memory.bytes, told[1].memory.bytes);
	assert_memory_equal(told[0].memory.data, told[1].memory.data, told[0].memory.bytes);
	untell(&told[0]);
	untell(&told[1]);
}

/*
 * A thread runs 2, and then 3. By the clock of who made 2 that was later than its run, whose steps are told
 * last, because its CREATE comes last.
 */
static void runs_do_not_overlap(void **state)
{
	struct told told = {0};
	struct traced traced;

	(void)state;
	tell(&told);
	look_at_first(&told);
	take(&told, 1, (struct ltr_event)EVENT(2, 2, 2500, START));
	take(&told, 1, (struct ltr_event)EVENT(2, 3, 3998, YIELD));
	take(&told, 1, (struct ltr_event)EVENT(3, 2, 3998, START));
	take(&told, 1, (struct ltr_event)EVENT(3, 3, 5000, YIELD));
	for (uint32_t i = 0; i < 40; i++) {
		take(&told, 1, (struct ltr_event)EVENT(3, 4 + 2 * i, 5000 + 10 * i, START));
		take(&told, 1, (struct ltr_event)EVENT(3, 5 + 2 * i, 5010 + 10 * i, YIELD));
	}
	take(&told, 0, (struct ltr_event)EVENT(3, 1, 2000, CREATE));
	take(&told, 2, (struct ltr_event)EVENT(2, 1, 4000, CREATE));
	ltr_census_advance(told.census, BEGIN_NS + 10000);
	finish(&told, true, &traced);
	assert_int_equal(traced.runs, 42);
	untell(&told);
}

/* A sample that comes before the records of its time is told at its own, on the track of who ran. */
static void samples_lie_where_somebody_worked(void **state)
{
	static const uint64_t pcs[] = {PC_REPLY + 0x44, PC_SERVE + 0x25, PC_TRAMPOLINE + 0x21};
	struct told told = {0};
	struct traced traced;

	(void)state;
	tell(&told);
	look_at_first(&told);
	for (uint64_t after = 2600; after < 4000; after += 200)
		assert_int_equal(
			ltr_census_add_cpu_sample(told.census, BEGIN_NS + after, 2, false, pcs, 3),
			0);
	/* Of nobody, and of a recording that says no time: nowhere. */
	assert_int_equal(ltr_census_add_cpu_sample(told.census, BEGIN_NS + 3000, 0, false, pcs, 3),
			 0);
	assert_int_equal(ltr_census_add_cpu_sample(told.census, 0, 2, false, pcs, 3), 0);
	define_stack(&told);
	live(&told);
	finish(&told, true, &traced);
	assert_int_equal(traced.samples, 7);
	assert_int_equal(traced.samples_at_work, 7);
	assert_non_null(strstr(told.memory.data,
			       "{\"ph\":\"i\",\"pid\":1,\"tid\":2,\"ts\":2.600,\"s\":\"t\",\"cat\":"
			       "\"cpu\",\"name\":\"CPU sample\",\"args\":{\"at\":\"reply "));
	untell(&told);
}

static void losses_leave_gaps_and_are_told(void **state)
{
	struct told told = {0};
	struct traced traced;

	(void)state;
	tell(&told);
	look_at_first(&told);
	told.positions[0] = 3;
	take(&told, 0, (struct ltr_event)EVENT(1, 5, 500, READY));
	told.positions[0] = 10;
	take(&told, 0, (struct ltr_event)EVENT(1, 9, 5000, START));
	ltr_census_advance(told.census, BEGIN_NS + 6000);
	ltr_census_advance(told.census,
			   BEGIN_NS + 3 * SECOND_NS); /* nobody waits for them any more */
	ltr_census_info_mut(told.census)->cut = true;
	finish(&told, false, &traced);
	assert_int_equal(traced.reason_ns[LTR_REASON_IO_READ], 500);
	assert_int_equal(traced.state_ns[LTR_STATE_QUEUED], 0); /* nobody knows for how long */
	assert_int_equal(traced.state_ns[LTR_STATE_RUNNING], 3 * SECOND_NS - 5000);
	assert_non_null(strstr(told.memory.data, "process_labels"));
	assert_non_null(strstr(told.memory.data, "6 records lost"));
	assert_non_null(strstr(told.memory.data, "the end of the recording missing"));
	assert_non_null(strstr(told.memory.data, "\"lost_records\":6,\"cut\":true}}"));
	untell(&told);
}

/* By snapshots alone: what two of them show, and no more. */
static void snapshots_alone_show_what_they_saw(void **state)
{
	struct told told = {0};
	struct ltr_goroutine goroutine = {
		.id = 4,
		.state = LTR_STATE_CHAN,
		.reason = LTR_REASON_SELECT,
		.since_ns = BEGIN_NS + 100,
		.transitions = 3,
	};
	struct traced traced;

	(void)state;
	tell(&told);
	ltr_census_info_mut(told.census)->way = LTR_WAY_SNAPSHOT;
	for (uint64_t i = 1; i < 4; i++) {
		assert_int_equal(ltr_census_snapshot_begin(told.census, BEGIN_NS + i * 1000), 0);
		if (i < 3)
			assert_int_equal(ltr_census_snapshot_put(told.census, &goroutine), 0);
		assert_int_equal(ltr_census_snapshot_end(told.census, true), 0);
		goroutine.state = LTR_STATE_SLEEP;
		goroutine.reason = LTR_REASON_SLEEP;
		goroutine.since_ns = BEGIN_NS + 1600;
		goroutine.transitions = 9;
	}
	finish(&told, true, &traced);
	assert_int_equal(traced.reason_ns[LTR_REASON_SELECT], 1500);
	assert_int_equal(traced.reason_ns[LTR_REASON_SLEEP], 1400);
	assert_int_equal(traced.tracks, 1);
	untell(&told);
}

static void a_sink_that_fails_ends_it(void **state)
{
	(void)state;
	for (size_t fail_at = 1; fail_at < 3; fail_at++) {
		struct told told = {.memory.fail_at = fail_at};

		tell(&told);
		look_at_first(&told);
		live(&told);
		for (uint32_t i = 0; i < 1000; i++) {
			take(&told, 0, (struct ltr_event)EVENT(1, 7 + 2 * i, 7000 + i, YIELD));
			take(&told, 0, (struct ltr_event)EVENT(1, 8 + 2 * i, 7000 + i, START));
		}
		assert_int_equal(ltr_trace_finish(told.trace, told.census), -ENOSPC);
		assert_int_equal(ltr_trace_error(told.trace), -ENOSPC);
		assert_int_equal(told.memory.calls, fail_at);
		untell(&told);
	}
}

static int count_bytes(void *context, const void *data, size_t bytes)
{
	(void)data;
	*(size_t *)context += bytes;
	return 0;
}

/* A hundred thousand goroutines that come and go, four at a time: nothing is kept of who has gone. */
static void memory_does_not_grow_with_time(void **state)
{
	struct told told = {0};
	size_t written = 0;
	size_t before = 0;
	struct ltr_steps steps;

	(void)state;
	told.census = fixture_empty();
	ltr_census_info_mut(told.census)->way = LTR_WAY_SHM;
	assert_int_equal(
		ltr_trace_new((struct ltr_sink){count_bytes, &written}, false, &told.trace), 0);
	steps = ltr_trace_steps(told.trace);
	ltr_census_set_steps(told.census, &steps);
	look_at_first(&told);
	for (uint64_t i = 0; i < 100000; i++) {
		uint64_t after = 1000 + i * 10;

		take(&told, 0, (struct ltr_event)EVENT(i + 10, 1, after, CREATE));
		take(&told, 0, (struct ltr_event)EVENT(i + 10, 2, after + 1, START));
		if (i >= 4)
			take(&told, 1, (struct ltr_event)EVENT(i + 6, 3, after + 2, EXIT));
		if (i == 1000)
			before = mallinfo2().uordblks;
	}
	assert_true(written > 30000000);
	assert_true(mallinfo2().uordblks <= before + 4096);
	ltr_census_tell_unfinished(told.census);
	assert_int_equal(ltr_trace_finish(told.trace, told.census), 0);
	untell(&told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_life_is_golden),
		cmocka_unit_test(it_is_the_same_every_time),
		cmocka_unit_test(runs_do_not_overlap),
		cmocka_unit_test(samples_lie_where_somebody_worked),
		cmocka_unit_test(losses_leave_gaps_and_are_told),
		cmocka_unit_test(snapshots_alone_show_what_they_saw),
		cmocka_unit_test(a_sink_that_fails_ends_it),
		cmocka_unit_test(memory_does_not_grow_with_time),
	};

	setlocale(LC_ALL, ""); /* locale.sh has one that writes numbers in another way */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
