/* SPDX-License-Identifier: MIT */
/*
 * class: communication / channel and context
 *
 * Each request derives a context for its watcher and returns without cancelling it.
 */
/* expect: leak at WATCH reason chan receive */
/* expect fixed: clean */

#include <loiter.h>

static _Atomic int aborted;

static void watch(struct ltr_context **context)
{
	ltr_recv(ltr_context_done(*context), NULL); /* WATCH */
	aborted++;
}

static void handle_request(struct ltr_context *server)
{
	struct ltr_context *request = ltr_context_with_cancel(server);

	ltr_go(watch, request);
	ltr_sleep(LTR_MILLISECOND);
#ifdef FIXED
	ltr_context_cancel(request);
#endif
}

static int run(int argc, char **argv)
{
	struct ltr_context *server = ltr_context_with_cancel(LTR_BACKGROUND);

	for (int i = 0; i < 3; i++)
		handle_request(server);
	return aborted > 3;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
