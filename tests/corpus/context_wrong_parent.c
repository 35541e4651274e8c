/* SPDX-License-Identifier: MIT */
/*
 * class: communication / channel and context
 *
 * The upload derives its context from the server's instead of the request's, so that it goes on when the
 * request is over.
 */
/* expect: leak at PIECE reason select */
/* expect fixed: clean */

#include <loiter.h>

LTR_CHAN(pieces, int);

struct upload {
	struct ltr_context *context;
	pieces in;
};

static void upload(struct upload *u)
{
	int piece;

	while (ltr_select(LTR_FOREVER, LTR_RECV(u->in, &piece), /* PIECE */
			  LTR_RECV(ltr_context_done(u->context), NULL)) == 0)
		;
}

static void handle(struct ltr_context *server)
{
	struct ltr_context *request = ltr_context_with_cancel(server);
#ifdef FIXED
	struct ltr_context *parent = request;
#else
	struct ltr_context *parent = server;
#endif
	struct upload u = {ltr_context_with_cancel(parent), ltr_make(pieces, 0)};

	ltr_go(upload, u);
	ltr_send(u.in, 1);
	ltr_context_cancel(request);
}

static int run(int argc, char **argv)
{
	struct ltr_context *server = ltr_context_with_cancel(LTR_BACKGROUND);

	handle(server);
	ltr_sleep(LTR_MILLISECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
