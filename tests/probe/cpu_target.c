/* SPDX-License-Identifier: MIT */
/*
 * A program for cpu_test and cpu.sh that works with its CPUs: two goroutines in turns, in work_three()
 * for three times as long as in work_one(), and a third one in a blocking call, in work_in_call(). It
 * says "on" when all have their names, and ends with its stdin. To be run with LTR_PROCS=1: then the
 * two have one CPU between them, and their shares are those of their units.
 */

#include <loiter.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

/* Turns have to be much shorter than the time between two samples: each of these tells something then. */
#define UNIT 2000u

static struct ltr_waitgroup named;

/* How long the turn of the two is: each time another length, so that no clock can keep step with it. */
static unsigned int turn = 1;
static atomic_bool ended;

/* In the caller, so that the caller is where the time goes. */
static inline __attribute__((always_inline)) void work(unsigned int units)
{
	volatile uint32_t number = 1;

	for (unsigned int i = 0; i < units * UNIT; i++)
		number = number * 1664525 + 1013904223;
}

static __attribute__((noinline)) void work_three(void)
{
	turn = (turn * 5 + 3) % 16; /* each of 0 to 15 once, in no order */
	work(3 * (turn + 1));
}

static __attribute__((noinline)) void work_one(void)
{
	work(turn + 1);
}

static __attribute__((noinline)) void work_in_call(void *unused)
{
	(void)unused;
	while (!atomic_load(&ended))
		work(1);
}

static void take_name(const char *name)
{
	ltr_set_name(name);
	ltr_set_label("share", name);
	ltr_waitgroup_done(&named);
}

static void three(void)
{
	take_name("three");
	while (!atomic_load(&ended)) {
		work_three();
		ltr_yield();
	}
}

static void one(void)
{
	take_name("one");
	while (!atomic_load(&ended)) {
		work_one();
		ltr_yield();
	}
}

static void caller(void)
{
	take_name("caller");
	ltr_blocking(work_in_call, NULL);
}

static void wait_for_end(void *unused)
{
	char byte;

	(void)unused;
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

static int run(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	ltr_waitgroup_add(&named, 3);
	ltr_go(three);
	ltr_go(one);
	ltr_go(caller);
	ltr_waitgroup_wait(&named);
	printf("on\n");
	fflush(stdout);
	ltr_blocking(wait_for_end, NULL);
	atomic_store(&ended, true);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
