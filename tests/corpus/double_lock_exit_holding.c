/* SPDX-License-Identifier: MIT */
/*
 * class: resource / double locking
 *
 * A worker that meets a broken item ends at once, with the lock that the others need.
 */
/* expect: leak at OTHERS reason sync.Mutex.Lock */
/* expect fixed: clean */

#include <loiter.h>

static struct ltr_mutex lock;
static int sum;

static void add(int *item)
{
	ltr_mutex_lock(&lock); /* OTHERS */
	if (*item < 0) {
#ifdef FIXED
		ltr_mutex_unlock(&lock);
#endif
		ltr_exit();
	}
	sum += *item;
	ltr_mutex_unlock(&lock);
}

static int run(int argc, char **argv)
{
	ltr_go(add, -1);
	ltr_sleep(LTR_MILLISECOND);
	for (int item = 1; item < 4; item++)
		ltr_go(add, item);
	ltr_sleep(LTR_MILLISECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
