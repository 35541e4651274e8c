/* SPDX-License-Identifier: MIT */
/*
 * What the kernel says of the threads of goroutines, on a real program (thread_target): through eBPF
 * where that is allowed, and from /proc, without the capabilities for eBPF. The two must say the same.
 */

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "ebpf/private.h"
#include "probe.h"
#include "program.h"

static void start_target(struct program *target)
{
	char word[4] = "";

	program_start(target, getenv("THREAD_TARGET"));
	assert_int_equal(read(target->from, word, 3), 3);
}

static struct ltr_probe *open_probe(const struct program *target)
{
	const struct ltr_probe_options options = {.via = LTR_VIA_SNAPSHOT, .threads = true};
	struct ltr_probe *probe = NULL;
	struct ltr_why why = {""};

	if (ltr_probe_open((uint32_t)target->pid, &options, &probe, &why) < 0)
		fail_msg("%s", why.text);
	return probe;
}

static const struct ltr_goroutine *named(const struct ltr_census *census, const char *name)
{
	for (size_t i = 0; i < ltr_census_count(census); i++) {
		const struct ltr_goroutine *goroutine = ltr_census_at(census, i);

		if (strcmp(ltr_census_string(census, goroutine->name), name) == 0)
			return goroutine;
	}
	return NULL;
}

static bool is_in(const struct ltr_census *census, const char *name, const char *call)
{
	const struct ltr_goroutine *goroutine = named(census, name);
	const struct ltr_thread *thread =
		goroutine ? ltr_census_thread_of(census, goroutine) : NULL;

	return thread && strcmp(ltr_census_string(census, thread->call_name), call) == 0;
}

/* Until everybody is where it wants to be. */
static void await_all(struct ltr_probe *probe)
{
	const struct ltr_census *census = ltr_probe_census(probe);

	while (!is_in(census, "reader", "read") || !is_in(census, "sleeper", "clock_nanosleep") ||
	       !named(census, "spinner") || !ltr_census_thread_of(census, named(census, "spinner")))
		assert_true(ltr_probe_refresh(probe) >= 0);
}

static void check_threads(struct ltr_probe *probe, const struct program *target, bool from_ebpf)
{
	const struct ltr_census *census = ltr_probe_census(probe);
	const struct ltr_census_info *info = ltr_census_info(census);
	const struct ltr_thread *thread;
	uint64_t before = 0;

	await_all(probe);
	for (size_t i = 0; i < ltr_census_thread_count(census); i++) {
		thread = ltr_census_thread(census, i);
		assert_true(thread->goroutine_id > before); /* in their order */
		before = thread->goroutine_id;
		assert_true(thread->tid > 0);
		assert_int_equal(thread->since_ns != 0, from_ebpf);
		assert_true(thread->since_ns <= info->now_ns);
		char path[64];
		snprintf(path, sizeof(path), "/proc/%d/task/%" PRIu32, target->pid, thread->tid);
		assert_int_equal(access(path, F_OK), 0);
	}
	assert_null(ltr_census_thread_of(census, named(census, "waiter")));

	thread = ltr_census_thread_of(census, named(census, "reader"));
	assert_int_equal(thread->call, SYS_read);
	assert_int_equal(thread->state, LTR_THREAD_ASLEEP);
	thread = ltr_census_thread_of(census, named(census, "sleeper"));
	assert_int_equal(thread->state, LTR_THREAD_ASLEEP);
	thread = ltr_census_thread_of(census, named(census, "spinner"));
	assert_true(thread->call < 0);
	assert_int_equal(thread->call_name, 0);
	if (from_ebpf)
		assert_true(thread->state == LTR_THREAD_ON_CPU ||
			    thread->state == LTR_THREAD_READY);
	else
		assert_int_equal(thread->state, LTR_THREAD_ACTIVE);
}

static uint8_t state_of(const struct ltr_census *census, const char *name)
{
	const struct ltr_goroutine *goroutine = named(census, name);
	const struct ltr_thread *thread =
		goroutine ? ltr_census_thread_of(census, goroutine) : NULL;

	return thread ? thread->state : LTR_THREAD_UNKNOWN;
}

static void await_state(struct ltr_probe *probe, const char *name, uint8_t state)
{
	const struct ltr_census *census = ltr_probe_census(probe);
	time_t end = time(NULL) + 60;

	while (state_of(census, name) != state) {
		assert_true(ltr_probe_refresh(probe) >= 0);
		if (time(NULL) > end)
			fail_msg("%s is never %s", name, ltr_thread_state_name(state));
	}
}

/* Blocked by the kernel, not asleep; and stopped, all of it. */
static void check_blocked_and_stopped(struct ltr_probe *probe, const struct program *target)
{
	await_state(probe, "parent", LTR_THREAD_BLOCKED);
	kill(target->pid, SIGSTOP);
	await_state(probe, "spinner", LTR_THREAD_STOPPED);
	await_state(probe, "reader", LTR_THREAD_STOPPED);
	assert_int_equal(state_of(ltr_probe_census(probe), "parent"), LTR_THREAD_BLOCKED);
	kill(target->pid, SIGCONT);
	await_state(probe, "reader", LTR_THREAD_ASLEEP);
}

