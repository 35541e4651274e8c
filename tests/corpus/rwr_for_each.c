/* SPDX-License-Identifier: MIT */
/*
 * class: resource / RWR
 *
 * A walk over all routes holds the read lock and calls back; the callback looks another route up.
 */
/* expect: leak at LOOKUP reason sync.RWMutex.RLock explore */
/* expect fixed: clean explore */

#include <loiter.h>

#define ROUTES 4

static struct ltr_rwmutex lock;
static int next_hop[ROUTES] = {1, 2, 3, 3};
static int longest;

static int hop_of(int route)
{
	int hop;

	ltr_rwmutex_rlock(&lock); /* LOOKUP */
	hop = next_hop[route];
	ltr_rwmutex_runlock(&lock);
	return hop;
}

static void measure(int route)
{
	int hops = 0;

	for (; hop_of(route) != route; route = hop_of(route))
		hops++;
	if (hops > longest)
		longest = hops;
}

static void measure_all(void)
{
	for (int route = 0; route < ROUTES; route++) {
#ifdef FIXED
		measure(route);
#else
		ltr_rwmutex_rlock(&lock);
		measure(route);
		ltr_rwmutex_runlock(&lock);
#endif
	}
}

static void update(void)
{
	ltr_rwmutex_lock(&lock);
	next_hop[0] = 3;
	ltr_rwmutex_unlock(&lock);
}

static int run(int argc, char **argv)
{
	ltr_go(measure_all);
	ltr_go(update);
	ltr_sleep(LTR_SECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
