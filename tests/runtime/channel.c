/* SPDX-License-Identifier: MIT */

/* What Go's own tests demand of channels (test/chan, runtime/chan_test.go), as rules. */

#include "harness.h"

#include "../../runtime/src/channel.h"

LTR_CHAN(numbers, int);

struct big {
	uint64_t words[40];
};
LTR_CHAN(bigs, struct big);

struct pair {
	numbers a, b;
	int count;
};

static void send_count(struct pair *pair)
{
	for (int i = 0; i < pair->count; i++)
		ltr_send(pair->a, i);
	ltr_close(pair->a);
}

static int unbuffered_is_fifo(int argc, char **argv)
{
	numbers c = ltr_make(numbers, 0);
	int n, next = 0;

	(void)argc, (void)argv;
	ltr_go(send_count, (struct pair){.a = c, .count = 20000});
	while (ltr_recv(c, &n) == 0)
		expect(n == next++);
	expect(next == 20000);
	ltr_free(c);
	return 0;
}

static int buffered_is_fifo(int argc, char **argv)
{
	numbers c = ltr_make(numbers, 7);
	int n, next = 0;

	(void)argc, (void)argv;
	ltr_go(send_count, (struct pair){.a = c, .count = 20000});
	while (ltr_recv(c, &n) == 0)
		expect(n == next++);
	expect(next == 20000);
	ltr_free(c);
	return 0;
}

static int nonblocking_forms(int argc, char **argv)
{
	numbers c = ltr_make(numbers, 1), unbuffered = ltr_make(numbers, 0);
	int n = 42;

	(void)argc, (void)argv;
	expect(ltr_recv(c, &n, LTR_NOW) == -ETIMEDOUT && n == 42);
	expect(ltr_send(c, 1, LTR_NOW) == 0);
	expect(ltr_len(c) == 1 && ltr_cap(c) == 1);
	expect(ltr_send(c, 2, LTR_NOW) == -ETIMEDOUT);
	expect(ltr_recv(c, &n, LTR_NOW) == 0 && n == 1);
	expect(ltr_send(unbuffered, 1, LTR_NOW) == -ETIMEDOUT);
	expect(ltr_recv(unbuffered, &n, LTR_NOW) == -ETIMEDOUT);
	ltr_free(c);
	ltr_free(unbuffered);
	return 0;
}

static int closed_gives_the_rest_then_zero(int argc, char **argv)
{
	numbers c = ltr_make(numbers, 3);
	bool ok = true;
	int n;

	(void)argc, (void)argv;
	ltr_send(c, 5);
	ltr_send(c, 6);
	ltr_close(c);
	expect(ltr_recv(c, &n) == 0 && n == 5);
	expect(ltr_recv(c, NULL) == 0);
	n = 9;
	expect(ltr_recv(c, &n) == -EPIPE && n == 0);
	n = 9;
	expect(ltr_select(LTR_FOREVER, LTR_RECV(c, &n, &ok)) == 0 && !ok && n == 0);
	ltr_free(c);
	return 0;
}

static void recv_closed(struct pair *pair)
{
	int n = 1;

	expect(ltr_recv(pair->a, &n) == -EPIPE && n == 0);
	ltr_send(pair->b, 1);
}

static int close_wakes_all_receivers(int argc, char **argv)
{
	struct pair pair = {ltr_make(numbers, 0), ltr_make(numbers, 0), 0};

	(void)argc, (void)argv;
	for (int i = 0; i < 100; i++)
		ltr_go(recv_closed, pair);
	ltr_yield();
	ltr_close(pair.a);
	for (int i = 0; i < 100; i++)
		ltr_recv(pair.b, NULL);
	ltr_free(pair.a);
	ltr_free(pair.b);
	return 0;
}

static int values_are_copied(int argc, char **argv)
{
	bigs c = ltr_make(bigs, 2);
	struct big in = {{1, 2, 3}}, out;

	(void)argc, (void)argv;
	in.words[39] = 39;
	ltr_send(c, in);
	in.words[39] = 0;
	ltr_recv(c, &out);
	expect(out.words[0] == 1 && out.words[39] == 39);
	ltr_free(c);
	return 0;
}

