/* SPDX-License-Identifier: MIT */
/*
 * One goroutine waits for ever on an object that others have used before: the first argument says on
 * which. objects.sh says what is told of it.
 */

#include <loiter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

LTR_CHAN(numbers, int);

static struct ltr_waitgroup group, turns;
static struct ltr_group many;
static struct ltr_cond cond;
static struct ltr_mutex mutex;
static struct ltr_rwmutex rwmutex;
static struct ltr_semaphore room = LTR_SEMAPHORE(3);
static numbers buffered, unbuffered;

static void use_group(void)
{
	ltr_waitgroup_done(&group); /* DONE */
}

static void wait_for_group(void)
{
	ltr_waitgroup_wait(&group);
}

static void add_to_group(void)
{
	ltr_waitgroup_add(&group, 1); /* FIRST ADD */
	ltr_waitgroup_add(&group, 2); /* LAST ADD */
}

static int be_member(void)
{
	ltr_recv(unbuffered, (int *)NULL);
	return 0;
}

static void go_in_group(void)
{
	ltr_group_go(&many, be_member); /* MEMBER */
}

static void wait_for_many(void)
{
	ltr_group_wait(&many);
}

static void signal_too_early(void)
{
	ltr_cond_signal(&cond); /* SIGNAL */
}

static void broadcast_too_early(void)
{
	ltr_cond_broadcast(&cond); /* BROADCAST */
}

static void wait_for_signal(void)
{
	ltr_mutex_lock(&mutex);
	ltr_cond_wait(&cond, &mutex);
	ltr_mutex_unlock(&mutex);
}

static void acquire_and_forget(void)
{
	ltr_semaphore_acquire(&room, 1); /* FIRST ACQUIRE */
	ltr_semaphore_acquire(&room, 2); /* LAST ACQUIRE */
	ltr_semaphore_release(&room, 1); /* RELEASE */
}

static void acquire(void)
{
	ltr_semaphore_acquire(&room, 2);
}

static void read_lock(void)
{
	ltr_rwmutex_rlock(&rwmutex);
}

static void lock_and_unlock(void)
{
	ltr_rwmutex_lock(&rwmutex);
	ltr_rwmutex_unlock(&rwmutex);
}

static void write_lock(void)
{
	ltr_rwmutex_lock(&rwmutex);
}

static void make_channels(void)
{
	buffered = ltr_make(numbers, 2);   /* BUFFERED */
	unbuffered = ltr_make(numbers, 0); /* UNBUFFERED */
	ltr_send(buffered, 1);
	ltr_send(buffered, 2);
}

static void select_both(void)
{
	numbers never = {0};
	int n;

	ltr_select(LTR_FOREVER, LTR_RECV(unbuffered, &n), LTR_RECV(never, &n),
		   LTR_SEND(buffered, 3));
}

static void send_third(void)
{
	ltr_send(buffered, 3);
}

static const struct {
	const char *name;
	void (*users[2])(void); /* one after the other, to their ends */
	void (*waits)(void);
} cases[] = {
	{"waitgroup", {add_to_group, use_group}, wait_for_group},
	{"group", {make_channels, go_in_group}, wait_for_many},
	{"cond", {signal_too_early, NULL}, wait_for_signal},
	{"broadcast", {signal_too_early, broadcast_too_early}, wait_for_signal},
	{"semaphore", {acquire_and_forget, NULL}, acquire},
	{"readers", {read_lock, NULL}, write_lock},
	{"unlocked", {lock_and_unlock, read_lock}, write_lock},
	{"select", {make_channels, NULL}, select_both},
	{"full", {make_channels, NULL}, send_third},
};

static void use(void (*function)(void))
{
	function();
	ltr_waitgroup_done(&turns);
}

static void take_turn(void (**function)(void))
{
	use(*function);
}

static int run(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (strcmp(cases[i].name, argv[1]) != 0)
			continue;
		for (int j = 0; j < 2 && cases[i].users[j]; j++) {
			ltr_waitgroup_add(&turns, 1);
			ltr_go(take_turn, cases[i].users[j]);
			ltr_waitgroup_wait(&turns);
		}
		ltr_go(cases[i].waits);
		ltr_yield();
		if (argc > 2)
			ltr_sleep(atol(argv[2]) * LTR_MILLISECOND);
		return 0;
	}
	fprintf(stderr, "objects: there is no such case\n");
	return 99;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
