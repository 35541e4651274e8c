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
	balls_sender over;
};

static void play(struct table *table)
{
	int ball;

	while (ltr_recv(table->in, &ball) == 0)
		ltr_send(ball < HOPS ? table->out : table->over, ball + 1);
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
	/* Kept to the end of the program, where the sanitizer looks for what nobody holds. */
	static balls left, right, over, never;
	bool got = true;

	(void)argc;
	(void)argv;
	left = ltr_make(balls, 0);
	right = ltr_make(balls, 0);
	over = ltr_make(balls, 0);
	never = ltr_make(balls, 0);
	for (int i = 0; i < 4; i++)
		ltr_go(wait_in_vain, never.receiver);
	ltr_go(play, (struct table){left.receiver, right.sender, over.sender});
	ltr_go(play, (struct table){right.receiver, left.sender, over.sender});
	printf("on\n");
	fflush(stdout);
	while (ltr_blocking(wait_for_byte, &got) == 0 && got) {
		ltr_send(left, 0);
		ltr_recv(over, NULL);
	}
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
