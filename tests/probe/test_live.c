// SPDX-License-Identifier: MIT
/*
 * A real program, watched from before its work began, or from the middle of it. When it has come to
 * rest, the census that records kept current must equal a snapshot that is taken then, and the wait
 * totals must add up. So it is by either way, and for a reader that has slept.
 */
#include "../wait_count.h"
#include "live_child.h"
#include "same_census.h"
#include "testing.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

#include "census_fill.h"
#include "probe.h"
#include "probe_private.h"

#define PATIENCE 1000 /* polls of 10 ms */

static struct ltr_probe *watch(const struct child *child, enum ltr_via via, bool waits)
{
	struct ltr_probe_options options = {.via = via, .waits = waits};
	struct ltr_probe *probe = NULL;
	struct ltr_why why = {""};

	int err = ltr_probe_open((uint32_t)child->pid, &options, &probe, &why);
	if (err)
		print_message("%s\n", why.text);
	assert_int_equal(err, 0);
	return probe;
}

static void must_become_equal(struct ltr_probe *probe, const struct child *child)
{
	const char *what = "never looked";

	for (int i = 0; i < PATIENCE && what; i++) {
		assert_true(ltr_probe_poll(probe, 10) >= 0);
		struct ltr_probe *other = watch(child, LTR_VIA_SNAPSHOT, false);
		what = census_difference(ltr_probe_census(probe), ltr_probe_census(other), true,
					 i == PATIENCE - 1);
		ltr_probe_close(other);
	}
	if (what)
		fail_msg("events and snapshot differ in: %s", what);
}

/*
 * At any moment each goroutine is in one state: all times together are all lives together. A wait has
 * its stack, unless it was under way when the watching began: then its stack was read from outside,
 * and a goroutine that moves while it is read has none. That is one wait at most of each goroutine that
 * the first look has found.
 */
static void waits_add_up(const struct ltr_census *census, size_t found_under_way)
{
	uint64_t unfinished = 0;
	uint64_t without_stack = 0;

	for (size_t i = 0; i < wait_count_of(census); i++) {
		const struct ltr_wait_total *wait = ltr_census_wait(census, i);
		assert_true(wait->unfinished <= wait->count);
		assert_true(wait->longest_ns <= wait->total_ns);
		unfinished += wait->unfinished;
		if (wait->state >= LTR_STATE_SLEEP && !wait->stack) {
			/* Who is still in that wait stands, and can be read. */
			assert_int_equal(wait->unfinished, 0);
			without_stack += wait->count;
		}
	}
	assert_int_equal(unfinished, ltr_census_count(census));
	if (without_stack > found_under_way)
		fail_msg("%llu waits without a stack, %zu goroutines when the watching began",
			 (unsigned long long)without_stack, found_under_way);
}

/* `other` may be NULL. */
static void poll_until_quiet(struct child *child, struct ltr_probe *probe, struct ltr_probe *other)
{
	struct pollfd says = {.fd = fileno(child->says), .events = POLLIN};

	do {
		assert_true(ltr_probe_poll(probe, 10) >= 0);
		assert_true(!other || ltr_probe_poll(other, 0) >= 0);
	} while (poll(&says, 1, 0) == 0);
	child_hear(child, "quiet\n");
}

static void watch_a_life(enum ltr_via via, bool from_the_middle)
{
	struct child child = child_start(LIVE_PROGRAM, "150");
	struct ltr_probe *probe = NULL;

	child_hear(&child, "up\n");
	if (!from_the_middle)
		probe = watch(&child, via, true);
	child_go_on(&child);
	if (from_the_middle)
		probe = watch(&child, via, true);
	const struct ltr_census *census = ltr_probe_census(probe);
	const struct ltr_census_info *info = ltr_census_info(census);
	/* From the start it is the main goroutine alone, and that is in a blocking call. */
	size_t found_under_way = from_the_middle ? ltr_census_count(census) : 0;
	print_message("watched by %s %s\n", ltr_way_name(info->way), info->way_reason);

	poll_until_quiet(&child, probe, NULL);
	must_become_equal(probe, &child);
	print_message("%llu records, %llu lost\n", (unsigned long long)info->events,
		      (unsigned long long)info->lost);
	if (!from_the_middle)
		assert_true(info->events > 10000);
	if (!info->lost)
		waits_add_up(census, found_under_way);

	child_go_on(&child);
	while (!info->gone)
		(void)ltr_probe_poll(probe, 1000);
	ltr_probe_close(probe);
	child_end(&child);
}

