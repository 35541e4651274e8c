/* SPDX-License-Identifier: MIT */
/*
 * The eBPF side against a real kernel: batch_target hands known batches over, and exactly those must
 * arrive, or be counted. Where BPF is refused, the test says why and exits with 77.
 *
 * The target answers each command when it has obeyed it, so nothing here waits for a time to pass.
 */

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "batch_target.h"
#include "events.h"
#include "process.h"
#include "program.h"

struct target {
	struct program program;
	FILE *to;
	FILE *from;
	char answer[64];
	struct ltr_layout layout;
	char path[64];
	struct ltr_event_target what;
};

/* What has arrived. */
struct taken {
	uint64_t records;
	uint64_t lost;
	uint64_t wrong;              /* records that were not those of their place */
	uint64_t jumps;              /* positions that did not follow */
	uint64_t next[TARGET_RINGS]; /* position that the ring's next records should have */
	uint64_t true_next[TARGET_RINGS];
	int fail_with;
};

/* The file offset of an address, as whoever opens a source has to compute it. */
static uint64_t file_offset(const struct ltr_process_maps *maps, uint64_t address)
{
	for (size_t i = 0; i < maps->count; i++) {
		if (maps->map[i].start <= address && address < maps->map[i].end)
			return address - maps->map[i].start + maps->map[i].offset;
	}
	fail_msg("the address %#" PRIx64 " is in no file", address);
	return 0;
}

static void read_target(struct target *target, uint64_t layout)
{
	struct ltr_process *process;
	struct ltr_process_maps maps;
	struct ltr_why why = {""};

	if (ltr_process_open((uint32_t)target->program.pid, &process, &why) < 0)
		fail_msg("%s", why.text);
	assert_int_equal(ltr_process_read(process, layout, &target->layout, sizeof(target->layout)),
			 0);
	assert_int_equal(ltr_process_maps(process, &maps), 0);
	ltr_process_close(process);
	snprintf(target->path, sizeof(target->path), "/proc/%d/exe", target->program.pid);
	target->what = (struct ltr_event_target){
		.pid = (uint32_t)target->program.pid,
		.path = target->path,
		.handover_offset = file_offset(&maps, target->layout.handover),
		.want_stacks_offset = file_offset(&maps, target->layout.want_stacks),
		.events_semaphore_offset = file_offset(
			&maps, target->layout.watch + offsetof(struct ltr_watch, events_kernel)),
		.stacks_semaphore_offset = file_offset(
			&maps, target->layout.watch + offsetof(struct ltr_watch, stacks_kernel)),
		.layout = &target->layout,
	};
	ltr_process_maps_done(&maps);
}

/* The target's next answer, good until the one after it. */
static const char *hear(struct target *target)
{
	assert_non_null(fgets(target->answer, sizeof(target->answer), target->from));
	return target->answer;
}

static void start_target(struct target *target)
{
	uint64_t layout = 0;

	program_start(&target->program, getenv("BATCH_TARGET"));
	target->to = fdopen(target->program.to, "w");
	target->from = fdopen(target->program.from, "r");
	assert_non_null(target->to);
	assert_non_null(target->from);
	assert_int_equal(sscanf(hear(target), "%" SCNx64, &layout), 1);
	read_target(target, layout);
}

static void stop_target(struct target *target)
{
	fclose(target->to);
	fclose(target->from);
	target->program.to = target->program.from = -1;
	program_kill(&target->program);
}

static void say(struct target *target, const char *command)
{
	fprintf(target->to, "%s\n", command);
	fflush(target->to);
}

static void tell(struct target *target, const char *command)
{
	say(target, command);
	hear(target);
}

static void assert_watch(struct target *target, unsigned int events, unsigned int stacks)
{
	unsigned int got_events, got_stacks;

	say(target, "watch");
	assert_int_equal(sscanf(hear(target), "%u %u", &got_events, &got_stacks), 2);
	assert_int_equal(got_events, events);
	assert_int_equal(got_stacks, stacks);
}

