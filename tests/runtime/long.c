/* SPDX-License-Identifier: MIT */

/*
 * Goroutines that compute for long without a scheduling step, or block their threads in system calls
 * without ltr_blocking(): the others go on, the long ones are marked, and the spare processors go
 * away again. Everything here would hang without them at LTR_PROCS=1.
 */

#include "harness.h"

#include "goroutine.h"
#include "scheduler.h"

LTR_CHAN(numbers, int);

static uint64_t told; /* a bit is set: that goroutine may stop; atomic */
static uint32_t begun;

static void compute_until_told(void)
{
	__atomic_fetch_add(&begun, 1, __ATOMIC_RELAXED);
	while (!__atomic_load_n(&told, __ATOMIC_RELAXED))
		;
}

static void compute_for_ever(void)
{
	__atomic_fetch_add(&begun, 1, __ATOMIC_RELAXED);
	for (volatile uint64_t count = 0;; count++)
		;
}

/* More than there are processors; returns when all are at it. */
static void start_computing(void (*function)(void))
{
	uint32_t count = ltr_processors() + 2;

	for (uint32_t i = 0; i < count; i++)
		ltr_go(function);
	while (__atomic_load_n(&begun, __ATOMIC_RELAXED) < count)
		ltr_yield();
}

struct game {
	numbers there, back;
	struct ltr_waitgroup done;
};

#define ROUNDS SCALED(2000)

static void ping(struct game **game)
{
	for (int i = 0, n; i < ROUNDS; i++) {
		ltr_send((*game)->there, i);
		expect(ltr_recv((*game)->back, &n) == 0 && n == i);
	}
	ltr_waitgroup_done(&(*game)->done);
}

static void pong(struct game **game)
{
	for (int i = 0, n; i < ROUNDS; i++) {
		expect(ltr_recv((*game)->there, &n) == 0 && n == i);
		ltr_send((*game)->back, n);
	}
	ltr_waitgroup_done(&(*game)->done);
}

static void tick(struct game **game)
{
	for (int i = 0; i < 20; i++)
		ltr_sleep(LTR_MILLISECOND);
	ltr_waitgroup_done(&(*game)->done);
}

static void play(void)
{
	static struct game game;

	game = (struct game){ltr_make(numbers, 0), ltr_make(numbers, 0), {0}};
	ltr_waitgroup_add(&game.done, 3);
	ltr_go(ping, &game);
	ltr_go(pong, &game);
	ltr_go(tick, &game);
	ltr_waitgroup_wait(&game.done);
	ltr_free(game.there);
	ltr_free(game.back);
}

static int others_go_on(int argc, char **argv)
{
	(void)argc, (void)argv;
	start_computing(compute_for_ever);
	play();
	return 0;
}

static int main_computes_and_others_go_on(int argc, char **argv)
{
	numbers never = ltr_make(numbers, 0);
	uint64_t id = ltr_go(play);

	(void)argc, (void)argv;
	expect(id);
	/* no scheduling step in here: ltr_count() is a sum */
	while (ltr_count() > 1)
		;
	expect(ltr_recv(never, NULL, LTR_NOW) == -ETIMEDOUT);
	ltr_free(never);
	return 0;
}

static void answer(uint32_t **word)
{
	__atomic_store_n(*word, 1, __ATOMIC_RELEASE);
}

static void answer_a_message(struct game **game)
{
	int n;

	expect(ltr_recv((*game)->there, &n) == 0 && n == 7);
	__atomic_store_n(&told, 1, __ATOMIC_RELEASE);
}

/* It stands in the slot, which is otherwise the owner's alone. */
static int who_was_woken_runs(int argc, char **argv)
{
	static struct game game;

	(void)argc, (void)argv;
	game.there = ltr_make(numbers, 1);
	ltr_go(answer_a_message, &game);
	for (int i = 0; i < 100; i++)
		ltr_yield();
	ltr_send(game.there, 7);
	while (!__atomic_load_n(&told, __ATOMIC_ACQUIRE))
		;
	return 0;
}

static int newborns_run(int argc, char **argv)
{
	enum { COUNT = 300 };
	static uint32_t words[COUNT];

	(void)argc, (void)argv;
	for (int i = 0; i < COUNT; i++)
		ltr_go(answer, &words[i]);
	for (int i = 0; i < COUNT; i++)
		while (!__atomic_load_n(&words[i], __ATOMIC_ACQUIRE))
			;
	return 0;
}

static int pipe_ends[2];

static void read_for_real(struct ltr_waitgroup **done)
{
	char byte;

	expect(read(pipe_ends[0], &byte, 1) == 1);
	ltr_waitgroup_done(*done);
}

/* As many as processors, and one more; each blocks its thread until main writes. */
static int plain_system_calls(int argc, char **argv)
{
	struct ltr_waitgroup done = {0};
	int count = (int)ltr_processors() + 1;

	(void)argc, (void)argv;
	expect(pipe(pipe_ends) == 0);
	for (int i = 0; i < count; i++) {
		ltr_waitgroup_add(&done, 1);
		ltr_go(read_for_real, &done);
	}
	play(); /* all of them have had their turn by then, or have it later */
	for (int i = 0; i < count; i++)
		expect(write(pipe_ends[1], "x", 1) == 1);
	ltr_waitgroup_wait(&done);
	return 0;
}

