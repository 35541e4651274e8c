/* SPDX-License-Identifier: MIT */
/*
 * The sampler of this process's threads, without a runtime and without a census. A look at /proc
 * and the making of timers go through functions of this file (--wrap), so that they can miss and
 * refuse. How long something is waited for is counted in work of the thread that is to be sampled,
 * not in time.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include <loiter/layout.h>

#include "cpu_handler.h"
#include "events.h"
#include "testing.h"

#define RATE_HZ    251
#define STEP_NS    1000000u
#define STEPS_MOST 4000 /* a thousand periods */
#define SLOTS_SEEN 64u

struct worker {
	pthread_t thread;
	atomic_uint tid;
	atomic_bool over;
	sem_t steps;
};

struct seen {
	uint64_t samples;
	uint64_t lost;
};

static atomic_uint hidden; /* the thread that a look misses; 0 */
static atomic_int misses;
static atomic_int timer_error; /* 0: there are timers */
static atomic_int refusals;

struct dirent *__real_readdir(DIR *folder);
struct dirent *__wrap_readdir(DIR *folder);
int __real_timer_create(clockid_t clock, struct sigevent *event, timer_t *ret_timer);
int __wrap_timer_create(clockid_t clock, struct sigevent *event, timer_t *ret_timer);

struct dirent *__wrap_readdir(DIR *folder)
{
	struct dirent *entry = __real_readdir(folder);
	unsigned missed = atomic_load(&hidden);

	if (!entry || missed == 0 || strtoul(entry->d_name, NULL, 10) != missed)
		return entry;
	atomic_fetch_add(&misses, 1);
	return __real_readdir(folder);
}

int __wrap_timer_create(clockid_t clock, struct sigevent *event, timer_t *ret_timer)
{
	if (atomic_load(&timer_error) == 0)
		return __real_timer_create(clock, event, ret_timer);
	atomic_fetch_add(&refusals, 1);
	errno = atomic_load(&timer_error);
	return -1;
}

/* --- work ------------------------------------------------------------------------------------ */

static uint64_t worked_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void *work(void *context)
{
	struct worker *worker = context;

	atomic_store(&worker->tid, (unsigned)gettid());
	while (!atomic_load(&worker->over)) {
		uint64_t end_ns = worked_ns() + STEP_NS;

		while (worked_ns() < end_ns)
			;
		sem_post(&worker->steps);
	}
	return NULL;
}

/* Returns when it has a number. */
static void start_worker(struct worker *worker)
{
	*worker = (struct worker){0};
	sem_init(&worker->steps, 0, 0);
	if (pthread_create(&worker->thread, NULL, work, worker) != 0)
		abort();
	sem_wait(&worker->steps);
}

static void end_worker(struct worker *worker)
{
	atomic_store(&worker->over, true);
	pthread_join(worker->thread, NULL);
	sem_destroy(&worker->steps);
}

/* --- samples --------------------------------------------------------------------------------- */

static int see_sample(void *context, uint64_t at_ns, uint64_t goroutine, bool in_call,
		      const uint64_t *pcs, size_t depth)
{
	(void)at_ns, (void)goroutine, (void)in_call, (void)pcs, (void)depth;
	((struct seen *)context)->samples++;
	return 0;
}

static void see_loss(void *context, uint64_t samples)
{
	((struct seen *)context)->lost += samples;
}

static int open_sampler(void **ret_sampler, struct ltr_why *ret_why)
{
	static const uint32_t ring_count;
	const struct ltr_layout layout = {.ring_count = (uintptr_t)&ring_count};
	const struct ltr_event_target what = {.pid = (uint32_t)getpid(), .layout = &layout};

	return ltr__cpu_signals.open(&what, RATE_HZ, ret_sampler, ret_why);
}

static int take(void *sampler, struct seen *seen)
{
	const struct ltr_cpu_sink sink = {seen, see_sample, see_loss};

	return ltr__cpu_signals.poll(sampler, &sink);
}

/* A step of the thread, and what was sampled up to then. */
static void step(struct worker *worker, void *sampler, struct seen *seen)
{
	while (sem_wait(&worker->steps) <
	       0) /* who looks gets no signal; a debugger's stop ends it */
		;
	(void)take(sampler, seen);
}

static bool is_sampled(struct worker *worker, void *sampler, struct seen *seen)
{
	uint64_t before = seen->samples;

	for (int i = 0; i < STEPS_MOST && seen->samples < before + 3; i++)
		step(worker, sampler, seen);
	return seen->samples >= before + 3;
}

/* --- the rules ------------------------------------------------------------------------------- */

static void a_thread_that_a_look_misses_stays_sampled(void **state)
{
	struct seen seen = {0};
	struct worker worker;
	void *sampler;

	(void)state;
	start_worker(&worker);
	assert_int_equal(open_sampler(&sampler, NULL), 0);
	assert_true(is_sampled(&worker, sampler, &seen));
	atomic_store(&misses, 0);
	atomic_store(&hidden, atomic_load(&worker.tid));
	while (atomic_load(&misses) < 2)
		step(&worker, sampler, &seen);
	assert_true(is_sampled(&worker, sampler, &seen));
	atomic_store(&hidden, 0);
	ltr__cpu_signals.close(sampler);
	end_worker(&worker);
}

