/* SPDX-License-Identifier: MIT */
/*
 * class: communication / channel
 *
 * When there is work and the order to quit at once, the select may take the work; its result is sent to
 * somebody who has left.
 */
/* expect: leak at DONE reason chan send explore */
/* expect fixed: clean explore */

#include <loiter.h>

LTR_CHAN(jobs, int);

struct worker {
	jobs in, out, quit;
};

static void work(struct worker *w)
{
	int job;

	for (;;) {
		switch (ltr_select(LTR_FOREVER, LTR_RECV(w->in, &job), LTR_RECV(w->quit, NULL))) {
		case 0:
#ifdef FIXED
			if (ltr_select(LTR_FOREVER, LTR_SEND(w->out, 2 * job),
				       LTR_RECV(w->quit, NULL)) == 1)
				return;
#else
			ltr_send(w->out, 2 * job); /* DONE */
#endif
			break;
		default:
			return;
		}
	}
}

static int run(int argc, char **argv)
{
	struct worker w = {ltr_make(jobs, 2), ltr_make(jobs, 0), ltr_make(jobs, 0)};
	int result;

	ltr_go(work, w);
	ltr_send(w.in, 1);
	ltr_send(w.in, 2);
	ltr_recv(w.out, &result);
	ltr_close(w.quit);
	return result != 2;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
