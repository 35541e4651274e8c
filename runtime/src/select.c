/* SPDX-License-Identifier: MIT */

/*
 * Waiting on several channels (as Go's select.go). First one lock after the other, in random order
 * and without waiting for any: mostly something can go on, or nobody is in the way. Otherwise all
 * locks, in the order of their addresses, so that two selects cannot wait for each other's. With all
 * locks, a waiter on each channel; and the locks are free again once we are off our stack. One wake-up
 * claims us; the other waiters are unlinked when we run again.
 */

#include <alloca.h>
#include <errno.h>
#include <string.h>

#include "channel.h"
#include "clock.h"
#include "fatal.h"

/* The arrays have `count` places, on the caller's stack: a waiting goroutine should not need a second
 * page for what it does not use. */
struct selection {
	uint64_t self_id;
	const struct ltr_case *cases;
	uint32_t count;
	uint32_t lock_count;
	uint8_t *poll_order;
	struct ltr_channel **lock_order; /* each channel once */
	struct ltr__waiter *waiters;
};

/* All orders of four; without the numbers that are too large, also all orders of fewer. */
static const uint8_t orders_of_four[24][4] = {
	{0, 1, 2, 3}, {0, 1, 3, 2}, {0, 2, 1, 3}, {0, 2, 3, 1}, {0, 3, 1, 2}, {0, 3, 2, 1},
	{1, 0, 2, 3}, {1, 0, 3, 2}, {1, 2, 0, 3}, {1, 2, 3, 0}, {1, 3, 0, 2}, {1, 3, 2, 0},
	{2, 0, 1, 3}, {2, 0, 3, 1}, {2, 1, 0, 3}, {2, 1, 3, 0}, {2, 3, 0, 1}, {2, 3, 1, 0},
	{3, 0, 1, 2}, {3, 0, 2, 1}, {3, 1, 0, 2}, {3, 1, 2, 0}, {3, 2, 0, 1}, {3, 2, 1, 0},
};

static void shuffle_few(struct selection *selection, uint64_t random)
{
	const uint8_t *order = orders_of_four[((random >> 32) * 24) >> 32];
	uint32_t n = 0;

	if (selection->count == 4) {
		memcpy(selection->poll_order, order, 4);
		return;
	}
	for (uint32_t i = 0; i < 4; i++) {
		selection->poll_order[n] = order[i];
		n += order[i] < selection->count;
	}
}

static void shuffle(struct selection *selection)
{
	struct ltr__processor *processor = ltr__self()->processor;
	uint64_t random = 0;

	if (selection->count <= 4) {
		shuffle_few(selection, ltr__random(processor));
		return;
	}
	for (uint32_t i = 0; i < selection->count; i++) {
		uint32_t j;

		/* 16 bits each: enough for LTR_CASES_MAX cases to be all but equally likely. */
		if (i % 4 == 0)
			random = ltr__random(processor);
		j = (uint32_t)(((random & 0xffff) * (i + 1)) >> 16);
		random >>= 16;

		selection->poll_order[i] = selection->poll_order[j];
		selection->poll_order[j] = (uint8_t)i;
	}
}

/* Insertion sort: there are few, and mostly one or two. */
static void order_locks(struct selection *selection)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < selection->count; i++) {
		struct ltr_channel *channel = selection->cases[i].chan;
		uint32_t at = n;

		if (!channel)
			continue;
		while (at > 0 && selection->lock_order[at - 1] > channel)
			at--;
		if (at > 0 && selection->lock_order[at - 1] == channel)
			continue;
		for (uint32_t k = n++; k > at; k--)
			selection->lock_order[k] = selection->lock_order[k - 1];
		selection->lock_order[at] = channel;
	}
	selection->lock_count = n;
}

/* The commit, if there are locks. We may run again, and return, as soon as the last one is free: touch
 * nothing then. */
static void unlock_all(void *argument)
{
	struct selection *selection = argument;
	uint32_t n = selection->lock_count;

	for (uint32_t i = 0; i < n; i++)
		ltr__unlock(&selection->lock_order[i]->lock);
}

/* With the channel's lock; if true it is free again. */
static bool try_case(const struct ltr_case *each, uint64_t self_id)
{
	bool ok = true;

	if (!each->is_receive) {
		each->chan->words.sender_id = self_id;
		return ltr__channel_try_send(each->chan, each->sent);
	}
	each->chan->words.receiver_id = self_id;
	if (!ltr__channel_try_recv(each->chan, each->ret_received, &ok))
		return false;
	if (each->ret_ok)
		*each->ret_ok = ok;
	return true;
}

static void unlock_others(const struct selection *selection, const struct ltr_channel *done)
{
	for (uint32_t i = 0; i < selection->lock_count; i++)
		if (selection->lock_order[i] != done)
			ltr__unlock(&selection->lock_order[i]->lock);
}

/*
 * Keeps the lock of what cannot go on, in any order, since it waits for none: all are held if nothing
 * can (-EAGAIN), none if one is taken, by another thread or by a case before (-EBUSY).
 */
