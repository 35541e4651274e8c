/* SPDX-License-Identifier: MIT */
/*
 * class: resource / double locking
 *
 * A lookup that misses calls the refill while it holds the cache's lock, and the refill takes the same
 * lock to put the new entry in.
 */
/* expect: leak at AGAIN reason sync.Mutex.Lock */
/* expect fixed: clean */

#include <loiter.h>

struct cache {
	struct ltr_mutex lock;
	int key[8], value[8];
	int count;
};

static int refill(struct cache *cache, int key)
{
	int value = key * key;

	ltr_mutex_lock(&cache->lock); /* AGAIN */
	cache->key[cache->count % 8] = key;
	cache->value[cache->count++ % 8] = value;
	ltr_mutex_unlock(&cache->lock);
	return value;
}

static int lookup(struct cache *cache, int key)
{
	int value;

	ltr_mutex_lock(&cache->lock);
	for (int i = 0; i < cache->count && i < 8; i++) {
		if (cache->key[i] == key) {
			value = cache->value[i];
			ltr_mutex_unlock(&cache->lock);
			return value;
		}
	}
#ifdef FIXED
	ltr_mutex_unlock(&cache->lock);
	return refill(cache, key);
#else
	value = refill(cache, key);
	ltr_mutex_unlock(&cache->lock);
	return value;
#endif
}

static int run(int argc, char **argv)
{
	struct cache cache = {0};

	return lookup(&cache, 7) + lookup(&cache, 8) == 113 ? 0 : 1;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
