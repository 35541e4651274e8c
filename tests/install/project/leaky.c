/* SPDX-License-Identifier: MIT */

/*
 * A program of somebody who has installed libloiter. One goroutine never ends; the test looks for
 * the line that creates it and the line where it waits.
 */
#include <loiter.h>
#include <stdio.h>

LTR_CHAN(numbers, int);

static void waits_for_ever(numbers *channel)
{
	ltr_recv(*channel, NULL); /* blocked */
}

static int run(int argc, char **argv)
{
	numbers channel = ltr_make(numbers, 0), nobody = ltr_make(numbers, 0);
	int sum = 0, n;

	(void)argc, (void)argv;
	for (int i = 0; i < 3; i++) {
		ltr_go(waits_for_ever, channel);
		ltr_yield();
		n = i;
		ltr_send(channel, n);
		sum += n;
	}
	ltr_go(waits_for_ever, nobody); /* created */
	ltr_sleep(LTR_MILLISECOND);
	printf("sum %d\n", sum);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
