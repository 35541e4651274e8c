/* SPDX-License-Identifier: MIT */
/*
 * class: communication / channel
 *
 * The consumer returns at the first bad record; the producer still has records to send.
 */
/* expect: leak at RECORD reason chan send */
/* expect fixed: clean */

#include <errno.h>
#include <loiter.h>

LTR_CHAN(records, int);

struct feed {
	records out;
	struct ltr_context *context;
};

static void produce(struct feed *feed)
{
	for (int record = 0; record < 10; record++) {
#ifdef FIXED
		if (ltr_send(feed->out, record == 3 ? -1 : record, feed->context) < 0)
			break;
#else
		ltr_send(feed->out, record == 3 ? -1 : record); /* RECORD */
#endif
	}
	ltr_context_unref(feed->context);
}

static int import_records(void)
{
	LTR_SCOPED_CONTEXT struct ltr_context *context = ltr_context_with_cancel(LTR_BACKGROUND);
	records in = ltr_make(records, 0);
	int record;

	ltr_go(produce, (struct feed){in, ltr_context_ref(context)});
	for (int i = 0; i < 10; i++) {
		ltr_recv(in, &record);
		if (record < 0)
			return -EBADMSG;
	}
	return 0;
}

static int run(int argc, char **argv)
{
	return import_records() == -EBADMSG ? 0 : 1;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
