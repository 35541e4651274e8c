/* SPDX-License-Identifier: MIT */
/*
 * class: other / global channel
 *
 * The channel is global, so that somebody could still send on it, as far as a look at memory tells; nobody does.
 */
/* expect: leak at COMMAND reason chan receive */
/* expect fixed: clean */

#include <loiter.h>

LTR_CHAN(commands, int);

static commands control;
static _Atomic int executed;

static void obey(void)
{
	int command;

	while (ltr_recv(control, &command) == 0) /* COMMAND */
		executed += command;
}

static int run(int argc, char **argv)
{
	control = ltr_make(commands, 4);
	ltr_go(obey);
	ltr_send(control, 1);
	ltr_send(control, 2);
#ifdef FIXED
	ltr_close(control);
#endif
	while (executed != 3)
		ltr_sleep(LTR_MILLISECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
