/* SPDX-License-Identifier: MIT */

/* What Go's own tests demand of select (test/chan/select*.go, fifo, doubleselect), as rules. */

#include "harness.h"

LTR_CHAN(numbers, int);

struct two {
	numbers a, b;
	struct ltr_waitgroup *done;
	int count;
	int64_t *sum;
};

static int default_and_deadline(int argc, char **argv)
{
	numbers c = ltr_make(numbers, 0), nil = {0};
	int64_t before = ltr_now();
	int n = 1;

	(void)argc, (void)argv;
	expect(ltr_select(LTR_NOW) == -ETIMEDOUT);
	expect(ltr_select(LTR_NOW, LTR_RECV(c, &n), LTR_SEND(c, 1)) == -ETIMEDOUT);
	expect(ltr_select(LTR_NOW, LTR_RECV(nil, &n), LTR_SEND(nil, 1)) == -ETIMEDOUT);
	expect(ltr_select(ltr_after(3 * LTR_MILLISECOND), LTR_RECV(c, &n), LTR_RECV(nil, &n)) ==
	       -ETIMEDOUT);
	expect(ltr_now() - before >= 3 * LTR_MILLISECOND && n == 1);
	ltr_free(c);
	return 0;
}

static int many_cases_are_refused(int argc, char **argv)
{
	struct ltr_case cases[LTR_CASES_MAX + 1] = {{0}};

	(void)argc, (void)argv;
	expect(ltr_select_cases(cases, LTR_CASES_MAX + 1, LTR_NOW) == -EINVAL);
	expect(ltr_select_cases(cases, LTR_CASES_MAX, LTR_NOW) == -ETIMEDOUT);
	return 0;
}

/* Go's test/chan/select5.go in small: of ready cases each is chosen now and then. */
static int ready_cases_take_turns(int argc, char **argv)
{
	numbers a = ltr_make(numbers, 1), b = ltr_make(numbers, 1);
	int taken[2] = {0}, n;

	(void)argc, (void)argv;
	for (int i = 0; i < 10000; i++) {
		int chosen;

		ltr_send(a, 0, LTR_NOW);
		ltr_send(b, 1, LTR_NOW);
		chosen = ltr_select(LTR_FOREVER, LTR_RECV(a, &n), LTR_RECV(b, &n));
		expect(chosen == n);
		taken[chosen]++;
	}
	/* 20 standard deviations */
	expect(taken[0] > 4000 && taken[1] > 4000);
	ltr_free(a);
	ltr_free(b);
	return 0;
}

static void send_on_either(struct two *two)
{
	for (int i = 0; i < two->count; i++) {
		int chosen = ltr_select(LTR_FOREVER, LTR_SEND(two->a, i), LTR_SEND(two->b, i));

		expect(chosen == 0 || chosen == 1);
	}
	ltr_waitgroup_done(two->done);
}

static void receive_from_either(struct two *two)
{
	int64_t sum = 0;
	int open = 2;

	while (open) {
		bool ok = true;
		int n = 0;
		int chosen = ltr_select(LTR_FOREVER, LTR_RECV(two->a, &n, &ok),
					LTR_RECV(two->b, &n, &ok));

		if (ok) {
			sum += n + 1;
			continue;
		}
		open--;
		*(chosen ? &two->b : &two->a) = (numbers){0}; /* as in Go: a nil channel is out */
	}
	__atomic_fetch_add(two->sum, sum, __ATOMIC_RELAXED);
	ltr_waitgroup_done(two->done);
}

static void run_both_sides(size_t capacity)
{
	struct ltr_waitgroup senders = {0}, receivers = {0};
	int64_t sum = 0;
	struct two two = {ltr_make(numbers, capacity), ltr_make(numbers, 0), &senders, 3000, &sum};

	ltr_waitgroup_add(&senders, 5);
	ltr_waitgroup_add(&receivers, 5);
	for (int i = 0; i < 5; i++)
		ltr_go(send_on_either, two);
	two.done = &receivers;
	for (int i = 0; i < 5; i++)
		ltr_go(receive_from_either, two);
	ltr_waitgroup_wait(&senders);
	ltr_close(two.a);
	ltr_close(two.b);
	ltr_waitgroup_wait(&receivers);
	expect(sum == 5 * (int64_t)3000 * 3001 / 2);
	ltr_free(two.a);
	ltr_free(two.b);
}

static int selects_meet_selects(int argc, char **argv)
{
	(void)argc, (void)argv;
	run_both_sides(0);
	run_both_sides(3);
	return 0;
}

