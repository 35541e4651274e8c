/* SPDX-License-Identifier: MIT */
/*
 * class: communication / channel
 *
 * The channel for errors has room for one, and the caller looks at the first only; two workers fail.
 */
/* expect: leak at ERROR reason chan send */
/* expect fixed: clean */

#include <errno.h>
#include <loiter.h>
#include <stdbool.h>

LTR_CHAN(errors, int);

struct work {
	bool fails;
	errors_sender report;
};

static void work(struct work *w)
{
	if (!w->fails)
		return;
#ifdef FIXED
	ltr_send(w->report, -EIO, LTR_NOW); /* the first one is enough */
#else
	ltr_send(w->report, -EIO); /* ERROR */
#endif
}

static int run(int argc, char **argv)
{
	errors report = ltr_make(errors, 1);
	int error = 0;

	for (int i = 0; i < 4; i++)
		ltr_go(work, (struct work){i != 1, report.sender});
	ltr_sleep(LTR_MILLISECOND);
	ltr_recv(report, &error);
	return error != -EIO;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
