/* SPDX-License-Identifier: MIT */

/* RWMutex, as rules (what Go's rwmutex_test.go demands). */

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

/* Waiting readers: as no counter of them can be seen, only that they are there after a yield at
 * P=1, or come before the next writer anyway. */
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
	/* Last to come, or early: the readers are before it or after. */
	enter_stage(&stage, 1, true);
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

static void unlock_for_another(struct stage **stage)
{
	ltr_rwmutex_unlock(&(*stage)->rwmutex);
	ltr_rwmutex_rlock(&(*stage)->rwmutex);
	ltr_waitgroup_done(&(*stage)->done);
}

/* To outsiders, in struct ltr_lock_words. */
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

int main(void)
{
	static const struct rule rules[] = {
		RULE(writers_exclude_readers_do_not),
		RULE(a_waiting_writer_stops_new_readers),
		RULE(readers_go_between_two_writers),
		RULE(readers_go_on_when_the_writer_gives_up),
		RULE(an_rwmutex_says_who_has_it),
		FATAL_RULE(unlock_of_unlocked_rwmutex, "fatal error: unlock of unlocked RWMutex"),
		FATAL_RULE(runlock_of_unlocked_rwmutex, "fatal error: RUnlock of unlocked RWMutex"),
		FATAL_RULE(unlock_of_read_locked_rwmutex, "unlock of unlocked RWMutex"),
		FATAL_RULE(runlock_of_locked_rwmutex, "RUnlock of unlocked RWMutex"),
		FATAL_RULE(reading_while_writing_is_a_deadlock, "[sync.RWMutex.RLock]"),
		FATAL_RULE(writing_while_reading_is_a_deadlock, "[sync.RWMutex.Lock]"),
	};

	return run_rules(rules, sizeof(rules) / sizeof(rules[0]));
}
