/* SPDX-License-Identifier: MIT */
/* What bench/verdict judges: goroutines that each send on a channel that nobody else has. */

#include <loiter.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

LTR_CHAN(numbers, int);

static void lost(void)
{
	ltr_send(ltr_make(numbers, 0), 1);
}

static int run(int argc, char **argv)
{
	long count = argc > 1 ? strtol(argv[1], NULL, 10) : 1;

	for (long i = 0; i < count; i++) {
		ltr_go(lost);
		if (i % 1000 == 0)
			ltr_yield();
	}
	puts("made");
	fflush(stdout);
	ltr_sleep(3600 * LTR_SECOND); /* it ends with who has started it */
	return 0;
}

int main(int argc, char **argv)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return ltr_run(run, argc, argv);
}
