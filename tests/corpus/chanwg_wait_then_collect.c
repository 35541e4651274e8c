/* SPDX-License-Identifier: MIT */
/*
 * class: mixed / channel and WaitGroup
 *
 * All workers are waited for before the first result is taken; they cannot be done before theirs is taken.
 */
/* expect: leak at WAIT reason sync.WaitGroup.Wait */
/* expect fixed: clean */

#include <loiter.h>

LTR_CHAN(parts, int);

static struct ltr_waitgroup workers;

static void work(parts *out)
{
	ltr_send(*out, 5);
	ltr_waitgroup_done(&workers);
}

static int run(int argc, char **argv)
{
#ifdef FIXED
	parts out = ltr_make(parts, 3);
#else
	parts out = ltr_make(parts, 0);
#endif
	int part, sum = 0;

	ltr_waitgroup_add(&workers, 3);
	for (int i = 0; i < 3; i++)
		ltr_go(work, out);
	ltr_waitgroup_wait(&workers); /* WAIT */
	ltr_close(out);
	while (ltr_recv(out, &part) == 0)
		sum += part;
	return sum != 15;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