/* chan_test.go, TestSelfSelect: a goroutine does not meet itself. */
static void send_or_receive(struct two *two)
{
	for (int i = 0; i < two->count; i++) {
		int n;

		if (i % 2)
			ltr_select(LTR_FOREVER, LTR_SEND(two->a, (int)ltr_id()),
				   LTR_RECV(two->a, &n));
		else
			ltr_select(LTR_FOREVER, LTR_RECV(two->a, &n),
				   LTR_SEND(two->a, (int)ltr_id()));
	}
	ltr_waitgroup_done(two->done);
}

static int two_that_send_and_receive(int argc, char **argv)
{
	struct ltr_waitgroup done = {0};
	struct two two = {ltr_make(numbers, 0), {0}, &done, 5000, NULL};

	(void)argc, (void)argv;
	ltr_waitgroup_add(&done, 2);
	ltr_go(send_or_receive, two);
	ltr_go(send_or_receive, two);
	ltr_waitgroup_wait(&done);
	ltr_free(two.a);
	return 0;
}

static void send_one(numbers *c)
{
	ltr_send(*c, 7);
}

static int the_same_channel_twice(int argc, char **argv)
{
	numbers c = ltr_make(numbers, 0);
	int x = 0, y = 0;

	(void)argc, (void)argv;
	for (int i = 0; i < SCALED(1000); i++) {
		int chosen;

		ltr_go(send_one, c);
		x = y = 0;
		chosen = ltr_select(LTR_FOREVER, LTR_RECV(c, &x), LTR_RECV(c, &y));
		expect(chosen ? x == 0 && y == 7 : x == 7 && y == 0);
	}
	ltr_free(c);
	return 0;
}

static void close_it(numbers *c)
{
	ltr_close(*c);
}

static int close_wakes_a_select(int argc, char **argv)
{
	numbers c = ltr_make(numbers, 0), other = ltr_make(numbers, 0);
	bool ok = true;
	int n = 5;

	(void)argc, (void)argv;
	ltr_go(close_it, c);
	expect(ltr_select(LTR_FOREVER, LTR_RECV(other, &n), LTR_RECV(c, &n, &ok)) == 1);
	expect(!ok && n == 0);
	ltr_free(c);
	ltr_free(other);
	return 0;
}

static int a_waiting_send_case_dies_with_the_channel(int argc, char **argv)
{
	numbers c = ltr_make(numbers, 0), other = ltr_make(numbers, 0);
	int n;

	(void)argc, (void)argv;
	ltr_go(close_it, c);
	ltr_select(LTR_FOREVER, LTR_RECV(other, &n), LTR_SEND(c, 1));
	return 0;
}

static int no_cases(int argc, char **argv)
{
	(void)argc, (void)argv;
	ltr_select(LTR_FOREVER);
	return 0;
}

/* Selects with deadlines against each other: nothing is lost, and nobody is woken twice. */
static void impatient(struct two *two)
{
	uint64_t random = rule_seed + ltr_id();
	int64_t balance = 0;
	int n;

	for (int i = 0; i < two->count; i++) {
		int64_t deadline = ltr_after((int64_t)(rule_random(&random) % 20) * 1000);

		switch (ltr_select(deadline, LTR_SEND(two->a, 1), LTR_RECV(two->b, &n),
				   LTR_SEND(two->b, 1), LTR_RECV(two->a, &n))) {
		case 0:
		case 2:
			balance++;
			break;
		case 1:
		case 3:
			balance--;
			break;
		default:
			break;
		}
	}
	__atomic_fetch_add(two->sum, balance, __ATOMIC_RELAXED);
	ltr_waitgroup_done(two->done);
}

static int impatient_selects_keep_the_balance(int argc, char **argv)
{
	struct ltr_waitgroup done = {0};
	int64_t balance = 0;
	struct two two = {ltr_make(numbers, 0), ltr_make(numbers, 0), &done, 2000, &balance};

	(void)argc, (void)argv;
	ltr_waitgroup_add(&done, 6);
	for (int i = 0; i < 6; i++)
		ltr_go(impatient, two);
	ltr_waitgroup_wait(&done);
	expect(balance == 0);
	ltr_free(two.a);
	ltr_free(two.b);
	return 0;
}

int main(void)
{
	static const struct rule rules[] = {
		RULE(default_and_deadline),
		RULE(many_cases_are_refused),
		RULE(ready_cases_take_turns),
		RULE(selects_meet_selects),
		RULE(two_that_send_and_receive),
		RULE(the_same_channel_twice),
		RULE(close_wakes_a_select),
		RULE(impatient_selects_keep_the_balance),
		FATAL_RULE(a_waiting_send_case_dies_with_the_channel, "send on closed channel"),
		FATAL_RULE(no_cases, "[select (no cases)]"),
	};

	return run_rules(rules, sizeof(rules) / sizeof(rules[0]));
}
