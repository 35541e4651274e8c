/* SPDX-License-Identifier: MIT */
/*
 * class: other / sleep
 *
 * A reconnect loop sleeps and tries again, without an end and without looking whether anybody still wants it.
 */
/* expect: leak at PAUSE reason any */
/* expect fixed: clean */

#include <errno.h>
#include <loiter.h>

static int attempts;

static int dial(void)
{
	attempts++;
	return -ECONNREFUSED;
}

static void keep_connected(struct ltr_context **context)
{
	while (dial() < 0) {
#ifdef FIXED
		if (ltr_sleep(LTR_MINUTE, *context) < 0)
			return;
#else
		ltr_sleep(LTR_MINUTE); /* PAUSE */
#endif
	}
}

static int run(int argc, char **argv)
{
	struct ltr_context *context = ltr_context_with_cancel(LTR_BACKGROUND);

	ltr_go(keep_connected, context);
	ltr_sleep(LTR_SECOND);
	ltr_context_cancel(context);
	return attempts < 1;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
