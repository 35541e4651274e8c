/* SPDX-License-Identifier: MIT */
/*
 * class: resource / double locking
 *
 * A reader finds that the table has to grow and locks for writing, without letting go of its read lock:
 * an RWMutex cannot be upgraded.
 */
/* expect: leak at UPGRADE reason sync.RWMutex.Lock */
/* expect fixed: clean */

#include <loiter.h>

static struct ltr_rwmutex lock;
static int capacity = 4;

static int slot_for(int key)
{
	int slot;

	ltr_rwmutex_rlock(&lock);
	if (key >= capacity) {
#ifdef FIXED
		ltr_rwmutex_runlock(&lock);
#endif
		ltr_rwmutex_lock(&lock); /* UPGRADE */
		while (key >= capacity)
			capacity *= 2;
		ltr_rwmutex_unlock(&lock);
#ifdef FIXED
		ltr_rwmutex_rlock(&lock);
#endif
	}
	slot = key % capacity;
	ltr_rwmutex_runlock(&lock);
	return slot;
}

static void store(int *key)
{
	slot_for(*key);
}

static int run(int argc, char **argv)
{
	for (int key = 0; key < 6; key += 5)
		ltr_go(store, key);
	ltr_sleep(LTR_MILLISECOND * 50);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