static void echo(struct ltr_conn **conn)
{
	char bytes[4];

	expect(ltr_read(*conn, bytes, sizeof(bytes)) == 1);
	__atomic_store_n(&told, 1, __ATOMIC_RELEASE);
}

static int the_network_goes_on(int argc, char **argv)
{
	struct ltr_conn *conn;
	int ends[2];

	(void)argc, (void)argv;
	expect(pipe(ends) == 0);
	expect(ltr_conn_adopt(ends[0], &conn) == 0);
	ltr_go(echo, conn);
	for (int i = 0; i < 100; i++)
		ltr_yield(); /* it waits */
	expect(write(ends[1], "x", 1) == 1);
	while (!__atomic_load_n(&told, __ATOMIC_ACQUIRE))
		;
	ltr_conn_close(conn);
	return 0;
}

/* Which of the goroutines are marked as running for long. */
static uint32_t count_marked(void)
{
	uint32_t slabs = __atomic_load_n(&ltr__slab_count, __ATOMIC_ACQUIRE), count = 0;

	for (uint32_t i = 0; i < slabs; i++)
		for (uint32_t j = 0; j < LTR__SLAB_DESCRIPTORS; j++)
			count += !!(__atomic_load_n(&ltr__slabs[i][j].flags, __ATOMIC_RELAXED) &
				    LTR_GOROUTINE_LONG);
	return count;
}

static uint32_t spares(void)
{
	uint32_t count;

	ltr__lock(&ltr__sched.lock);
	count = ltr__sched.spares;
	ltr__unlock(&ltr__sched.lock);
	return count;
}

static int marks_and_spares_come_and_go(int argc, char **argv)
{
	(void)argc, (void)argv;
	for (int round = 0; round < 3; round++) {
		__atomic_store_n(&told, 0, __ATOMIC_RELAXED);
		begun = 0;
		start_computing(compute_until_told);
		while (count_marked() < ltr_processors() + 2)
			ltr_sleep(LTR_MILLISECOND);
		expect(spares() >= 2);
		expect(ltr_processors() == ltr__sched.processor_count);
		play();
		__atomic_store_n(&told, 1, __ATOMIC_RELAXED);
		while (ltr_count() > 1 || count_marked() || spares() ||
		       ltr__shared() != (ltr_processors() > 1))
			ltr_sleep(LTR_MILLISECOND);
	}
	return 0;
}

/* A busy spare processor goes as well: there is always something to run, never an idle moment. */
static void yield_until_told(struct ltr_waitgroup **done)
{
	while (__atomic_load_n(&told, __ATOMIC_RELAXED) < 2)
		ltr_yield();
	ltr_waitgroup_done(*done);
}

static int busy_spares_go_too(int argc, char **argv)
{
	struct ltr_waitgroup done = {0};

	(void)argc, (void)argv;
	for (int i = 0; i < 20; i++) {
		ltr_waitgroup_add(&done, 1);
		ltr_go(yield_until_told, &done);
	}
	start_computing(compute_until_told);
	while (spares() < 2)
		ltr_yield();
	__atomic_store_n(&told, 1, __ATOMIC_RELAXED);
	while (spares())
		ltr_yield();
	__atomic_store_n(&told, 2, __ATOMIC_RELAXED);
	ltr_waitgroup_wait(&done);
	return 0;
}

/*
 * With one processor the owner's queue operations are safe against thieves only since a moment that
 * the monitor chooses. So: make many such moments, in the midst of many operations. Wakers that never
 * park ready others; what was sent has to arrive once each.
 */
struct storm {
	numbers c;
	struct ltr_waitgroup done;
	uint64_t sum;
};

#define STORM_RECEIVERS 8

static void storm_receiver(struct storm **storm)
{
	uint64_t sum = 0;
	int n;

	while (ltr_recv((*storm)->c, &n) == 0) {
		sum += (uint64_t)n;
		ltr_yield();
	}
	__atomic_fetch_add(&(*storm)->sum, sum, __ATOMIC_RELAXED);
	ltr_waitgroup_done(&(*storm)->done);
}

static int queues_stay_whole(int argc, char **argv)
{
	static struct storm storm;
	uint64_t sent = 0;

	(void)argc, (void)argv;
	storm.c = ltr_make(numbers, 4);
	ltr_waitgroup_add(&storm.done, STORM_RECEIVERS);
	for (int i = 0; i < STORM_RECEIVERS; i++)
		ltr_go(storm_receiver, &storm);
	for (int round = 0; round < 20; round++) {
		/* until others run although we do not park, that is, on a spare processor */
		for (int received = 0; received < SCALED(5000);) {
			if (ltr_send(storm.c, 3, LTR_NOW) == 0) {
				sent += 3;
				received++;
			}
		}
		while (ltr__shared() != (ltr_processors() > 1))
			ltr_sleep(LTR_MILLISECOND);
	}
	ltr_close(storm.c);
	ltr_waitgroup_wait(&storm.done);
	expect(storm.sum == sent);
	return 0;
}

int main(void)
{
	static const struct rule rules[] = {
		RULE(others_go_on),
		RULE(main_computes_and_others_go_on),
		RULE(who_was_woken_runs),
		RULE(newborns_run),
		RULE(plain_system_calls),
		RULE(the_network_goes_on),
		RULE(marks_and_spares_come_and_go),
		RULE(busy_spares_go_too),
		RULE(queues_stay_whole),
	};

	rules_need_threads = true;
	return run_rules(rules, sizeof(rules) / sizeof(rules[0]));
}
