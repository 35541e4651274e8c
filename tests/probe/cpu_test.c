/* SPDX-License-Identifier: MIT */
/*
 * Samples of the CPUs on a real program, cpu_target: what it does is in the census, at its functions
 * and under its goroutines' names, and in the proportions of the work. Where BPF is refused, the test
 * says why and exits with 77.
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

#include "ebpf/private.h"
#include "probe.h"
#include "program.h"

/* Of the two that take turns; then the share of the first is within two hundredths of 3/4, and the
 * bounds of 2/3 and 5/6 are more than four times as far away. */
#define ENOUGH 600

static void start_target(struct program *target)
{
	char word[4] = "";

	program_start(target, getenv("CPU_TARGET"));
	assert_int_equal(read(target->from, word, 3), 3);
}

static struct ltr_probe *open_probe(const struct program *target, enum ltr_via via, uint32_t cpu_hz)
{
	const struct ltr_probe_options options = {.via = via, .cpu_hz = cpu_hz};
	struct ltr_probe *probe = NULL;
	struct ltr_why why = {""};

	if (ltr_probe_open((uint32_t)target->pid, &options, &probe, &why) < 0)
		fail_msg("%s", why.text);
	return probe;
}

/* Whether the innermost frame is that of the function, whatever is inlined in it. */
static bool is_in(const struct ltr_census *census, uint32_t stack, const char *function)
{
	size_t depth;
	const uint64_t *pcs = ltr_census_stack(census, stack, &depth);
	const struct ltr_symbol *symbol = pcs ? ltr_census_call_symbol(census, pcs[0]) : NULL;

	while (symbol && symbol->outer)
		symbol = symbol->outer;
	return symbol && strcmp(symbol->function, function) == 0;
}

struct share {
	const char *function;
	const char *name;
	uint32_t state;
	uint64_t samples;
};

static void add_up(const struct ltr_census *census, struct share *share)
{
	share->samples = 0;
	for (size_t i = 0; i < ltr_census_cpu_count(census); i++) {
		const struct ltr_cpu_total *total = ltr_census_cpu(census, i);
		size_t count;
		const struct ltr_census_label *labels =
			ltr_census_labels(census, total->labels, &count);

		if (!is_in(census, total->stack, share->function))
			continue;
		share->samples += total->samples;
		assert_int_equal(total->state, share->state);
		assert_string_equal(ltr_census_string(census, total->name), share->name);
		assert_int_equal(count, 1);
		assert_string_equal(ltr_census_string(census, labels[0].value), share->name);
		assert_string_equal(
			ltr_census_string(census, ltr_census_site(census, total->site)->function),
			"run");
	}
}

static void watch_work(enum ltr_via via)
{
	struct share three = {
		.function = "work_three", .name = "three", .state = LTR_STATE_RUNNING};
	struct share one = {.function = "work_one", .name = "one", .state = LTR_STATE_RUNNING};
	struct share in_call = {
		.function = "work_in_call", .name = "caller", .state = LTR_STATE_SYSCALL};
	struct program target;

	start_target(&target);

	struct ltr_probe *probe = open_probe(&target, via, 997);
	const struct ltr_census *census = ltr_probe_census(probe);

	assert_int_equal(ltr_census_info(census)->cpu_period_ns, 1000000000ull / 997);
	do {
		assert_true(ltr_probe_poll(probe, 50) >= 0);
		add_up(census, &three);
		add_up(census, &one);
		add_up(census, &in_call);
	} while (three.samples + one.samples < ENOUGH || in_call.samples == 0);
	print_message("%s: %llu : %llu, %llu in a call\n",
		      ltr_way_name(ltr_census_info(census)->way), (unsigned long long)three.samples,
		      (unsigned long long)one.samples, (unsigned long long)in_call.samples);
	assert_true(three.samples > 2 * one.samples);
	assert_true(three.samples < 5 * one.samples);
	assert_int_equal(ltr_census_info(census)->cpu_lost, 0);
	ltr_probe_close(probe);
	program_end(&target);
}

static void test_work_is_where_it_is_done(void **state)
{
	(void)state;
	ltr__ebpf_ways = LTR__EBPF_WAYS_NEW;
	watch_work(LTR_VIA_SNAPSHOT);
	ltr__ebpf_ways = LTR__EBPF_WAYS_ANY;
}

static void test_by_a_program_for_old_kernels(void **state)
{
	(void)state;
	ltr__ebpf_ways = LTR__EBPF_WAYS_OLD;
	watch_work(LTR_VIA_SNAPSHOT);
	ltr__ebpf_ways = LTR__EBPF_WAYS_ANY;
}

static void test_together_with_events(void **state)
{
	(void)state;
	watch_work(LTR_VIA_EBPF);
}

static uint64_t samples_of(const struct ltr_census *census)
{
	uint64_t samples = 0;

	for (size_t i = 0; i < ltr_census_cpu_count(census); i++)
		samples += ltr_census_cpu(census, i)->samples;
	return samples;
}

static void test_it_can_begin_later_and_end(void **state)
{
	(void)state;
	struct program target;
	struct ltr_why why;

	start_target(&target);

	struct ltr_probe *probe = open_probe(&target, LTR_VIA_SNAPSHOT, 0);
	const struct ltr_census *census = ltr_probe_census(probe);

	assert_true(ltr_probe_poll(probe, 0) >= 0);
	assert_int_equal(ltr_census_cpu_count(census), 0);
	assert_int_equal(ltr_census_info(census)->cpu_period_ns, 0);
	assert_int_equal(ltr_probe_sample_cpu(probe, LTR_CPU_HZ_MAX + 1, &why), -EINVAL);
	assert_int_equal(ltr_probe_sample_cpu(probe, 500, &why), 0);
	assert_int_equal(ltr_probe_sample_cpu(probe, 500, &why), 0);
	assert_int_equal(ltr_probe_sample_cpu(probe, 501, &why), -EINVAL);
	while (samples_of(census) == 0)
		assert_true(ltr_probe_poll(probe, 10) >= 0);
	assert_int_equal(ltr_probe_sample_cpu(probe, 0, &why), 0);

	uint64_t samples = samples_of(census);

	assert_true(ltr_probe_poll(probe, 10) >= 0);
	assert_int_equal(samples_of(census), samples);
	ltr_probe_close(probe);
	program_end(&target);
}

static bool is_refused(void)
{
	const struct ltr_probe_options options = {.via = LTR_VIA_SNAPSHOT, .cpu_hz = LTR_CPU_HZ};
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
		cmocka_unit_test(test_work_is_where_it_is_done),
		cmocka_unit_test(test_by_a_program_for_old_kernels),
		cmocka_unit_test(test_together_with_events),
		cmocka_unit_test(test_it_can_begin_later_and_end),
	};

	if (!getenv("CPU_TARGET")) {
		fprintf(stderr, "CPU_TARGET must name the program to watch (run me by ctest)\n");
		return 2;
	}
	setenv("LTR_PROCS", "1", 1);
	signal(SIGPIPE, SIG_IGN);
	return is_refused() ? 77 : cmocka_run_group_tests(tests, NULL, NULL);
}
