/* SPDX-License-Identifier: MIT */
/*
 * Goroutines that nobody can wake, fifteen kinds of them, so many of each as is said: each is started
 * by a goroutine that ends and takes the last reference with it. Prints what it has planted, a line
 * for each kind with the function that started the goroutines, or where they wait, then "ready", and
 * sleeps on; with a second argument it returns instead.
 */

#include <loiter.h>
#include <stdio.h>
#include <stdlib.h>

LTR_CHAN(numbers, int);

/* One function for each kind, so that findings are told apart. */
static void send_alone(numbers *c)
{
	ltr_send(*c, 1);
}

static void plant_send(void)
{
	numbers c = ltr_make(numbers, 0);

	ltr_go(send_alone, c);
}

static void receive_alone(numbers *c)
{
	int n;

	ltr_recv(*c, &n);
}

static void plant_receive(void)
{
	numbers c = ltr_make(numbers, 0);

	ltr_go(receive_alone, c);
}

static void range(numbers *c)
{
	int n;

	while (ltr_recv(*c, &n) == 0)
		;
}

static void plant_range(void)
{
	numbers c = ltr_make(numbers, 2);

	ltr_go(range, c);
	for (int i = 0; i < 5; i++)
		ltr_send(c, i);
}

static void lock_forgotten(struct ltr_mutex **mutex)
{
	ltr_mutex_lock(*mutex);
	ltr_mutex_unlock(*mutex);
}

static void plant_lock(void)
{
	struct ltr_mutex *mutex = calloc(1, sizeof(*mutex));

	ltr_mutex_lock(mutex); /* and never unlock */
	ltr_go(lock_forgotten, mutex);
}

static void is_not_done(struct ltr_waitgroup **group)
{
	(void)group;
}

static void wait_for_done(void)
{
	struct ltr_waitgroup group = {0};

	ltr_waitgroup_add(&group, 1);
	ltr_go(is_not_done, &group);
	ltr_waitgroup_wait(&group);
}

static void plant_group(void)
{
	ltr_go(wait_for_done);
}

static void select_dead(numbers (*pair)[2])
{
	int n;

	ltr_select(LTR_FOREVER, LTR_RECV((*pair)[0], &n), LTR_SEND((*pair)[1], 1));
}

struct pair {
	numbers c[2];
};

static void select_pair(struct pair *pair)
{
	select_dead(&pair->c);
}

static void plant_select(void)
{
	struct pair pair = {{ltr_make(numbers, 0), ltr_make(numbers, 0)}};

	ltr_go(select_pair, pair);
}

struct state {
	struct ltr_mutex mutex;
	struct ltr_cond cond;
	bool changed;
};

static void wait_for_signal(struct state **state)
{
	ltr_mutex_lock(&(*state)->mutex);
	while (!(*state)->changed)
		ltr_cond_wait(&(*state)->cond, &(*state)->mutex);
	ltr_mutex_unlock(&(*state)->mutex);
}

static void plant_cond(void)
{
	struct state *state = calloc(1, sizeof(*state));

	ltr_go(wait_for_signal, state);
}

static void acquire_dead(struct ltr_semaphore **semaphore)
{
	ltr_semaphore_acquire(*semaphore, 1);
}

static void plant_semaphore(void)
{
	struct ltr_semaphore *semaphore = calloc(1, sizeof(*semaphore));

	semaphore->capacity = semaphore->used = 1;
	ltr_go(acquire_dead, semaphore);
}

static void receive_nil(void)
{
	numbers nil = {0};
	int n;

	ltr_recv(nil, &n);
}

static void plant_nil(void)
{
	ltr_go(receive_nil);
}

static void select_nothing(void)
{
	ltr_select(LTR_FOREVER);
}

static void plant_empty(void)
{
	ltr_go(select_nothing);
}

/* Each could wake the other, and waits for it. */
static void wait_mutually(struct pair *pair)
{
	int n;

	ltr_recv(pair->c[0], &n);
	ltr_send(pair->c[1], n);
}

