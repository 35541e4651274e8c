/* SPDX-License-Identifier: MIT */
/*
 * class: other / semaphore
 *
 * Two uploads give back less than they took, as the chunk size changed in between; the third finds too little.
 */
/* expect: leak at UPLOAD reason semacquire */
/* expect fixed: clean */

#include <loiter.h>

static struct ltr_semaphore bytes_in_flight = LTR_SEMAPHORE(100);
static _Atomic int chunk = 40;

static void upload(void)
{
#ifdef FIXED
	int taken = chunk;
#endif

	ltr_semaphore_acquire(&bytes_in_flight, chunk); /* UPLOAD */
	ltr_sleep(LTR_MILLISECOND);
#ifdef FIXED
	ltr_semaphore_release(&bytes_in_flight, taken);
#else
	ltr_semaphore_release(&bytes_in_flight, chunk);
#endif
}

static int run(int argc, char **argv)
{
	ltr_go(upload);
	ltr_go(upload);
	ltr_sleep(500 * LTR_MICROSECOND);
	chunk = 10;
	ltr_sleep(10 * LTR_MILLISECOND);
	chunk = 50;
	ltr_go(upload);
	ltr_sleep(LTR_MILLISECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
