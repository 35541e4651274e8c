/* SPDX-License-Identifier: MIT */

/*
 * RWMutex. The state says who has it and whether anybody waits; the lists are guarded by
 * readers.lock. Invariants:
 *  - WAITED is set and cleared under the lock, and is set while a list is not empty.
 *  - Without WAITED everybody changes the state as they like. With it, nobody gets the RWMutex but
 *    by being given it under the lock (pass_on), and who gives it up entirely (a writer, the last
 *    reader) does so under the lock; other readers only count themselves out.
 *  - A reader waits only while a writer has it or waits.
 * So whoever waits is given it directly, and the last access of an unlocking call to the object comes
 * before anybody who could free it goes on.
 */

#include <loiter/sync.h>

#include "clock.h"
#include "fatal.h"
#include "trace.h"
#include "waitlist.h"

#define WRITER 1u
#define WAITED 2u
#define READER 4u

#define READERS_MAX (UINT32_MAX / READER)

static bool change(struct ltr_rwmutex *rwmutex, uint32_t *state, uint32_t next)
{
	/* acq_rel: who gets it sees what the one before did, as who was before may give it up */
	return __atomic_compare_exchange_n(&rwmutex->state, state, next, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

static uint32_t state_of(const struct ltr_rwmutex *rwmutex)
{
	return __atomic_load_n(&rwmutex->state, __ATOMIC_RELAXED);
}

/* For outsiders: the calling goroutine holds it for reading, or not any more. */
static void note_reading(struct ltr__goroutine *self, const struct ltr_rwmutex *rwmutex)
{
	for (int i = 0; i < LTR__READ_LOCKS; i++) {
		if (self->run.read_lock[i])
			continue;
		self->run.read_lock[i] = rwmutex;
		return;
	}
}

static void note_read(struct ltr__goroutine *self, struct ltr_rwmutex *rwmutex)
{
	for (int i = LTR__READ_LOCKS - 1; i >= 0; i--) {
		if (self->run.read_lock[i] != rwmutex)
			continue;
		self->run.read_lock[i] = NULL;
		return;
	}
	__atomic_fetch_or(&rwmutex->readers.marks, LTR_LOCK_STRAY_READER, __ATOMIC_RELAXED);
}

/* Under the lock. */
static uint32_t waited_bit(const struct ltr_rwmutex *rwmutex)
{
	return rwmutex->readers.list.first || rwmutex->writers.first ? WAITED : 0;
}

/* By `self`, whose unlocking has given it to those in the list. */
static void ready_unlocked(const struct ltr__goroutine *self, struct ltr__goroutine *list,
			   void *frame)
{
	while (list) {
		struct ltr__goroutine *next =
			list->next; /* it may run, and end, as soon as it is ready */

		ltr__note_unlock(self, list, frame);
		ltr__ready(list, self->id);
		list = next;
	}
}

/* Take all readers that can be woken, linked by next; adds each to *state. Under the lock. */
static struct ltr__goroutine *admit_readers(struct ltr_rwmutex *rwmutex, uint32_t *state)
{
	struct ltr__goroutine *list = NULL, **end = &list;
	struct ltr__waiter *waiter;

	while ((waiter = ltr__wait_take(&rwmutex->readers.list))) {
		*state += READER;
		*end = waiter->goroutine;
		end = &waiter->goroutine->next;
	}
	*end = NULL;
	return list;
}

/*
 * Under the lock, WAITED set, nobody else has it any more: the state is ours to write. Give it to who
 * is next and return them, linked by next.
 */
static struct ltr__goroutine *pass_on(struct ltr_rwmutex *rwmutex, bool readers_first)
{
	struct ltr__goroutine *list = NULL;
	struct ltr__waiter *writer = NULL;
	uint32_t state = 0;

	if (readers_first)
		list = admit_readers(rwmutex, &state);
	if (!list)
		writer = ltr__wait_take(&rwmutex->writers);
	if (writer) {
		state = WRITER;
		list = writer->goroutine;
		list->next = NULL;
	} else if (!list) {
		list = admit_readers(rwmutex, &state);
	}
	__atomic_store_n(&rwmutex->state, state | waited_bit(rwmutex), __ATOMIC_RELEASE);
	return list;
}

/*
 * Under the lock: somebody has given up waiting. If it was the last writer, and readers have the
 * RWMutex, those that it stopped go on.
 */
static struct ltr__goroutine *reconsider(struct ltr_rwmutex *rwmutex)
{
	struct ltr__goroutine *list = NULL;
	uint32_t state = state_of(rwmutex), admitted = 0;

	if (!(state & WAITED))
		return NULL;
	/* With WAITED, readers that have it still have it while we hold the lock. */
	if (!(state & WRITER) && !rwmutex->writers.first)
		list = admit_readers(rwmutex, &admitted);
	while (!change(rwmutex, &state, ((state & ~WAITED) + admitted) | waited_bit(rwmutex)))
		;
	return list;
}

/* Waits in `list`; the lock is held, WAITED set. */
static int wait_in(struct ltr_rwmutex *rwmutex, struct ltr__wait_list *list, enum ltr_reason reason,
		   int64_t deadline_ns)
{
	struct ltr__goroutine *self = ltr__self()->current, *admitted;
	struct ltr__waiter waiter = {0};

	if (ltr__wait(self, list, &waiter, reason, (uint64_t)(uintptr_t)rwmutex, deadline_ns,
		      ltr__unlock_commit, &rwmutex->readers.lock))
		return 0;
	ltr__lock(&rwmutex->readers.lock);
	ltr__wait_remove(list, &waiter);
	admitted = reconsider(rwmutex);
	ltr__unlock(&rwmutex->readers.lock);
	ltr__ready_each(admitted, self->id);
	return ltr__gave_up(deadline_ns);
}

/* --- readers ------------------------------------------------------------------------------------ */

static bool try_rlock(struct ltr_rwmutex *rwmutex)
{
	uint32_t state = state_of(rwmutex);

	while (!(state & (WRITER | WAITED))) {
		if (state / READER == READERS_MAX)
			ltr__fatal("an RWMutex with %u readers", READERS_MAX);
		if (change(rwmutex, &state, state + READER))
			return true;
	}
	return false;
}

int ltr__rwmutex_rlock(struct ltr_rwmutex *rwmutex, int64_t deadline_ns)
{
	struct ltr__goroutine *self = ltr__caller("ltr_rwmutex_rlock");
	uint32_t state;
	int r;

	if (try_rlock(rwmutex)) {
		note_reading(self, rwmutex);
		return 0;
	}
	if (ltr__is_late(deadline_ns))
		return ltr__gave_up(deadline_ns);
	ltr__lock(&rwmutex->readers.lock);
	do {
		if (try_rlock(rwmutex)) {
			ltr__unlock(&rwmutex->readers.lock);
			note_reading(self, rwmutex);
			return 0;
		}
		state = state_of(rwmutex);
	} while (!(state & (WRITER | WAITED)) || !change(rwmutex, &state, state | WAITED));
	r = wait_in(rwmutex, &rwmutex->readers.list, LTR_REASON_RWMUTEX_RLOCK, deadline_ns);
	if (r == 0)
		note_reading(self, rwmutex);
	return r;
}

void ltr_rwmutex_runlock(struct ltr_rwmutex *rwmutex)
{
	struct ltr__goroutine *self = ltr__caller("ltr_rwmutex_runlock"), *next;
	uint32_t state = state_of(rwmutex);
	bool locked = false;

	if (state / READER)
		note_read(self, rwmutex); /* while nobody can have freed it */
	for (;;) {
		bool is_last = state / READER == 1;

		if (state / READER == 0)
			ltr__fatal("RUnlock of unlocked RWMutex");
		if (is_last) /* others would share the line for nothing */
			__atomic_store_n(&rwmutex->unlocker, self->id, __ATOMIC_RELAXED);
		if (is_last && state & WAITED) {
			if (locked)
				break;
			ltr__lock(&rwmutex->readers.lock);
			locked = true;
			state = state_of(rwmutex);
		} else if (change(rwmutex, &state, state - READER)) {
			if (locked)
				ltr__unlock(&rwmutex->readers.lock);
			return;
		}
	}
	next = pass_on(rwmutex, false);
	ltr__unlock(&rwmutex->readers.lock);
	ready_unlocked(self, next, __builtin_frame_address(0));
}

/* --- the writer --------------------------------------------------------------------------------- */

static int lock_slowly(struct ltr_rwmutex *rwmutex, uint32_t state, int64_t deadline_ns)
{
	if (ltr__is_late(deadline_ns))
		return ltr__gave_up(deadline_ns);
	ltr__lock(&rwmutex->readers.lock);
	for (;;) {
		if (state == 0 && change(rwmutex, &state, WRITER)) {
			ltr__unlock(&rwmutex->readers.lock);
			return 0;
		}
		if (state != 0 && change(rwmutex, &state, state | WAITED))
			break;
	}
	return wait_in(rwmutex, &rwmutex->writers, LTR_REASON_RWMUTEX_LOCK, deadline_ns);
}

int ltr__rwmutex_lock(struct ltr_rwmutex *rwmutex, int64_t deadline_ns)
{
	uint64_t id = ltr__caller("ltr_rwmutex_lock")->id;
	uint32_t state = 0;
	int r = 0;

	if (!change(rwmutex, &state, WRITER))
		r = lock_slowly(rwmutex, state, deadline_ns);
	if (r == 0)
		ltr__lock_owned(&rwmutex->owner, &rwmutex->locked_at, id,
				__builtin_return_address(0));
	return r;
}

void ltr_rwmutex_unlock(struct ltr_rwmutex *rwmutex)
{
	struct ltr__goroutine *self = ltr__caller("ltr_rwmutex_unlock"), *next;
	uint32_t state = state_of(rwmutex);

	if (!(state & WRITER))
		ltr__fatal("unlock of unlocked RWMutex");
	ltr__lock_disowned(&rwmutex->owner, &rwmutex->readers.marks, &rwmutex->unlocker, self->id);
	state = WRITER;
	if (change(rwmutex, &state, 0))
		return;
	ltr__lock(&rwmutex->readers.lock);
	/* They may all have given up, and WAITED be gone, meanwhile. */
	next = pass_on(rwmutex, true);
	ltr__unlock(&rwmutex->readers.lock);
	ready_unlocked(self, next, __builtin_frame_address(0));
}
