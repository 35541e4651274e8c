/* SPDX-License-Identifier: MIT */
/*
 * The whole way on a real goroutine program, live_target: runtime, eBPF, census, symbols. Where BPF
 * is refused, the test says why and exits with 77.
 */

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../wait_count.h"
#include "probe.h"
#include "program.h"

/* Of one game: 5000 hops, each a park, a wake-up and a start. */
#define GAME_EVENTS 15000

static void start_target(struct program *target)
{
	char word[4] = "";

	program_start(target, getenv("LIVE_TARGET"));
	assert_int_equal(read(target->from, word, 3), 3);
}

/* Has one game played, and takes what it makes known. */
static void play(const struct program *target, struct ltr_probe *probe)
{
	const struct ltr_census_info *info = ltr_census_info(ltr_probe_census(probe));
	uint64_t enough = info->events + GAME_EVENTS;

	assert_int_equal(write(target->to, ".", 1), 1);
	while (info->events < enough && info->lost == 0)
		assert_true(ltr_probe_poll(probe, 100) >= 0);
	assert_int_equal(info->lost, 0);
}

static struct ltr_probe *open_probe(const struct program *target, bool waits)
{
	const struct ltr_probe_options options = {.via = LTR_VIA_EBPF, .waits = waits};
	struct ltr_probe *probe = NULL;
	struct ltr_why why = {""};

	if (ltr_probe_open((uint32_t)target->pid, &options, &probe, &why) < 0)
		fail_msg("%s", why.text);
	return probe;
}

/* The function and line that a person sees first of a goroutine. */
static const struct ltr_symbol *place_of(const struct ltr_census *census,
					 const struct ltr_goroutine *goroutine)
{
	size_t depth;
	const uint64_t *pcs = ltr_census_stack(census, goroutine->stack, &depth);
	size_t first = ltr_census_first_frame(census, goroutine->stack);

	return first < depth ? ltr_census_call_symbol(census, pcs[first]) : NULL;
}

static unsigned int count_at(const struct ltr_census *census, const char *function, uint8_t reason)
{
	unsigned int count = 0;

	for (size_t i = 0; i < ltr_census_count(census); i++) {
		const struct ltr_goroutine *goroutine = ltr_census_at(census, i);
		const struct ltr_symbol *place = place_of(census, goroutine);

		if (goroutine->reason == reason && place &&
		    strcmp(place->function, function) == 0) {
			assert_non_null(strstr(place->file, "live_target.c"));
			assert_true(place->line > 0);
			count++;
		}
	}
	return count;
}

static void test_events_arrive_and_none_is_lost(void **state)
{
	(void)state;
	struct program target;

	start_target(&target);

	struct ltr_probe *probe = open_probe(&target, false);
	const struct ltr_census *census = ltr_probe_census(probe);
	const struct ltr_census_info *info = ltr_census_info(census);

	assert_int_equal(info->way, LTR_WAY_EBPF);
	assert_int_equal(ltr_census_count(census), 7);
	/* The target has said that they exist, not that they have run. */
	while (count_at(census, "wait_in_vain", LTR_REASON_CHAN_RECEIVE) != 4 ||
	       count_at(census, "run", LTR_REASON_SYSCALL) != 1)
		assert_true(ltr_probe_refresh(probe) >= 0);
	for (int i = 0; i < 20; i++)
		play(&target, probe);
	assert_int_equal(ltr_census_count(census), 7);
	assert_int_equal(count_at(census, "wait_in_vain", LTR_REASON_CHAN_RECEIVE), 4);
	program_end(&target);
	while (ltr_probe_poll(probe, 100) != -ESRCH)
		;
	assert_true(info->gone);
	assert_int_equal(count_at(census, "wait_in_vain", LTR_REASON_CHAN_RECEIVE), 4);
	ltr_probe_close(probe);
}

static void test_waits_have_stacks(void **state)
{
	(void)state;
	struct program target;

	start_target(&target);

	struct ltr_probe *probe = open_probe(&target, true);
	const struct ltr_census *census = ltr_probe_census(probe);
	unsigned int at_play = 0;

	play(&target, probe);
	for (size_t i = 0; i < wait_count_of(census); i++) {
		const struct ltr_wait_total *wait = ltr_census_wait(census, i);
		size_t depth;
		const uint64_t *pcs = ltr_census_stack(census, wait->stack, &depth);
		size_t first = ltr_census_first_frame(census, wait->stack);

		if (wait->state == LTR_STATE_CHAN && first < depth &&
		    strcmp(ltr_census_call_symbol(census, pcs[first])->function, "play") == 0) {
			assert_true(wait->count > 0);
			at_play++;
		}
	}
	assert_true(at_play > 0);
	ltr_probe_close(probe);
	program_end(&target);
}

static void test_again_and_again(void **state)
{
	(void)state;
	struct program target;

	start_target(&target);
	for (int i = 0; i < 10; i++) {
		struct ltr_probe *probe = open_probe(&target, i % 2);

		play(&target, probe);
		ltr_probe_close(probe);
	}
	program_end(&target);
}

static bool is_refused(void)
{
	const struct ltr_probe_options options = {.via = LTR_VIA_EBPF};
	struct program target;
	bool refused;

	start_target(&target);
	refused = probe_is_refused(&target, &options);
	program_end(&target);
	return refused;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events_arrive_and_none_is_lost),
		cmocka_unit_test(test_waits_have_stacks),
		cmocka_unit_test(test_again_and_again),
	};

	if (!getenv("LIVE_TARGET")) {
		fprintf(stderr, "LIVE_TARGET must name the program to watch (run me by ctest)\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	return is_refused() ? 77 : cmocka_run_group_tests(tests, NULL, NULL);
}
