/* SPDX-License-Identifier: MIT */
/*
 * class: communication / channel and context
 *
 * Each new deadline makes a new context and a new goroutine that waits for it; the old context, which nobody
 * has any more, is never over.
 */
/* expect: leak at EXPIRY reason chan receive */
/* expect fixed: clean */

#include <loiter.h>
#include <stddef.h>

struct session {
	struct ltr_context *context;
	int expired;
};

static void expire(struct ltr_context **context)
{
	ltr_recv(ltr_context_done(*context), NULL); /* EXPIRY */
}

static void touch(struct session *session)
{
#ifdef FIXED
	if (session->context)
		ltr_context_cancel(session->context);
#endif
	session->context = ltr_context_with_cancel(LTR_BACKGROUND);
	ltr_go(expire, session->context);
}

static int run(int argc, char **argv)
{
	struct session session = {0};

	for (int i = 0; i < 3; i++) {
		touch(&session);
		ltr_sleep(LTR_MILLISECOND);
	}
	ltr_context_cancel(session.context);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
