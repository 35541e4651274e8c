/* SPDX-License-Identifier: MIT */
/*
 * A ticker, a context and a select, nearly as in Go: a worker beats until its context is over, and
 * says why it has stopped.
 *
 *	for {
 *		select {
 *		case <-ticker.C:
 *			beats <- n
 *		case <-ctx.Done():
 *			return context.Cause(ctx)
 *		}
 *	}
 */

#include <errno.h>
#include <loiter.h>
#include <stdio.h>
#include <string.h>

LTR_CHAN(numbers, int);

struct worker {
	struct ltr_context *context; /* a reference of its own */
	numbers_sender beats;
	numbers_sender reason;
};

static void work(struct worker *worker)
{
	LTR_SCOPED_TICKER struct ltr_ticker *ticker = ltr_ticker_new(10 * LTR_MILLISECOND);
	ltr_moments_receiver ticks = ltr_ticker_channel(ticker);

	/* The context in place of a deadline is Go's case <-ctx.Done(). */
	for (int n = 1; ltr_select(worker->context, LTR_RECV(ticks, NULL)) == 0; n++)
		ltr_send(worker->beats, n, worker->context);
	ltr_send(worker->reason, ltr_context_cause(worker->context));
	ltr_context_unref(worker->context);
}

static int run(int argc, char **argv)
{
	struct ltr_context *context = ltr_context_with_cancel(LTR_BACKGROUND);
	numbers beats = ltr_make(numbers, 0), reason = ltr_make(numbers, 0);
	int n = 0, why;

	(void)argc;
	(void)argv;
	ltr_go(work, (struct worker){ltr_context_ref(context), beats.sender, reason.sender});
	while (n < 3) {
		ltr_recv(beats, &n);
		printf("beat %d\n", n);
	}
	ltr_context_cancel(context, -ESHUTDOWN);
	ltr_recv(reason, &why);
	printf("stopped: %s\n", strerror(-why));
	ltr_context_free(context);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