static int take(void *context, uint32_t ring, uint64_t position, const struct ltr_event *events,
		size_t count)
{
	struct taken *taken = context;

	assert_true(ring < TARGET_RINGS);
	assert_in_range(count, 1, LTR_BATCH_MAX);
	if (taken->fail_with < 0)
		return taken->fail_with;
	taken->jumps += position != taken->next[ring];
	taken->next[ring] = position + count;

	/* Where the records say that they come from: never back. */
	uint64_t begin = ~events[0].arg;

	taken->wrong += begin < taken->true_next[ring];
	for (size_t i = 0; i < count; i++) {
		struct ltr_event right = target_record(ring, begin + i);

		taken->wrong += memcmp(&events[i], &right, sizeof(right)) != 0;
	}
	taken->true_next[ring] = begin + count;
	taken->records += count;
	return 0;
}

static void lose(void *context, uint64_t records)
{
	struct taken *taken = context;

	taken->lost += records;
}

static int poll_into(void *source, struct taken *taken)
{
	const struct ltr_event_sink sink = {taken, take, lose};

	return ltr__ebpf_source.poll(source, &sink);
}

static void poll_all(void *source, struct taken *taken)
{
	int got;

	do {
		got = poll_into(source, taken);
		assert_true(got >= 0);
	} while (got == 1);
}

static void *open_source(const struct ltr_event_target *what)
{
	struct ltr_why why = {""};
	void *source = NULL;

	if (ltr__ebpf_source.open(what, &source, &why) < 0)
		fail_msg("%s", why.text);
	assert_non_null(source);
	return source;
}

static void assert_refused(const struct ltr_event_target *what, int err)
{
	struct ltr_why why = {""};
	void *untouched = &why;
	void *source = untouched;

	assert_int_equal(ltr__ebpf_source.open(what, &source, &why), err);
	assert_ptr_equal(source, untouched);
	assert_true(strlen(why.text) > 10);
	print_message("refused: %s\n", why.text);
}

static int set_up(void **state)
{
	*state = calloc(1, sizeof(struct target));
	start_target(*state);
	return 0;
}

static int tear_down(void **state)
{
	stop_target(*state);
	free(*state);
	return 0;
}

static void test_what_is_handed_over_arrives(void **state)
{
	struct target *target = *state;
	struct taken taken = {0};
	void *source = open_source(&target->what);

	/* 4 rings, 4 times the 12 sizes; delivered while the threads run, and less than the buffer holds. */
	const unsigned int sum = 1504 + 513 + 2 * LTR_BATCH_MAX - 1;

	say(target, "emit 4 48 0");
	while (taken.records + taken.lost < 4ull * 4 * sum)
		assert_true(poll_into(source, &taken) >= 0);
	hear(target);
	assert_int_equal(poll_into(source, &taken), 0);
	assert_int_equal(taken.records, 4 * 4 * sum);
	assert_int_equal(taken.lost, 0);
	assert_int_equal(taken.wrong, 0);
	assert_int_equal(taken.jumps, 0);
	for (int ring = 0; ring < 4; ring++)
		assert_int_equal(taken.next[ring], 4 * sum);
	ltr__ebpf_source.close(source);
}

static void test_nothing_arrives_before_and_after(void **state)
{
	struct target *target = *state;
	struct taken taken = {0};

	tell(target, "emit 1 1 100");

	void *source = open_source(&target->what);

	assert_int_equal(poll_into(source, &taken), 0);
	tell(target, "emit 1 1 5");
	assert_int_equal(poll_into(source, &taken), 1);
	assert_int_equal(taken.records, 5);
	assert_int_equal(taken.next[0], 105);
	assert_int_equal(taken.wrong, 0);
	ltr__ebpf_source.close(source);
	tell(target, "emit 1 1 5");
	source = open_source(&target->what);
	assert_int_equal(poll_into(source, &taken), 0);
	ltr__ebpf_source.close(source);
}

