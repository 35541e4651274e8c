/* SPDX-License-Identifier: MIT */
/*
 * class: communication / channel
 *
 * The consumer loops until its channel is closed, which the producer never does.
 */
/* expect: leak at LOOP reason chan receive */
/* expect fixed: clean */

#include <loiter.h>

LTR_CHAN(lines, int);

static _Atomic int total;

static void consume(lines_receiver *in)
{
	int line;

	while (ltr_recv(*in, &line) == 0) /* LOOP */
		total += line;
}

static void produce(lines_sender *out)
{
	for (int line = 0; line < 5; line++)
		ltr_send(*out, line);
#ifdef FIXED
	ltr_close(*out);
#endif
}

static int run(int argc, char **argv)
{
	lines c = ltr_make(lines, 2);

	ltr_go(consume, c.receiver);
	ltr_go(produce, c.sender);
	ltr_sleep(LTR_MILLISECOND);
	return total > 10;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
