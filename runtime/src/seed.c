/* SPDX-License-Identifier: MIT */

/*
 * See seed.h. Runnable goroutines are moved out of the processor's queues into one array before
 * each choice: in any order for the random walk, as a heap by priority otherwise.
 */

#include "seed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "fatal.h"
#include "gate.h"
#include "idle.h"
#include "scheduler.h"
#include "timer.h"

/* What a step costs in virtual time: a little, and now and then as much as a long interruption. */
#define STEP_NS_MAX  2048u
#define STALL_NS_MAX 1000000u

/* How often the network is looked at while there is other work. */
#define PICKS_A_POLL 16u

/* By priority: who passes so many points without parking waits for somebody, and falls. */
#define POINTS_IN_A_ROW_MAX 2000u

/* A base priority is above all that goroutines fall to. */
#define BASE_PRIORITY (UINT64_C(1) << 63)

struct ltr__seed ltr__seed;

struct runnable {
	struct ltr__goroutine *goroutine;
	uint64_t priority;
};

static struct runnable *runnable;
static uint32_t runnable_count;
static uint32_t runnable_capacity;

/*
 * Priorities that goroutines fell to, by id. A place is used by many ids: the later fall forgets the
 * earlier, which is as good a schedule as another.
 */
#define FALLEN_SIZE 4096u
static struct {
	uint64_t id;
	uint64_t priority;
} fallen[FALLEN_SIZE];

/* --- chance ----------------------------------------------------------------------------------- */

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static uint64_t next_random(void)
{
	return mix(ltr__seed.random += 0x9e3779b97f4a7c15u);
}

/* 0 .. limit-1 */
static uint32_t below(uint32_t limit)
{
	return (uint32_t)(((next_random() >> 32) * limit) >> 32);
}

static void pass_time(void)
{
	uint32_t ns = below(STEP_NS_MAX);

	if ((next_random() & ltr__seed.stall_mask) == 0)
		ns += below(STALL_NS_MAX);
	ltr__clock_advance(ns);
}

static void new_window(void)
{
	ltr__seed.point = 0;
	ltr__seed.change_count = 1 + below(sizeof(ltr__seed.change) / sizeof(ltr__seed.change[0]));
	for (uint32_t i = 0; i < ltr__seed.change_count; i++)
		ltr__seed.change[i] = below(ltr__seed.window);
}

/* --- what the environment says ---------------------------------------------------------------- */

int ltr__seed_init(void)
{
	const char *seed = secure_getenv("LTR_SEED");
	const char *schedule = secure_getenv("LTR_SCHEDULE");
	unsigned long long number;
	char *end;

	if (!seed || !*seed)
		return 0;
	errno = 0;
	number = strtoull(seed, &end, 0);
	if (errno || *end || *seed < '0' || *seed > '9')
		return -EINVAL;
	if (schedule && strcmp(schedule, "pct") == 0)
		ltr__seed.by_priority = true;
	else if (schedule && *schedule && strcmp(schedule, "random") != 0)
		return -EINVAL;
	ltr__seed.random = mix(number);
	ltr__seed.salt = next_random();
	ltr__seed.preempt_mask = (2u << below(5)) - 1;
	ltr__seed.stall_mask = (8u << below(8)) - 1;
	ltr__seed.window = 8u << below(10);
	ltr__seed.next_low = BASE_PRIORITY - 1;
	new_window();
	ltr__seed.on = true;
	ltr__clock_be_virtual();
	return 0;
}

/* So that the next pick is a fair one. */
static void make_next_pick_fair(struct ltr__processor *processor)
{
	uint32_t tick = processor->tick + LTR__FAIR_TICK - 1;

	__atomic_store_n(&processor->tick, tick, __ATOMIC_RELAXED);
}

void ltr__seed_start(struct ltr__processor *processor)
{
	if (!ltr__seed.on)
		return;
	processor->random = next_random() | 1; /* of select */
	make_next_pick_fair(processor);
}

/* --- who can run ------------------------------------------------------------------------------ */

static uint64_t priority_of(const struct ltr__goroutine *goroutine)
{
	uint32_t at = goroutine->id % FALLEN_SIZE;

	if (fallen[at].id == goroutine->id)
		return fallen[at].priority;
	return mix(ltr__seed.salt ^ goroutine->id) | BASE_PRIORITY;
}

static void fall(const struct ltr__goroutine *goroutine)
{
	uint32_t at = goroutine->id % FALLEN_SIZE;

	fallen[at].id = goroutine->id;
	fallen[at].priority = ltr__seed.next_low--;
}

static void swap(uint32_t one, uint32_t other)
{
	struct runnable kept = runnable[one];

	runnable[one] = runnable[other];
	runnable[other] = kept;
}

static void grow(void)
{
	uint32_t capacity = runnable_capacity ? 2 * runnable_capacity : 256;
	struct runnable *larger = realloc(runnable, capacity * sizeof(*larger));

	if (!larger)
		ltr__fatal("out of memory: %u runnable goroutines", capacity);
	runnable = larger;
	runnable_capacity = capacity;
}

