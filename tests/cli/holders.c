/* SPDX-License-Identifier: MIT */
/*
 * Locks that are held by functions of other names than those that wait for them. Run with one processor
 * (LTR_PROCS=1), goroutines take turns in a known order: once somebody waits, the holder unlocks. The
 * first argument says what is held; "stay" ends in an unlocking that never comes.
 */

#include <loiter.h>
#include <stdio.h>
#include <string.h>

#define WAITERS 5

static struct ltr_mutex mutex;
static struct ltr_rwmutex rw;
static struct ltr_once once;
static struct ltr_waitgroup done;

LTR_CHAN(nothings, int);
static nothings for_ever;

/* With one processor, all others have had their turn many times. */
static void let_them_wait(void)
{
	for (int i = 0; i < 20; i++)
		ltr_yield();
}

static void wait_for_mutex(void)
{
	ltr_mutex_lock(&mutex);
	ltr_mutex_unlock(&mutex);
	ltr_waitgroup_done(&done);
}

static void wait_to_read(void)
{
	ltr_rwmutex_rlock(&rw);
	ltr_rwmutex_runlock(&rw);
	ltr_waitgroup_done(&done);
}

static void wait_to_write(void)
{
	ltr_rwmutex_lock(&rw);
	ltr_rwmutex_unlock(&rw);
	ltr_waitgroup_done(&done);
}

static void set_up(void)
{
	let_them_wait();
}

static void wait_for_once(void)
{
	ltr_once_do(&once, set_up);
	ltr_waitgroup_done(&done);
}

static __attribute__((noinline)) void give_back(void)
{
	ltr_mutex_unlock(&mutex);
	__asm__ volatile(""); /* no jump there: the call is where the mutex is unlocked */
}

static void hold_mutex(void)
{
	ltr_mutex_lock(&mutex);
	let_them_wait();
	give_back();
	ltr_waitgroup_done(&done);
}

static void hold_for_writing(void)
{
	ltr_rwmutex_lock(&rw);
	let_them_wait();
	ltr_rwmutex_unlock(&rw);
	ltr_waitgroup_done(&done);
}

static void hold_for_reading(void)
{
	ltr_rwmutex_rlock(&rw);
	let_them_wait();
	ltr_rwmutex_runlock(&rw);
	ltr_waitgroup_done(&done);
}

static void hold_for_ever(void)
{
	int nothing;

	ltr_mutex_lock(&mutex);
	let_them_wait();
	ltr_recv(for_ever, &nothing);
}

static void go_all(void (*hold)(void), void (*wait)(void))
{
	ltr_waitgroup_add(&done, WAITERS + 1);
	ltr_go(hold);
	ltr_yield(); /* it holds now */
	for (int i = 0; i < WAITERS; i++)
		ltr_go(wait);
}

static int run(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "stay";

	for_ever = ltr_make(nothings, 0);
	if (strcmp(what, "mutex") == 0)
		go_all(hold_mutex, wait_for_mutex);
	else if (strcmp(what, "write") == 0)
		go_all(hold_for_writing, wait_to_read);
	else if (strcmp(what, "read") == 0)
		go_all(hold_for_reading, wait_to_write);
	else if (strcmp(what, "once") == 0)
		go_all(wait_for_once, wait_for_once);
	else
		go_all(hold_for_ever, wait_for_mutex);
	if (strcmp(what, "stay") == 0) {
		let_them_wait();
		puts("stays");
		fflush(stdout);
		ltr_sleep(1000 * LTR_SECOND); /* or all would be asleep for ever */
	}
	ltr_waitgroup_wait(&done);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
