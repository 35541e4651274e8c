/* SPDX-License-Identifier: MIT */
/*
 * Two locks, taken in opposite orders. Each goroutine waits until the other has its first lock, so
 * that it goes wrong every time and not once a month. The runtime notices that nobody can ever run
 * again, and says who waits for what.
 */

#include <loiter.h>

struct account {
	struct ltr_mutex mutex;
	int balance; /* guarded by mutex */
};

struct transfer {
	struct account *from;
	struct account *to;
	struct ltr_waitgroup *both_began;
	struct ltr_waitgroup *done;
};

static void transfer(struct transfer *t)
{
	ltr_mutex_lock(&t->from->mutex);
	ltr_waitgroup_done(t->both_began);
	ltr_waitgroup_wait(t->both_began);
	ltr_mutex_lock(&t->to->mutex);
	t->from->balance -= 10;
	t->to->balance += 10;
	ltr_mutex_unlock(&t->to->mutex);
	ltr_mutex_unlock(&t->from->mutex);
	ltr_waitgroup_done(t->done);
}

static int run(int argc, char **argv)
{
	struct account alice = {.balance = 100}, bob = {.balance = 100};
	struct ltr_waitgroup both_began = {0}, done = {0};

	(void)argc;
	(void)argv;
	ltr_waitgroup_add(&both_began, 2);
	ltr_waitgroup_add(&done, 2);
	ltr_go(transfer, (struct transfer){&alice, &bob, &both_began, &done});
	ltr_go(transfer, (struct transfer){&bob, &alice, &both_began, &done});
	ltr_waitgroup_wait(&done);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
