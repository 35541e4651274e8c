/* SPDX-License-Identifier: MIT */
/*
 * class: resource / double locking
 *
 * When a write fails the connection is closed from within the write, and both take the connection's lock.
 */
/* expect: leak at CLOSE reason sync.Mutex.Lock */
/* expect fixed: clean */

#include <errno.h>
#include <loiter.h>
#include <stdbool.h>

struct wire {
	struct ltr_mutex lock;
	bool closed;
	int room;
};

static void close_locked(struct wire *wire)
{
	wire->closed = true;
}

static void wire_close(struct wire *wire)
{
	ltr_mutex_lock(&wire->lock); /* CLOSE */
	close_locked(wire);
	ltr_mutex_unlock(&wire->lock);
}

static int wire_write(struct wire *wire, int bytes)
{
	int r = 0;

	ltr_mutex_lock(&wire->lock);
	if (wire->closed || bytes > wire->room) {
		r = -EPIPE;
#ifdef FIXED
		close_locked(wire);
#else
		wire_close(wire);
#endif
	} else {
		wire->room -= bytes;
	}
	ltr_mutex_unlock(&wire->lock);
	return r;
}

static void writer(struct wire **wire)
{
	while (wire_write(*wire, 40) == 0)
		;
}

static int run(int argc, char **argv)
{
	static struct wire wire = {.room = 100};

	ltr_go(writer, &wire);
	ltr_sleep(20 * LTR_MILLISECOND);
	wire_close(&wire);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
