// SPDX-License-Identifier: MIT
/*
 * A program for test_live.c. Says "up", waits for a byte, lets WORKERS goroutines do a bit of
 * everything, says "quiet" when each of them has ended or is about to wait for ever, waits for
 * another byte and returns. Labels, names and sites of every kind are among them. With "again" it becomes
 * itself anew instead, without that argument.
 */
#include <loiter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORKERS 300

LTR_CHAN(numbers, int);

static numbers never;
static numbers busy;
static struct ltr_mutex mutex;
static struct ltr_waitgroup settled;
static int rounds;

static void short_life(void)
{
	ltr_yield();
}

static void one_thing(uint32_t chance)
{
	int value;

	switch (chance % 6) {
	case 0:
		ltr_yield();
		break;
	case 1:
		ltr_sleep(chance % 1000 * LTR_MICROSECOND);
		break;
	case 2:
		ltr_go(short_life);
		break;
	case 3:
		ltr_mutex_lock(&mutex);
		ltr_yield();
		ltr_mutex_unlock(&mutex);
		break;
	case 4:
		ltr_send(busy, (int)chance, ltr_after(LTR_MILLISECOND));
		break;
	case 5:
		ltr_select(ltr_after(100 * LTR_MICROSECOND), LTR_RECV(busy, &value),
			   LTR_RECV(never, &value));
		break;
	}
}

static void worker(int *number)
{
	uint32_t chance = (uint32_t)*number * 2654435761u;
	int value;

	if (*number % 3 == 0)
		ltr_set_name("third");
	for (int i = 0; i < rounds; i++) {
		chance = chance * 1664525 + 1013904223;
		one_thing(chance >> 8);
	}
	ltr_waitgroup_done(&settled);
	if (*number % 4 == 0)
		return;
	if (*number % 4 == 1)
		ltr_recv(never, &value);
	else if (*number % 4 == 2)
		ltr_select(LTR_FOREVER, LTR_RECV(never, &value), LTR_SEND(never, 1));
	else
		ltr_sleep_until(LTR_FOREVER);
}

static void say(void *text)
{
	fputs(text, stdout);
	fflush(stdout);
}

static void wait_for_byte(void *unused)
{
	char byte;

	(void)unused;
	(void)!read(STDIN_FILENO, &byte, 1);
}

static int run(int argc, char **argv)
{
	rounds = argc > 1 ? atoi(argv[1]) : 100;
	never = ltr_make(numbers, 0);
	busy = ltr_make(numbers, 0);
	ltr_blocking(say, "up\n");
	ltr_blocking(wait_for_byte, NULL);
	if (argc > 1 && strcmp(argv[1], "again") == 0)
		execl("/proc/self/exe", argv[0], (char *)NULL);
	ltr_waitgroup_add(&settled, WORKERS);
	for (int i = 0; i < WORKERS; i++) {
		ltr_set_label("parity", i % 2 ? "odd" : "even");
		ltr_go(worker, i);
	}
	ltr_waitgroup_wait(&settled);
	ltr_blocking(say, "quiet\n");
	ltr_blocking(wait_for_byte, NULL);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
