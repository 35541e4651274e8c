/* SPDX-License-Identifier: MIT */

/* ltr_run(): from the first goroutine to the return of the main one. */

#include <errno.h>
#include <loiter/goroutine.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "cold.h"
#include "fatal.h"
#include "fault.h"
#include "futex.h"
#include "gate.h"
#include "idle.h"
#include "layout.h"
#include "monitor.h"
#include "note.h"
#include "poller.h"
#include "region.h"
#include "reserve.h"
#include "seed.h"
#include "trace.h"
#include "uring.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#define MAIN_STACK_BYTES (8u << 20)
#define STOP_WAIT_NS     20000000 /* for threads to notice; who computes on is left behind */

/* Only those in use are ever touched. */
static struct ltr__processor processors[LTR__PROCESSOR_MAX];

struct main_call {
	int (*function)(int, char **);
	int argc;
	char **argv;
};

/* The number in an environment variable; `otherwise` if there is none. -EINVAL: it is no number from
 * `least` to LTR__PROCESSOR_MAX. */
static int number_wanted(const char *name, long least, long otherwise)
{
	const char *variable = secure_getenv(name);
	long count = otherwise;
	char *end;

	if (variable && *variable) {
		errno = 0;
		count = strtol(variable, &end, 10);
		if (errno || *end || count < least || count > (long)LTR__PROCESSOR_MAX)
			return -EINVAL;
	}
	return (int)(count > (long)LTR__PROCESSOR_MAX ? (long)LTR__PROCESSOR_MAX : count);
}

static long cpus_to_use(void)
{
	cpu_set_t cpus;

	return sched_getaffinity(0, sizeof(cpus), &cpus) == 0 ? CPU_COUNT(&cpus) : 1;
}

static void run_main(void *argument)
{
	struct main_call *call = argument;

	ltr__sched.main_status = call->function(call->argc, call->argv);
	ltr__main_has_returned = true;
}

void ltr__main_done(void)
{
	ltr__layout_phase(LTR_PHASE_MAIN_RETURNED);
	ltr__monitor_stop(&ltr__sched.main_done);
}

static int init(void)
{
	int r = ltr__seed_init();
	int count = ltr__seed.on ? 1 : number_wanted("LTR_PROCS", 1, cpus_to_use());
	int spares = ltr__seed.on ? 0 : number_wanted("LTR_SPARES", 0, LTR__PROCESSOR_MAX);
	int uring = number_wanted("LTR_URING", 0, 1);

	if (r < 0)
		return r;
	if (count < 0 || spares < 0 || uring < 0 || uring > 1)
		return -EINVAL;
	ltr__uring_init(uring);
	if (sysconf(_SC_PAGESIZE) > (long)LTR__STACK_GUARD_BYTES)
		return -ENOTSUP;
	ltr__sched.spare_max = (uint32_t)spares;
	ltr__sched.processor_count = (uint32_t)count;
	ltr__sched.processors = processors;
	ltr__sched.threads = ltr__reserve(LTR__THREAD_MAX * sizeof(struct ltr__thread));
	if (!ltr__sched.threads)
		return -ENOMEM;
	ltr__region_add(ltr__sched.threads, LTR__THREAD_MAX * sizeof(struct ltr__thread),
			LTR_REGION_CALLS, 0);
#ifdef __SANITIZE_ADDRESS__
	/* Queues and heaps hang on them, and it does not look into mappings. */
	__lsan_register_root_region(ltr__sched.processors,
				    LTR__PROCESSOR_MAX * sizeof(struct ltr__processor));
#endif
	ltr__sched.next_id = 1;
	r = ltr__descriptors_init();
	if (r == 0)
		r = ltr__trace_init();
	if (r == 0)
		r = ltr__poll_init();
	if (r < 0)
		return r;
	ltr__note_init();
	ltr__sched_start((uint32_t)count);
	ltr__seed_start(&ltr__sched.processors[0]);
	return 0;
}

/*
 * The main goroutine is made before there is a thread to run it, with a thread structure that is
 * only good for that.
 */
static int make_main(struct main_call *call)
{
	static const struct ltr_site site = {"", "ltr_run", 0};
	struct ltr__thread thread = {.processor = &ltr__sched.processors[0]};
	struct ltr_go_options options = {.name = "main", .stack_bytes = MAIN_STACK_BYTES};
	struct ltr__goroutine *main_goroutine;

	thread.ring = ltr__ring_new(0);
	if (!thread.ring)
		return -ENOMEM;
	ltr__sched.thread_count = 1; /* ring 0 stays with the thread of ltr_run() */
	main_goroutine = ltr__goroutine_new(&thread, &options, &site, __builtin_return_address(0),
					    run_main, call, sizeof(*call));
	if (!main_goroutine)
		return -ENOMEM;
	main_goroutine->own_flags |= LTR_GOROUTINE_MAIN;
	ltr__inject(main_goroutine, main_goroutine, 1);
	return 0;
}

/* The gate holds us: the others run on, and the monitor with them. */
static void hold(enum ltr_gate_kind kind, uint64_t value)
{
	if (!ltr__gate_say(kind, value))
		return;
	do {
		ltr__monitor_tick();
	} while (ltr__gate_held(2));
}

/*
 * For exit() below ltr_run(); after it, everything has been said. Who calls exit() will not come back
 * to its own function: it is no goroutine that should have ended.
 */
static void hold_at_exit(int status, void *argument)
{
	struct ltr__thread *thread = ltr__self();

	(void)argument;
	if (thread && thread->current)
		thread->current->own_flags |= LTR_GOROUTINE_DAEMON;
	if (__atomic_load_n(&ltr__sched.main_done, __ATOMIC_ACQUIRE))
		return;
	ltr__layout_phase(LTR_PHASE_MAIN_RETURNED);
	if (!ltr__gate_say(LTR_GATE_MAIN_RETURNED, (uint64_t)status))
		return;
	while (ltr__gate_held(100))
		;
}

static void stop_others(void)
{
	int64_t until_ns = ltr__real_ns() + STOP_WAIT_NS;

	ltr__sched_stop();
	/* Threads that sleep or are in calls stay there; those that run stop at their next step. */
	while (ltr__real_ns() < until_ns) {
		uint32_t busy;

		ltr__lock(&ltr__sched.lock);
		busy = ltr__sched.processor_count + ltr__sched.spares - ltr__sched.idle_count;
		ltr__unlock(&ltr__sched.lock);
		if (busy <= __atomic_load_n(&ltr__sched.stopped, __ATOMIC_ACQUIRE))
			break;
		sched_yield();
	}
}

int ltr_run(int (*main_goroutine)(int argc, char **argv), int argc, char **argv)
{
	static bool has_run;
	struct main_call call = {main_goroutine, argc, argv};
	int r;

	if (__atomic_exchange_n(&has_run, true, __ATOMIC_ACQ_REL))
		return -EALREADY;
	r = init();
	if (r < 0)
		return r;
	r = ltr__cold_from_environment();
	if (r < 0)
		return r;
	ltr__layout_init();
	ltr__fault_init();
	ltr__gate_open();
	on_exit(hold_at_exit, NULL);
	r = make_main(&call);
	if (r < 0) {
		ltr__poll_done();
		return r;
	}
	ltr__monitor_run(&ltr__sched.main_done);
	hold(LTR_GATE_MAIN_RETURNED, (uint64_t)ltr__sched.main_status);
	stop_others();
	return ltr__sched.main_status;
}
