/* SPDX-License-Identifier: MIT */
/*
 * class: communication / channel and condition variable
 *
 * The consumer announces through a channel that it is about to wait; the producer signals at once, which may
 * be before the consumer waits.
 */
/* expect: leak at SLEEP reason sync.Cond.Wait explore */
/* expect fixed: clean explore */

#include <loiter.h>
#include <stdbool.h>

LTR_CHAN(notes, char);

static struct ltr_mutex lock;
static struct ltr_cond filled;
#ifdef FIXED
static bool full;
#endif
static notes about_to_wait;

static void consume(void)
{
	ltr_mutex_lock(&lock);
	ltr_send(about_to_wait, 1);
#ifdef FIXED
	while (!full)
		ltr_cond_wait(&filled, &lock);
#else
	ltr_cond_wait(&filled, &lock); /* SLEEP */
#endif
	ltr_mutex_unlock(&lock);
}

static void produce(void)
{
	ltr_recv(about_to_wait, NULL);
#ifdef FIXED
	ltr_mutex_lock(&lock);
	full = true;
	ltr_mutex_unlock(&lock);
#endif
	ltr_cond_signal(&filled);
}

static int run(int argc, char **argv)
{
	about_to_wait = ltr_make(notes, 0);
	ltr_go(consume);
	ltr_go(produce);
	ltr_sleep(LTR_SECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
