/* SPDX-License-Identifier: MIT */
/*
 * select with a deadline: a goroutine ticks until it is told to stop, and the one who listens loses
 * patience when nothing comes.
 */

#include <errno.h>
#include <loiter.h>
#include <stdio.h>

LTR_CHAN(ticks, int);
LTR_CHAN(stops, char);

struct ticker {
	int64_t every_ns;
	ticks_sender out;
	stops_receiver stop;
};

static void tick(struct ticker *t)
{
	for (int n = 1;; n++) {
		/* Either we are told to stop, or it is time. */
		if (ltr_recv(t->stop, NULL, ltr_after(t->every_ns)) != -ETIMEDOUT)
			return;
		if (ltr_select(LTR_FOREVER, LTR_SEND(t->out, n), LTR_RECV(t->stop, NULL)) == 1)
			return;
	}
}

static int run(int argc, char **argv)
{
	ticks seconds = ltr_make(ticks, 0), minutes = ltr_make(ticks, 0);
	stops stop = ltr_make(stops, 0);
	int64_t patience = ltr_after(LTR_SECOND);
	int n;

	(void)argc;
	(void)argv;
	ltr_go(tick, (struct ticker){100 * LTR_MILLISECOND, seconds.sender, stop.receiver});
	ltr_go(tick, (struct ticker){LTR_MINUTE, minutes.sender, stop.receiver});
	for (;;) {
		switch (ltr_select(patience, LTR_RECV(seconds, &n), LTR_RECV(minutes, &n))) {
		case 0:
			printf("tick %d\n", n);
			continue;
		case 1:
			printf("a whole minute\n");
			continue;
		}
		break;
	}
	ltr_close(stop); /* everybody who listens to it hears it */
	printf("enough\n");
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
