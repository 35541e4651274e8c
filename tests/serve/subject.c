/* SPDX-License-Identifier: MIT */
/*
 * A program to look at: main sleeps, 3 goroutines send where nobody receives, 2 quarrel about a mutex
 * for ever. So there are 6 goroutines, always.
 */

#include <loiter.h>
#include <stddef.h>

LTR_CHAN(numbers, int);

static numbers channel;
static struct ltr_mutex mutex;

static void send_one(void)
{
	ltr_send(channel, 1);
}

static void quarrel(void)
{
	for (;;) {
		ltr_mutex_lock(&mutex);
		ltr_sleep(LTR_MILLISECOND);
		ltr_mutex_unlock(&mutex);
	}
}

static int run(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	channel = ltr_make(numbers, 0);
	for (int i = 0; i < 3; i++)
		ltr_go(send_one);
	for (int i = 0; i < 2; i++)
		ltr_go(quarrel);
	while (ltr_sleep(LTR_SECOND) == 0)
		;
	return 1;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
