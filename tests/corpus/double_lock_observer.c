/* SPDX-License-Identifier: MIT */
/*
 * class: resource / double locking
 *
 * The subject notifies its observers with its lock held; an observer that has seen enough removes itself,
 * which takes the lock.
 */
/* expect: leak at REMOVE reason sync.Mutex.Lock */
/* expect fixed: clean */

#include <loiter.h>
#include <string.h>

struct subject;
typedef void observer(struct subject *subject, int news);

struct subject {
	struct ltr_mutex lock;
	observer *observers[4];
};

static void remove_observer(struct subject *subject, observer *gone)
{
	ltr_mutex_lock(&subject->lock); /* REMOVE */
	for (int i = 0; i < 4; i++)
		if (subject->observers[i] == gone)
			subject->observers[i] = NULL;
	ltr_mutex_unlock(&subject->lock);
}

static void once_only(struct subject *subject, int news)
{
	if (news > 0)
		remove_observer(subject, once_only);
}

static void notify(struct subject *subject, int news)
{
	observer *called[4];

	ltr_mutex_lock(&subject->lock);
	memcpy(called, subject->observers, sizeof(called));
#ifdef FIXED
	ltr_mutex_unlock(&subject->lock);
#endif
	for (int i = 0; i < 4; i++)
		if (called[i])
			called[i](subject, news);
#ifndef FIXED
	ltr_mutex_unlock(&subject->lock);
#endif
}

static void publish(struct subject **subject)
{
	notify(*subject, 0);
	notify(*subject, 1);
}

static int run(int argc, char **argv)
{
	static struct subject subject = {.observers = {once_only}};

	ltr_go(publish, &subject);
	ltr_sleep(LTR_SECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
