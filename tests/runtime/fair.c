/* SPDX-License-Identifier: MIT */

/*
 * Nobody waits for ever while others run, and who waits first is woken first. Everything here waits
 * for progress; what starves hangs.
 */

#include "harness.h"

#include "goroutine.h"

LTR_CHAN(numbers, int);

#define MANY 20

static uint32_t progress[MANY];

static void yield_for_ever(int *number)
{
	for (;;) {
		__atomic_fetch_add(&progress[*number], 1, __ATOMIC_RELAXED);
		ltr_yield();
	}
}

static void serve_for_ever(numbers *c)
{
	for (;;)
		ltr_send(*c, 1);
}

static void take_for_ever(numbers *c)
{
	for (;;)
		ltr_recv(*c, NULL);
}

static void start_pairs(void)
{
	static numbers channels[10]; /* they are used to the end */

	for (int i = 0; i < 10; i++) {
		channels[i] = ltr_make(numbers, 0);
		ltr_go(serve_for_ever, channels[i]);
		ltr_go(take_for_ever, channels[i]);
	}
}

static void wait_for_all(uint32_t least)
{
	for (int i = 0; i < MANY; i++)
		while (__atomic_load_n(&progress[i], __ATOMIC_RELAXED) < least)
			ltr_yield();
}

static int all_who_yield_get_on(int argc, char **argv)
{
	(void)argc, (void)argv;
	for (int i = 0; i < MANY; i++)
		ltr_go(yield_for_ever, i);
	wait_for_all(100);
	return 0;
}

/* Slots are never empty. */
static int pairs_do_not_starve_who_yields(int argc, char **argv)
{
	(void)argc, (void)argv;
	start_pairs();
	for (int i = 0; i < MANY; i++)
		ltr_go(yield_for_ever, i);
	wait_for_all(20);
	return 0;
}

static void answer(uint32_t **word)
{
	__atomic_fetch_add(*word, 1, __ATOMIC_RELAXED);
}

/* Newborns are last in the usual order. */
static int nobody_starves_newborns(int argc, char **argv)
{
	static uint32_t answers;

	(void)argc, (void)argv;
	start_pairs();
	for (int i = 0; i < MANY; i++)
		ltr_go(yield_for_ever, i);
	for (int i = 0; i < 200; i++)
		ltr_go(answer, &answers);
	while (__atomic_load_n(&answers, __ATOMIC_RELAXED) < 200)
		ltr_yield();
	return 0;
}

static int nobody_starves_timers(int argc, char **argv)
{
	(void)argc, (void)argv;
	start_pairs();
	for (int i = 0; i < MANY; i++)
		ltr_go(yield_for_ever, i);
	for (int i = 0; i < 10; i++)
		ltr_sleep(LTR_MILLISECOND);
	return 0;
}

static void wait_for_a_byte(struct ltr_conn **conn)
{
	char byte;

	expect(ltr_read(*conn, &byte, 1) == 1);
	__atomic_store_n(&progress[0], 1, __ATOMIC_RELAXED);
}

/* Nor does one who yields alone: there is nobody to switch to. */
static int nobody_starves_the_network(int argc, char **argv)
{
	struct ltr_conn *conn;
	int ends[2];

	(void)argc, (void)argv;
	expect(pipe(ends) == 0 && ltr_conn_adopt(ends[0], &conn) == 0);
	ltr_go(wait_for_a_byte, conn);
	for (int i = 0; i < 1000; i++)
		ltr_yield();
	expect(write(ends[1], "x", 1) == 1);
	while (!__atomic_load_n(&progress[0], __ATOMIC_RELAXED))
		ltr_yield();
	return 0;
}

static void call_nothing(void *argument)
{
	(void)argument;
}

