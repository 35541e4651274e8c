/* SPDX-License-Identifier: MIT */
/*
 * A real goroutine program for live_test: four goroutines wait on a channel that nobody sends to, and
 * two play ping-pong: for each byte on stdin a ball goes to and fro HOPS times. It says "on" when they
 * all are there and ends with its stdin.
 */

#include <loiter.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

/* So few that the kernel's buffer takes all their records, even if nobody reads it meanwhile. */
#define HOPS 5000

LTR_CHAN(balls, int);

struct table {
	balls_receiver in;
	balls_sender out;
};

static void play(struct table *table)
{
	int ball;

	while (ltr_recv(table->in, &ball) == 0) {
		if (ball < HOPS)
			ltr_send(table->out, ball + 1);
	}
}

static void wait_in_vain(balls_receiver *nothing)
{
	ltr_recv(*nothing, NULL);
}

static void wait_for_byte(void *got)
{
	char byte;

	*(bool *)got = read(STDIN_FILENO, &byte, 1) > 0;
}

static int run(int argc, char **argv)
{
	balls left = ltr_make(balls, 0), right = ltr_make(balls, 0), never = ltr_make(balls, 0);
	bool got = true;

	(void)argc;
	(void)argv;
	for (int i = 0; i < 4; i++)
		ltr_go(wait_in_vain, never.receiver);
	ltr_go(play, (struct table){left.receiver, right.sender});
	ltr_go(play, (struct table){right.receiver, left.sender});
	printf("on\n");
	fflush(stdout);
	while (ltr_blocking(wait_for_byte, &got) == 0 && got)
		ltr_send(left, 0);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
