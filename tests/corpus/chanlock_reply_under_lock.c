/* SPDX-License-Identifier: MIT */
/*
 * class: mixed / channel and lock
 *
 * A client holds the lock of its connection for the whole round trip; the reader needs it to pass the reply
 * on.
 */
/* expect: leak at READER reason sync.Mutex.Lock */
/* expect fixed: clean */

#include <loiter.h>

LTR_CHAN(packets, int);

static struct ltr_mutex lock;
static packets wire, reply;
static int pending;

static void reader(void)
{
	int packet;

	ltr_recv(wire, &packet);
	ltr_mutex_lock(&lock); /* READER */
	pending--;
	ltr_mutex_unlock(&lock);
	ltr_send(reply, packet + 1);
}

static void round_trip(void)
{
	int answer;

	ltr_mutex_lock(&lock);
	pending++;
	ltr_send(wire, 7);
#ifdef FIXED
	ltr_mutex_unlock(&lock);
	ltr_recv(reply, &answer);
#else
	ltr_recv(reply, &answer);
	ltr_mutex_unlock(&lock);
#endif
}

static int run(int argc, char **argv)
{
	wire = ltr_make(packets, 0);
	reply = ltr_make(packets, 0);
	ltr_go(reader);
	round_trip();
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
