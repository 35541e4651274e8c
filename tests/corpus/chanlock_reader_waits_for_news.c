/* SPDX-License-Identifier: MIT */
/*
 * class: mixed / channel and lock
 *
 * A subscriber waits for news under a read lock; the news comes from a reader that queues up behind a
 * writer, which waits for the subscriber.
 */
/* expect: leak at SENDER reason sync.RWMutex.RLock */
/* expect fixed: clean */

#include <loiter.h>

LTR_CHAN(news, int);

static struct ltr_rwmutex topics_lock;
static news topic;
static int topics = 1;

static void subscribe(void)
{
	int item;

	ltr_rwmutex_rlock(&topics_lock);
#ifdef FIXED
	ltr_rwmutex_runlock(&topics_lock);
	ltr_recv(topic, &item);
#else
	ltr_recv(topic, &item);
	ltr_rwmutex_runlock(&topics_lock);
#endif
}

static void add_topic(void)
{
	ltr_sleep(10 * LTR_MILLISECOND);
	ltr_rwmutex_lock(&topics_lock);
	topics++;
	ltr_rwmutex_unlock(&topics_lock);
}

static void publish(void)
{
	ltr_sleep(50 * LTR_MILLISECOND);
	ltr_rwmutex_rlock(&topics_lock); /* SENDER */
	ltr_send(topic, topics);
	ltr_rwmutex_runlock(&topics_lock);
}

static int run(int argc, char **argv)
{
	topic = ltr_make(news, 0);
	ltr_go(subscribe);
	ltr_go(add_topic);
	ltr_go(publish);
	ltr_sleep(LTR_SECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
