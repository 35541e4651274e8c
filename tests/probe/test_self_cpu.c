/* SPDX-License-Identifier: MIT */
/*
 * A process that samples its own CPUs: goroutines, blocking calls and threads of its own that work
 * for a known CPU time; and what becomes of SIGPROF. All rules run in a blocking call of the main
 * goroutine, on the thread that has the probe, and give their orders through pipes.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

#include <loiter.h>

#include "probe.h"
#include "testing.h"

#define RATE_HZ  251
#define BURN_NS  500000000ull
#define EXPECTED (BURN_NS / (1000000000ull / RATE_HZ))
/* Where timers begin and end, functions without a frame, a CPU that is another machine's for a
 * while. */
#define TOLERANCE (EXPECTED / 10)

static int orders[2];
static int answers[2];
static atomic_bool over;  /* what has no end of its own ends */
static sem_t may_unblock; /* the thread that blocks SIGPROF */
static sem_t may_burn;    /* the one that begins before its timer */

/* --- work ------------------------------------------------------------------------------------ */

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static __attribute__((noinline)) void compute(uint64_t end_ns)
{
	volatile uint32_t number = 1;

	while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < end_ns)
		for (int i = 0; i < 20000; i++)
			number = number * 1664525 + 1013904223;
}

/* So much CPU time of the thread that it is called on; no goroutine leaves its thread in here. */
static __attribute__((noinline)) void burn_in_goroutine(void)
{
	compute(clock_ns(CLOCK_THREAD_CPUTIME_ID) + BURN_NS);
	atomic_signal_fence(memory_order_seq_cst); /* the call above is not the last thing */
}

static __attribute__((noinline)) void burn_in_call(void *unused)
{
	(void)unused;
	compute(clock_ns(CLOCK_THREAD_CPUTIME_ID) + BURN_NS);
	atomic_signal_fence(memory_order_seq_cst);
}

static __attribute__((noinline)) void *burn_on_thread(void *unused)
{
	sem_wait(&may_burn);
	compute(clock_ns(CLOCK_THREAD_CPUTIME_ID) + BURN_NS);
	atomic_signal_fence(memory_order_seq_cst);
	return unused;
}

static __attribute__((noinline)) void *burn_for_ever(void *unused)
{
	while (!atomic_load(&over))
		compute(clock_ns(CLOCK_THREAD_CPUTIME_ID) + 1000000);
	return unused;
}

LTR_CHAN(numbers, int);

struct wall {
	numbers channel;
	struct ltr_waitgroup *gone;
};

static void bounce(struct wall *wall)
{
	int number;

	while (ltr_recv(wall->channel, &number) == 0)
		ltr_yield();
	ltr_waitgroup_done(wall->gone);
}

static void nothing(void *unused)
{
	(void)unused;
}

static void be_born(void)
{
	ltr_yield();
}

/* Switches of every kind, as fast as it goes. */
static __attribute__((noinline)) void switch_for_ever(void)
{
	numbers channel = ltr_make(numbers, 0);
	struct ltr_waitgroup gone = {0};
	struct wall wall = {channel, &gone};

	ltr_waitgroup_add(&gone, 1);
	ltr_go(bounce, wall);
	for (int i = 0; !atomic_load(&over); i++) {
		ltr_send(channel, i);
		if (i % 16 == 0)
			ltr_go(be_born);
		if (i % 64 == 0)
			ltr_blocking(nothing, NULL);
	}
	ltr_close(channel);
	ltr_waitgroup_wait(&gone);
	ltr_free(channel);
}

static void take_order(void *order)
{
	*(char *)order = 0;
	while (read(orders[0], order, 1) < 0 && errno == EINTR)
		;
}

static void obey(void)
{
	char order;

	ltr_set_name("burner");
	(void)!write(answers[1], "n", 1);
	for (;;) {
		ltr_blocking(take_order, &order);
		if (order == 'g')
			burn_in_goroutine();
		else if (order == 'c')
			ltr_blocking(burn_in_call, NULL);
		else if (order == 's')
			switch_for_ever();
		else
			return;
		(void)!write(answers[1], &order, 1);
	}
}

