/* SPDX-License-Identifier: MIT */

/* RWMutex, Cond, Semaphore, and the fairness of Mutex, as rules (what Go's rwmutex_test.go,
 * cond_test.go, mutex_test.go and x/sync's semaphore_test.go demand). */

#include "harness.h"

#include <loiter/layout.h>

LTR_CHAN(numbers, int);

#define HAS_WAITERS 2u

static bool has_waiters(const uint32_t *state)
{
	return __atomic_load_n(state, __ATOMIC_RELAXED) & HAS_WAITERS;
}

static void wait_for_waiters(const uint32_t *state)
{
	while (!has_waiters(state))
		ltr_yield();
}

/* --- Mutex -------------------------------------------------------------------------------------- */

struct hog {
	struct ltr_mutex mutex;
	bool wanted, stop; /* atomic */
	int64_t rounds;    /* atomic */
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

/* --- RWMutex ------------------------------------------------------------------------------------ */

static struct {
	struct ltr_rwmutex rwmutex;
	int readers, writers; /* atomic: who has it now */
	int64_t written;      /* guarded by rwmutex */
	struct ltr_waitgroup done;
} hammered;

static void check_who_is_in(bool is_writer)
{
	int readers = __atomic_load_n(&hammered.readers, __ATOMIC_RELAXED);
	int writers = __atomic_load_n(&hammered.writers, __ATOMIC_RELAXED);

	expect(is_writer ? readers == 0 && writers == 1 : readers >= 1 && writers == 0);
}

static void hammer(int *number)
{
	uint64_t state = rule_seed + (uint64_t)*number * 31337;

	for (int i = 0; i < SCALED(4000); i++) {
		bool is_writer = rule_random(&state) % 8 == 0;
		int *count = is_writer ? &hammered.writers : &hammered.readers;
		int64_t deadline_ns =
			rule_random(&state) % 3
				? LTR_FOREVER
				: ltr_after((int64_t)(rule_random(&state) % 30) * LTR_MICROSECOND);

		if ((is_writer ? ltr_rwmutex_lock(&hammered.rwmutex, deadline_ns)
			       : ltr_rwmutex_rlock(&hammered.rwmutex, deadline_ns)) < 0)
			continue;
		__atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
		check_who_is_in(is_writer);
		if (is_writer)
			hammered.written++;
		if (rule_random(&state) % 4 == 0)
			ltr_yield();
		check_who_is_in(is_writer);
		__atomic_fetch_sub(count, 1, __ATOMIC_RELAXED);
		if (is_writer)
			ltr_rwmutex_unlock(&hammered.rwmutex);
		else
			ltr_rwmutex_runlock(&hammered.rwmutex);
	}
	ltr_waitgroup_done(&hammered.done);
}

static int writers_exclude_readers_do_not(int argc, char **argv)
{
	(void)argc, (void)argv;
	ltr_waitgroup_add(&hammered.done, 16);
	for (int i = 0; i < 16; i++)
		ltr_go(hammer, i);
	ltr_waitgroup_wait(&hammered.done);
	expect(hammered.rwmutex.state == 0 && hammered.rwmutex.owner == 0);
	return 0;
}

struct stage {
	struct ltr_rwmutex rwmutex;
	struct ltr_waitgroup done;
	numbers entered; /* who has come in, in order */
	numbers leave;
	bool gave_up; /* atomic */
};

struct actor {
	struct stage *stage;
	int number;
	bool is_writer;
};

static void act(struct actor *actor)
{
	struct ltr_rwmutex *rwmutex = &actor->stage->rwmutex;

	if (actor->is_writer)
		ltr_rwmutex_lock(rwmutex);
	else
		ltr_rwmutex_rlock(rwmutex);
	ltr_send(actor->stage->entered, actor->number);
	ltr_recv(actor->stage->leave, NULL);
	if (actor->is_writer)
		ltr_rwmutex_unlock(rwmutex);
	else
		ltr_rwmutex_runlock(rwmutex);
	ltr_waitgroup_done(&actor->stage->done);
}

static void enter_stage(struct stage *stage, int number, bool is_writer)
{
	ltr_waitgroup_add(&stage->done, 1);
	ltr_go(act, (struct actor){stage, number, is_writer});
}

static int who_entered(struct stage *stage)
{
	int number;

	expect(ltr_recv(stage->entered, &number) == 0);
	return number;
}

static int a_waiting_writer_stops_new_readers(int argc, char **argv)
{
	static struct stage stage;

	(void)argc, (void)argv;
	stage.entered = ltr_make(numbers, 0), stage.leave = ltr_make(numbers, 0);
	enter_stage(&stage, 1, false);
	enter_stage(&stage, 2, false);
	expect(who_entered(&stage) + who_entered(&stage) == 3); /* together */
	enter_stage(&stage, 3, true);
	wait_for_waiters(&stage.rwmutex.state);
	expect(!ltr_rwmutex_try_rlock(&stage.rwmutex));
	expect(ltr_rwmutex_rlock(&stage.rwmutex, ltr_after(LTR_MICROSECOND)) == -ETIMEDOUT);
	enter_stage(&stage, 4, false);
	ltr_send(stage.leave, 1);
	expect(!ltr_rwmutex_try_rlock(&stage.rwmutex)); /* one reader is still there */
	ltr_send(stage.leave, 1);
	expect(who_entered(&stage) == 3);
	ltr_send(stage.leave, 1);
	expect(who_entered(&stage) == 4);
	ltr_send(stage.leave, 1);
	ltr_waitgroup_wait(&stage.done);
	expect(stage.rwmutex.state == 0);
	ltr_free(stage.entered);
	ltr_free(stage.leave);
	return 0;
}

/* Waiting readers: as no counter of them can be seen, only that they are there after a yield at P=1,
 * or come before the next writer anyway. */
static int readers_go_between_two_writers(int argc, char **argv)
{
	static struct stage stage;
	bool seen[8] = {false};

	(void)argc, (void)argv;
	stage.entered = ltr_make(numbers, 0), stage.leave = ltr_make(numbers, 0);
	ltr_rwmutex_lock(&stage.rwmutex);
	for (int i = 2; i < 6; i++)
		enter_stage(&stage, i, false);
	for (int i = 0; i < 200; i++)
		ltr_yield();
	enter_stage(&stage, 1,
		    true); /* last to come, or early: the readers are before it or after */
	for (int i = 0; i < 200; i++)
		ltr_yield();
	ltr_rwmutex_unlock(&stage.rwmutex);
	for (int i = 0; i < 5; i++) {
		int number = who_entered(&stage);

		expect(number >= 1 && number < 6 && !seen[number]);
		if (ltr_processors() == 1) /* all four waited when the writer unlocked */
			expect((number == 1) == (i == 4));
		seen[number] = true;
		ltr_send(stage.leave, 1);
	}
	ltr_waitgroup_wait(&stage.done);
	expect(stage.rwmutex.state == 0);
	ltr_free(stage.entered);
	ltr_free(stage.leave);
	return 0;
}

/* A writer that gives up lets those in that it has stopped. */
static void give_up_writing(struct stage **stage)
{
	expect(ltr_rwmutex_lock(&(*stage)->rwmutex, ltr_after(2 * LTR_MILLISECOND)) == -ETIMEDOUT);
	__atomic_store_n(&(*stage)->gave_up, true, __ATOMIC_RELAXED);
	ltr_waitgroup_done(&(*stage)->done);
}

static int readers_go_on_when_the_writer_gives_up(int argc, char **argv)
{
	static struct stage stage;

	(void)argc, (void)argv;
	ltr_rwmutex_rlock(&stage.rwmutex);
	for (int i = 0; i < 5; i++) {
		ltr_waitgroup_add(&stage.done, 1);
		__atomic_store_n(&stage.gave_up, false, __ATOMIC_RELAXED);
		ltr_go(give_up_writing, &stage);
		while (!has_waiters(&stage.rwmutex.state) &&
		       !__atomic_load_n(&stage.gave_up, __ATOMIC_RELAXED))
			ltr_yield();
		expect(ltr_rwmutex_rlock(&stage.rwmutex) == 0);
		ltr_rwmutex_runlock(&stage.rwmutex);
		ltr_waitgroup_wait(&stage.done);
	}
	ltr_rwmutex_runlock(&stage.rwmutex);
	expect(stage.rwmutex.state == 0);
	return 0;
}

static int unlock_of_unlocked_rwmutex(int argc, char **argv)
{
	struct ltr_rwmutex rwmutex = {0};

	(void)argc, (void)argv;
	ltr_rwmutex_unlock(&rwmutex);
	return 0;
}

static int runlock_of_unlocked_rwmutex(int argc, char **argv)
{
	struct ltr_rwmutex rwmutex = {0};

	(void)argc, (void)argv;
	ltr_rwmutex_runlock(&rwmutex);
	return 0;
}

static int unlock_of_read_locked_rwmutex(int argc, char **argv)
{
	struct ltr_rwmutex rwmutex = {0};

	(void)argc, (void)argv;
	ltr_rwmutex_rlock(&rwmutex);
	ltr_rwmutex_unlock(&rwmutex);
	return 0;
}

static int runlock_of_locked_rwmutex(int argc, char **argv)
{
	struct ltr_rwmutex rwmutex = {0};

	(void)argc, (void)argv;
	ltr_rwmutex_lock(&rwmutex);
	ltr_rwmutex_runlock(&rwmutex);
	return 0;
}

static int reading_while_writing_is_a_deadlock(int argc, char **argv)
{
	struct ltr_rwmutex rwmutex = {0};

	(void)argc, (void)argv;
	ltr_rwmutex_lock(&rwmutex);
	return ltr_rwmutex_rlock(&rwmutex);
}

static int writing_while_reading_is_a_deadlock(int argc, char **argv)
{
	struct ltr_rwmutex rwmutex = {0};

	(void)argc, (void)argv;
	ltr_rwmutex_rlock(&rwmutex);
	return ltr_rwmutex_lock(&rwmutex);
}

/* --- what outsiders see (struct ltr_lock_words) ------------------------------------------------- */

static void unlock_for_another(struct stage **stage)
{
	ltr_rwmutex_unlock(&(*stage)->rwmutex);
	ltr_rwmutex_rlock(&(*stage)->rwmutex);
	ltr_waitgroup_done(&(*stage)->done);
}

static int an_rwmutex_says_who_has_it(int argc, char **argv)
{
	static struct stage stage;
	struct ltr_rwmutex *rwmutex = &stage.rwmutex;

	(void)argc, (void)argv;
	ltr_rwmutex_lock(rwmutex);
	expect(rwmutex->owner == ltr_id() && rwmutex->locked_at != 0);
	ltr_rwmutex_unlock(rwmutex);
	expect(rwmutex->owner == 0 && rwmutex->unlocker == ltr_id());
	for (int i = 0; i < 5; i++) /* more than are noted: the rest is found to be a stray */
		ltr_rwmutex_rlock(rwmutex);
	expect(rwmutex->readers.marks == 0);
	ltr_rwmutex_runlock(rwmutex);
	ltr_rwmutex_runlock(rwmutex);
	expect(rwmutex->readers.marks == 0);
	ltr_rwmutex_runlock(rwmutex);
	expect(rwmutex->readers.marks == LTR_LOCK_STRAY_READER);
	ltr_rwmutex_runlock(rwmutex);
	ltr_rwmutex_runlock(rwmutex);

	ltr_rwmutex_lock(rwmutex);
	ltr_waitgroup_add(&stage.done, 1);
	ltr_go(unlock_for_another, &stage);
	ltr_waitgroup_wait(&stage.done);
	expect(rwmutex->owner == 0);
	expect(rwmutex->unlocker != ltr_id() && rwmutex->unlocker != 0);
	expect(rwmutex->readers.marks == (LTR_LOCK_STRAY_UNLOCK | LTR_LOCK_STRAY_READER));
	ltr_rwmutex_runlock(rwmutex); /* for the other one; the last reader */
	expect(rwmutex->unlocker == ltr_id());
	expect(rwmutex->state == 0);
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

/* --- Cond --------------------------------------------------------------------------------------- */

struct room {
	struct ltr_mutex mutex;
	struct ltr_cond cond;
	int waiting, woken; /* guarded by mutex, as order is */
	int order[16];
	struct ltr_waitgroup done;
};

struct guest {
	struct room *room;
	int number;
};

static void wait_to_be_woken(struct guest *guest)
{
	struct room *room = guest->room;

	ltr_mutex_lock(&room->mutex);
	guest->number = room->waiting++;
	expect(ltr_cond_wait(&room->cond, &room->mutex) == 0);
	room->order[room->woken++] = guest->number;
	ltr_mutex_unlock(&room->mutex);
	ltr_waitgroup_done(&room->done);
}

/* All of them wait: they count themselves under the mutex, which waiting gives up. */
static void fill(struct room *room, int guests)
{
	ltr_waitgroup_add(&room->done, guests);
	for (int i = 0; i < guests; i++)
		ltr_go(wait_to_be_woken, (struct guest){room, 0});
	for (int waiting = 0; waiting < guests; ltr_yield()) {
		ltr_mutex_lock(&room->mutex);
		waiting = room->waiting;
		ltr_mutex_unlock(&room->mutex);
	}
}

static int number_woken(struct room *room)
{
	int woken;

	ltr_mutex_lock(&room->mutex);
	woken = room->woken;
	ltr_mutex_unlock(&room->mutex);
	return woken;
}

static int signal_wakes_one_in_order(int argc, char **argv)
{
	static struct room room;

	(void)argc, (void)argv;
	ltr_cond_signal(&room.cond); /* nobody waits: forgotten */
	fill(&room, 10);
	for (int i = 1; i <= 10; i++) {
		ltr_cond_signal(&room.cond);
		while (number_woken(&room) < i)
			ltr_yield();
		for (int j = 0; j < 50; j++)
			ltr_yield();
		expect(number_woken(&room) == i);
	}
	for (int i = 0; i < 10; i++)
		expect(room.order[i] == i);
	ltr_waitgroup_wait(&room.done);
	return 0;
}

static int broadcast_wakes_all(int argc, char **argv)
{
	static struct room room;

	(void)argc, (void)argv;
	ltr_cond_broadcast(&room.cond);
	fill(&room, 10);
	expect(number_woken(&room) == 0);
	ltr_cond_broadcast(&room.cond);
	ltr_waitgroup_wait(&room.done);
	expect(room.woken == 10 && room.mutex.state == 0);
	return 0;
}

static int a_signal_is_not_lost_on_who_gave_up(int argc, char **argv)
{
	static struct room room;

	(void)argc, (void)argv;
	ltr_mutex_lock(&room.mutex);
	expect(ltr_cond_wait(&room.cond, &room.mutex, LTR_NOW) == -ETIMEDOUT);
	expect(ltr_cond_wait(&room.cond, &room.mutex, ltr_after(LTR_MILLISECOND)) == -ETIMEDOUT);
	expect(room.mutex.owner == ltr_id() && !ltr_mutex_try_lock(&room.mutex));
	ltr_mutex_unlock(&room.mutex);
	fill(&room, 1);
	ltr_cond_signal(&room.cond);
	ltr_waitgroup_wait(&room.done);
	return 0;
}

/* A bounded queue made of a mutex and two conds. */
static struct {
	struct ltr_mutex mutex;
	struct ltr_cond not_empty, not_full;
	int count, sum;
	struct ltr_waitgroup done;
} queue;

static void put_into_queue(void)
{
	for (int i = 0; i < SCALED(2000); i++) {
		ltr_mutex_lock(&queue.mutex);
		while (queue.count == 3)
			ltr_cond_wait(&queue.not_full, &queue.mutex);
		queue.count++;
		ltr_cond_signal(&queue.not_empty);
		ltr_mutex_unlock(&queue.mutex);
	}
	ltr_waitgroup_done(&queue.done);
}

static void take_from_queue(void)
{
	for (int i = 0; i < SCALED(2000); i++) {
		ltr_mutex_lock(&queue.mutex);
		while (queue.count == 0)
			(void)ltr_cond_wait(&queue.not_empty, &queue.mutex,
					    ltr_after(20 * LTR_MICROSECOND));
		queue.count--;
		queue.sum++;
		ltr_mutex_unlock(&queue.mutex);
		ltr_cond_signal(&queue.not_full);
	}
	ltr_waitgroup_done(&queue.done);
}

static int a_queue_of_conds(int argc, char **argv)
{
	(void)argc, (void)argv;
	ltr_waitgroup_add(&queue.done, 8);
	for (int i = 0; i < 4; i++) {
		ltr_go(put_into_queue);
		ltr_go(take_from_queue);
	}
	ltr_waitgroup_wait(&queue.done);
	expect(queue.sum == 4 * SCALED(2000) && queue.count == 0 && queue.mutex.state == 0);
	return 0;
}

static int waiting_without_the_mutex(int argc, char **argv)
{
	struct ltr_mutex mutex = {0};
	struct ltr_cond cond = {0};

	(void)argc, (void)argv;
	return ltr_cond_wait(&cond, &mutex);
}

static int waiting_for_nobody(int argc, char **argv)
{
	struct ltr_mutex mutex = {0};
	struct ltr_cond cond = {0};

	(void)argc, (void)argv;
	ltr_mutex_lock(&mutex);
	return ltr_cond_wait(&cond, &mutex);
}

/* --- Semaphore ---------------------------------------------------------------------------------- */

static struct {
	struct ltr_semaphore semaphore;
	int64_t inside; /* atomic: weight */
	struct ltr_waitgroup done;
} weighed;

static void weigh(int *number)
{
	uint64_t state = rule_seed + (uint64_t)*number * 104729;

	for (int i = 0; i < SCALED(4000); i++) {
		int64_t weight = (int64_t)(rule_random(&state) % 11);
		int64_t deadline_ns =
			rule_random(&state) % 2
				? LTR_FOREVER
				: ltr_after((int64_t)(rule_random(&state) % 30) * LTR_MICROSECOND);

		if (ltr_semaphore_acquire(&weighed.semaphore, weight, deadline_ns) < 0)
			continue;
		expect(__atomic_add_fetch(&weighed.inside, weight, __ATOMIC_RELAXED) <= 10);
		if (rule_random(&state) % 3 == 0)
			ltr_yield();
		__atomic_fetch_sub(&weighed.inside, weight, __ATOMIC_RELAXED);
		ltr_semaphore_release(&weighed.semaphore, weight);
	}
	ltr_waitgroup_done(&weighed.done);
}

static int no_more_than_fits(int argc, char **argv)
{
	(void)argc, (void)argv;
	weighed.semaphore = (struct ltr_semaphore)LTR_SEMAPHORE(10);
	ltr_waitgroup_add(&weighed.done, 12);
	for (int i = 0; i < 12; i++)
		ltr_go(weigh, i);
	ltr_waitgroup_wait(&weighed.done);
	expect(weighed.semaphore.used == 0 && weighed.inside == 0);
	expect(ltr_semaphore_acquire(&weighed.semaphore, 11) == -EINVAL);
	return 0;
}

static struct ltr_semaphore narrow = LTR_SEMAPHORE(10);
static numbers got_in;

static void acquire_weight(int *weight)
{
	ltr_semaphore_acquire(&narrow, *weight);
	ltr_send(got_in, *weight);
}

static bool gave_up; /* atomic */

static void acquire_in_vain(void)
{
	expect(ltr_semaphore_acquire(&narrow, 9, ltr_after(LTR_MILLISECOND)) == -ETIMEDOUT);
	__atomic_store_n(&gave_up, true, __ATOMIC_RELAXED);
}

/* Who asks for much, first, is not overtaken by those for whom there would be room. */
static int first_come_first_served(int argc, char **argv)
{
	int weight;

	(void)argc, (void)argv;
	got_in = ltr_make(numbers, 4);
	ltr_semaphore_acquire(&narrow, 4);
	ltr_go(acquire_weight, 8);
	while (ltr_semaphore_try_acquire(&narrow, 1)) { /* until it stands in line */
		ltr_semaphore_release(&narrow, 1);
		ltr_yield();
	}
	ltr_go(acquire_weight, 2);
	for (int i = 0; i < 100; i++)
		ltr_yield();
	expect(ltr_recv(got_in, NULL, LTR_NOW) == -ETIMEDOUT);
	ltr_semaphore_release(&narrow, 4);
	expect(ltr_recv(got_in, &weight) == 0 && ltr_recv(got_in, &weight) == 0);
	ltr_semaphore_release(&narrow, 8);
	/* 2 are held. Who gives up lets those behind it in. */
	ltr_go(acquire_in_vain);
	while (!__atomic_load_n(&gave_up, __ATOMIC_RELAXED) &&
	       ltr_semaphore_try_acquire(&narrow, 1)) {
		ltr_semaphore_release(&narrow, 1);
		ltr_yield();
	}
	expect(ltr_semaphore_acquire(&narrow, 1) == 0);
	ltr_semaphore_release(&narrow, 3);
	expect(narrow.used == 0);
	ltr_free(got_in);
	return 0;
}

static int released_more_than_held(int argc, char **argv)
{
	struct ltr_semaphore semaphore = LTR_SEMAPHORE(2);

	(void)argc, (void)argv;
	ltr_semaphore_acquire(&semaphore, 1);
	ltr_semaphore_release(&semaphore, 2);
	return 0;
}

static int negative_weight(int argc, char **argv)
{
	struct ltr_semaphore semaphore = LTR_SEMAPHORE(2);

	(void)argc, (void)argv;
	ltr_semaphore_acquire(&semaphore, -1);
	return 0;
}

static int no_room_for_ever(int argc, char **argv)
{
	struct ltr_semaphore semaphore = LTR_SEMAPHORE(2);

	(void)argc, (void)argv;
	ltr_semaphore_acquire(&semaphore, 2);
	return ltr_semaphore_acquire(&semaphore, 1);
}

int main(void)
{
	static const struct rule rules[] = {
		RULE(a_starving_mutex_is_handed_over),
		RULE(overtaken_once_and_not_again),
		RULE(try_locks),
		RULE(writers_exclude_readers_do_not),
		RULE(a_waiting_writer_stops_new_readers),
		RULE(readers_go_between_two_writers),
		RULE(readers_go_on_when_the_writer_gives_up),
		RULE(an_rwmutex_says_who_has_it),
		RULE(a_mutex_says_who_has_it),
		RULE(signal_wakes_one_in_order),
		RULE(broadcast_wakes_all),
		RULE(a_signal_is_not_lost_on_who_gave_up),
		RULE(a_queue_of_conds),
		RULE(no_more_than_fits),
		RULE(first_come_first_served),
		FATAL_RULE(unlock_of_unlocked_rwmutex, "fatal error: unlock of unlocked RWMutex"),
		FATAL_RULE(runlock_of_unlocked_rwmutex, "fatal error: RUnlock of unlocked RWMutex"),
		FATAL_RULE(unlock_of_read_locked_rwmutex, "unlock of unlocked RWMutex"),
		FATAL_RULE(runlock_of_locked_rwmutex, "RUnlock of unlocked RWMutex"),
		FATAL_RULE(reading_while_writing_is_a_deadlock, "[sync.RWMutex.RLock]"),
		FATAL_RULE(writing_while_reading_is_a_deadlock, "[sync.RWMutex.Lock]"),
		FATAL_RULE(waiting_without_the_mutex, "unlock of unlocked mutex"),
		FATAL_RULE(waiting_for_nobody, "[sync.Cond.Wait]"),
		FATAL_RULE(released_more_than_held, "semaphore released more than held"),
		FATAL_RULE(negative_weight, "a semaphore's weight is negative"),
		FATAL_RULE(no_room_for_ever, "[semacquire]"),
	};

	return run_rules(rules, sizeof(rules) / sizeof(rules[0]));
}
