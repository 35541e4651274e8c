/* SPDX-License-Identifier: MIT */
/*
 * Programs that wait for locks: each mistake beside a correct twin, while a ticker and the main goroutine
 * go on. The first argument is the name of the case; deadlock.sh says what is expected of each, and
 * contended.c looks at the twins, all at once, a thousand times. They run until they are killed.
 */

#include <loiter.h>
#include <stdio.h>
#include <string.h>

#define TABLE 5

static struct ltr_mutex a, b, forks[TABLE];
static struct ltr_rwmutex rw;
static struct ltr_once once;
static struct ltr_cond cond;
static struct ltr_waitgroup both; /* have locked their first */

LTR_CHAN(numbers, int);

static void tick(void)
{
	for (;;)
		ltr_sleep(LTR_MILLISECOND);
}

static void pause_a_little(void)
{
	ltr_sleep(200 * LTR_MICROSECOND);
}

/* --- mistakes ----------------------------------------------------------------------------------- */

static void meet(void)
{
	ltr_waitgroup_done(&both);
	ltr_waitgroup_wait(&both);
}

static void lock_a_then_b(void)
{
	ltr_mutex_lock(&a);
	meet();
	ltr_mutex_lock(&b);
}

static void lock_b_then_a(void)
{
	ltr_mutex_lock(&b);
	meet();
	ltr_mutex_lock(&a);
}

static void ab_ba(void)
{
	ltr_waitgroup_add(&both, 2);
	ltr_go(lock_a_then_b);
	ltr_go(lock_b_then_a);
}

static void lock_a(void)
{
	ltr_mutex_lock(&a);
	ltr_mutex_unlock(&a);
}

static void lock_twice(void)
{
	ltr_mutex_lock(&a);
	ltr_go(lock_a);
	ltr_mutex_lock(&a);
}

static void double_lock(void)
{
	ltr_go(lock_twice);
}

static void call_once_in_once(void)
{
	ltr_once_do(&once, call_once_in_once);
}

static void once_in_once(void)
{
	ltr_go(call_once_in_once);
}

static void write_it(void)
{
	ltr_rwmutex_lock(&rw);
	ltr_rwmutex_unlock(&rw);
}

static void read_twice(void)
{
	ltr_rwmutex_rlock(&rw);
	ltr_go(write_it);
	while (ltr_rwmutex_try_rlock(&rw)) { /* until the writer waits */
		ltr_rwmutex_runlock(&rw);
		ltr_yield();
	}
	ltr_rwmutex_rlock(&rw);
}

static void read_write_read(void)
{
	ltr_go(read_twice);
}

static void read_then_write(void)
{
	ltr_rwmutex_rlock(&rw);
	ltr_rwmutex_lock(&rw);
}

static void upgrade(void)
{
	ltr_go(read_then_write);
}

static void dine(int *seat)
{
	ltr_mutex_lock(&forks[*seat]);
	meet();
	ltr_mutex_lock(&forks[(*seat + 1) % TABLE]);
}

static void circle(void)
{
	ltr_waitgroup_add(&both, TABLE);
	for (int i = 0; i < TABLE; i++)
		ltr_go(dine, i);
}

static void lock_and_end(void)
{
	ltr_mutex_lock(&a);
	ltr_go(lock_a);
}

static void abandoned(void)
{
	ltr_go(lock_and_end);
}

static void lock_and_wait_for_ever(void)
{
	numbers nil = {0};

	ltr_mutex_lock(&a);
	ltr_go(lock_a);
	ltr_recv(nil, NULL);
}

static void held_for_ever(void)
{
	ltr_go(lock_and_wait_for_ever);
}

/* --- correct twins ------------------------------------------------------------------------------ */

static void lock_in_order(void)
{
	for (;;) {
		ltr_mutex_lock(&a);
		pause_a_little();
		ltr_mutex_lock(&b);
		pause_a_little();
		ltr_mutex_unlock(&b);
		ltr_mutex_unlock(&a);
	}
}

/* The other way round, but it gives up. */
static void lock_against_the_order(void)
{
	for (;;) {
		ltr_mutex_lock(&b);
		pause_a_little();
		if (ltr_mutex_lock(&a, ltr_after(LTR_MILLISECOND)) == 0)
			ltr_mutex_unlock(&a);
		ltr_mutex_unlock(&b);
		ltr_yield();
	}
}

/* So often that it is handed over again and again. */
static void hammer(struct ltr_mutex **mutex)
{
	for (;;) {
		ltr_mutex_lock(*mutex);
		ltr_yield();
		ltr_mutex_unlock(*mutex);
	}
}

