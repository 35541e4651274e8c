/* SPDX-License-Identifier: MIT */
/*
 * class: resource / AB-BA
 *
 * A copy needs a connection of each of two pools, and copies go both ways; each pool has one connection.
 */
/* expect: leak at SECOND reason semacquire explore */
/* expect fixed: clean explore */

#include <loiter.h>

static struct ltr_semaphore pools[2] = {LTR_SEMAPHORE(1), LTR_SEMAPHORE(1)};
static struct ltr_waitgroup copies;

static void copy(int *source)
{
#ifdef FIXED
	int first = 0, second = 1;
#else
	int first = *source, second = 1 - *source;
#endif

	ltr_semaphore_acquire(&pools[first], 1);
	ltr_semaphore_acquire(&pools[second], 1); /* SECOND */
	ltr_yield();
	ltr_semaphore_release(&pools[second], 1);
	ltr_semaphore_release(&pools[first], 1);
	ltr_waitgroup_done(&copies);
}

static int run(int argc, char **argv)
{
	ltr_waitgroup_add(&copies, 4);
	for (int i = 0; i < 4; i++)
		ltr_go(copy, i % 2);
	return ltr_waitgroup_wait(&copies);
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
