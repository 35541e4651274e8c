/* SPDX-License-Identifier: MIT */
/*
 * class: mixed / channel and lock
 *
 * Log lines go into a buffered channel under the lock; when it is full the writer waits for the drain, which
 * takes the lock for each line.
 */
/* expect: leak at DRAIN reason sync.Mutex.Lock explore */
/* expect fixed: clean explore */

#include <loiter.h>

LTR_CHAN(lines, int);

static struct ltr_mutex lock;
static lines buffer;
static int written, seen;

static void drain(void)
{
	int line;

	while (ltr_recv(buffer, &line) == 0) {
		ltr_mutex_lock(&lock); /* DRAIN */
		seen = line;
		ltr_mutex_unlock(&lock);
	}
}

static void log_lines(void)
{
	for (int line = 0; line < 6; line++) {
		ltr_mutex_lock(&lock);
		written++;
#ifdef FIXED
		ltr_mutex_unlock(&lock);
		ltr_send(buffer, line);
#else
		ltr_send(buffer, line);
		ltr_mutex_unlock(&lock);
#endif
	}
	ltr_close(buffer);
}

static int run(int argc, char **argv)
{
	buffer = ltr_make(lines, 2);
	ltr_go(drain);
	ltr_go(log_lines);
	ltr_sleep(LTR_SECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