static void read_on(void)
{
	for (;;) {
		ltr_rwmutex_rlock(&rw);
		pause_a_little();
		ltr_rwmutex_runlock(&rw);
	}
}

static void write_on(void)
{
	for (;;) {
		ltr_rwmutex_lock(&rw);
		ltr_yield();
		ltr_rwmutex_unlock(&rw);
		pause_a_little();
	}
}

/* Twice, behind a writer that gives up. */
static void read_twice_in_time(void)
{
	static struct ltr_rwmutex own;

	for (;;) {
		ltr_rwmutex_rlock(&own);
		if (ltr_rwmutex_rlock(&own, ltr_after(LTR_MILLISECOND)) == 0)
			ltr_rwmutex_runlock(&own);
		ltr_rwmutex_runlock(&own);
		ltr_yield();
	}
}

/*
 * A lock that is a message: one locks, another one unlocks. That it has been unlocked so once is known
 * before anybody waits for it.
 */
static struct ltr_mutex message;

static void unlock_message(void)
{
	ltr_mutex_unlock(&message);
	ltr_waitgroup_done(&both);
}

static void wait_for_message(void)
{
	for (;;)
		ltr_mutex_lock(&message);
}

static void send_messages(void)
{
	ltr_mutex_lock(&message);
	ltr_go(wait_for_message);
	for (;;) {
		pause_a_little();
		ltr_mutex_unlock(&message);
		while (ltr_mutex_try_lock(&message)) /* until the other one has it */
			ltr_mutex_unlock(&message);
	}
}

static void do_nothing(void)
{
	pause_a_little();
}

/* A Once after another, each with many who come at once. */
static void come_at_once(struct ltr_once **at)
{
	ltr_once_do(*at, do_nothing);
	ltr_waitgroup_done(&both);
}

static void many_onces(void)
{
	static struct ltr_once fresh;

	for (;;) {
		fresh = (struct ltr_once){0};
		ltr_waitgroup_add(&both, 4);
		for (int i = 0; i < 4; i++)
			ltr_go(come_at_once, &fresh);
		ltr_waitgroup_wait(&both);
	}
}

static void signal_on(void)
{
	for (;;) {
		ltr_mutex_lock(&forks[0]);
		ltr_cond_broadcast(&cond);
		ltr_mutex_unlock(&forks[0]);
		ltr_yield();
	}
}

static void wait_on(void)
{
	ltr_mutex_lock(&forks[0]);
	for (;;)
		ltr_cond_wait(&cond, &forks[0]);
}

/* Takes a lock, ends without it, and another one comes: ids and descriptors are used up. */
static void lock_and_go(void)
{
	ltr_mutex_lock(&forks[1]);
	pause_a_little();
	ltr_mutex_unlock(&forks[1]);
}

static void go_on_and_on(void)
{
	for (;;) {
		for (int i = 0; i < 4; i++)
			ltr_go(lock_and_go);
		ltr_sleep(LTR_MILLISECOND);
	}
}

static void twins(void)
{
	for (int i = 0; i < 3; i++) {
		ltr_go(lock_in_order);
		ltr_go(hammer, &forks[2]);
		ltr_go(read_on);
		ltr_go(write_on);
		ltr_go(wait_on);
	}
	ltr_waitgroup_add(&both, 1);
	ltr_mutex_lock(&message);
	ltr_go(unlock_message);
	ltr_waitgroup_wait(&both);
	ltr_go(send_messages);
	ltr_go(lock_against_the_order);
	ltr_go(read_twice_in_time);
	ltr_go(many_onces);
	ltr_go(signal_on);
	ltr_go(go_on_and_on);
}

static const struct {
	const char *name;
	void (*begin)(void);
} cases[] = {
	{"ab-ba", ab_ba},
	{"double-lock", double_lock},
	{"once-in-once", once_in_once},
	{"read-write-read", read_write_read},
	{"upgrade", upgrade},
	{"circle", circle},
	{"abandoned", abandoned},
	{"held-for-ever", held_for_ever},
	{"twins", twins},
};

static int run(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (strcmp(cases[i].name, argv[1]) != 0)
			continue;
		ltr_go(tick);
		cases[i].begin();
		puts("stays");
		fflush(stdout);
		ltr_sleep(1000 * LTR_SECOND);
	}
	fprintf(stderr, "lockers: there is no such case\n");
	return 99;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
