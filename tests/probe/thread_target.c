/* SPDX-License-Identifier: MIT */
/*
 * A program for thread_test whose goroutines are where the kernel can tell about: two read from pipes in
 * blocking calls (standard input, and one that nobody writes to), one sleeps in nanosleep(), one
 * computes without end, one waits on a channel, one cannot be woken until its child of vfork() is gone,
 * which goes with it. It says "on" when they are there, or about to be.
 */

#include <loiter.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

LTR_CHAN(nothing, int);

static int pipe_ends[2];

static void read_one(void *descriptor)
{
	char byte;

	(void)!read(*(int *)descriptor, &byte, 1);
}

static void sleep_long(void *unused)
{
	const struct timespec long_time = {.tv_sec = 1000};

	(void)unused;
	nanosleep(&long_time, NULL);
}

static void reader(void)
{
	ltr_set_name("reader");
	ltr_blocking(read_one, &pipe_ends[0]);
}

static void sleeper(void)
{
	ltr_set_name("sleeper");
	ltr_blocking(sleep_long, NULL);
}

static void spinner(void)
{
	ltr_set_name("spinner");
	for (volatile uint64_t i = 0;; i++)
		;
}

static void wait_for_child(void *unused)
{
	(void)unused;
	if (vfork() == 0) {
		syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
}

static void parent(void)
{
	ltr_set_name("parent");
	ltr_blocking(wait_for_child, NULL);
}

static void waiter(nothing_receiver *never)
{
	ltr_set_name("waiter");
	ltr_recv(*never, NULL);
}

static int run(int argc, char **argv)
{
	static nothing never;
	int standard_input = STDIN_FILENO;

	(void)argc;
	(void)argv;
	never = ltr_make(nothing, 0);
	if (pipe(pipe_ends) < 0)
		return 1;
	ltr_go(waiter, never.receiver);
	ltr_go(reader);
	ltr_go(sleeper);
	ltr_go(parent);
	ltr_go(spinner);
	printf("on\n");
	fflush(stdout);
	ltr_blocking(read_one, &standard_input);
	_exit(0); /* the others never end */
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