static void give_order(char order)
{
	assert_int_equal(write(orders[1], &order, 1), 1);
}

/* --- looking --------------------------------------------------------------------------------- */

static struct ltr_probe *open_probe(void)
{
	const struct ltr_probe_options options = {.via = LTR_VIA_SNAPSHOT};
	struct ltr_probe *probe = NULL;
	struct ltr_why why = {""};

	if (ltr_probe_open((uint32_t)getpid(), &options, &probe, &why) < 0)
		fail_msg("%s", why.text);
	return probe;
}

static void begin(struct ltr_probe *probe, uint32_t rate_hz)
{
	struct ltr_why why = {""};

	if (ltr_probe_sample_cpu(probe, rate_hz, &why) < 0)
		fail_msg("%s", why.text);
}

/* probe NULL: there is none yet. */
static void await_answers(struct ltr_probe *probe, int count)
{
	char answer[8];

	while (count > 0) {
		ssize_t got = read(answers[0], answer, (size_t)count);

		if (got > 0)
			count -= (int)got;
		if (probe)
			assert_true(ltr_probe_poll(probe, 5) >= 0);
	}
}

static bool is_in(const struct ltr_census *census, uint32_t stack, const char *function)
{
	size_t depth;
	const uint64_t *pcs = ltr_census_stack(census, stack, &depth);

	for (size_t i = 0; i < depth; i++) {
		const struct ltr_symbol *symbol = ltr_census_call_symbol(census, pcs[i]);

		for (; symbol; symbol = symbol->outer)
			if (strcmp(symbol->function, function) == 0)
				return true;
	}
	return false;
}

struct part {
	const char *function; /* NULL: all */
	uint32_t state;
	const char *name;
};

static uint64_t samples_of(const struct ltr_census *census, const struct part *part)
{
	uint64_t samples = 0;

	for (size_t i = 0; i < ltr_census_cpu_count(census); i++) {
		const struct ltr_cpu_total *total = ltr_census_cpu(census, i);

		if (part->function && !is_in(census, total->stack, part->function))
			continue;
		samples += total->samples;
		if (!part->function)
			continue;
		assert_int_equal(total->state, part->state);
		assert_string_equal(ltr_census_string(census, total->name), part->name);
	}
	return samples;
}

static const struct part all = {NULL, 0, NULL};

/* Timers of this process; -1: this kernel does not tell (CONFIG_CHECKPOINT_RESTORE). */
static int count_timers(void)
{
	FILE *file = fopen("/proc/self/timers", "r");
	char line[256];
	int count = 0;

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file))
		count += strncmp(line, "ID:", 3) == 0;
	fclose(file);
	return count;
}

static void assert_no_timers(void)
{
	int count = count_timers();

	if (count < 0)
		print_message("skipped: whether timers are left: no /proc/self/timers\n");
	else
		assert_int_equal(count, 0);
}

static void assert_no_trace(void)
{
	struct sigaction action;

	assert_int_equal(sigaction(SIGPROF, NULL, &action), 0);
	assert_true(action.sa_handler == SIG_DFL);
	assert_no_timers();
}

