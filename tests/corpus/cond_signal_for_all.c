/* SPDX-License-Identifier: MIT */
/*
 * class: communication / condition variable
 *
 * The gate opens once for all who wait, and signals one of them.
 */
/* expect: leak at GATE reason sync.Cond.Wait */
/* expect fixed: clean */

#include <loiter.h>
#include <stdbool.h>

static struct ltr_mutex lock;
static struct ltr_cond opened;
static bool is_open;

static void pass(void)
{
	ltr_mutex_lock(&lock);
	while (!is_open)
		ltr_cond_wait(&opened, &lock); /* GATE */
	ltr_mutex_unlock(&lock);
}

static int run(int argc, char **argv)
{
	for (int i = 0; i < 3; i++)
		ltr_go(pass);
	ltr_sleep(LTR_MILLISECOND);
	ltr_mutex_lock(&lock);
	is_open = true;
#ifdef FIXED
	ltr_cond_broadcast(&opened);
#else
	ltr_cond_signal(&opened);
#endif
	ltr_mutex_unlock(&lock);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
