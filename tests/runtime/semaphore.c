/* SPDX-License-Identifier: MIT */

/* Semaphore, as rules (what x/sync's semaphore_test.go demands). */

#include "harness.h"

LTR_CHAN(numbers, int);

static struct {
	struct ltr_semaphore semaphore;
	int64_t inside; /* atomic: weight */
	struct ltr_waitgroup done;
} weighed;

static void weigh(int *number)
{
	uint64_t state = rule_seed + (uint64_t)*number * 104729;

	for (int i = 0; i < SCALED(4000); i++) {
		int64_t weight = (int64_t)(rule_random(&state) % 11);
		int64_t deadline_ns =
			rule_random(&state) % 2
				? LTR_FOREVER
				: ltr_after((int64_t)(rule_random(&state) % 30) * LTR_MICROSECOND);

		if (ltr_semaphore_acquire(&weighed.semaphore, weight, deadline_ns) < 0)
			continue;
		expect(__atomic_add_fetch(&weighed.inside, weight, __ATOMIC_RELAXED) <= 10);
		if (rule_random(&state) % 3 == 0)
			ltr_yield();
		__atomic_fetch_sub(&weighed.inside, weight, __ATOMIC_RELAXED);
		ltr_semaphore_release(&weighed.semaphore, weight);
	}
	ltr_waitgroup_done(&weighed.done);
}

static int no_more_than_fits(int argc, char **argv)
{
	(void)argc, (void)argv;
	weighed.semaphore = (struct ltr_semaphore)LTR_SEMAPHORE(10);
	ltr_waitgroup_add(&weighed.done, 12);
	for (int i = 0; i < 12; i++)
		ltr_go(weigh, i);
	ltr_waitgroup_wait(&weighed.done);
	expect(weighed.semaphore.used == 0 && weighed.inside == 0);
	expect(ltr_semaphore_acquire(&weighed.semaphore, 11) == -EINVAL);
	return 0;
}

static struct ltr_semaphore narrow = LTR_SEMAPHORE(10);
static numbers got_in;

static void acquire_weight(int *weight)
{
	ltr_semaphore_acquire(&narrow, *weight);
	ltr_send(got_in, *weight);
}

static bool gave_up; /* atomic */

static void acquire_in_vain(void)
{
	expect(ltr_semaphore_acquire(&narrow, 9, ltr_after(LTR_MILLISECOND)) == -ETIMEDOUT);
	__atomic_store_n(&gave_up, true, __ATOMIC_RELAXED);
}

/* Who asks for much, first, is not overtaken by those for whom there would be room. */
static int first_come_first_served(int argc, char **argv)
{
	int weight;

	(void)argc, (void)argv;
	got_in = ltr_make(numbers, 4);
	ltr_semaphore_acquire(&narrow, 4);
	ltr_go(acquire_weight, 8);
	while (ltr_semaphore_try_acquire(&narrow, 1)) { /* until it stands in line */
		ltr_semaphore_release(&narrow, 1);
		ltr_yield();
	}
	ltr_go(acquire_weight, 2);
	for (int i = 0; i < 100; i++)
		ltr_yield();
	expect(ltr_recv(got_in, NULL, LTR_NOW) == -ETIMEDOUT);
	ltr_semaphore_release(&narrow, 4);
	expect(ltr_recv(got_in, &weight) == 0 && ltr_recv(got_in, &weight) == 0);
	ltr_semaphore_release(&narrow, 8);
	/* 2 are held. Who gives up lets those behind it in. */
	ltr_go(acquire_in_vain);
	while (!__atomic_load_n(&gave_up, __ATOMIC_RELAXED) &&
	       ltr_semaphore_try_acquire(&narrow, 1)) {
		ltr_semaphore_release(&narrow, 1);
		ltr_yield();
	}
	expect(ltr_semaphore_acquire(&narrow, 1) == 0);
	ltr_semaphore_release(&narrow, 3);
	expect(narrow.used == 0);
	ltr_free(got_in);
	return 0;
}

static int released_more_than_held(int argc, char **argv)
{
	struct ltr_semaphore semaphore = LTR_SEMAPHORE(2);

	(void)argc, (void)argv;
	ltr_semaphore_acquire(&semaphore, 1);
	ltr_semaphore_release(&semaphore, 2);
	return 0;
}

static int negative_weight(int argc, char **argv)
{
	struct ltr_semaphore semaphore = LTR_SEMAPHORE(2);

	(void)argc, (void)argv;
	ltr_semaphore_acquire(&semaphore, -1);
	return 0;
}

static int no_room_for_ever(int argc, char **argv)
{
	struct ltr_semaphore semaphore = LTR_SEMAPHORE(2);

	(void)argc, (void)argv;
	ltr_semaphore_acquire(&semaphore, 2);
	return ltr_semaphore_acquire(&semaphore, 1);
}

int main(void)
{
	static const struct rule rules[] = {
		RULE(no_more_than_fits),
		RULE(first_come_first_served),
		FATAL_RULE(released_more_than_held, "semaphore released more than held"),
		FATAL_RULE(negative_weight, "a semaphore's weight is negative"),
		FATAL_RULE(no_room_for_ever, "[semacquire]"),
	};

	return run_rules(rules, sizeof(rules) / sizeof(rules[0]));
}
