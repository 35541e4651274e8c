/* SPDX-License-Identifier: MIT */
/* How long a process has waited for a CPU. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cli/starved.h>

static pid_t spin(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (volatile unsigned long i = 0;; i++)
			;
	}
	return pid;
}

/* Two that want the same CPU. */
static void who_shares_a_cpu_waits_for_it(void **state)
{
	cpu_set_t all, one;
	pid_t first, second;
	(void)state;

	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	CPU_ZERO(&one);
	for (int cpu = 0; cpu < CPU_SETSIZE && !CPU_COUNT(&one); cpu++)
		if (CPU_ISSET(cpu, &all))
			CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	first = spin();
	second = spin();
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
	if (access("/proc/self/schedstat", R_OK) == 0)
		while (ltr__starved_ns((uint32_t)first) < 10000000)
			sched_yield();
	kill(first, SIGKILL);
	kill(second, SIGKILL);
	waitpid(first, NULL, 0);
	waitpid(second, NULL, 0);
	assert_int_equal(ltr__starved_ns((uint32_t)first), 0); /* nobody any more */
}

static void what_is_no_process_waits_for_nothing(void **state)
{
	(void)state;
	assert_int_equal(ltr__starved_ns(0), 0);
	assert_int_equal(ltr__starved_ns(UINT32_MAX), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_shares_a_cpu_waits_for_it),
		cmocka_unit_test(what_is_no_process_waits_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
