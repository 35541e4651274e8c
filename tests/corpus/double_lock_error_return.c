/* SPDX-License-Identifier: MIT */
/*
 * class: resource / double locking
 *
 * The early return for a full inbox forgets to unlock; whoever delivers next waits for ever.
 */
/* expect: leak at NEXT reason sync.Mutex.Lock */
/* expect fixed: clean */

#include <errno.h>
#include <loiter.h>

struct inbox {
	struct ltr_mutex lock;
	int letters[2];
	int count;
};

static int deliver(struct inbox *inbox, int letter)
{
	ltr_mutex_lock(&inbox->lock); /* NEXT */
	if (inbox->count == 2) {
#ifdef FIXED
		ltr_mutex_unlock(&inbox->lock);
#endif
		return -ENOSPC;
	}
	inbox->letters[inbox->count++] = letter;
	ltr_mutex_unlock(&inbox->lock);
	return 0;
}

static void postman(struct inbox **inbox)
{
	for (int letter = 0; letter < 4; letter++)
		deliver(*inbox, letter);
}

static int run(int argc, char **argv)
{
	static struct inbox inbox;

	ltr_go(postman, &inbox);
	ltr_sleep(10 * LTR_MILLISECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
