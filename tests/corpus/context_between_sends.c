/* SPDX-License-Identifier: MIT */
/*
 * class: communication / channel and context
 *
 * The stream looks at its context between two messages, but not while it sends one.
 */
/* expect: leak at SEND reason chan send */
/* expect fixed: clean */

#include <loiter.h>

LTR_CHAN(messages, int);

struct stream {
	struct ltr_context *context;
	messages out;
};

static void stream(struct stream *s)
{
	for (int n = 0; ltr_context_error(s->context) == 0; n++) {
#ifdef FIXED
		ltr_send(s->out, n, s->context);
#else
		ltr_send(s->out, n); /* SEND */
#endif
	}
}

static int run(int argc, char **argv)
{
	struct ltr_context *context = ltr_context_with_cancel(LTR_BACKGROUND);
	messages out = ltr_make(messages, 0);
	int n;

	ltr_go(stream, (struct stream){context, out});
	for (int i = 0; i < 3; i++)
		ltr_recv(out, &n);
	ltr_sleep(LTR_MILLISECOND);
	ltr_context_cancel(context);
	return n != 2;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