static int deadline_passes(int argc, char **argv)
{
	numbers c = ltr_make(numbers, 0), nil = {0};
	int64_t before = ltr_now();
	int n = 3;

	(void)argc, (void)argv;
	expect(ltr_recv(c, &n, ltr_after(2 * LTR_MILLISECOND)) == -ETIMEDOUT && n == 3);
	expect(ltr_send(c, 1, ltr_after(2 * LTR_MILLISECOND)) == -ETIMEDOUT);
	expect(ltr_recv(nil, &n, ltr_after(2 * LTR_MILLISECOND)) == -ETIMEDOUT);
	expect(ltr_send(nil, 1, ltr_after(2 * LTR_MILLISECOND)) == -ETIMEDOUT);
	expect(ltr_now() - before >= 8 * LTR_MILLISECOND);
	/* who gave up is not there any more */
	expect(ltr_send(c, 1, LTR_NOW) == -ETIMEDOUT);
	expect(ltr_recv(c, &n, LTR_NOW) == -ETIMEDOUT);
	ltr_free(c);
	return 0;
}

static void chain_link(struct pair *pair)
{
	int n;

	ltr_recv(pair->a, &n);
	ltr_send(pair->b, n + 1);
}

/* Go's test/chan/goroutines.go */
static int a_chain_of_ten_thousand(int argc, char **argv)
{
	numbers first = ltr_make(numbers, 0), right = first;
	int n;

	(void)argc, (void)argv;
	for (int i = 0; i < SCALED(10000); i++) {
		numbers left = ltr_make(numbers, 0);

		ltr_go(chain_link, (struct pair){.a = right, .b = left});
		right = left;
	}
	ltr_send(first, 0);
	ltr_recv(right, &n);
	expect(n == SCALED(10000));
	_exit(0); /* the chain's channels are nobody's */
}

static void generate(numbers *out)
{
	for (int i = 2;; i++)
		if (ltr_send(*out, i) < 0)
			return;
}

struct filter {
	numbers in, out;
	int prime;
};

static void filter(struct filter *f)
{
	int n;

	while (ltr_recv(f->in, &n) == 0)
		if (n % f->prime)
			ltr_send(f->out, n);
}

/* Go's test/chan/sieve1.go */
static int the_prime_sieve(int argc, char **argv)
{
	static const int primes[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47};
	numbers c = ltr_make(numbers, 0);

	(void)argc, (void)argv;
	ltr_go(generate, c);
	for (size_t i = 0; i < sizeof(primes) / sizeof(primes[0]); i++) {
		struct filter f = {c, ltr_make(numbers, 0), 0};

		ltr_recv(c, &f.prime);
		expect(f.prime == primes[i]);
		ltr_go(filter, f);
		c = f.out;
	}
	_exit(0); /* the sieve never ends by itself */
}

struct crowd {
	numbers c;
	struct ltr_waitgroup *done;
	int64_t *sum;
	int count;
};

static void crowd_sender(struct crowd *crowd)
{
	for (int i = 1; i <= crowd->count; i++)
		ltr_send(crowd->c, i);
	ltr_waitgroup_done(crowd->done);
}

static void crowd_receiver(struct crowd *crowd)
{
	int64_t sum = 0;
	int n;

	while (ltr_recv(crowd->c, &n) == 0)
		sum += n;
	__atomic_fetch_add(crowd->sum, sum, __ATOMIC_RELAXED);
	ltr_waitgroup_done(crowd->done);
}

static void crowd_of(size_t capacity)
{
	struct ltr_waitgroup senders = {0}, receivers = {0};
	int64_t sum = 0;
	struct crowd crowd = {ltr_make(numbers, capacity), &senders, &sum, 2000};

	ltr_waitgroup_add(&senders, 10);
	ltr_waitgroup_add(&receivers, 7);
	for (int i = 0; i < 10; i++)
		ltr_go(crowd_sender, crowd);
	crowd.done = &receivers;
	for (int i = 0; i < 7; i++)
		ltr_go(crowd_receiver, crowd);
	ltr_waitgroup_wait(&senders);
	ltr_close(crowd.c);
	ltr_waitgroup_wait(&receivers);
	expect(sum == 10 * (int64_t)2000 * 2001 / 2);
	ltr_free(crowd.c);
}

static int nothing_is_lost_or_doubled(int argc, char **argv)
{
	(void)argc, (void)argv;
	crowd_of(0);
	crowd_of(1);
	crowd_of(64);
	return 0;
}

/* A time-out that races with a value: exactly one of both happens, on both sides. */
static void racing_sender(struct crowd *crowd)
{
	int64_t sent = 0;

	for (int i = 0; i < crowd->count; i++)
		sent += ltr_send(crowd->c, 1, ltr_after(i % 7 * (3 * LTR_MICROSECOND))) == 0;
	__atomic_fetch_add(crowd->sum, sent, __ATOMIC_RELAXED);
	ltr_waitgroup_done(crowd->done);
}

