/* SPDX-License-Identifier: MIT */

/*
 * See alarm.h. Invariants, under the mutex:
 *  - heap[i] is not later than its children 2i+1 and 2i+2;
 *  - while there are alarms, the goroutine "timers" is there, or whoever holds the mutex starts it
 *    when it unlocks; while "timers" waits, it will wake up no later than the first alarm.
 *
 * "timers" is a goroutine like others, so that what rings may send, close and start goroutines. It
 * ends when nothing is set, also early: it must not keep a deadlock from being found.
 */

#include "alarm.h"

#include <loiter/sync.h>
#include <stdlib.h>

#include "clock.h"
#include "fatal.h"
#include "scheduler.h"

#define RINGS_BEFORE_YIELD 64

static struct {
	struct ltr_mutex mutex;  /* guards everything */
	struct ltr_cond changed; /* "timers" has to look again */
	bool has_ringer;
	uint32_t count;
	uint32_t capacity;
	struct ltr__alarm **heap;
	int64_t waiting_until_ns; /* of "timers" */
} alarms;

static void place(uint32_t at, struct ltr__alarm *alarm)
{
	alarms.heap[at] = alarm;
	alarm->index = at + 1;
}

static void sift_up(uint32_t at)
{
	struct ltr__alarm *alarm = alarms.heap[at];

	while (at > 0 && alarms.heap[(at - 1) / 2]->at_ns > alarm->at_ns) {
		place(at, alarms.heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	place(at, alarm);
}

static void sift_down(uint32_t at)
{
	struct ltr__alarm *alarm = alarms.heap[at];

	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child + 1 < alarms.count &&
		    alarms.heap[child + 1]->at_ns < alarms.heap[child]->at_ns)
			child++;
		if (child >= alarms.count || alarm->at_ns <= alarms.heap[child]->at_ns)
			break;
		place(at, alarms.heap[child]);
		at = child;
	}
	place(at, alarm);
}

static void grow(void)
{
	uint32_t capacity = alarms.capacity ? 2 * alarms.capacity : 64;
	struct ltr__alarm **heap = realloc(alarms.heap, capacity * sizeof(alarms.heap[0]));

	if (!heap)
		ltr__fatal("out of memory: %u timers", capacity);
	alarms.heap = heap;
	alarms.capacity = capacity;
}

bool ltr__alarm_stop(struct ltr__alarm *alarm)
{
	uint32_t at = alarm->index - 1;
	struct ltr__alarm *last;

	if (!alarm->index)
		return false;
	alarm->index = 0;
	last = alarms.heap[--alarms.count];
	if (last != alarm) {
		place(at, last);
		sift_up(at);
		sift_down(last->index - 1);
	}
	return true;
}

void ltr__alarm_set(struct ltr__alarm *alarm, int64_t at_ns)
{
	ltr__alarm_stop(alarm);
	alarm->at_ns = at_ns;
	if (at_ns == LTR_FOREVER)
		return;
	if (alarms.count == alarms.capacity)
		grow();
	place(alarms.count++, alarm);
	sift_up(alarm->index - 1);
}

/* True: go on at once. False: nothing is set, and nobody counts on us any more. */
static bool ring_or_wait(void)
{
	int64_t now_ns = ltr__now_ns();
	bool go_on = true;

	(void)ltr_mutex_lock(&alarms.mutex);
	if (!alarms.count) {
		alarms.has_ringer = go_on = false;
	} else if (alarms.heap[0]->at_ns <= now_ns) {
		struct ltr__alarm *first = alarms.heap[0];

		ltr__alarm_stop(first);
		first->ring(first, now_ns);
	} else {
		alarms.waiting_until_ns = alarms.heap[0]->at_ns;
		(void)ltr_cond_wait(&alarms.changed, &alarms.mutex, alarms.waiting_until_ns);
	}
	ltr_mutex_unlock(&alarms.mutex);
	return go_on;
}

static void be_ringer(void)
{
	struct ltr__goroutine *self = ltr__self()->current;

	/* Not those of whoever set the first alarm: functions of timers would inherit them. */
	ltr__labels_unref(self->labels);
	self->labels = NULL;
	for (uint32_t i = 1; ring_or_wait(); i++)
		if (i % RINGS_BEFORE_YIELD == 0)
			ltr_yield();
}

void ltr__alarms_lock(void)
{
	(void)ltr_mutex_lock(&alarms.mutex);
}

void ltr__alarms_unlock(void)
{
	static const struct ltr_go_options options = {.name = "timers", .daemon = true};
	bool start = alarms.count && !alarms.has_ringer;

	if (start)
		alarms.has_ringer = true;
	else if (!alarms.count || alarms.heap[0]->at_ns < alarms.waiting_until_ns)
		ltr_cond_signal(&alarms.changed);
	ltr_mutex_unlock(&alarms.mutex);
	if (start)
		ltr_go_with(&options, be_ringer);
}
