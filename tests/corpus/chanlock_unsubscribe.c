/* SPDX-License-Identifier: MIT */
/*
 * class: mixed / channel and lock
 *
 * The hub sends to its subscriber with the lock held; a subscriber that has heard enough unsubscribes, which
 * takes the lock.
 */
/* expect: leak at LEAVE reason sync.Mutex.Lock explore */
/* expect fixed: clean explore */

#include <loiter.h>
#include <stdbool.h>

LTR_CHAN(songs, int);

static struct ltr_mutex hub_lock;
static songs subscriber;
static bool subscribed = true;

static void broadcast(void)
{
	for (int song = 0; song < 6; song++) {
		ltr_mutex_lock(&hub_lock);
		if (subscribed)
#ifdef FIXED
			ltr_send(subscriber, song, LTR_NOW);
#else
			ltr_send(subscriber, song);
#endif
		ltr_mutex_unlock(&hub_lock);
	}
}

static void listen_to_two(void)
{
	int song;

	for (int i = 0; i < 2; i++)
		ltr_recv(subscriber, &song, ltr_after(LTR_MILLISECOND));
	ltr_mutex_lock(&hub_lock); /* LEAVE */
	subscribed = false;
	ltr_mutex_unlock(&hub_lock);
}

static int run(int argc, char **argv)
{
	subscriber = ltr_make(songs, 0);
	ltr_go(listen_to_two);
	ltr_go(broadcast);
	ltr_sleep(LTR_SECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
