/* SPDX-License-Identifier: MIT */
/*
 * class: communication / channel
 *
 * One player leaves the game after its tenth ball; the other waits for the next one.
 */
/* expect: leak at BALL reason chan receive */
/* expect fixed: clean */

#include <loiter.h>

LTR_CHAN(balls, int);

static void play(balls *table)
{
	int ball;

	while (ltr_recv(*table, &ball) == 0) { /* BALL */
		if (ball == 10) {
#ifdef FIXED
			ltr_close(*table);
#endif
			return;
		}
		ltr_send(*table, ball + 1);
	}
}

static int run(int argc, char **argv)
{
	balls table = ltr_make(balls, 0);

	ltr_go(play, table);
	ltr_go(play, table);
	ltr_send(table, 0);
	ltr_sleep(LTR_SECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