static void test_rings_from_the_start(void **state)
{
	(void)state;
	watch_a_life(LTR_VIA_SHM, false);
}

static void test_rings_from_the_middle(void **state)
{
	(void)state;
	watch_a_life(LTR_VIA_SHM, true);
}

static void test_best_from_the_start(void **state)
{
	(void)state;
	watch_a_life(LTR_VIA_BEST, false);
}

static void test_best_from_the_middle(void **state)
{
	(void)state;
	watch_a_life(LTR_VIA_BEST, true);
}

static bool ebpf_is_refused(void)
{
	struct ltr_probe_options options = {.via = LTR_VIA_EBPF};
	struct child child = child_start(LIVE_PROGRAM, "1");
	struct ltr_probe *probe = NULL;
	struct ltr_why why = {""};

	child_hear(&child, "up\n");
	bool refused = ltr_probe_open((uint32_t)child.pid, &options, &probe, &why) < 0;
	if (refused)
		print_message("refused: %s\n", why.text);
	ltr_probe_close(probe);
	child_go_on(&child);
	child_hear(&child, "quiet\n");
	child_go_on(&child);
	child_end(&child);
	return refused;
}

/* A reader that sleeps through more than any buffer holds: the program goes on, and all is known again. */
static void sleep_through_it(enum ltr_via via)
{
	struct child child = child_start(LIVE_PROGRAM, "2000");

	child_hear(&child, "up\n");
	struct ltr_probe *probe = watch(&child, via, true);
	const struct ltr_census_info *info = ltr_census_info(ltr_probe_census(probe));
	child_go_on(&child);
	child_hear(&child, "quiet\n");
	assert_true(ltr_probe_poll(probe, 0) >= 0);
	print_message("%llu records, %llu lost\n", (unsigned long long)info->events,
		      (unsigned long long)info->lost);
	uint64_t lost = info->lost;
	assert_true(lost > 0);
	must_become_equal(probe, &child);
	assert_true(info->lost >= lost); /* it is healed, and not forgotten */
	ltr_probe_close(probe);
	child_go_on(&child);
	child_end(&child);
}

static void test_rings_overrun(void **state)
{
	(void)state;
	sleep_through_it(LTR_VIA_SHM);
}

static void test_ebpf_overrun(void **state)
{
	(void)state;
	if (ebpf_is_refused())
		skip();
	sleep_through_it(LTR_VIA_EBPF);
}

/* How many waits of this kind at this place there were, of goroutines of all groups. */
static uint64_t waits_like(const struct ltr_census *census, const struct ltr_census *other,
			   const struct ltr_wait_total *wait)
{
	uint64_t count = 0;

	for (size_t i = 0; i < wait_count_of(census); i++) {
		const struct ltr_wait_total *is = ltr_census_wait(census, i);
		if (is->state == wait->state && is->reason == wait->reason &&
		    census_same_stack(census, is->stack, other, wait->stack))
			count += is->count;
	}
	return count;
}

/* Where nobody waited before both watched. */
static void waits_are_those_of(const struct ltr_census *census, const struct ltr_census *other)
{
	size_t compared = 0;

	for (size_t i = 0; i < wait_count_of(census); i++) {
		const struct ltr_wait_total *wait = ltr_census_wait(census, i);
		if (wait->state < LTR_STATE_SLEEP)
			continue;
		assert_int_equal(waits_like(census, census, wait), waits_like(other, census, wait));
		compared++;
	}
	assert_true(compared > 4);
}

