/* SPDX-License-Identifier: MIT */
/*
 * class: communication / channel and condition variable
 *
 * Shutting down closes the channel, but the workers sleep on the condition variable, which nobody broadcasts.
 */
/* expect: leak at IDLE reason sync.Cond.Wait */
/* expect fixed: clean */

#include <loiter.h>
#include <stdbool.h>

LTR_CHAN(stops, char);

static struct ltr_mutex lock;
static struct ltr_cond more;
static int queued;
static stops stop;

static bool is_stopped(void)
{
	return ltr_recv(stop, NULL, LTR_NOW) == -32; /* EPIPE */
}

static void work(void)
{
	ltr_mutex_lock(&lock);
	while (!is_stopped()) {
		while (queued > 0)
			queued--;
		ltr_cond_wait(&more, &lock); /* IDLE */
	}
	ltr_mutex_unlock(&lock);
}

static int run(int argc, char **argv)
{
	stop = ltr_make(stops, 0);
	for (int i = 0; i < 2; i++)
		ltr_go(work);
	ltr_sleep(LTR_MILLISECOND);
	ltr_close(stop);
#ifdef FIXED
	ltr_mutex_lock(&lock);
	ltr_cond_broadcast(&more);
	ltr_mutex_unlock(&lock);
#endif
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
