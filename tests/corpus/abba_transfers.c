/* SPDX-License-Identifier: MIT */
/*
 * class: resource / AB-BA
 *
 * Two transfers between the same accounts in opposite directions lock them in opposite orders.
 */
/* expect: leak at TO reason sync.Mutex.Lock explore */
/* expect fixed: clean explore */

#include <loiter.h>

struct account {
	struct ltr_mutex lock;
	long cents;
};

struct transfer {
	struct account *from, *to;
	struct ltr_waitgroup *done;
};

static void move_money(struct transfer *t)
{
	struct account *first = t->from, *second = t->to;

#ifdef FIXED
	if (first > second) {
		first = t->to;
		second = t->from;
	}
#endif
	ltr_mutex_lock(&first->lock);
	ltr_mutex_lock(&second->lock); /* TO */
	t->from->cents -= 10;
	t->to->cents += 10;
	ltr_mutex_unlock(&second->lock);
	ltr_mutex_unlock(&first->lock);
	ltr_waitgroup_done(t->done);
}

static int run(int argc, char **argv)
{
	struct account accounts[2] = {{.cents = 100}, {.cents = 100}};
	struct ltr_waitgroup done = {0};

	ltr_waitgroup_add(&done, 2);
	ltr_go(move_money, (struct transfer){&accounts[0], &accounts[1], &done});
	ltr_go(move_money, (struct transfer){&accounts[1], &accounts[0], &done});
	return ltr_waitgroup_wait(&done);
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
