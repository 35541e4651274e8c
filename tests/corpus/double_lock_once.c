/* SPDX-License-Identifier: MIT */
/*
 * class: resource / double locking
 *
 * The initialisation that runs once asks for its own module, which is just being initialised: Once waits
 * for itself.
 */
/* expect: leak at INNER reason sync.Once.Do */
/* expect fixed: clean */

#include <loiter.h>

static struct ltr_once once;
static int default_level;
static int level;

static void init_module(void);

static int get_default(void)
{
#ifndef FIXED
	ltr_once_do(&once, init_module); /* INNER */
#endif
	return default_level;
}

static void init_module(void)
{
	default_level = 3;
	level = get_default();
}

static void use(void)
{
	ltr_once_do(&once, init_module);
}

static int run(int argc, char **argv)
{
	ltr_go(use);
	ltr_yield();
	ltr_sleep(LTR_MILLISECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