static void add(struct ltr__goroutine *goroutine)
{
	uint32_t at = runnable_count++;

	if (runnable_count > runnable_capacity)
		grow();
	runnable[at] = (struct runnable){goroutine, priority_of(goroutine)};
	for (; ltr__seed.by_priority && at > 0; at = (at - 1) / 2) {
		if (runnable[(at - 1) / 2].priority >= runnable[at].priority)
			break;
		swap(at, (at - 1) / 2);
	}
}

static struct ltr__goroutine *take_any(void)
{
	uint32_t at = below(runnable_count);
	struct ltr__goroutine *goroutine = runnable[at].goroutine;

	runnable[at] = runnable[--runnable_count];
	return goroutine;
}

static struct ltr__goroutine *take_highest(void)
{
	struct ltr__goroutine *goroutine = runnable[0].goroutine;
	uint32_t at = 0;

	runnable[0] = runnable[--runnable_count];
	for (;;) {
		uint32_t highest = at;

		for (uint32_t child = 2 * at + 1; child <= 2 * at + 2; child++)
			if (child < runnable_count &&
			    runnable[child].priority > runnable[highest].priority)
				highest = child;
		if (highest == at)
			return goroutine;
		swap(at, highest);
		at = highest;
	}
}

static struct ltr__goroutine *take_queued(struct ltr__processor *processor)
{
	struct ltr__goroutine *goroutine = ltr__fifo_take(&processor->queue, true);

	if (!goroutine)
		goroutine = ltr__slot_take(&processor->queue, true);
	if (!goroutine)
		goroutine = ltr__deque_take(&processor->queue, true);
	return goroutine ? goroutine : ltr__take_global(processor);
}

/* Whose time has come, and all that the queues have. */
static void collect(struct ltr__processor *processor)
{
	struct ltr__goroutine *goroutine;

	pass_time();
	ltr__run_timers(processor, ltr__now_ns());
	while ((goroutine = take_queued(processor)))
		add(goroutine);
}

/* --- choices ---------------------------------------------------------------------------------- */

/*
 * When the main goroutine has returned nothing runs any more: how far the others come before the
 * threads notice would not repeat. But who waits at the gate wants to see whether they end.
 */
static bool is_over(void)
{
	return __atomic_load_n(&ltr__sched.main_done, __ATOMIC_ACQUIRE) && !ltr__gate_is_there();
}

struct ltr__goroutine *ltr__seed_pick(struct ltr__processor *processor)
{
	struct ltr__thread *thread = ltr__self();
	bool yields = thread->current && thread->current->state == LTR_STATE_RUNNING &&
		      !ltr__seed.preempting;

	ltr__seed.preempting = false;
	ltr__seed.points_in_a_row = 0;
	make_next_pick_fair(processor);
	collect(processor);
	if (__atomic_load_n(&ltr__sched.net_waits, __ATOMIC_RELAXED) &&
	    !__atomic_load_n(&ltr__sched.poller, __ATOMIC_RELAXED) &&
	    ++ltr__seed.picks % PICKS_A_POLL == 0)
		thread->after.poll = true;
	if (yields && ltr__seed.by_priority)
		fall(thread->current);
	if (!runnable_count || is_over())
		return NULL;
	return ltr__seed.by_priority ? take_highest() : take_any();
}

/* Whether the running goroutine is to be interrupted here. */
static bool is_interrupted(struct ltr__processor *processor, const struct ltr__goroutine *self)
{
	if (!ltr__seed.by_priority)
		return (next_random() & ltr__seed.preempt_mask) == 0;
	for (uint32_t i = 0; i < ltr__seed.change_count; i++)
		if (ltr__seed.change[i] == ltr__seed.point)
			fall(self);
	if (++ltr__seed.point >= ltr__seed.window)
		new_window();
	if (++ltr__seed.points_in_a_row >= POINTS_IN_A_ROW_MAX) {
		ltr__seed.points_in_a_row = 0;
		fall(self);
	}
	collect(processor);
	return runnable_count && runnable[0].priority > priority_of(self);
}

struct ltr__goroutine *ltr__seed_point(struct ltr__goroutine *self)
{
	if (ltr__seed.preempting)
		return self;
	if (is_interrupted(ltr__self()->processor, self)) {
		ltr__seed.preempting = true;
		ltr_yield();
	}
	return self;
}

void ltr__seed_jump(void)
{
	int64_t next_ns = ltr__timer_next();

	if (next_ns == INT64_MAX || __atomic_load_n(&ltr__sched.calls, __ATOMIC_RELAXED) ||
	    __atomic_load_n(&ltr__sched.net_waits, __ATOMIC_RELAXED) || is_over())
		return;
	if (next_ns > ltr__now_ns())
		ltr__clock_advance(next_ns - ltr__now_ns());
}
