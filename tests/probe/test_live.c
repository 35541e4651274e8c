// SPDX-License-Identifier: MIT
/*
 * A real program, watched from before its work began, or from the middle of it. When it has come to
 * rest, the census that records kept current must equal a snapshot that is taken then, and the wait
 * totals must add up.
 */
#include "../wait_count.h"
#include "testing.h"

#include <errno.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

#include "census_fill.h"
#include "probe.h"

#define PATIENCE 1000 /* polls of 10 ms */

struct child {
	pid_t pid;
	FILE *says;
	int asks;
};

static struct child start(const char *rounds)
{
	int in[2];
	int out[2];

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		for (int i = 0; i < 2; i++) {
			close(in[i]);
			close(out[i]);
		}
		execl(LIVE_PROGRAM, "live_program", rounds, NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	return (struct child){pid, fdopen(out[0], "r"), in[1]};
}

static void hear(struct child *child, const char *word)
{
	char line[64];

	assert_non_null(fgets(line, sizeof(line), child->says));
	assert_string_equal(line, word);
}

static void go_on(struct child *child)
{
	assert_int_equal(write(child->asks, "x", 1), 1);
}

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

static bool same_stack(const struct ltr_census *a, uint32_t stack_a, const struct ltr_census *b,
		       uint32_t stack_b)
{
	size_t depth_a;
	size_t depth_b;
	const uint64_t *pcs_a = ltr_census_stack(a, stack_a, &depth_a);
	const uint64_t *pcs_b = ltr_census_stack(b, stack_b, &depth_b);

	return depth_a == depth_b && (depth_a == 0 || !memcmp(pcs_a, pcs_b, depth_a * 8));
}

static void print_stack(const char *who, const struct ltr_census *census, uint32_t stack)
{
	size_t depth;
	const uint64_t *pcs = ltr_census_stack(census, stack, &depth);

	print_message("%s %u:", who, stack);
	for (size_t i = 0; i < depth; i++)
		print_message(" %llx", (unsigned long long)pcs[i]);
	print_message("\n");
}

/* Says of each goroutine of one census that the other does not have what is known of it. */
static void print_missing(const char *who, const struct ltr_census *has,
			  const struct ltr_census *lacks)
{
	for (size_t i = 0; i < ltr_census_count(has); i++) {
		const struct ltr_goroutine *is = ltr_census_at(has, i);
		if (ltr_census_find(lacks, is->id))
			continue;
		print_message("only in %s: %llu %s %s, %u transitions, flags %x, since %lld ns\n",
			      who, (unsigned long long)is->id, ltr_state_name(is->state),
			      ltr_reason_name(is->reason), is->transitions, is->flags,
			      (long long)(is->since_ns - ltr_census_info(has)->started_ns));
	}
}

/* NULL if the two show the same, else what is different. */
static const char *difference(const struct ltr_census *a, const struct ltr_census *b, bool tell)
{
	if (ltr_census_is_unsure(a))
		return "not sure yet";
	if (ltr_census_count(a) != ltr_census_count(b)) {
		if (tell) {
			print_missing("events", a, b);
			print_missing("snapshot", b, a);
			print_message("%llu lost\n", (unsigned long long)ltr_census_info(a)->lost);
		}
		return "count";
	}
	if (memcmp(ltr_census_info(a)->by_state, ltr_census_info(b)->by_state,
		   sizeof(ltr_census_info(a)->by_state)) != 0)
		return "counts by state";
	if (ltr_census_info(a)->created != ltr_census_info(b)->created ||
	    ltr_census_info(a)->exited != ltr_census_info(b)->exited)
		return "created and exited";
	for (size_t i = 0; i < ltr_census_count(b); i++) {
		const struct ltr_goroutine *is = ltr_census_at(b, i);
		const struct ltr_goroutine *kept = ltr_census_find(a, is->id);
		if (!kept)
			return "a goroutine";
		if (kept->transitions != is->transitions)
			return "transitions";
		if (kept->state != is->state || kept->reason != is->reason)
			return "state";
		if (kept->object != is->object)
			return "object";
		if (kept->parent_id != is->parent_id)
			return "parent";
		if (kept->creation_pc != is->creation_pc)
			return "creation pc";
		if (kept->waker_id != is->waker_id)
			return "waker";
		if (!same_stack(a, kept->stack, b, is->stack)) {
			if (tell) {
				print_message("%llu %s %s\n", (unsigned long long)is->id,
					      ltr_state_name(is->state),
					      ltr_reason_name(is->reason));
				print_stack("events", a, kept->stack);
				print_stack("snapshot", b, is->stack);
			}
			return "stack";
		}
		/* Clocks are converted anew each time, so equal is too much to ask. */
		if (kept->since_ns == 0 || kept->since_ns > ltr_census_info(b)->now_ns)
			return "since";
	}
	return NULL;
}

static void must_become_equal(struct ltr_probe *probe, const struct child *child)
{
	const char *what = "never looked";

	for (int i = 0; i < PATIENCE && what; i++) {
		assert_true(ltr_probe_poll(probe, 10) >= 0);
		struct ltr_probe *other = watch(child, LTR_VIA_SNAPSHOT, false);
		what = difference(ltr_probe_census(probe), ltr_probe_census(other),
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

static void watch_a_life(enum ltr_via via, bool from_the_middle)
{
	struct child child = start("150");
	struct ltr_probe *probe = NULL;

	hear(&child, "up\n");
	if (!from_the_middle)
		probe = watch(&child, via, true);
	go_on(&child);
	if (from_the_middle)
		probe = watch(&child, via, true);
	const struct ltr_census *census = ltr_probe_census(probe);
	const struct ltr_census_info *info = ltr_census_info(census);
	/* From the start it is the main goroutine alone, and that is in a blocking call. */
	size_t found_under_way = from_the_middle ? ltr_census_count(census) : 0;
	print_message("watched by %s %s\n", ltr_way_name(info->way), info->way_reason);

	int ready = 0;
	while (!ready) {
		struct timeval now = {0};
		fd_set set;
		FD_ZERO(&set);
		FD_SET(fileno(child.says), &set);
		assert_true(ltr_probe_poll(probe, 10) >= 0);
		ready = select(fileno(child.says) + 1, &set, NULL, NULL, &now);
	}
	hear(&child, "quiet\n");
	must_become_equal(probe, &child);
	print_message("%llu records, %llu lost\n", (unsigned long long)info->events,
		      (unsigned long long)info->lost);
	if (!from_the_middle)
		assert_true(info->events > 10000);
	if (!info->lost)
		waits_add_up(census, found_under_way);

	go_on(&child);
	while (!info->gone)
		(void)ltr_probe_poll(probe, 1000);
	int status;
	assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
	assert_int_equal(status, 0);
	ltr_probe_close(probe);
	fclose(child.says);
	close(child.asks);
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

/* Two watchers at once do not disturb each other, nor does one that leaves. */
static void test_two_watchers(void **state)
{
	(void)state;
	struct child child = start("100");

	hear(&child, "up\n");
	struct ltr_probe *one = watch(&child, LTR_VIA_SHM, true);
	struct ltr_probe *two = watch(&child, LTR_VIA_SHM, true);
	go_on(&child);
	must_become_equal(one, &child);
	must_become_equal(two, &child);
	ltr_probe_close(one);
	hear(&child, "quiet\n");
	must_become_equal(two, &child);
	ltr_probe_close(two);
	go_on(&child);
	waitpid(child.pid, NULL, 0);
	fclose(child.says);
	close(child.asks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rings_from_the_start),
		cmocka_unit_test(test_rings_from_the_middle),
		cmocka_unit_test(test_best_from_the_start),
		cmocka_unit_test(test_best_from_the_middle),
		cmocka_unit_test(test_two_watchers),
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
