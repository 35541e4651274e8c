/* SPDX-License-Identifier: MIT */
/*
 * class: resource / AB-BA
 *
 * Two peers lock their own end, agree on the swap, and then lock the other's end.
 */
/* expect: leak at PEER reason sync.Mutex.Lock */
/* expect fixed: clean */

#include <loiter.h>

LTR_CHAN(agreement, int);

static struct ltr_mutex ends[2];
static int value[2] = {1, 2};
static agreement agree;

static void swap_ends(int *mine)
{
#ifdef FIXED
	const int other = 1;
#else
	const int other = 1 - *mine;

	ltr_mutex_lock(&ends[*mine]);
#endif
	if (*mine == 0)
		ltr_send(agree, 0);
	else
		ltr_recv(agree, NULL);
#ifdef FIXED
	ltr_mutex_lock(&ends[0]);
#endif
	ltr_mutex_lock(&ends[other]); /* PEER */
	value[*mine]++;
	ltr_mutex_unlock(&ends[other]);
	ltr_mutex_unlock(&ends[1 - other]);
}

static int run(int argc, char **argv)
{
	agree = ltr_make(agreement, 0);
	ltr_go(swap_ends, 0);
	ltr_go(swap_ends, 1);
	ltr_sleep(LTR_MILLISECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