static uint64_t used_ns(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000000u +
	       (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1000u -
	       clock_ns(CLOCK_THREAD_CPUTIME_ID); /* who looks is not in it */
}

/* --- the rules ------------------------------------------------------------------------------- */

static void work_is_where_it_is_done(void **state)
{
	static const struct part parts[] = {
		{"burn_in_goroutine", LTR_STATE_RUNNING, "burner"},
		{"burn_in_call", LTR_STATE_SYSCALL, "burner"},
		{"burn_on_thread", LTR_STATE_UNKNOWN, ""},
	};
	struct ltr_probe *probe = open_probe();
	const struct ltr_census *census = ltr_probe_census(probe);
	const struct ltr_census_info *info = ltr_census_info(census);
	uint64_t before_ns;
	uint64_t sampled;
	pthread_t thread;

	(void)state;
	assert_int_equal(sem_init(&may_burn, 0, 0), 0);
	assert_int_equal(pthread_create(&thread, NULL, burn_on_thread, NULL), 0);
	before_ns = used_ns();
	begin(probe, RATE_HZ); /* has found it */
	sem_post(&may_burn);
	give_order('g');
	give_order('c');
	await_answers(probe, 2);
	assert_int_equal(pthread_join(thread, NULL), 0);
	sem_destroy(&may_burn);
	ltr_probe_sample_cpu(probe, 0, NULL);
	sampled = samples_of(census, &all);
	print_message("%llu samples, %llu lost, of %llu ms\n", (unsigned long long)sampled,
		      (unsigned long long)info->cpu_lost,
		      (unsigned long long)((used_ns() - before_ns) / 1000000));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		uint64_t samples = samples_of(census, &parts[i]);

		print_message("%s: %llu of %llu\n", parts[i].function, (unsigned long long)samples,
			      (unsigned long long)EXPECTED);
		assert_true(samples <= EXPECTED + TOLERANCE);
		assert_true(samples + info->cpu_lost + TOLERANCE >= EXPECTED);
	}
	assert_true(sampled * info->cpu_period_ns <=
		    used_ns() - before_ns + 16 * info->cpu_period_ns);
	assert_no_trace();
	ltr_probe_close(probe);
}

/* Where the kernel does not tell of timers, that they are sampled is all that is seen. */
static void threads_come_and_go(void **state)
{
	static const struct part part = {"burn_for_ever", LTR_STATE_UNKNOWN, ""};
	struct ltr_probe *probe = open_probe();
	const struct ltr_census *census = ltr_probe_census(probe);

	(void)state;
	begin(probe, RATE_HZ);
	assert_true(ltr_probe_poll(probe, 0) >= 0);
	for (uint64_t round = 1; round <= 3; round++) {
		int timers = count_timers();
		uint64_t before = samples_of(census, &part);
		pthread_t threads[4];

		atomic_store(&over, false);
		for (int i = 0; i < 4; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, burn_for_ever, NULL), 0);
		while (samples_of(census, &part) < before + 20)
			assert_true(ltr_probe_poll(probe, 5) >= 0);
		atomic_store(&over, true);
		for (int i = 0; i < 4; i++)
			assert_int_equal(pthread_join(threads[i], NULL), 0);
		while (count_timers() > timers)
			assert_true(ltr_probe_poll(probe, 5) >= 0);
	}
	ltr_probe_sample_cpu(probe, 0, NULL);
	assert_no_trace();
	ltr_probe_close(probe);
}

static void it_can_pause(void **state)
{
	struct ltr_probe *probe = open_probe();
	const struct ltr_census_info *info = ltr_census_info(ltr_probe_census(probe));
	uint64_t paused_ns;
	uint64_t started_ns;
	uint64_t before;

	(void)state;
	begin(probe, RATE_HZ);
	give_order('g');
	await_answers(probe, 1);
	ltr_probe_sample_cpu(probe, 0, NULL);
	before = samples_of(ltr_probe_census(probe), &all);
	started_ns = info->cpu_started_ns;
	paused_ns = clock_ns(CLOCK_MONOTONIC);
	print_message("%llu samples, %llu lost\n", (unsigned long long)before,
		      (unsigned long long)info->cpu_lost);
	assert_true(before + info->cpu_lost + TOLERANCE >= EXPECTED);
	give_order('g');
	await_answers(probe, 1);
	assert_int_equal(samples_of(ltr_probe_census(probe), &all), before);
	paused_ns = clock_ns(CLOCK_MONOTONIC) - paused_ns;
	begin(probe, RATE_HZ);
	/* The pause, which was at least that, does not count. */
	assert_true(info->cpu_started_ns >= started_ns + paused_ns);
	ltr_probe_sample_cpu(probe, 0, NULL);
	ltr_probe_close(probe);
}

static atomic_int handled;

static void handle(int number)
{
	(void)number;
	atomic_fetch_add(&handled, 1);
}

static void assert_busy(struct ltr_probe *probe)
{
	struct ltr_why why = {""};
	struct sigaction action;

	assert_int_equal(ltr_probe_sample_cpu(probe, RATE_HZ, &why), -EBUSY);
	assert_non_null(strstr(why.text, "SIGPROF"));
	assert_int_equal(sigaction(SIGPROF, NULL, &action), 0);
	assert_true(action.sa_handler == handle);
	assert_no_timers();
}

