/* SPDX-License-Identifier: MIT */
/*
 * class: mixed / channel and lock
 *
 * Getting a connection out of an empty pool waits with the pool's lock held, and giving one back needs it.
 */
/* expect: leak at PUT reason sync.Mutex.Lock */
/* expect fixed: clean */

#include <loiter.h>

LTR_CHAN(connections, int);

static struct ltr_mutex pool_lock;
static connections idle;
static int in_use;

static int get(void)
{
	int connection;

#ifdef FIXED
	ltr_recv(idle, &connection);
	ltr_mutex_lock(&pool_lock);
	in_use++;
	ltr_mutex_unlock(&pool_lock);
#else
	ltr_mutex_lock(&pool_lock);
	ltr_recv(idle, &connection);
	in_use++;
	ltr_mutex_unlock(&pool_lock);
#endif
	return connection;
}

static void put(int connection)
{
	ltr_mutex_lock(&pool_lock); /* PUT */
	in_use--;
	ltr_send(idle, connection);
	ltr_mutex_unlock(&pool_lock);
}

static void query(void)
{
	int connection = get();

	ltr_sleep(LTR_MILLISECOND);
	put(connection);
}

static int run(int argc, char **argv)
{
	idle = ltr_make(connections, 1);
	ltr_send(idle, 1);
	ltr_go(query);
	ltr_go(query);
	ltr_sleep(LTR_SECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
