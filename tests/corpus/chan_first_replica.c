/* SPDX-License-Identifier: MIT */
/*
 * class: communication / channel
 *
 * A query goes to three replicas and the first answer counts; the other two can never deliver theirs.
 */
/* expect: leak at ANSWER reason chan send */
/* expect fixed: clean */

#include <loiter.h>

LTR_CHAN(answers, int);

struct query {
	int replica;
	answers_sender to;
};

static void ask_replica(struct query *query)
{
	ltr_sleep((1 + query->replica) * LTR_MILLISECOND);
	ltr_send(query->to, query->replica); /* ANSWER */
}

static int run(int argc, char **argv)
{
#ifdef FIXED
	answers all = ltr_make(answers, 3);
#else
	answers all = ltr_make(answers, 0);
#endif
	int first = -1;

	for (int replica = 0; replica < 3; replica++)
		ltr_go(ask_replica, (struct query){replica, all.sender});
	ltr_recv(all, &first);
	return first < 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
