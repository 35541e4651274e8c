/* SPDX-License-Identifier: MIT */

/*
 * Threads that fall asleep while others put work where it may be taken (idle.c and the queues of
 * scheduler.c) under the checker. Whoever puts work here computes from then on and never comes back
 * to its queues: as long as another processor is idle, its thread has to come and take the work.
 * The threads look for work with the runtime's own find_work(); nothing is run.
 *
 * Time passes only for who waits for it. There is no monitor, which would find lost work later.
 */

#include "atomics.h"

#include "trace.h"
#define ltr__trace_flush(ring) ((void)(ring))
#undef ltr__relax
#define ltr__relax() model_time_passes(1000)

/* There are as many threads as processors: who wants a new one has lost count. */
static int model_pthread_create(pthread_t *handle, const pthread_attr_t *attributes,
				void *(*entry)(void *), void *argument)
{
	(void)handle, (void)attributes, (void)entry, (void)argument;
	model_fail("a new thread is wanted");
	return EAGAIN;
}
#define pthread_create model_pthread_create

/* NOLINTBEGIN(bugprone-suspicious-include): the code itself, with other atomics */
#include "idle.c"
#include "scheduler.c"
/* NOLINTEND(bugprone-suspicious-include) */

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define GOROUTINES 4u

static struct ltr__goroutine goroutines[GOROUTINES];
static struct ltr__thread model_threads[MODEL_THREADS_MAX];
static struct ltr__processor model_processors[MODEL_THREADS_MAX];
static struct ltr_ring rings[MODEL_THREADS_MAX];
static unsigned taken[GOROUTINES];
static unsigned processor_count;

static void enter_thread(unsigned number)
{
	ltr__current_thread = &model_threads[number];
}

/* Bytes that no choice depends on: nobody stops, retires, watches, waits for time or sockets. */
static void ignore_the_rest(void)
{
	for (unsigned i = 0; i < processor_count; i++) {
		model_ignore(&model_processors[i].tick, sizeof(uint32_t));
		model_ignore(&model_processors[i].busy, sizeof(uint32_t));
		model_ignore(&model_processors[i].retire, sizeof(uint32_t));
		model_ignore(&model_processors[i].queue.slot_stale, sizeof(uint32_t));
	}
	model_ignore(goroutines, sizeof(goroutines));
	model_ignore(&ltr__watch, sizeof(ltr__watch));
	model_ignore(&ltr__coarse_ticks, sizeof(ltr__coarse_ticks));
	model_ignore(&ltr__monitor_asleep, sizeof(ltr__monitor_asleep));
	model_ignore(&ltr__sched.shared, sizeof(ltr__sched.shared));
	model_ignore(&ltr__sched.processor_used, sizeof(ltr__sched.processor_used));
	model_ignore(&ltr__sched.calls, sizeof(ltr__sched.calls));
	model_ignore(&ltr__sched.timers, sizeof(ltr__sched.timers));
	model_ignore(&ltr__sched.net_waits, sizeof(ltr__sched.net_waits));
	model_ignore(&ltr__sched.stopping, sizeof(ltr__sched.stopping));
}

/* Thread 0 runs a goroutine on processor 0, the others have processors, too. */
static void start_awake(void)
{
	memset(&ltr__sched, 0, sizeof(ltr__sched));
	memset(goroutines, 0, sizeof(goroutines));
	memset(model_threads, 0, sizeof(model_threads));
	memset(model_processors, 0, sizeof(model_processors));
	memset(taken, 0, sizeof(taken));
	ltr__sched.shared = 1;
	ltr__sched.processor_count = ltr__sched.processor_used = processor_count;
	ltr__sched.processors = model_processors;
	ltr__sched.threads = model_threads;
	ltr__sched.thread_count = processor_count;
	for (unsigned i = 0; i < processor_count; i++) {
		struct ltr__thread *thread = &model_threads[i];

		ltr__processor_init(i);
		model_processors[i].tick = 1; /* no fair pick soon */
		thread->index = i;
		thread->processor = &model_processors[i];
		thread->ring = &rings[i];
		thread->patience_ns = PATIENCE_MIN_NS;
	}
	for (unsigned i = 0; i < GOROUTINES; i++)
		goroutines[i].id = i + 1;
	model_name(&ltr__sched, sizeof(ltr__sched), "ltr__sched");
	model_name(&model_processors[0], sizeof(model_processors[0]), "processor 0");
	model_name(&model_processors[1], sizeof(model_processors[0]), "processor 1");
	model_name(&model_processors[2], sizeof(model_processors[0]), "processor 2");
	model_name(&model_threads[1], sizeof(model_threads[0]), "thread 1");
	model_name(&model_threads[2], sizeof(model_threads[0]), "thread 2");
	model_watch(&ltr__sched, sizeof(ltr__sched));
	for (unsigned i = 0; i < processor_count; i++)
		model_watch(&model_threads[i].processor, sizeof(model_threads[i].processor));
	ignore_the_rest();
}