static void racing_receiver(struct crowd *crowd)
{
	int64_t received = 0;
	int n = 0;

	for (int r = 0; r != -EPIPE;) {
		r = ltr_recv(crowd->c, &n, ltr_after(5 * LTR_MICROSECOND));
		received += r == 0;
	}
	__atomic_fetch_sub(crowd->sum, received, __ATOMIC_RELAXED);
	ltr_waitgroup_done(crowd->done);
}

static int a_deadline_and_a_value_never_both(int argc, char **argv)
{
	struct ltr_waitgroup senders = {0}, receivers = {0};
	int64_t balance = 0;
	struct crowd crowd = {ltr_make(numbers, 0), &senders, &balance, 3000};

	(void)argc, (void)argv;
	ltr_waitgroup_add(&senders, 4);
	ltr_waitgroup_add(&receivers, 4);
	for (int i = 0; i < 4; i++)
		ltr_go(racing_sender, crowd);
	crowd.done = &receivers;
	for (int i = 0; i < 4; i++)
		ltr_go(racing_receiver, crowd);
	ltr_waitgroup_wait(&senders);
	ltr_close(crowd.c);
	ltr_waitgroup_wait(&receivers);
	expect(balance == 0);
	ltr_free(crowd.c);
	return 0;
}

static int close_of_nil(int argc, char **argv)
{
	numbers nil = {0};

	(void)argc, (void)argv;
	ltr_close(nil);
	return 0;
}

static int close_twice(int argc, char **argv)
{
	numbers c = ltr_make(numbers, 0);

	(void)argc, (void)argv;
	ltr_set_name("the closer");
	ltr_close(c);
	ltr_close(c);
	return 0;
}

static int send_on_closed(int argc, char **argv)
{
	numbers c = ltr_make(numbers, 1);

	(void)argc, (void)argv;
	ltr_close(c);
	ltr_send(c, 1);
	return 0;
}

static void close_soon(numbers *c)
{
	ltr_close(*c);
}

static int send_while_it_is_closed(int argc, char **argv)
{
	numbers c = ltr_make(numbers, 0);

	(void)argc, (void)argv;
	ltr_go(close_soon, c);
	ltr_send(c, 1);
	return 0;
}

static void receive_for_ever(numbers *c)
{
	ltr_recv(*c, NULL);
}

static int free_of_a_waited_for(int argc, char **argv)
{
	numbers c = ltr_make(numbers, 0);

	(void)argc, (void)argv;
	ltr_go(receive_for_ever, c);
	for (bool waits = false; !waits; ltr_yield()) {
		ltr__lock(&c.chan->lock);
		waits = c.chan->receivers.first != NULL;
		ltr__unlock(&c.chan->lock);
	}
	ltr_free(c);
	return 0;
}

static int receive_on_nil_is_a_deadlock(int argc, char **argv)
{
	numbers nil = {0};

	(void)argc, (void)argv;
	ltr_recv(nil, NULL);
	return 0;
}

static int everybody_asleep_is_a_deadlock(int argc, char **argv)
{
	numbers c = ltr_make(numbers, 0);

	(void)argc, (void)argv;
	ltr_go(receive_for_ever, c);
	ltr_recv(c, NULL);
	return 0;
}

int main(void)
{
	static const struct rule rules[] = {
		RULE(unbuffered_is_fifo),
		RULE(buffered_is_fifo),
		RULE(nonblocking_forms),
		RULE(closed_gives_the_rest_then_zero),
		RULE(close_wakes_all_receivers),
		RULE(values_are_copied),
		RULE(deadline_passes),
		RULE(a_chain_of_ten_thousand),
		RULE(the_prime_sieve),
		RULE(nothing_is_lost_or_doubled),
		RULE(a_deadline_and_a_value_never_both),
		FATAL_RULE(close_of_nil, "close of nil channel"),
		FATAL_RULE(close_twice, "goroutine 1 \"the closer\" [running]"),
		FATAL_RULE(send_on_closed, "fatal error: send on closed channel"),
		FATAL_RULE(send_while_it_is_closed, "send on closed channel"),
		FATAL_RULE(free_of_a_waited_for, "free of a channel that goroutine"),
		FATAL_RULE(receive_on_nil_is_a_deadlock, "[chan receive (nil chan)]"),
		FATAL_RULE(everybody_asleep_is_a_deadlock, "all goroutines are asleep - deadlock!"),
	};

	return run_rules(rules, sizeof(rules) / sizeof(rules[0]));
}
