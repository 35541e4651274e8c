/* SPDX-License-Identifier: MIT */

/* The fairness of Mutex, what it says to outsiders, and trying, as rules (what Go's mutex_test.go
 * demands). */

#include "harness.h"

#include <loiter/layout.h>

struct hog {
	struct ltr_mutex mutex;
	bool stop;      /* atomic */
	int64_t rounds; /* atomic */
	struct ltr_waitgroup done;
};

/* Holds the mutex nearly always, and takes it back as soon as it has given it away. */
static void hog_mutex(struct hog **hog)
{
	while (!__atomic_load_n(&(*hog)->stop, __ATOMIC_RELAXED)) {
		ltr_mutex_lock(&(*hog)->mutex);
		__atomic_fetch_add(&(*hog)->rounds, 1, __ATOMIC_RELAXED);
		ltr_yield();
		ltr_mutex_unlock(&(*hog)->mutex);
	}
	ltr_waitgroup_done(&(*hog)->done);
}

static int a_starving_mutex_is_handed_over(int argc, char **argv)
{
	static struct hog hog;

	(void)argc, (void)argv;
	ltr_waitgroup_add(&hog.done, 2);
	ltr_go(hog_mutex, &hog);
	ltr_go(hog_mutex, &hog);
	while (__atomic_load_n(&hog.rounds, __ATOMIC_RELAXED) == 0)
		ltr_yield();
	for (int i = 0; i < 100; i++) {
		ltr_mutex_lock(&hog.mutex);
		ltr_mutex_unlock(&hog.mutex);
	}
	__atomic_store_n(&hog.stop, true, __ATOMIC_RELAXED);
	ltr_waitgroup_wait(&hog.done);
	expect(hog.mutex.state == 0 && hog.rounds > 0);
	return 0;
}

/* Who was overtaken once is next: counted, as a hog runs against a waiter on one processor. */
static void take_once(struct hog **hog)
{
	int64_t before = __atomic_load_n(&(*hog)->rounds, __ATOMIC_RELAXED), waited;

	ltr_mutex_lock(&(*hog)->mutex);
	waited = __atomic_load_n(&(*hog)->rounds, __ATOMIC_RELAXED) - before;
	expect(ltr_processors() > 1 || waited <= 3);
	__atomic_store_n(&(*hog)->stop, true, __ATOMIC_RELAXED);
	ltr_mutex_unlock(&(*hog)->mutex);
	ltr_waitgroup_done(&(*hog)->done);
}

static int overtaken_once_and_not_again(int argc, char **argv)
{
	static struct hog hog;

	(void)argc, (void)argv;
	ltr_waitgroup_add(&hog.done, 2);
	ltr_go(hog_mutex, &hog);
	while (__atomic_load_n(&hog.rounds, __ATOMIC_RELAXED) == 0)
		ltr_yield();
	ltr_go(take_once, &hog);
	ltr_waitgroup_wait(&hog.done);
	return 0;
}

static int try_locks(int argc, char **argv)
{
	struct ltr_mutex mutex = {0};
	struct ltr_rwmutex rwmutex = {0};
	struct ltr_semaphore semaphore = LTR_SEMAPHORE(3);

	(void)argc, (void)argv;
	expect(ltr_mutex_try_lock(&mutex));
	expect(!ltr_mutex_try_lock(&mutex));
	ltr_mutex_unlock(&mutex);
	expect(ltr_rwmutex_try_rlock(&rwmutex) && ltr_rwmutex_try_rlock(&rwmutex));
	expect(!ltr_rwmutex_try_lock(&rwmutex));
	ltr_rwmutex_runlock(&rwmutex);
	ltr_rwmutex_runlock(&rwmutex);
	expect(ltr_rwmutex_try_lock(&rwmutex) && rwmutex.owner == ltr_id());
	expect(!ltr_rwmutex_try_lock(&rwmutex) && !ltr_rwmutex_try_rlock(&rwmutex));
	ltr_rwmutex_unlock(&rwmutex);
	expect(rwmutex.state == 0 && rwmutex.owner == 0);
	expect(ltr_semaphore_try_acquire(&semaphore, 2));
	expect(!ltr_semaphore_try_acquire(&semaphore, 2));
	expect(ltr_semaphore_try_acquire(&semaphore, 1));
	expect(!ltr_semaphore_try_acquire(&semaphore, 1));
	expect(ltr_semaphore_try_acquire(&semaphore, 0));
	return 0;
}

static struct ltr_mutex *unlock_of;

static void unlock_it(void)
{
	ltr_mutex_unlock(unlock_of);
}

/* Also when it is handed over, and by a Cond. */
static int a_mutex_says_who_has_it(int argc, char **argv)
{
	static struct hog hog;
	struct ltr_cond cond = {0};
	struct ltr_mutex *mutex = &hog.mutex;

	(void)argc, (void)argv;
	ltr_waitgroup_add(&hog.done, 2);
	ltr_go(hog_mutex, &hog);
	ltr_go(hog_mutex, &hog);
	for (int i = 0; i < 100; i++) {
		ltr_mutex_lock(mutex);
		expect(mutex->owner == ltr_id() && mutex->locked_at != 0);
		ltr_mutex_unlock(mutex);
	}
	__atomic_store_n(&hog.stop, true, __ATOMIC_RELAXED);
	ltr_waitgroup_wait(&hog.done);
	expect(mutex->owner == 0 && mutex->queue.marks == 0);

	ltr_mutex_lock(mutex);
	expect(ltr_cond_wait(&cond, mutex, ltr_after(LTR_MICROSECOND)) == -ETIMEDOUT);
	expect(mutex->owner == ltr_id());
	expect(ltr_cond_wait(&cond, mutex, LTR_NOW) == -ETIMEDOUT);
	expect(mutex->owner == ltr_id() && mutex->queue.marks == 0);

	/* A lock that waits for another goroutine to unlock it is no mistake, and says so from then on. */
	unlock_of = mutex;
	ltr_go(unlock_it);
	ltr_mutex_lock(mutex);
	expect(mutex->owner == ltr_id() && mutex->queue.marks == LTR_LOCK_STRAY_UNLOCK);
	expect(mutex->unlocker != ltr_id() && mutex->unlocker != 0);
	ltr_mutex_unlock(mutex);
	expect(mutex->unlocker == ltr_id());
	return 0;
}

int main(void)
{
	static const struct rule rules[] = {
		RULE(a_starving_mutex_is_handed_over),
		RULE(overtaken_once_and_not_again),
		RULE(try_locks),
		RULE(a_mutex_says_who_has_it),
	};

	return run_rules(rules, sizeof(rules) / sizeof(rules[0]));
}
