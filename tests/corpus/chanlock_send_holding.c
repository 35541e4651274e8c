/* SPDX-License-Identifier: MIT */
/*
 * class: mixed / channel and lock
 *
 * The producer sends with its lock held; the consumer takes that lock before it receives.
 */
/* expect: leak at CONSUME reason sync.Mutex.Lock */
/* expect fixed: clean */

#include <loiter.h>

LTR_CHAN(orders, int);

static struct ltr_mutex lock;
static orders queue;
static int placed, shipped;

static void place(void)
{
	ltr_mutex_lock(&lock);
	placed++;
#ifdef FIXED
	ltr_mutex_unlock(&lock);
	ltr_send(queue, placed);
#else
	ltr_send(queue, placed);
	ltr_mutex_unlock(&lock);
#endif
}

static void ship(void)
{
	int order;

	ltr_sleep(LTR_MILLISECOND);
	ltr_mutex_lock(&lock); /* CONSUME */
	shipped++;
	ltr_mutex_unlock(&lock);
	ltr_recv(queue, &order);
}

static int run(int argc, char **argv)
{
	queue = ltr_make(orders, 0);
	ltr_go(place);
	ltr_go(ship);
	ltr_sleep(10 * LTR_MILLISECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