/* The others sleep. */
static void start_asleep(void)
{
	start_awake();
	for (unsigned i = 1; i < processor_count; i++) {
		ltr__idle_push(&model_processors[i]);
		model_threads[i].processor = NULL;
		model_threads[i].next_sleeping = ltr__sched.sleeping;
		ltr__sched.sleeping = &model_threads[i];
	}
}

/* --- the threads -------------------------------------------------------------------------------- */

static void look_for_work(unsigned number)
{
	struct ltr__thread *thread = &model_threads[number];
	struct ltr__goroutine *goroutine;

	if (!thread->processor)
		sleep_until_given(thread);
	goroutine = find_work(thread);
	model_expect(thread->processor && !thread->spinning);
	model_expect(goroutine >= goroutines && goroutine < goroutines + GOROUTINES);
	model_expect(taken[goroutine - goroutines]++ == 0);
}

static void make_newborn(unsigned number)
{
	ltr__queue_newborn(&model_threads[number], &goroutines[0]);
}

/* The last woken stays with its waker; the one before is for everybody. */
static void wake_two(unsigned number)
{
	(void)number;
	ltr__ready(&goroutines[0], 1);
	ltr__ready(&goroutines[1], 1);
}

static void wake_three(unsigned number)
{
	wake_two(number);
	ltr__ready(&goroutines[2], 1);
}

static void inject_one(unsigned number)
{
	(void)number;
	ltr__inject(&goroutines[0], &goroutines[0], 1);
}

/* --- the end ------------------------------------------------------------------------------------ */

/* That all threads found something is asked by the checker: none may wait for ever. */
static void books_are_right(void)
{
	unsigned idle = 0;

	for (const struct ltr__processor *each = ltr__sched.idle; each; each = each->next_idle)
		idle++;
	model_expect(idle == 0 && ltr__sched.idle_count == 0);
	model_expect(ltr__sched.spinning == 0);
	model_expect(!ltr__sched.lock && !ltr__sched.sleeping);
}

#define IDLING(title, first_state, count, ...)                                       \
	{                                                                            \
		.name = title, .thread_count = count, .thread = {__VA_ARGS__},       \
		.start = first_state, .enter = enter_thread, .end = books_are_right, \
		.delayed_stores = true,                                              \
	}

static const struct model_program right[] = {
	IDLING("a newborn, a thread that falls asleep", start_awake, 2, make_newborn,
	       look_for_work),
	IDLING("a newborn, a sleeping thread", start_asleep, 2, make_newborn, look_for_work),
	IDLING("one woken, a thread that falls asleep", start_awake, 2, wake_two, look_for_work),
	IDLING("one woken, a sleeping thread", start_asleep, 2, wake_two, look_for_work),
	IDLING("one injected, a thread that falls asleep", start_awake, 2, inject_one,
	       look_for_work),
	IDLING("two woken, two sleeping threads", start_asleep, 3, wake_three, look_for_work,
	       look_for_work),
};

static bool explore(const struct model_program *program, struct model_result *ret_result)
{
	processor_count = program->thread_count;
	return model_explore(program, ret_result);
}

static void all_work_is_found(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		struct model_result result;

		explore(&right[i], &result);
		model_print_result(&right[i], &result);
		if (result.failure[0])
			model_print_schedule(stderr);
		assert_string_equal(result.failure, "");
	}
}

static void what_is_broken_is_found(void **state)
{
	static const struct model_broken broken[] = {
		{0, MODEL_FENCES}, {2, MODEL_FENCES}, {0, MODEL_LOCKS},
		{4, MODEL_LOCKS},  {5, MODEL_LOCKS},
	};

	(void)state;
	assert_true(model_miss_all(right, broken, sizeof(broken) / sizeof(broken[0]), explore));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_work_is_found),
		cmocka_unit_test(what_is_broken_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
