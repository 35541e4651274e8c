/* SPDX-License-Identifier: MIT */
/*
 * class: communication / condition variable
 *
 * Whoever waits does not look whether it has happened already, and the signal may have come before.
 */
/* expect: leak at NEVER reason sync.Cond.Wait explore */
/* expect fixed: clean explore */

#include <loiter.h>
#include <stdbool.h>

static struct ltr_mutex lock;
static struct ltr_cond loaded;
static bool is_loaded;

static void load(void)
{
	ltr_mutex_lock(&lock);
	is_loaded = true;
	ltr_cond_broadcast(&loaded);
	ltr_mutex_unlock(&lock);
}

static void await_load(void)
{
	ltr_mutex_lock(&lock);
#ifdef FIXED
	while (!is_loaded)
		ltr_cond_wait(&loaded, &lock);
#else
	ltr_cond_wait(&loaded, &lock); /* NEVER */
#endif
	ltr_mutex_unlock(&lock);
}

static int run(int argc, char **argv)
{
	ltr_go(load);
	ltr_go(await_load);
	ltr_sleep(LTR_SECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