/* They come back through the global queue when no processor is free. */
static int nobody_starves_blocking_calls(int argc, char **argv)
{
	(void)argc, (void)argv;
	start_pairs();
	for (int i = 0; i < MANY; i++)
		ltr_go(yield_for_ever, i);
	for (int i = 0; i < 10; i++)
		expect(ltr_blocking(call_nothing, NULL) == 0);
	return 0;
}

/* As an outsider reads it: not in step with who writes it. */
__attribute__((no_sanitize("thread"))) static uint8_t state_of(uint64_t id)
{
	uint32_t slabs = __atomic_load_n(&ltr__slab_count, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < slabs; i++)
		for (uint32_t j = 0; j < LTR__SLAB_DESCRIPTORS; j++)
			if (ltr__slabs[i][j].id == id)
				return *(volatile uint8_t *)&ltr__slabs[i][j].state;
	return LTR_STATE_EXITED;
}

struct place {
	numbers c;
	int number;
	struct ltr_waitgroup *done;
};

static void get_own_number(struct place *place)
{
	int n;

	expect(ltr_recv(place->c, &n) == 0 && n == place->number);
	ltr_waitgroup_done(place->done);
}

static void give_own_number(struct place *place)
{
	expect(ltr_send(place->c, place->number) == 0);
	ltr_waitgroup_done(place->done);
}

/* One after the other, each when the one before it waits. */
static void line_up(numbers c, void (*function)(struct place *), struct ltr_waitgroup *done)
{
	ltr_waitgroup_add(done, MANY);
	for (int i = 0; i < MANY; i++) {
		uint64_t id = ltr_go(function, (struct place){c, i, done});

		while (state_of(id) != LTR_STATE_CHAN)
			ltr_yield();
	}
}

static int who_waits_first_is_woken_first(int argc, char **argv)
{
	numbers c = ltr_make(numbers, 0);
	struct ltr_waitgroup done = {0};
	int n;

	(void)argc, (void)argv;
	line_up(c, get_own_number, &done);
	for (int i = 0; i < MANY; i++)
		ltr_send(c, i);
	ltr_waitgroup_wait(&done);
	line_up(c, give_own_number, &done);
	for (int i = 0; i < MANY; i++)
		expect(ltr_recv(c, &n) == 0 && n == i);
	ltr_waitgroup_wait(&done);
	ltr_free(c);
	return 0;
}

struct contested {
	struct ltr_mutex mutex;
	uint32_t wins; /* atomic */
};

/* Never parks, and holds the lock nearly all the time. */
static void hog(struct contested **contested)
{
	for (;;) {
		ltr_mutex_lock(&(*contested)->mutex);
		ltr_mutex_unlock(&(*contested)->mutex);
	}
}

static void want(struct contested **contested)
{
	for (int i = 0; i < 20; i++) {
		ltr_mutex_lock(&(*contested)->mutex);
		ltr_mutex_unlock(&(*contested)->mutex);
	}
	__atomic_fetch_add(&(*contested)->wins, 1, __ATOMIC_RELAXED);
}

static int a_hog_does_not_keep_a_mutex(int argc, char **argv)
{
	static struct contested contested;

	(void)argc, (void)argv;
	ltr_go(hog, &contested);
	ltr_go(hog, &contested);
	for (int i = 0; i < 4; i++)
		ltr_go(want, &contested);
	while (__atomic_load_n(&contested.wins, __ATOMIC_RELAXED) < 4)
		ltr_sleep(LTR_MILLISECOND);
	return 0;
}

int main(void)
{
	static const struct rule rules[] = {
		RULE(all_who_yield_get_on),           RULE(pairs_do_not_starve_who_yields),
		RULE(nobody_starves_newborns),        RULE(nobody_starves_timers),
		RULE(nobody_starves_the_network),     RULE(nobody_starves_blocking_calls),
		RULE(who_waits_first_is_woken_first), RULE(a_hog_does_not_keep_a_mutex),
	};

	return run_rules(rules, sizeof(rules) / sizeof(rules[0]));
}
