/* SPDX-License-Identifier: MIT */
/*
 * class: resource / AB-BA
 *
 * Whoever logs reads the configuration under the log's lock; whoever reloads the configuration logs it
 * under the configuration's lock.
 */
/* expect: leak at CONFIG reason sync.RWMutex.RLock explore */
/* expect fixed: clean explore */

#include <loiter.h>

static struct ltr_mutex log_lock;
static struct ltr_rwmutex config_lock;
static int verbosity = 1, lines;

static void log_line(int importance)
{
	int wanted;

#ifdef FIXED
	ltr_rwmutex_rlock(&config_lock);
	wanted = verbosity;
	ltr_rwmutex_runlock(&config_lock);
	ltr_mutex_lock(&log_lock);
#else
	ltr_mutex_lock(&log_lock);
	ltr_rwmutex_rlock(&config_lock); /* CONFIG */
	wanted = verbosity;
	ltr_rwmutex_runlock(&config_lock);
#endif
	lines += importance <= wanted;
	ltr_mutex_unlock(&log_lock);
}

static void reload(void)
{
	ltr_rwmutex_lock(&config_lock);
	verbosity++;
	ltr_mutex_lock(&log_lock);
	lines++;
	ltr_mutex_unlock(&log_lock);
	ltr_rwmutex_unlock(&config_lock);
}

static void worker(void)
{
	for (int i = 0; i < 3; i++)
		log_line(i);
}

static int run(int argc, char **argv)
{
	ltr_go(worker);
	ltr_go(reload);
	ltr_sleep(LTR_SECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
