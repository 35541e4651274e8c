/* SPDX-License-Identifier: MIT */
/*
 * class: mixed / channel and lock
 *
 * Each task holds a permit while it waits for its child, which needs a permit, too: with as many tasks as
 * permits nobody gets on.
 */
/* expect: leak at CHILD reason semacquire */
/* expect fixed: clean */

#include <loiter.h>

LTR_CHAN(results, int);

static struct ltr_semaphore permits = LTR_SEMAPHORE(2);

static void child(results *out)
{
	ltr_semaphore_acquire(&permits, 1); /* CHILD */
	ltr_send(*out, 1);
	ltr_semaphore_release(&permits, 1);
}

static void task(void)
{
	results out = ltr_make(results, 1);
	int result;

	ltr_semaphore_acquire(&permits, 1);
	ltr_sleep(LTR_MILLISECOND);
	ltr_go(child, out);
#ifdef FIXED
	ltr_semaphore_release(&permits, 1);
	ltr_recv(out, &result);
#else
	ltr_recv(out, &result);
	ltr_semaphore_release(&permits, 1);
#endif
}

static int run(int argc, char **argv)
{
	ltr_go(task);
	ltr_go(task);
	ltr_sleep(LTR_SECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
