/* SPDX-License-Identifier: MIT */
/*
 * class: resource / double locking
 *
 * A transfer locks both accounts; somebody moves money from an account to itself.
 */
/* expect: leak at TO reason sync.Mutex.Lock */
/* expect fixed: clean */

#include <loiter.h>

struct account {
	struct ltr_mutex lock;
	long cents;
};

struct order {
	struct account *from, *to;
	long cents;
};

static void transfer(struct order *order)
{
#ifdef FIXED
	if (order->from == order->to)
		return;
#endif
	ltr_mutex_lock(&order->from->lock);
	ltr_mutex_lock(&order->to->lock); /* TO */
	order->from->cents -= order->cents;
	order->to->cents += order->cents;
	ltr_mutex_unlock(&order->to->lock);
	ltr_mutex_unlock(&order->from->lock);
}

static int run(int argc, char **argv)
{
	static struct account accounts[2] = {{.cents = 100}, {.cents = 100}};
	struct order orders[] = {{&accounts[0], &accounts[1], 5}, {&accounts[1], &accounts[1], 7}};

	for (int i = 0; i < 2; i++)
		transfer(&orders[i]);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
