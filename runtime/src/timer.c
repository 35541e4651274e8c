/* SPDX-License-Identifier: MIT */

/* See timer.h. Heap order: timers[i] is not later than its children 4i+1 .. 4i+4. */

#include "timer.h"

#include <stdlib.h>

#include "clock.h"
#include "context.h"
#include "fatal.h"
#include "poller.h"

static void place(struct ltr__processor *processor, uint32_t at, struct ltr__timer_entry entry)
{
	processor->timers[at] = entry;
	__atomic_store_n(&entry.goroutine->run.timer.index, at + 1, __ATOMIC_RELAXED);
}

static void sift_up(struct ltr__processor *processor, uint32_t at)
{
	struct ltr__timer_entry entry = processor->timers[at];

	while (at > 0) {
		uint32_t parent = (at - 1) / 4;

		if (processor->timers[parent].deadline_ns <= entry.deadline_ns)
			break;
		place(processor, at, processor->timers[parent]);
		at = parent;
	}
	place(processor, at, entry);
}

static void sift_down(struct ltr__processor *processor, uint32_t at)
{
	struct ltr__timer_entry entry = processor->timers[at];
	const struct ltr__timer_entry *timers = processor->timers;

	for (;;) {
		uint32_t child = 4 * at + 1, least = child;

		if (child >= processor->timer_count)
			break;
		for (uint32_t i = child + 1; i < child + 4 && i < processor->timer_count; i++)
			if (timers[i].deadline_ns < timers[least].deadline_ns)
				least = i;
		if (entry.deadline_ns <= timers[least].deadline_ns)
			break;
		place(processor, at, timers[least]);
		at = least;
	}
	place(processor, at, entry);
}

/* Under the lock. */
static void remove_at(struct ltr__processor *processor, uint32_t at)
{
	struct ltr__timer_entry last = processor->timers[--processor->timer_count];

	/* release: pairs with ltr__timer_cancel(), which may see it without the lock */
	__atomic_store_n(&processor->timers[at].goroutine->run.timer.index, 0, __ATOMIC_RELEASE);
	if (at < processor->timer_count) {
		place(processor, at, last);
		sift_down(processor, at);
		sift_up(processor, last.goroutine->run.timer.index - 1);
	}
	__atomic_fetch_sub(&ltr__sched.timers, 1, __ATOMIC_RELAXED);
}

static void publish_next(struct ltr__processor *processor)
{
	int64_t next = processor->timer_count ? processor->timers[0].deadline_ns : INT64_MAX;

	__atomic_store_n(&processor->next_timer_ns, next, __ATOMIC_RELEASE);
}

static void grow(struct ltr__processor *processor)
{
	uint32_t capacity = processor->timer_capacity ? 2 * processor->timer_capacity : 64;
	struct ltr__timer_entry *timers =
		realloc(processor->timers, capacity * sizeof(processor->timers[0]));

	if (!timers)
		ltr__fatal("out of memory: %u timers", capacity);
	processor->timers = timers;
	processor->timer_capacity = capacity;
}

void ltr__timer_arm(struct ltr__processor *processor, struct ltr__goroutine *goroutine,
		    int64_t deadline_ns)
{
	if (deadline_ns < 0) {
		ltr__context_enter(goroutine, deadline_ns);
		return;
	}
	/* Counted first: while a deadline is under way there is no deadlock. */
	__atomic_fetch_add(&ltr__sched.timers, 1, __ATOMIC_RELAXED);
	ltr__lock(&processor->timer_lock);
	if (processor->timer_count == processor->timer_capacity)
		grow(processor);
	goroutine->run.timer.deadline_ns = deadline_ns;
	goroutine->run.timer.processor = processor;
	processor->timers[processor->timer_count] =
		(struct ltr__timer_entry){deadline_ns, goroutine};
	sift_up(processor, processor->timer_count++);
	publish_next(processor);
	ltr__unlock(&processor->timer_lock);
	ltr__poll_deadline(deadline_ns);
}

void ltr__timer_cancel(struct ltr__goroutine *goroutine)
{
	struct ltr__processor *processor;

	if (goroutine->run.timer.deadline_ns < 0) {
		ltr__context_leave(goroutine);
		return;
	}
	processor = goroutine->run.timer.processor;
	if (!processor)
		return;
	goroutine->run.timer.processor = NULL;
	/* acquire: pairs with remove_at(): whoever took it out is done with it */
	if (!__atomic_load_n(&goroutine->run.timer.index, __ATOMIC_ACQUIRE))
		return;
	ltr__lock(&processor->timer_lock);
	if (goroutine->run.timer.index) {
		bool was_first = goroutine->run.timer.index == 1;

		remove_at(processor, goroutine->run.timer.index - 1);
		if (was_first)
			publish_next(processor);
	}
	ltr__unlock(&processor->timer_lock);
}

uint32_t ltr__timer_expire(struct ltr__processor *processor, int64_t now_ns,
			   struct ltr__goroutine **ret_first)
{
	struct ltr__goroutine *first = NULL, **end = &first;
	uint32_t count = 0;

	if (__atomic_load_n(&processor->next_timer_ns, __ATOMIC_ACQUIRE) > now_ns)
		return 0;
	ltr__lock(&processor->timer_lock);
	while (processor->timer_count && processor->timers[0].deadline_ns <= now_ns) {
		struct ltr__goroutine *goroutine = processor->timers[0].goroutine;

		if (ltr__claim(goroutine)) {
			goroutine->run.woken = NULL;
			*end = goroutine;
			end = &goroutine->next;
			count++;
		}
		remove_at(processor, 0);
	}
	*end = NULL;
	publish_next(processor);
	ltr__unlock(&processor->timer_lock);
	if (count)
		*ret_first = first;
	return count;
}

int64_t ltr__timer_next(void)
{
	int64_t next = INT64_MAX;

	for (uint32_t i = 0; i < ltr__processors_used(); i++) {
		int64_t each =
			__atomic_load_n(&ltr__sched.processors[i].next_timer_ns, __ATOMIC_ACQUIRE);

		if (each < next)
			next = each;
	}
	return next;
}

int ltr__sleep_until(int64_t deadline_ns, struct ltr_context *context)
{
	struct ltr__goroutine *self = ltr__caller("ltr_sleep");

	if (context)
		return ltr__context_sleep(self, context, deadline_ns);
	if (deadline_ns <= ltr__now_ns())
		return 0;
	__atomic_store_n(&self->run.claim, 1, __ATOMIC_RELEASE);
	ltr__park(LTR_REASON_SLEEP, (uint64_t)deadline_ns, deadline_ns, NULL, NULL);
	return 0;
}

int ltr__sleep(int64_t duration_ns, struct ltr_context *context)
{
	if (duration_ns > 0 || context)
		return ltr__sleep_until(ltr_after(duration_ns), context);
	ltr__caller("ltr_sleep");
	return 0;
}
