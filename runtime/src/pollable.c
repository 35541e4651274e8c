/* SPDX-License-Identifier: MIT */

/*
 * See pollable.h. A handle is GENERATION (40 bits), SLOT (24). A pollable's state is GENERATION
 * (40 bits), CLOSED (1), CALLS (23): the calls that are in, and one more until it is closed, so that
 * no calls means that the slot is free. Generations begin at 1: no handle is NULL.
 */

#include "pollable.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "clock.h"
#include "fatal.h"
#include "poller.h"

#define NUMBER_BITS 24
#define NUMBER_MASK ((UINT64_C(1) << NUMBER_BITS) - 1)
#define CLOSED      (UINT64_C(1) << (NUMBER_BITS - 1))
#define CALLS_MASK  (CLOSED - 1)

#define SLAB_SLOTS 1024u
#define SLAB_MAX   ((uint32_t)((NUMBER_MASK + 1) / SLAB_SLOTS))

_Static_assert(sizeof(void *) == sizeof(uint64_t), "a handle has 64 bits");

/* Written under free_lock; a slab that is there stays. */
static struct ltr__pollable *slabs[SLAB_MAX];
static uint32_t slab_count;
static struct ltr__pollable *free_slots;
static uint32_t free_lock;

static uint64_t generation_of(uint64_t number)
{
	return number >> NUMBER_BITS;
}

static struct ltr__pollable *slot_of(uint64_t handle)
{
	uint32_t slot = (uint32_t)(handle & NUMBER_MASK);
	/* acquire: pairs with add_slab() */
	struct ltr__pollable *slab = __atomic_load_n(&slabs[slot / SLAB_SLOTS], __ATOMIC_ACQUIRE);

	return slab ? &slab[slot % SLAB_SLOTS] : NULL;
}

/* --- slots -------------------------------------------------------------------------------------- */

/* Under free_lock. */
static int add_slab(void)
{
	struct ltr__pollable *slab;

	if (slab_count == SLAB_MAX)
		return -ENFILE;
	slab = calloc(SLAB_SLOTS, sizeof(*slab));
	if (!slab)
		return -ENOMEM;
	for (uint32_t i = SLAB_SLOTS; i-- > 0;) {
		slab[i].slot = slab_count * SLAB_SLOTS + i;
		slab[i].state = CLOSED;
		slab[i].next_free = free_slots;
		free_slots = &slab[i];
	}
	__atomic_store_n(&slabs[slab_count++], slab, __ATOMIC_RELEASE);
	return 0;
}

static int get_slot(struct ltr__pollable **ret_pollable)
{
	int r = 0;

	ltr__lock(&free_lock);
	if (!free_slots)
		r = add_slab();
	if (r == 0) {
		*ret_pollable = free_slots;
		free_slots = free_slots->next_free;
	}
	ltr__unlock(&free_lock);
	return r;
}

static void put_slot(struct ltr__pollable *pollable)
{
	ltr__lock(&free_lock);
	pollable->next_free = free_slots;
	free_slots = pollable;
	ltr__unlock(&free_lock);
}

int ltr__pollable_new(int fd, enum ltr__pollable_kind kind, bool is_shared, void **ret_handle)
{
	struct ltr__pollable *pollable;
	uint64_t generation, handle;
	int r = get_slot(&pollable);

	if (r != 0)
		return r;
	/* An event of the former generation may come any time: it finds another generation here. */
	ltr__lock(&pollable->lock);
	generation = generation_of(pollable->state) + 1;
	handle = generation << NUMBER_BITS | pollable->slot;
	pollable->fd = fd;
	pollable->kind = (uint8_t)kind;
	pollable->is_shared = is_shared;
	__atomic_store_n(&pollable->never_spent, kind != LTR__KIND_TCP, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++) {
		__atomic_store_n(&pollable->edges[i], LTR__EDGES_AT_BIRTH, __ATOMIC_RELAXED);
		__atomic_store_n(&pollable->spent[i], LTR__EDGES_AT_BIRTH - 1, __ATOMIC_RELAXED);
	}
	pollable->writing = (struct ltr_mutex){0};
	/* release: pairs with ltr__pollable_enter() */
	__atomic_store_n(&pollable->state, generation << NUMBER_BITS | 1, __ATOMIC_RELEASE);
	ltr__unlock(&pollable->lock);
	r = ltr__poll_add(fd, handle);
	if (r < 0) {
		__atomic_store_n(&pollable->state, generation << NUMBER_BITS | CLOSED,
				 __ATOMIC_RELAXED);
		put_slot(pollable);
		return r;
	}
	*ret_handle = (void *)(uintptr_t)handle;
	return 0;
}

/* --- calls -------------------------------------------------------------------------------------- */

