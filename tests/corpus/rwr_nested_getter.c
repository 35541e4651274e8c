/* SPDX-License-Identifier: MIT */
/*
 * class: resource / RWR
 *
 * A report takes the read lock and calls a getter that takes it again; a writer that comes in between
 * stops the second one, and waits for the first.
 */
/* expect: leak at INNER reason sync.RWMutex.RLock explore */
/* expect fixed: clean explore */

#include <loiter.h>

static struct ltr_rwmutex lock;
static int hits, misses, ratio;

static int get_hits(void)
{
	int n;

	ltr_rwmutex_rlock(&lock); /* INNER */
	n = hits;
	ltr_rwmutex_runlock(&lock);
	return n;
}

static void report(void)
{
	int n;

	ltr_rwmutex_rlock(&lock);
#ifdef FIXED
	n = hits;
#else
	n = get_hits();
#endif
	ratio = n - misses;
	ltr_rwmutex_runlock(&lock);
	ratio += get_hits();
}

static void count(void)
{
	for (int i = 0; i < 3; i++) {
		ltr_rwmutex_lock(&lock);
		hits++;
		ltr_rwmutex_unlock(&lock);
	}
}

static int run(int argc, char **argv)
{
	ltr_go(count);
	ltr_go(report);
	ltr_sleep(LTR_SECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