static int try_at_once(struct selection *selection)
{
	selection->lock_count = 0;
	for (uint32_t i = 0; i < selection->count; i++) {
		const struct ltr_case *each = &selection->cases[selection->poll_order[i]];
		bool locked;

		if (!each->chan)
			continue;
		locked = ltr__object_trylock(&each->chan->lock);
		if (!locked || try_case(each, selection->self_id)) {
			unlock_others(selection, NULL);
			return locked ? selection->poll_order[i] : -EBUSY;
		}
		selection->lock_order[selection->lock_count++] = each->chan;
	}
	return -EAGAIN;
}

/* All are held if nothing can go on (-EAGAIN). */
static int try_in_order(struct selection *selection)
{
	order_locks(selection);
	for (uint32_t i = 0; i < selection->lock_count; i++)
		ltr__object_lock(&selection->lock_order[i]->lock);
	for (uint32_t i = 0; i < selection->count; i++) {
		const struct ltr_case *each = &selection->cases[selection->poll_order[i]];

		if (!each->chan || !try_case(each, selection->self_id))
			continue;
		unlock_others(selection, each->chan);
		return selection->poll_order[i];
	}
	return -EAGAIN;
}

static struct ltr__wait_list *list_of(const struct ltr_case *each)
{
	return each->is_receive ? &each->chan->receivers : &each->chan->senders;
}

/* For outsiders, who look for it close to where we stand: so it must lie in this frame. */
#if defined(__SANITIZE_ADDRESS__)
__attribute__((no_sanitize("address")))
#endif
static __attribute__((noinline)) void
park_marked(const struct selection *selection, int64_t deadline_ns)
{
	volatile struct ltr_select_mark mark = {
		.magic = LTR_SELECT_MAGIC,
		.address = (uint64_t)(uintptr_t)&mark,
		.cases = (uint64_t)(uintptr_t)selection->cases,
		.count = selection->count,
	};

	ltr__park(LTR_REASON_SELECT, 0, deadline_ns, unlock_all, (void *)(uintptr_t)selection);
	mark.magic = 0;
}

static void park_once(struct selection *selection, int64_t deadline_ns)
{
	if (selection->lock_count > 1)
		park_marked(selection, deadline_ns);
	else if (selection->lock_count)
		ltr__park(LTR_REASON_SELECT, (uint64_t)(uintptr_t)selection->lock_order[0],
			  deadline_ns, unlock_all, selection);
	else
		ltr__park(LTR_REASON_SELECT_NO_CASES, 0, deadline_ns, NULL, NULL);
}

static int wait_on_all(struct ltr__goroutine *self, struct selection *selection,
		       int64_t deadline_ns)
{
	struct ltr__waiter *waiters = selection->waiters;
	const struct ltr__waiter *woken;
	const struct ltr_case *chosen;
	const uint32_t count = selection->count;

	self->run.woken = NULL;
	__atomic_store_n(&self->run.claim, 1, __ATOMIC_RELEASE);
	for (uint32_t i = 0; i < count; i++) {
		const struct ltr_case *each = &selection->cases[i];

		waiters[i] = (struct ltr__waiter){
			.goroutine = self,
			.value = each->is_receive ? each->ret_received
						  : (void *)(uintptr_t)each->sent,
			.index = i,
			.shared = true,
		};
		if (each->chan)
			ltr__wait_append(list_of(each), &waiters[i]);
	}
	park_once(selection, deadline_ns);
	woken = self->run.woken;
	for (uint32_t i = 0; i < count; i++) {
		const struct ltr_case *each = &selection->cases[i];

		/* Who woke us has taken its waiter, and is done with it. */
		if (!each->chan || &waiters[i] == woken)
			continue;
		ltr__object_lock(&each->chan->lock);
		ltr__wait_remove(list_of(each), &waiters[i]);
		ltr__unlock(&each->chan->lock);
	}
	if (!woken)
		return ltr__gave_up(deadline_ns);
	chosen = &selection->cases[woken->index];
	if (!chosen->is_receive && !woken->success)
		ltr__send_on_closed();
	if (chosen->ret_ok)
		*chosen->ret_ok = woken->success;
	return (int)woken->index;
}

int ltr__select_cases(const struct ltr_case *cases, size_t count, int64_t deadline_ns)
{
	struct ltr__goroutine *self = ltr__caller("ltr_select");
	struct selection selection;
	int chosen;

	if (count > LTR_CASES_MAX)
		return -EINVAL;
	selection.self_id = self->id;
	selection.cases = cases;
	selection.count = (uint32_t)count;
	selection.poll_order = alloca(count + 4); /* shuffle_few() writes four */
	selection.lock_order = alloca(count * sizeof(struct ltr_channel *));
	shuffle(&selection);
	chosen = try_at_once(&selection);
	if (chosen == -EBUSY)
		chosen = try_in_order(&selection);
	if (chosen >= 0)
		return chosen;
	if (ltr__is_late(deadline_ns)) {
		unlock_all(&selection);
		return ltr__gave_up(deadline_ns);
	}
	selection.waiters = alloca(count * sizeof(struct ltr__waiter));
	return wait_on_all(self, &selection, deadline_ns);
}
