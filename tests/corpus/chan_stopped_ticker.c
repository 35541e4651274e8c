/* SPDX-License-Identifier: MIT */
/*
 * class: communication / channel
 *
 * A loop over the channel of a ticker waits for it to be closed; stopping a ticker does not close it.
 */
/* expect: leak at TICK reason chan receive */
/* expect fixed: clean */

#include <loiter.h>

LTR_CHAN(stops, char);

static struct ltr_ticker *ticker;
static stops stop;
static int beats;

static void heartbeat(void)
{
	ltr_moments_receiver ticks = ltr_ticker_channel(ticker);

#ifdef FIXED
	while (ltr_select(LTR_FOREVER, LTR_RECV(ticks, NULL), LTR_RECV(stop, NULL)) == 0)
#else
	while (ltr_recv(ticks, NULL) == 0) /* TICK */
#endif
		beats++;
}

static int run(int argc, char **argv)
{
	stop = ltr_make(stops, 0);
	ticker = ltr_ticker_new(10 * LTR_MILLISECOND);
	ltr_go(heartbeat);
	ltr_sleep(55 * LTR_MILLISECOND);
	ltr_ticker_stop(ticker);
	ltr_close(stop);
	return beats > 6;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