int ltr__pollable_enter(const void *handle, struct ltr__pollable **ret_pollable)
{
	uint64_t number = (uint64_t)(uintptr_t)handle, state;
	struct ltr__pollable *pollable = slot_of(number);

	if (!pollable)
		return -ECANCELED;
	state = __atomic_load_n(&pollable->state, __ATOMIC_RELAXED);
	do {
		if (generation_of(state) != generation_of(number) || (state & CLOSED))
			return -ECANCELED;
		if ((state & CALLS_MASK) == CALLS_MASK)
			ltr__fatal("too many calls at once on one connection");
		/* acquire: pairs with ltr__pollable_new() */
	} while (!__atomic_compare_exchange_n(&pollable->state, &state, state + 1, true,
					      __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	*ret_pollable = pollable;
	return 0;
}

void ltr__pollable_leave(struct ltr__pollable *pollable)
{
	/* acq_rel: the last to leave sees that all the others have done with the descriptor */
	uint64_t state = __atomic_sub_fetch(&pollable->state, 1, __ATOMIC_ACQ_REL);

	if (state & CALLS_MASK)
		return;
	if (pollable->is_shared)
		ltr__poll_remove(pollable->fd);
	close(pollable->fd); /* which takes it out of the epoll instance if it is not shared */
	put_slot(pollable);
}

bool ltr__pollable_is_closed(const struct ltr__pollable *pollable)
{
	return __atomic_load_n(&pollable->state, __ATOMIC_ACQUIRE) & CLOSED;
}

/* Under the lock. */
static void take_waiters(struct ltr__pollable *pollable, enum ltr_direction direction,
			 struct ltr__woken *woken)
{
	struct ltr__waiter *waiter;

	while ((waiter = ltr__wait_take(&pollable->waiters[direction]))) {
		waiter->success = true;
		waiter->goroutine->next = NULL;
		*woken->end = waiter->goroutine;
		woken->end = &waiter->goroutine->next;
		woken->count++;
	}
}

void ltr__pollable_close(const void *handle)
{
	uint64_t number = (uint64_t)(uintptr_t)handle, state;
	struct ltr__pollable *pollable = slot_of(number);
	struct ltr__woken woken = {.end = &woken.first};

	if (!pollable)
		return;
	state = __atomic_load_n(&pollable->state, __ATOMIC_RELAXED);
	do {
		if (generation_of(state) != generation_of(number) || (state & CLOSED))
			return;
		/* acq_rel: what we did before is seen by those whom it wakes; and see enter */
	} while (!__atomic_compare_exchange_n(&pollable->state, &state, state | CLOSED, true,
					      __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	/* Who looks at the state under the lock from now on does not wait. */
	ltr__lock(&pollable->lock);
	take_waiters(pollable, LTR_READABLE, &woken);
	take_waiters(pollable, LTR_WRITABLE, &woken);
	ltr__unlock(&pollable->lock);
	ltr__ready_each(woken.first, ltr_id());
	ltr__pollable_leave(pollable);
}

/* --- waiting ------------------------------------------------------------------------------------ */

int ltr__pollable_wait(struct ltr__pollable *pollable, enum ltr_direction direction,
		       enum ltr_reason reason, uint32_t seen, int64_t deadline_ns)
{
	struct ltr__goroutine *self = ltr__caller("a network wait");
	struct ltr__waiter waiter = {0};
	int r = 0;

	ltr__lock(&pollable->lock);
	if (ltr__pollable_is_closed(pollable))
		r = -ECANCELED;
	else if (pollable->edges[direction] != seen)
		r = 1;
	else if (ltr__is_late(deadline_ns))
		r = ltr__gave_up(deadline_ns);
	if (r != 0) {
		ltr__unlock(&pollable->lock);
		return r < 0 ? r : 0;
	}
	__atomic_fetch_add(&ltr__sched.net_waits, 1, __ATOMIC_RELEASE);
	if (!ltr__wait(self, &pollable->waiters[direction], &waiter, reason, (uint64_t)pollable->fd,
		       deadline_ns, ltr__unlock_commit, &pollable->lock)) {
		ltr__lock(&pollable->lock);
		ltr__wait_remove(&pollable->waiters[direction], &waiter);
		ltr__unlock(&pollable->lock);
		r = ltr__gave_up(deadline_ns);
	}
	__atomic_fetch_sub(&ltr__sched.net_waits, 1, __ATOMIC_RELEASE);
	return ltr__pollable_is_closed(pollable) ? -ECANCELED : r;
}

static void count_edge(struct ltr__pollable *pollable, enum ltr_direction direction)
{
	__atomic_store_n(&pollable->edges[direction], pollable->edges[direction] + 1,
			 __ATOMIC_RELEASE);
}

void ltr__pollable_event(uint64_t handle, uint32_t bits, struct ltr__woken *woken)
{
	struct ltr__pollable *pollable = slot_of(handle);

	ltr__lock(&pollable->lock);
	if (generation_of(__atomic_load_n(&pollable->state, __ATOMIC_RELAXED)) !=
	    generation_of(handle)) {
		ltr__unlock(&pollable->lock);
		return;
	}
	/* The end may be right behind the data, without an edge of its own; and recv() stops before
	 * urgent data though there is more. Before the edge is counted: who sees it sees this. */
	if (bits & (EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI))
		__atomic_store_n(&pollable->never_spent, true, __ATOMIC_RELAXED);
	if (bits & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI)) {
		count_edge(pollable, LTR_READABLE);
		take_waiters(pollable, LTR_READABLE, woken);
	}
	if (bits & (EPOLLOUT | EPOLLHUP | EPOLLERR)) {
		count_edge(pollable, LTR_WRITABLE);
		take_waiters(pollable, LTR_WRITABLE, woken);
	}
	ltr__unlock(&pollable->lock);
}
