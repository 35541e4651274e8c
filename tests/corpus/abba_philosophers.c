/* SPDX-License-Identifier: MIT */
/*
 * class: resource / AB-BA
 *
 * Three philosophers take the left fork and then the right one: a circle of three locks.
 */
/* expect: leak at RIGHT reason sync.Mutex.Lock explore */
/* expect fixed: clean explore */

#include <loiter.h>

#define SEATS 3

static struct ltr_mutex forks[SEATS];
static struct ltr_waitgroup table;

static void dine(int *seat)
{
	int left = *seat, right = (*seat + 1) % SEATS;

#ifdef FIXED
	if (left > right) {
		left = right;
		right = *seat;
	}
#endif
	for (int meal = 0; meal < 2; meal++) {
		ltr_mutex_lock(&forks[left]);
		ltr_mutex_lock(&forks[right]); /* RIGHT */
		ltr_yield();
		ltr_mutex_unlock(&forks[right]);
		ltr_mutex_unlock(&forks[left]);
	}
	ltr_waitgroup_done(&table);
}

static int run(int argc, char **argv)
{
	ltr_waitgroup_add(&table, SEATS);
	for (int seat = 0; seat < SEATS; seat++)
		ltr_go(dine, seat);
	return ltr_waitgroup_wait(&table);
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
