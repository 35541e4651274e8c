/* SPDX-License-Identifier: MIT */
/*
 * class: resource / double locking
 *
 * Deferred functions run last come, first served: the final report, deferred after the unlock, runs before
 * it and takes the lock.
 */
/* expect: leak at REPORT reason sync.Mutex.Lock */
/* expect fixed: clean */

#include <loiter.h>

static struct ltr_mutex lock;
static int done, reported;

static void unlock(void *mutex)
{
	ltr_mutex_unlock(mutex);
}

static void report(void *unused)
{
	ltr_mutex_lock(&lock); /* REPORT */
	reported = done;
	ltr_mutex_unlock(&lock);
}

static void job(void)
{
#ifdef FIXED
	ltr_defer(report, NULL);
#endif
	ltr_mutex_lock(&lock);
	ltr_defer(unlock, &lock);
#ifndef FIXED
	ltr_defer(report, NULL);
#endif
	done++;
}

static int run(int argc, char **argv)
{
	ltr_go(job);
	ltr_sleep(LTR_SECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
