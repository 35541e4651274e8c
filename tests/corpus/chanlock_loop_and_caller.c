/* SPDX-License-Identifier: MIT */
/*
 * class: mixed / channel and lock
 *
 * The caller hands a request to the loop with the lock held; the loop takes the lock for its timer before it
 * looks at requests again.
 */
/* expect: leak at TIMER reason sync.Mutex.Lock explore */
/* expect fixed: clean explore */

#include <loiter.h>

LTR_CHAN(requests, int);

static struct ltr_mutex lock;
static requests inbox;
static int timers, served;

static void loop(void)
{
	int request = 1;

	while (request != 0) {
		if (ltr_recv(inbox, &request, ltr_after(5 * LTR_MICROSECOND)) == 0) {
			served++;
			continue;
		}
		ltr_mutex_lock(&lock); /* TIMER */
		timers++;
		ltr_mutex_unlock(&lock);
	}
}

static void call(int request)
{
	ltr_mutex_lock(&lock);
	timers = 0;
#ifdef FIXED
	ltr_mutex_unlock(&lock);
#endif
	ltr_send(inbox, request);
#ifndef FIXED
	ltr_mutex_unlock(&lock);
#endif
}

static void caller(void)
{
	for (int request = 3; request >= 0; request--)
		call(request);
}

static int run(int argc, char **argv)
{
	inbox = ltr_make(requests, 0);
	ltr_go(loop);
	ltr_go(caller);
	ltr_sleep(LTR_SECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
