/* SPDX-License-Identifier: MIT */
/*
 * class: mixed / channel and lock
 *
 * Removing an item waits, under the registry's lock, for its goroutine to end; each goroutine takes itself
 * off the registry when it ends.
 */
/* expect: leak at SELF reason sync.Mutex.Lock */
/* expect fixed: clean */

#include <loiter.h>
#include <stdbool.h>

LTR_CHAN(signals, char);

struct item {
	signals stop, ended;
	bool listed;
};

static struct ltr_mutex registry_lock;

static void serve(struct item **item)
{
	ltr_recv((*item)->stop, NULL);
	ltr_mutex_lock(&registry_lock); /* SELF */
	(*item)->listed = false;
	ltr_mutex_unlock(&registry_lock);
	ltr_send((*item)->ended, 1);
}

static void remove_item(struct item *item)
{
	bool listed;

	ltr_mutex_lock(&registry_lock);
	listed = item->listed;
#ifdef FIXED
	ltr_mutex_unlock(&registry_lock);
#endif
	if (listed) {
		ltr_close(item->stop);
		ltr_recv(item->ended, NULL);
	}
#ifndef FIXED
	ltr_mutex_unlock(&registry_lock);
#endif
}

static int run(int argc, char **argv)
{
	struct item item = {ltr_make(signals, 0), ltr_make(signals, 0), true};

	ltr_go(serve, &item);
	remove_item(&item);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
