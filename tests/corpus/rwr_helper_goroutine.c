/* SPDX-License-Identifier: MIT */
/*
 * class: resource / RWR
 *
 * A reader waits, with the read lock held, for a helper that needs the read lock as well; a writer stands
 * between the two.
 */
/* expect: leak at HELPER reason sync.RWMutex.RLock */
/* expect fixed: clean */

#include <loiter.h>

LTR_CHAN(sums, int);

static struct ltr_rwmutex lock;
static int cells[2] = {1, 2};

static void sum_up(sums *out)
{
	int sum;

	ltr_sleep(20 * LTR_MILLISECOND);
	ltr_rwmutex_rlock(&lock); /* HELPER */
	sum = cells[0] + cells[1];
	ltr_rwmutex_runlock(&lock);
	ltr_send(*out, sum);
}

static void reader(void)
{
	sums out = ltr_make(sums, 1);
	int sum;

	ltr_rwmutex_rlock(&lock);
	ltr_go(sum_up, out);
#ifdef FIXED
	ltr_rwmutex_runlock(&lock);
	ltr_recv(out, &sum);
#else
	ltr_recv(out, &sum);
	ltr_rwmutex_runlock(&lock);
#endif
}

static void writer(void)
{
	ltr_sleep(10 * LTR_MILLISECOND);
	ltr_rwmutex_lock(&lock);
	cells[0] = 7;
	ltr_rwmutex_unlock(&lock);
}

static int run(int argc, char **argv)
{
	ltr_go(reader);
	ltr_go(writer);
	ltr_sleep(100 * LTR_MILLISECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
