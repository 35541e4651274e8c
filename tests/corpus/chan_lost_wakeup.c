/* SPDX-License-Identifier: MIT */
/*
 * class: communication / channel
 *
 * The notifier drops its message if the other does not wait yet, and it comes only once.
 */
/* expect: leak at WAIT reason chan receive explore */
/* expect fixed: clean explore */

#include <loiter.h>

LTR_CHAN(signals, char);

static signals ready;

static void initialise(void)
{
	ltr_yield();
	ltr_send(ready, 1, LTR_NOW);
}

static void user(void)
{
	ltr_recv(ready, NULL); /* WAIT */
}

static int run(int argc, char **argv)
{
#ifdef FIXED
	ready = ltr_make(signals, 1);
#else
	ready = ltr_make(signals, 0);
#endif
	ltr_go(user);
	ltr_go(initialise);
	ltr_sleep(LTR_SECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
