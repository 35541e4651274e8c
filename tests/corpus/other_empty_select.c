/* SPDX-License-Identifier: MIT */
/*
 * class: other / empty select
 *
 * "Wait for ever" was meant for the program, and stands in a helper that should end with it.
 */
/* expect: leak at EVER reason select (no cases) */
/* expect fixed: clean */

#include <loiter.h>

static _Atomic int loaded;

static void load_plugins(void)
{
	for (int i = 0; i < 3; i++)
		loaded++;
#ifndef FIXED
	ltr_select(LTR_FOREVER); /* EVER */
#endif
}

static int run(int argc, char **argv)
{
	ltr_go(load_plugins);
	while (loaded != 3)
		ltr_sleep(LTR_MILLISECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