static void pin(pid_t pid, int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	assert_int_equal(sched_setaffinity(pid, sizeof(cpus), &cpus), 0);
}

/* Two who compute on one CPU, seen from another one: by turns it has the CPU and waits for it. */
static void check_turns(struct ltr_probe *probe)
{
	const struct ltr_census *census = ltr_probe_census(probe);
	const struct ltr_thread *spinner = ltr_census_thread_of(census, named(census, "spinner"));
	cpu_set_t before;

	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	if (CPU_COUNT(&before) < 2 || !CPU_ISSET(0, &before) || !CPU_ISSET(1, &before)) {
		print_message("no turns: this takes two CPUs\n");
		return;
	}
	pin((pid_t)spinner->tid, 1);
	pid_t other = fork();
	if (other == 0) {
		pin(0, 1);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (volatile unsigned int i = 0;; i++)
			;
	}
	pin(0, 0);
	await_state(probe, "spinner", LTR_THREAD_READY);
	await_state(probe, "spinner", LTR_THREAD_ON_CPU);
	kill(other, SIGKILL);
	assert_int_equal(waitpid(other, NULL, 0), other);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

/* Who fell asleep before the first look and has not run since is asleep since the same moment. */
static void check_since(struct ltr_probe *probe)
{
	enum { TOLERANCE_NS = 1000000000 }; /* an emulator may stop us while we look at clocks */
	const struct ltr_census *census = ltr_probe_census(probe);
	const struct ltr_goroutine *sleeper = named(census, "sleeper");
	uint64_t since = ltr_census_thread_of(census, sleeper)->since_ns;
	uint64_t in_call_since = sleeper->since_ns;

	assert_true(since + ltr_census_info(census)->coarse_ns + TOLERANCE_NS >= in_call_since);
	for (int i = 0; i < 20; i++) {
		assert_true(ltr_probe_refresh(probe) >= 0);
		const struct ltr_thread *thread =
			ltr_census_thread_of(census, named(census, "sleeper"));
		if (!thread || !thread->since_ns)
			continue;
		uint64_t other = thread->since_ns;
		assert_true((other > since ? other - since : since - other) < TOLERANCE_NS);
	}
}

static bool ebpf_is_refused(const struct program *target)
{
	const struct ltr_probe_options options = {.via = LTR_VIA_EBPF};
	struct ltr_probe *probe = NULL;
	struct ltr_why why = {""};
	int err = ltr_probe_open((uint32_t)target->pid, &options, &probe, &why);

	ltr_probe_close(probe);
	return bpf_is_refused(err, why.text);
}

static void watch_through_ebpf(enum ltr__ebpf_ways ways)
{
	struct program target;

	start_target(&target);
	if (ebpf_is_refused(&target)) {
		program_end(&target);
		skip();
		return;
	}
	ltr__ebpf_ways = ways;
	struct ltr_probe *probe = open_probe(&target);

	ltr__ebpf_ways = LTR__EBPF_WAYS_ANY;
	check_threads(probe, &target, true);
	check_since(probe);
	check_turns(probe);
	check_blocked_and_stopped(probe, &target);
	ltr_probe_close(probe);
	program_end(&target);
}

static void test_through_ebpf(void **state)
{
	(void)state;
	watch_through_ebpf(LTR__EBPF_WAYS_NEW);
}

static void test_through_ebpf_as_on_an_old_kernel(void **state)
{
	(void)state;
	watch_through_ebpf(LTR__EBPF_WAYS_OLD);
}

/* For good: this is the last test. Memory of a child may be read without. */
static void give_up_ebpf(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	assert_int_equal(syscall(SYS_capget, &header, data), 0);
	for (int i = 0; i < 2; i++)
		data[i].effective = data[i].permitted = data[i].inheritable = 0;
	data[CAP_TO_INDEX(CAP_SYS_PTRACE)].effective = CAP_TO_MASK(CAP_SYS_PTRACE);
	data[CAP_TO_INDEX(CAP_SYS_PTRACE)].permitted = CAP_TO_MASK(CAP_SYS_PTRACE);
	if (syscall(SYS_capset, &header, data) < 0) /* we did not have it */
		data[CAP_TO_INDEX(CAP_SYS_PTRACE)].effective =
			data[CAP_TO_INDEX(CAP_SYS_PTRACE)].permitted = 0;
	assert_int_equal(syscall(SYS_capset, &header, data), 0);
}

static void test_through_proc(void **state)
{
	(void)state;
	struct program target;

	give_up_ebpf();
	start_target(&target);
	struct ltr_probe *probe = open_probe(&target);

	check_threads(probe, &target, false);
	check_blocked_and_stopped(probe, &target);
	ltr_probe_close(probe);
	program_end(&target);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_through_ebpf),
		cmocka_unit_test(test_through_ebpf_as_on_an_old_kernel),
		cmocka_unit_test(test_through_proc),
	};

	if (!getenv("THREAD_TARGET")) {
		fprintf(stderr, "THREAD_TARGET must name the program to watch (run me by ctest)\n");
		return 2;
	}
	setenv("LTR_PROCS", "2", 1);
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
