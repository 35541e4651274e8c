/* SPDX-License-Identifier: MIT */
/*
 * class: communication / channel and context
 *
 * A publisher that is told to stop sends what it still has; if its reader was told first, nobody takes it.
 */
/* expect: leak at FLUSH reason chan send explore */
/* expect fixed: clean explore */

#include <loiter.h>

LTR_CHAN(batches, int);

struct link {
	struct ltr_context *context;
	batches c;
};

static void publish(struct link *l)
{
	int pending = 0;

	while (ltr_select(l->context, LTR_SEND(l->c, pending)) == 0)
		pending = pending + 1;
	if (pending % 2 == 1) {
#ifdef FIXED
		ltr_send(l->c, pending, ltr_after(LTR_MILLISECOND));
#else
		ltr_send(l->c, pending); /* FLUSH */
#endif
	}
}

static void subscribe(struct link *l)
{
	int batch;

	while (ltr_recv(l->c, &batch, l->context) == 0)
		ltr_yield();
}

static int run(int argc, char **argv)
{
	struct link l = {ltr_context_with_cancel(LTR_BACKGROUND), ltr_make(batches, 0)};

	ltr_go(subscribe, l);
	ltr_go(publish, l);
	ltr_sleep(20 * LTR_MICROSECOND);
	ltr_context_cancel(l.context);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
