/* SPDX-License-Identifier: MIT */
/*
 * class: mixed / channel and lock
 *
 * When the queue stays full the sender gives up, and forgets that it holds the lock.
 */
/* expect: leak at LATER reason sync.Mutex.Lock */
/* expect fixed: clean */

#include <errno.h>
#include <loiter.h>

LTR_CHAN(samples, int);

static struct ltr_mutex lock;
static samples queue;
static int dropped;

static int record(int sample)
{
	ltr_mutex_lock(&lock); /* LATER */
	if (ltr_send(queue, sample, ltr_after(LTR_MILLISECOND)) < 0) {
		dropped++;
#ifdef FIXED
		ltr_mutex_unlock(&lock);
#endif
		return -EAGAIN;
	}
	ltr_mutex_unlock(&lock);
	return 0;
}

static void sensor(int *first)
{
	for (int i = 0; i < 2; i++)
		record(*first + i);
}

static int run(int argc, char **argv)
{
	queue = ltr_make(samples, 1);
	for (int i = 0; i < 2; i++)
		ltr_go(sensor, 10 * i);
	ltr_sleep(LTR_SECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
