/* SPDX-License-Identifier: MIT */
/*
 * class: communication / channel and context
 *
 * close() cancels the reader and waits for it to say goodbye, but a reader that was cancelled returns without
 * a word.
 */
/* expect: leak at GOODBYE reason chan receive */
/* expect fixed: clean */

#include <loiter.h>

LTR_CHAN(frames, int);

struct reader {
	struct ltr_context *context;
	frames in, closed;
};

static void read_frames(struct reader **r)
{
	int frame;

	do {
		if (ltr_recv((*r)->in, &frame, (*r)->context) < 0)
#ifdef FIXED
			break;
#else
			return;
#endif
	} while (frame != 0);
	ltr_send((*r)->closed, 0);
}

static void close_reader(struct reader *r)
{
	ltr_context_cancel(r->context);
	ltr_recv(r->closed, NULL); /* GOODBYE */
}

static int run(int argc, char **argv)
{
	struct reader r = {ltr_context_with_cancel(LTR_BACKGROUND), ltr_make(frames, 0),
			   ltr_make(frames, 0)};

	ltr_go(read_frames, &r);
	ltr_send(r.in, 1);
	close_reader(&r);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
