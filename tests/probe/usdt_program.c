/* SPDX-License-Identifier: MIT */

/*
 * What the USDT test watches: a known number of everything. 10 goroutines hand on 100 numbers each
 * through one unbuffered channel. With an argument it does so again and again until its standard
 * input ends, so that somebody can attach to it.
 */

#include <fcntl.h>
#include <loiter.h>
#include <unistd.h>

LTR_CHAN(channel, int);

static void produce(channel *into)
{
	for (int i = 0; i < 100; i++)
		ltr_send(*into, i);
}

static void once(channel numbers)
{
	int n;

	for (int i = 0; i < 10; i++)
		ltr_go(produce, numbers);
	for (int i = 0; i < 1000; i++)
		ltr_recv(numbers, &n);
	ltr_yield();
	ltr_sleep(LTR_MILLISECOND);
}

static int run(int argc, char **argv)
{
	channel numbers = ltr_make(channel, 0);
	char byte;

	(void)argv;
	once(numbers);
	if (argc > 1) {
		fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
		while (read(STDIN_FILENO, &byte, 1) != 0)
			once(numbers);
	}
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
