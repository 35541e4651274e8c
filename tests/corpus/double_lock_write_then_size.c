/* SPDX-License-Identifier: MIT */
/*
 * class: resource / double locking
 *
 * The writer logs the new size through the public getter, which takes the read lock that the writer's own
 * write lock keeps it from.
 */
/* expect: leak at SIZE reason sync.RWMutex.RLock */
/* expect fixed: clean */

#include <loiter.h>

struct store {
	struct ltr_rwmutex lock;
	int size;
	int logged;
};

static int store_size(struct store *store)
{
	int size;

	ltr_rwmutex_rlock(&store->lock); /* SIZE */
	size = store->size;
	ltr_rwmutex_runlock(&store->lock);
	return size;
}

static void store_add(struct store *store)
{
	ltr_rwmutex_lock(&store->lock);
	store->size++;
#ifdef FIXED
	store->logged = store->size;
#else
	store->logged = store_size(store);
#endif
	ltr_rwmutex_unlock(&store->lock);
}

static int run(int argc, char **argv)
{
	struct store store = {0};

	store_add(&store);
	return store.logged == store_size(&store) ? 0 : 1;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