static void the_programs_own_handler_stays(void **state)
{
	struct ltr_probe *probe = open_probe();

	(void)state;
	signal(SIGPROF, handle);
	assert_busy(probe);
	raise(SIGPROF);
	assert_int_equal(atomic_load(&handled), 1);
	signal(SIGPROF, SIG_DFL);
	begin(probe, RATE_HZ); /* it comes later */
	signal(SIGPROF, handle);
	assert_true(ltr_probe_poll(probe, 0) >= 0);
	assert_non_null(strstr(ltr_census_info(ltr_probe_census(probe))->cpu_reason, "SIGPROF"));
	assert_busy(probe);
	signal(SIGPROF, SIG_IGN);
	begin(probe, RATE_HZ);
	ltr_probe_sample_cpu(probe, 0, NULL);
	assert_true(signal(SIGPROF, SIG_DFL) == SIG_IGN);
	ltr_probe_close(probe);
}

static atomic_bool is_pending;

static void *block_and_burn(void *unused)
{
	sigset_t profiling;
	sigset_t pending;

	sigemptyset(&profiling);
	sigaddset(&profiling, SIGPROF);
	pthread_sigmask(SIG_BLOCK, &profiling, NULL);
	do {
		compute(clock_ns(CLOCK_THREAD_CPUTIME_ID) + 1000000);
		sigpending(&pending);
	} while (!sigismember(&pending, SIGPROF));
	atomic_store(&is_pending, true);
	sem_wait(&may_unblock);
	pthread_sigmask(SIG_UNBLOCK, &profiling, NULL); /* would end the program */
	return unused;
}

static void a_signal_that_is_late_does_no_harm(void **state)
{
	struct ltr_probe *probe = open_probe();
	pthread_t thread;

	(void)state;
	assert_int_equal(sem_init(&may_unblock, 0, 0), 0);
	begin(probe, RATE_HZ);
	assert_int_equal(pthread_create(&thread, NULL, block_and_burn, NULL), 0);
	while (!atomic_load(&is_pending))
		assert_true(ltr_probe_poll(probe, 5) >= 0);
	ltr_probe_sample_cpu(probe, 0, NULL);
	sem_post(&may_unblock);
	assert_int_equal(pthread_join(thread, NULL), 0);
	sem_destroy(&may_unblock);
	assert_no_trace();
	ltr_probe_close(probe);
}

/* At any instruction, of the runtime's switches too. */
static void switching_goes_on(void **state)
{
	struct ltr_probe *probe = open_probe();
	const struct ltr_census *census = ltr_probe_census(probe);

	(void)state;
	atomic_store(&over, false);
	begin(probe, LTR_CPU_HZ_MAX);
	give_order('s');
	give_order('s');
	while (samples_of(census, &all) < 1000)
		assert_true(ltr_probe_poll(probe, 5) >= 0);
	atomic_store(&over, true);
	await_answers(probe, 2);
	ltr_probe_sample_cpu(probe, 0, NULL);
	assert_no_trace();
	ltr_probe_close(probe);
}

/* --------------------------------------------------------------------------------------------- */

static void run_rules(void *ret_failed)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(work_is_where_it_is_done),
		cmocka_unit_test(threads_come_and_go),
		cmocka_unit_test(it_can_pause),
		cmocka_unit_test(the_programs_own_handler_stays),
		cmocka_unit_test(a_signal_that_is_late_does_no_harm),
		cmocka_unit_test(switching_goes_on),
	};

	await_answers(NULL, 2); /* they have their names */
	*(int *)ret_failed = cmocka_run_group_tests(tests, NULL, NULL);
}

static int run(int argc, char **argv)
{
	int failed = 1;

	(void)argc;
	(void)argv;
	for (int i = 0; i < 2; i++)
		ltr_go(obey);
	ltr_blocking(run_rules, &failed);
	return failed;
}

int main(int argc, char **argv)
{
	if (pipe(orders) < 0 || pipe2(answers, O_NONBLOCK) < 0)
		return 2;
	return ltr_run(run, argc, argv);
}
