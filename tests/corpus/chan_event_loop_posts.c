/* SPDX-License-Identifier: MIT */
/*
 * class: communication / channel
 *
 * The only goroutine that empties the event queue puts two events into it for each one it handles; when it
 * is full it waits for itself.
 */
/* expect: leak at POST reason chan send */
/* expect fixed: clean */

#include <loiter.h>

LTR_CHAN(events, int);

static events queue;
static int handled;

static void post(int event)
{
	ltr_send(queue, event); /* POST */
}

static void handle(int event)
{
	handled++;
	if (event > 0) {
		post(event - 1);
#ifndef FIXED
		post(event - 1);
#endif
	}
}

static void event_loop(void)
{
	int event;

	while (ltr_recv(queue, &event) == 0 && event >= 0)
		handle(event);
}

static int run(int argc, char **argv)
{
	queue = ltr_make(events, 2);
	ltr_go(event_loop);
	post(5);
	ltr_sleep(LTR_MILLISECOND);
	ltr_send(queue, -1, ltr_after(LTR_MILLISECOND));
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