static void plant_mutual(void)
{
	numbers a = ltr_make(numbers, 0);
	numbers b = ltr_make(numbers, 0);

	ltr_go(wait_mutually, (struct pair){{a, b}});
	ltr_go(wait_mutually, (struct pair){{b, a}});
}

static void pile_up(struct ltr_mutex **mutex)
{
	ltr_mutex_lock(*mutex);
	ltr_mutex_unlock(*mutex);
}

static void plant_pile(void)
{
	struct ltr_mutex *mutex = calloc(1, sizeof(*mutex));

	ltr_mutex_lock(mutex);
	for (int i = 0; i < 5; i++)
		ltr_go(pile_up, mutex);
}

/* Each would wake the next; nobody wakes the first. */
static void wait_in_chain(struct pair *pair)
{
	int n;

	ltr_recv(pair->c[0], &n);
	ltr_send(pair->c[1], n);
}

static void plant_chain(void)
{
	numbers first = ltr_make(numbers, 0);

	for (int i = 0; i < 5; i++) {
		numbers next = ltr_make(numbers, 0);

		ltr_go(wait_in_chain, (struct pair){{first, next}});
		first = next;
	}
}

static void read_lock(struct ltr_rwmutex **rwmutex)
{
	ltr_rwmutex_rlock(*rwmutex);
}

static void plant_rwmutex(void)
{
	struct ltr_rwmutex *rwmutex = calloc(1, sizeof(*rwmutex));

	ltr_rwmutex_lock(rwmutex);
	ltr_go(read_lock, rwmutex);
}

/* What it waits on lies in a block that only a block that was freed leads to. */
static void wait_behind_freed(numbers *c)
{
	int n;

	ltr_recv(*c, &n);
}

static void plant_freed(void)
{
	struct pair *pair = malloc(5000);

	pair->c[0] = ltr_make(numbers, 0);
	ltr_go(wait_behind_freed, pair->c[0]);
	free(pair);
}

static const struct {
	const char *name; /* or several: reports say one or the other */
	void (*plant)(void);
	int goroutines;
} kinds[] = {
	{"plant_send", plant_send, 1},     {"plant_receive", plant_receive, 1},
	{"plant_range", plant_range, 1},   {"plant_lock|lock_forgotten", plant_lock, 1},
	{"plant_group", plant_group, 1},   {"plant_select", plant_select, 1},
	{"plant_cond", plant_cond, 1},     {"plant_semaphore", plant_semaphore, 1},
	{"plant_nil", plant_nil, 1},       {"plant_empty", plant_empty, 1},
	{"plant_mutual", plant_mutual, 2}, {"plant_pile|pile_up", plant_pile, 5},
	{"plant_chain", plant_chain, 5},   {"plant_rwmutex|read_lock", plant_rwmutex, 1},
	{"plant_freed", plant_freed, 1},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct ltr_waitgroup planted;

struct planter {
	void (*plant)(void);
	int count;
};

static void plant_all(struct planter *planter)
{
	for (int i = 0; i < planter->count; i++) {
		planter->plant();
		if (i % 64 == 63)
			ltr_sleep(LTR_MILLISECOND); /* let them come to where they wait */
	}
	ltr_sleep(10 * LTR_MILLISECOND);
	ltr_waitgroup_done(&planted);
}

static int run(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 1000;

	for (size_t i = 0; i < KINDS; i++) {
		ltr_waitgroup_add(&planted, 1);
		ltr_go(plant_all, (struct planter){kinds[i].plant, count});
	}
	ltr_waitgroup_wait(&planted);
	for (size_t i = 0; i < KINDS; i++)
		printf("planted %s %d\n", kinds[i].name, kinds[i].goroutines * count);
	printf("ready\n");
	fflush(stdout);
	if (argc <= 2)
		ltr_sleep((60 * LTR_MINUTE));
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
