/* SPDX-License-Identifier: MIT */
/*
 * class: other / loop
 *
 * A poller looks at a flag for ever, and lets others run in between; the flag was for its predecessor.
 */
/* expect: leak at POLL reason any */
/* expect fixed: clean */

#include <loiter.h>
#include <stdbool.h>

static _Atomic bool stop_old, stop_new;
static _Atomic long polls;

static void poll_device(void)
{
#ifdef FIXED
	while (!stop_old && !stop_new) {
#else
	while (!stop_old) {
#endif
		polls++;
		ltr_yield(); /* POLL */
	}
}

static int run(int argc, char **argv)
{
	ltr_go(poll_device);
	ltr_sleep(LTR_MILLISECOND);
	stop_new = true;
	return polls < 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
