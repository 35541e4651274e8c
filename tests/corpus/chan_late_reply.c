/* SPDX-License-Identifier: MIT */
/*
 * class: communication / channel
 *
 * The caller gives up after a time-out; the reply comes later, to a channel without a buffer on which nobody
 * receives any more.
 */
/* expect: leak at REPLY reason chan send */
/* expect fixed: clean */

#include <loiter.h>

LTR_CHAN(replies, int);

static void serve(replies *reply)
{
	ltr_sleep(200 * LTR_MILLISECOND);
	ltr_send(*reply, 42); /* REPLY */
}

static int call(int64_t timeout_ns)
{
#ifdef FIXED
	replies reply = ltr_make(replies, 1);
#else
	replies reply = ltr_make(replies, 0);
#endif
	int answer;

	ltr_go(serve, reply);
	return ltr_recv(reply, &answer, ltr_after(timeout_ns));
}

static int run(int argc, char **argv)
{
	return call(50 * LTR_MILLISECOND) < 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
