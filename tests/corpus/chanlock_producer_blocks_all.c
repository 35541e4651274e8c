/* SPDX-License-Identifier: MIT */
/*
 * class: mixed / channel and lock
 *
 * A producer is stuck in a send because its consumer has failed; it holds the lock, so that everybody who
 * only wants to read the counter is stuck as well.
 */
/* expect: leak at COUNTER reason sync.Mutex.Lock */
/* expect fixed: clean */

#include <loiter.h>

LTR_CHAN(blocks, int);

static struct ltr_mutex lock;
static blocks pipe;
static int produced;

static void produce(void)
{
	int error = 0;

	while (!error) {
		ltr_mutex_lock(&lock);
#ifdef FIXED
		error = ltr_send(pipe, produced, ltr_after(LTR_MILLISECOND));
#else
		error = ltr_send(pipe, produced);
#endif
		produced++;
		ltr_mutex_unlock(&lock);
	}
}

static void consume(void)
{
	int block;

	while (ltr_recv(pipe, &block) == 0)
		if (block == 2)
			return; /* a checksum is wrong */
}

static void show(void)
{
	ltr_sleep(10 * LTR_MILLISECOND);
	ltr_mutex_lock(&lock); /* COUNTER */
	produced = 0;
	ltr_mutex_unlock(&lock);
}

static int run(int argc, char **argv)
{
	pipe = ltr_make(blocks, 0);
	ltr_go(produce);
	ltr_go(consume);
	ltr_go(show);
	ltr_sleep(LTR_SECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
