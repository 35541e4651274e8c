// SPDX-License-Identifier: MIT
/*
 * A program for test_live.c. Says "up", waits for a byte, lets WORKERS goroutines do a bit of
 * everything, says "quiet" when each of them has ended or is about to wait for ever, waits for
 * another byte and returns. Labels, names and sites of every kind are among them. With "again" it becomes
 * itself anew instead, without that argument.
 */
#include "live_program.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORKERS 300

static void short_life(void)
{
	ltr_yield();
}

static void start_short_life(void)
{
	ltr_go(short_life);
}

static struct live_work work = {.sleep_most_us = 1000, .start_short_life = start_short_life};
static struct ltr_waitgroup settled;
static int rounds;

static void worker(int *number)
{
	uint32_t chance = (uint32_t)*number * 2654435761u;
	int value;

	if (*number % 3 == 0)
		ltr_set_name("third");
	for (int i = 0; i < rounds; i++) {
		chance = chance * 1664525 + 1013904223;
		live_do_one_thing(&work, chance >> 8);
	}
	ltr_waitgroup_done(&settled);
	if (*number % 4 == 0)
		return;
	if (*number % 4 == 1)
		ltr_recv(work.never, &value);
	else if (*number % 4 == 2)
		ltr_select(LTR_FOREVER, LTR_RECV(work.never, &value), LTR_SEND(work.never, 1));
	else
		ltr_sleep_until(LTR_FOREVER);
}

static int run(int argc, char **argv)
{
	rounds = argc > 1 ? atoi(argv[1]) : 100;
	work.never = ltr_make(numbers, 0);
	work.meet = ltr_make(numbers, 0);
	live_say("up\n");
	(void)live_may_go_on();
	if (argc > 1 && strcmp(argv[1], "again") == 0)
		execl("/proc/self/exe", argv[0], (char *)NULL);
	ltr_waitgroup_add(&settled, WORKERS);
	for (int i = 0; i < WORKERS; i++) {
		ltr_set_label("parity", i % 2 ? "odd" : "even");
		ltr_go(worker, i);
	}
	ltr_waitgroup_wait(&settled);
	live_say("quiet\n");
	(void)live_may_go_on();
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
