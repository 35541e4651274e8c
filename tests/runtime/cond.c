/* SPDX-License-Identifier: MIT */

/* Cond, as rules (what Go's cond_test.go demands). */

#include "harness.h"

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

int main(void)
{
	static const struct rule rules[] = {
		RULE(signal_wakes_one_in_order),
		RULE(broadcast_wakes_all),
		RULE(a_signal_is_not_lost_on_who_gave_up),
		RULE(a_queue_of_conds),
		FATAL_RULE(waiting_without_the_mutex, "unlock of unlocked mutex"),
		FATAL_RULE(waiting_for_nobody, "[sync.Cond.Wait]"),
	};

	return run_rules(rules, sizeof(rules) / sizeof(rules[0]));
}