static void note_heads(uint64_t *heads)
{
	for (uint32_t i = 0; i < SLOTS_SEEN; i++) {
		const struct ltr__slot *slot = ltr__slot_at(i);

		assert_non_null(slot);
		heads[i] = __atomic_load_n(&slot->head, __ATOMIC_ACQUIRE);
	}
}

/* Threads one after another that work: those that have ended give their slots to others. */
static void a_slot_gets_another_thread(void **state)
{
	uint64_t before[SLOTS_SEEN];
	uint64_t after[SLOTS_SEEN];
	bool used[SLOTS_SEEN] = {false};
	struct seen seen = {0};
	bool again = false;
	void *sampler;

	(void)state;
	assert_int_equal(open_sampler(&sampler, NULL), 0);
	for (uint32_t round = 0; round < SLOTS_SEEN && !again; round++) {
		struct worker worker;

		note_heads(before);
		start_worker(&worker);
		assert_true(is_sampled(&worker, sampler, &seen));
		end_worker(&worker);
		note_heads(after);
		for (uint32_t i = 0; i < SLOTS_SEEN; i++) {
			again |= used[i] && after[i] != before[i];
			used[i] |= after[i] != before[i];
		}
	}
	assert_true(again);
	ltr__cpu_signals.close(sampler);
}

static void who_has_ended_loses_nothing(void **state)
{
	struct seen seen = {0};
	struct worker worker;
	void *sampler;

	(void)state;
	start_worker(&worker);
	atomic_store(&timer_error, EINVAL); /* of such a thread there is no clock any more */
	assert_int_equal(open_sampler(&sampler, NULL), 0);
	atomic_store(&refusals, 0);
	while (atomic_load(&refusals) < 3)
		step(&worker, sampler, &seen);
	step(&worker, sampler, &seen);
	assert_int_equal(seen.samples, 0);
	assert_int_equal(seen.lost, 0);
	atomic_store(&timer_error, 0);
	assert_true(is_sampled(&worker, sampler, &seen));
	ltr__cpu_signals.close(sampler);
	end_worker(&worker);
}

static void who_gets_no_timer_loses_all(void **state)
{
	const uint64_t of_a_look = RATE_HZ / 10;
	struct ltr_why why = {""};
	struct seen seen = {0};
	struct worker workers[2];
	uint64_t refused;
	void *sampler;

	(void)state;
	start_worker(&workers[0]);
	atomic_store(&timer_error, EAGAIN);
	assert_int_equal(open_sampler(&sampler, &why), -EAGAIN);
	assert_non_null(strstr(why.text, "timers"));
	atomic_store(&timer_error, 0);
	assert_int_equal(open_sampler(&sampler, &why), 0);
	assert_true(is_sampled(&workers[0], sampler, &seen));
	seen.lost = 0;
	atomic_store(&refusals, 0);
	atomic_store(&timer_error, EAGAIN);
	start_worker(&workers[1]);
	while (atomic_load(&refusals) < 3)
		step(&workers[0], sampler, &seen);
	refused = (uint64_t)atomic_load(&refusals);
	assert_true(seen.lost >= refused * of_a_look);
	assert_true(seen.lost <= refused * (of_a_look + 1));
	atomic_store(&timer_error, 0);
	ltr__cpu_signals.close(sampler);
	end_worker(&workers[1]);
	end_worker(&workers[0]);
}

/* Returns what is wrong, or 0. */
static int be_a_child(void *parents)
{
	struct seen seen = {0};
	struct worker worker;
	void *sampler;

	if (take(parents, &seen) != 0)
		return 1;
	if (open_sampler(&sampler, NULL) != 0)
		return 2;
	start_worker(&worker);
	if (!is_sampled(&worker, sampler, &seen))
		return 3;
	ltr__cpu_signals.close(parents); /* has taken nothing from the child's own */
	if (!is_sampled(&worker, sampler, &seen))
		return 4;
	ltr__cpu_signals.close(sampler);
	end_worker(&worker);
	return 0;
}

/* Returns what is wrong, or 0. */
static int be_a_child_that_ends_it(void *parents)
{
	struct sigaction action;

	ltr__cpu_signals.close(parents);
	if (sigaction(SIGPROF, NULL, &action) < 0 || action.sa_handler != SIG_DFL)
		return 1;
	return 0;
}

static void run_child(int (*child)(void *), void *sampler)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(child(sampler));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void a_child_samples_itself(void **state)
{
	struct ltr_why why = {""};
	struct seen seen = {0};
	struct worker worker;
	void *another;
	void *sampler;

	(void)state;
	start_worker(&worker);
	assert_int_equal(open_sampler(&sampler, &why), 0);
	assert_int_equal(open_sampler(&another, &why), -EBUSY);
	assert_non_null(strstr(why.text, "already"));
	assert_true(is_sampled(&worker, sampler, &seen));
	run_child(be_a_child, sampler);
	run_child(be_a_child_that_ends_it, sampler);
	assert_true(is_sampled(&worker, sampler, &seen));
	assert_int_equal(open_sampler(&another, &why), -EBUSY);
	ltr__cpu_signals.close(sampler);
	end_worker(&worker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_that_a_look_misses_stays_sampled),
		cmocka_unit_test(a_slot_gets_another_thread),
		cmocka_unit_test(who_has_ended_loses_nothing),
		cmocka_unit_test(who_gets_no_timer_loses_all),
		cmocka_unit_test(a_child_samples_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