/* Whichever way records come, they are the same, and so is what becomes of them. Few, so that all fit. */
static void test_both_ways_say_the_same(void **state)
{
	(void)state;
	if (ebpf_is_refused())
		skip();
	struct child child = child_start(LIVE_PROGRAM, "30");

	child_hear(&child, "up\n");
	struct ltr_probe *one = watch(&child, LTR_VIA_EBPF, true);
	struct ltr_probe *two = watch(&child, LTR_VIA_SHM, true);
	const struct ltr_census *kernel = ltr_probe_census(one);
	const struct ltr_census *rings = ltr_probe_census(two);

	assert_int_equal(ltr_census_info(kernel)->way, LTR_WAY_EBPF);
	assert_string_equal(ltr_census_info(kernel)->way_reason, "");
	assert_int_equal(ltr_census_info(rings)->way, LTR_WAY_SHM);
	assert_string_equal(ltr_census_info(rings)->way_reason, "eBPF was not asked for");
	child_go_on(&child);
	poll_until_quiet(&child, one, two);
	must_become_equal(one, &child);
	must_become_equal(two, &child);
	assert_null(census_difference(kernel, rings, true, true));
	assert_int_equal(ltr_census_info(kernel)->lost, 0);
	assert_int_equal(ltr_census_info(rings)->lost, 0);
	waits_are_those_of(kernel, rings);
	waits_are_those_of(rings, kernel);
	ltr_probe_close(one);
	ltr_probe_close(two);
	child_go_on(&child);
	child_end(&child);
}

/* By an exec: the program is gone, even if there is one like it, and at the same addresses. */
static void become_it_anew(enum ltr_via via)
{
	int before = personality(ADDR_NO_RANDOMIZE);
	struct child child = child_start(LIVE_PROGRAM, "again");
	struct ltr_watch_slot slots[LTR_WATCH_SLOTS] = {0};
	int err = 0;

	personality((unsigned long)before);
	child_hear(&child, "up\n");
	struct ltr_probe *probe = watch(&child, via, false);
	child_go_on(&child);
	child_hear(&child, "up\n");
	for (int i = 0; i < PATIENCE && err != -ESRCH; i++) {
		err = ltr_probe_poll(probe, 10);
		if (via == LTR_VIA_SNAPSHOT && err != -ESRCH)
			err = ltr_probe_refresh(probe);
	}
	assert_int_equal(err, -ESRCH);
	assert_true(ltr_census_info(ltr_probe_census(probe))->gone);
	assert_int_equal(ltr_census_info(ltr_probe_census(probe))->lost, 0);
	ltr_probe_close(probe);

	/* It was let alone. */
	probe = watch(&child, LTR_VIA_SNAPSHOT, false);
	struct ltr_event_target what;
	struct ltr_why why = {""};
	assert_int_equal(ltr__probe_describe(probe, &what, &why), 0);
	assert_int_equal(
		ltr_process_read(what.process, what.layout->watch_slots, slots, sizeof(slots)), 0);
	for (int i = 0; i < LTR_WATCH_SLOTS; i++)
		assert_int_equal(slots[i].pid, 0);
	ltr_probe_close(probe);
	child_go_on(&child);
	child_hear(&child, "quiet\n");
	child_go_on(&child);
	child_end(&child);
}

static void test_it_becomes_another_program(void **state)
{
	(void)state;
	become_it_anew(LTR_VIA_SHM);
	become_it_anew(LTR_VIA_SNAPSHOT);
	if (!ebpf_is_refused())
		become_it_anew(LTR_VIA_EBPF);
}

/* Two watchers at once do not disturb each other, nor does one that leaves. */
static void test_two_watchers(void **state)
{
	(void)state;
	struct child child = child_start(LIVE_PROGRAM, "100");

	child_hear(&child, "up\n");
	struct ltr_probe *one = watch(&child, LTR_VIA_SHM, true);
	struct ltr_probe *two = watch(&child, LTR_VIA_SHM, true);
	child_go_on(&child);
	must_become_equal(one, &child);
	must_become_equal(two, &child);
	ltr_probe_close(one);
	child_hear(&child, "quiet\n");
	must_become_equal(two, &child);
	ltr_probe_close(two);
	child_go_on(&child);
	child_end(&child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rings_from_the_start),
		cmocka_unit_test(test_rings_from_the_middle),
		cmocka_unit_test(test_best_from_the_start),
		cmocka_unit_test(test_best_from_the_middle),
		cmocka_unit_test(test_rings_overrun),
		cmocka_unit_test(test_ebpf_overrun),
		cmocka_unit_test(test_both_ways_say_the_same),
		cmocka_unit_test(test_it_becomes_another_program),
		cmocka_unit_test(test_two_watchers),
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
