/* SPDX-License-Identifier: MIT */
/*
 * class: mixed / channel and lock
 *
 * stop() waits for the worker to say that it is done, with the lock held that the worker needs for its last
 * words.
 */
/* expect: leak at LAST reason sync.Mutex.Lock */
/* expect fixed: clean */

#include <loiter.h>

LTR_CHAN(signals, char);

struct agent {
	struct ltr_mutex lock;
	signals quit, done;
	int state;
};

static void work(struct agent **agent)
{
	ltr_recv((*agent)->quit, NULL);
	ltr_mutex_lock(&(*agent)->lock); /* LAST */
	(*agent)->state = 0;
	ltr_mutex_unlock(&(*agent)->lock);
	ltr_close((*agent)->done);
}

static void stop(struct agent *agent)
{
	ltr_mutex_lock(&agent->lock);
	ltr_close(agent->quit);
#ifdef FIXED
	ltr_mutex_unlock(&agent->lock);
	ltr_recv(agent->done, NULL);
#else
	ltr_recv(agent->done, NULL);
	ltr_mutex_unlock(&agent->lock);
#endif
}

static int run(int argc, char **argv)
{
	struct agent agent = {.quit = ltr_make(signals, 0), .done = ltr_make(signals, 0)};

	ltr_go(work, &agent);
	stop(&agent);
	return agent.state;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
