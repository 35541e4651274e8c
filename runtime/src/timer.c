/* SPDX-License-Identifier: MIT */

/* See timer.h. Heap order: timers[i] is not later than its children 4i+1 .. 4i+4. */

#include "timer.h"

#include <stdlib.h>

#include "clock.h"
#include "context.h"
#include "fatal.h"
#include "poller.h"

static int64_t deadline(const struct ltr__processor *processor, uint32_t at)
{
	return processor->timers[at]->run.timer.deadline_ns;
}

static void place(struct ltr__processor *processor, uint32_t at, struct ltr__goroutine *goroutine)
{
	processor->timers[at] = goroutine;
	goroutine->run.timer.index = at + 1;
}

static void sift_up(struct ltr__processor *processor, uint32_t at)
{
	struct ltr__goroutine *goroutine = processor->timers[at];

	while (at > 0) {
		uint32_t parent = (at - 1) / 4;

		if (deadline(processor, parent) <= goroutine->run.timer.deadline_ns)
			break;
		place(processor, at, processor->timers[parent]);
		at = parent;
	}
	place(processor, at, goroutine);
}

static void sift_down(struct ltr__processor *processor, uint32_t at)
{
	struct ltr__goroutine *goroutine = processor->timers[at];

	for (;;) {
		uint32_t child = 4 * at + 1, least = child;

		if (child >= processor->timer_count)
			break;
		for (uint32_t i = child + 1; i < child + 4 && i < processor->timer_count; i++)
			if (deadline(processor, i) < deadline(processor, least))
				least = i;
		if (goroutine->run.timer.deadline_ns <= deadline(processor, least))
			break;
		place(processor, at, processor->timers[least]);
		at = least;
	}
	place(processor, at, goroutine);
}

/* Under the lock. */
static void remove_at(struct ltr__processor *processor, uint32_t at)
{
	struct ltr__goroutine *last = processor->timers[--processor->timer_count];

	processor->timers[at]->run.timer.index = 0;
	if (at < processor->timer_count) {
		place(processor, at, last);
		sift_down(processor, at);
		sift_up(processor, last->run.timer.index - 1);
	}
	__atomic_fetch_sub(&ltr__sched.timers, 1, __ATOMIC_RELAXED);
}

static void publish_next(struct ltr__processor *processor)
{
	int64_t next = processor->timer_count ? deadline(processor, 0) : INT64_MAX;

	__atomic_store_n(&processor->next_timer_ns, next, __ATOMIC_RELEASE);
}

static void grow(struct ltr__processor *processor)
{
	uint32_t capacity = processor->timer_capacity ? 2 * processor->timer_capacity : 64;
	struct ltr__goroutine **timers =
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
	processor->timers[processor->timer_count] = goroutine;
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
	ltr__lock(&processor->timer_lock);
	if (goroutine->run.timer.index) {
		bool was_first = goroutine->run.timer.index == 1;

		remove_at(processor, goroutine->run.timer.index - 1);
		if (was_first)
			publish_next(processor);
	}
	ltr__unlock(&processor->timer_lock);
	goroutine->run.timer.processor = NULL;
}

uint32_t ltr__timer_expire(struct ltr__processor *processor, int64_t now_ns,
			   struct ltr__goroutine **ret_first)
{
	struct ltr__goroutine *first = NULL, **end = &first;
	uint32_t count = 0;

	if (__atomic_load_n(&processor->next_timer_ns, __ATOMIC_ACQUIRE) > now_ns)
		return 0;
	ltr__lock(&processor->timer_lock);
	while (processor->timer_count && deadline(processor, 0) <= now_ns) {
		struct ltr__goroutine *goroutine = processor->timers[0];

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