/* Far more than the buffer holds, with nobody reading: every record arrives or is counted. */
static void test_losses_are_exact(void **state)
{
	struct target *target = *state;
	struct taken taken = {0};
	void *source = open_source(&target->what);

	tell(target, "emit 8 200 512");
	tell(target, "emit 8 200 40");
	poll_all(source, &taken);
	assert_true(taken.lost > 0);
	assert_true(taken.records > 0);
	assert_int_equal(taken.records + taken.lost, 8 * 200 * (512 + 40));
	assert_int_equal(taken.wrong, 0);
	assert_int_equal(taken.jumps, 0);

	/* There is room again. What the positions leave out is what was lost. */
	uint64_t lost = taken.lost;

	tell(target, "emit 8 1 512");
	poll_all(source, &taken);
	assert_int_equal(taken.lost, lost);
	assert_int_equal(taken.records + taken.lost, 8 * 200 * (512 + 40) + 8 * 512);
	assert_int_equal(taken.wrong, 0);
	assert_int_equal(taken.jumps, 0);
	for (int ring = 0; ring < 8; ring++) {
		assert_int_equal(taken.true_next[ring], 200 * (512 + 40) + 512);
		lost -= taken.true_next[ring] - taken.next[ring];
	}
	assert_int_equal(lost, 0);
	ltr__ebpf_source.close(source);
}

static void test_forbidden_batches(void **state)
{
	struct target *target = *state;
	struct taken taken = {0};
	void *source = open_source(&target->what);

	tell(target, "emit 1 1 3");
	tell(target, "bad");
	tell(target, "emit 1 1 3");
	poll_all(source, &taken);
	assert_int_equal(taken.records, 6);
	assert_int_equal(taken.lost, TARGET_UNREADABLE);
	assert_int_equal(taken.wrong, 0);
	assert_int_equal(taken.jumps, 0);
	ltr__ebpf_source.close(source);
}

static void test_semaphores(void **state)
{
	struct target *target = *state;
	struct ltr_event_target with_stacks = target->what;

	with_stacks.stacks = true;
	assert_watch(target, 0, 0);

	void *one = open_source(&target->what);

	assert_watch(target, 1, 0);

	void *two = open_source(&with_stacks);

	assert_watch(target, 1, 1);

	/* Both get everything. */
	struct taken taken_one = {0}, taken_two = {0};

	tell(target, "emit 2 2 20");
	poll_all(one, &taken_one);
	poll_all(two, &taken_two);
	assert_int_equal(taken_one.records, 80);
	assert_int_equal(taken_two.records, 80);

	ltr__ebpf_source.close(one);
	assert_watch(target, 1, 1);
	ltr__ebpf_source.close(two);
	assert_watch(target, 0, 0);
}

static void test_other_processes_are_left_alone(void **state)
{
	struct target *target = *state;
	struct target other;
	struct taken taken = {0};

	start_target(&other);

	void *source = open_source(&target->what);

	assert_watch(&other, 0, 0);
	tell(&other, "emit 2 3 64");
	tell(target, "fork");
	poll_all(source, &taken);
	assert_int_equal(taken.records + taken.lost, 0);
	assert_watch(target, 1, 0);
	ltr__ebpf_source.close(source);
	stop_target(&other);
}

static void test_refusals(void **state)
{
	struct target *target = *state;
	struct ltr_event_target what = target->what;

	what.path = NULL;
	assert_refused(&what, -EOPNOTSUPP);

	what = target->what;
	what.path = "/nonexistent/program";
	assert_refused(&what, -EOPNOTSUPP);
	what.path = "/etc/passwd";
	assert_refused(&what, -EOPNOTSUPP);

	what = target->what;
	what.handover_offset++;
	assert_refused(&what, -EOPNOTSUPP);
	what.handover_offset = UINT64_MAX;
	assert_refused(&what, -EOPNOTSUPP);
	what.handover_offset = INT64_MAX;
	assert_refused(&what, -EOPNOTSUPP);

	what = target->what;
	what.stacks = true;
	what.want_stacks_offset--;
	assert_refused(&what, -EOPNOTSUPP);

	/* A semaphore in the code, which is not writable: the kernel raises nothing. */
	what = target->what;
	what.events_semaphore_offset = what.handover_offset;
	assert_refused(&what, -EOPNOTSUPP);
	what.events_semaphore_offset = target->what.events_semaphore_offset + 1;
	assert_refused(&what, -EOPNOTSUPP);

	what = target->what;
	what.pid = 0;
	assert_refused(&what, -ESRCH);
	what.pid = INT32_MAX;
	assert_refused(&what, -ESRCH);
	what.pid = UINT32_MAX;
	assert_refused(&what, -ESRCH);

	/* Nothing of all that has left a trace. */
	struct taken taken = {0};

	assert_watch(target, 0, 0);
	tell(target, "emit 1 1 1");

	void *source = open_source(&target->what);

	tell(target, "emit 1 1 1");
	poll_all(source, &taken);
	assert_int_equal(taken.records, 1);
	ltr__ebpf_source.close(source);
}

static void test_no_leaks(void **state)
{
	struct target *target = *state;
	struct ltr_event_target what = target->what;
	struct ltr_event_target wrong = what;
	struct ltr_why why;
	void *none;

	ltr__ebpf_source.close(open_source(&what));

	unsigned int before = count_descriptors();

	what.stacks = true;
	wrong.pid = INT32_MAX;
	for (int i = 0; i < 50; i++) {
		ltr__ebpf_source.close(open_source(&what));
		assert_int_equal(ltr__ebpf_source.open(&wrong, &none, &why), -ESRCH);
	}
	assert_int_equal(count_descriptors(), before);
	ltr__ebpf_source.close(NULL);
}

static void test_error_of_the_sink_ends_the_poll(void **state)
{
	struct target *target = *state;
	struct taken taken = {.fail_with = -ENOMEM};
	void *source = open_source(&target->what);

	tell(target, "emit 1 2 1");
	assert_int_equal(poll_into(source, &taken), -ENOMEM);
	taken.fail_with = 0;
	assert_int_equal(poll_into(source, &taken), 1);
	assert_int_equal(taken.records, 1);
	ltr__ebpf_source.close(source);
}

static void test_death_of_the_target(void **state)
{
	(void)state;
	struct target target;
	struct taken taken = {0};

	start_target(&target);

	void *source = open_source(&target.what);

	tell(&target, "emit 2 1 9");
	stop_target(&target);
	poll_all(source, &taken);
	assert_int_equal(taken.records, 18);
	assert_int_equal(poll_into(source, &taken), 0);
	ltr__ebpf_source.close(source);
	assert_refused(&target.what, -ESRCH);
}

/* The buffer's descriptor becomes readable when much is in it, without a poll of the source. */
static void test_descriptor(void **state)
{
	struct target *target = *state;
	struct taken taken = {0};
	void *source = open_source(&target->what);
	struct pollfd wait = {.fd = ltr__ebpf_source.fd(source), .events = POLLIN};

	assert_true(wait.fd >= 0);
	assert_int_equal(poll(&wait, 1, 0), 0);
	say(target, "emit 1 400 512");
	assert_int_equal(poll(&wait, 1, -1), 1);
	hear(target);
	poll_all(source, &taken);
	assert_int_equal(taken.records, 400 * 512);
	assert_int_equal(poll(&wait, 1, 0), 0);
	assert_true(ltr__ebpf_source.interval_ms > 0 && ltr__ebpf_source.interval_ms <= 10);
	ltr__ebpf_source.close(source);
}

/* 77 where the kernel does not let us; everything else is for the tests to find. */
static int skip_if_refused(void)
{
	struct target target;
	struct ltr_why why = {""};
	void *source;
	int err;

	start_target(&target);
	err = ltr__ebpf_source.open(&target.what, &source, &why);
	if (err == 0)
		ltr__ebpf_source.close(source);
	stop_target(&target);
	return bpf_is_refused(err, why.text) ? 77 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_is_handed_over_arrives, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_nothing_arrives_before_and_after, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_losses_are_exact, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_forbidden_batches, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_semaphores, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_processes_are_left_alone, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_refusals, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_error_of_the_sink_ends_the_poll, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_descriptor, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_leaks, set_up, tear_down),
		cmocka_unit_test(test_death_of_the_target),
	};

	if (!getenv("BATCH_TARGET")) {
		fprintf(stderr, "BATCH_TARGET must name the program to watch (run me by ctest)\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);

	int skipped = skip_if_refused();

	return skipped ? skipped : cmocka_run_group_tests(tests, NULL, NULL);
}
