/* SPDX-License-Identifier: MIT */

/* Channels: see channel.h for the invariants. select.c waits on several. */

#include "channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "fatal.h"

#define ELEMENT_BYTES_MAX 65535u

/* Elements are mostly words: spare the call. */
static inline void copy(void *to, const void *from, size_t bytes)
{
	if (bytes == 8)
		memcpy(to, from, 8);
	else if (bytes == 4)
		memcpy(to, from, 4);
	else
		memcpy(to, from, bytes);
}

static char *place(struct ltr_channel *channel, size_t at)
{
	if (at >= channel->capacity)
		at -= channel->capacity;
	return channel->buffer + at * channel->element_bytes;
}

struct ltr_channel *ltr__channel_new(size_t element_bytes, size_t capacity)
{
	struct ltr_channel *channel;
	size_t bytes;

	if (element_bytes > ELEMENT_BYTES_MAX ||
	    __builtin_mul_overflow(element_bytes, capacity, &bytes) ||
	    __builtin_add_overflow(bytes, sizeof(*channel) + 63, &bytes))
		ltr__fatal("ltr_make: %zu elements of %zu bytes are too large", capacity,
			   element_bytes);
	channel = aligned_alloc(64, bytes & ~(size_t)63);
	if (!channel)
		ltr__fatal("out of memory: a channel of %zu elements of %zu bytes", capacity,
			   element_bytes);
	memset(channel, 0, sizeof(*channel));
	channel->element_bytes = (uint32_t)element_bytes;
	channel->capacity = capacity;
	channel->words.made_pc = (uint64_t)(uintptr_t)__builtin_return_address(0);
	return channel;
}

void ltr__channel_free(struct ltr_channel *channel)
{
	if (!channel)
		return;
	ltr__lock(&channel->lock);
	if (channel->receivers.first || channel->senders.first)
		ltr__fatal("free of a channel that goroutine %llu waits on",
			   (unsigned long long)(channel->receivers.first
							? channel->receivers.first->goroutine->id
							: channel->senders.first->goroutine->id));
	ltr__unlock(&channel->lock);
	free(channel);
}

_Noreturn void ltr__send_on_closed(void)
{
	ltr__fatal("send on closed channel");
}

static inline __attribute__((always_inline)) bool try_send(struct ltr_channel *channel,
							   const void *value)
{
	struct ltr__waiter *receiver;

	if (channel->closed) {
		ltr__unlock(&channel->lock);
		ltr__send_on_closed();
	}
	receiver = channel->receivers.first ? ltr__wait_take(&channel->receivers) : NULL;
	if (receiver) {
		ltr__unlock(&channel->lock);
		if (receiver->value)
			copy(receiver->value, value, channel->element_bytes);
		receiver->success = true;
		ltr__ready(receiver->goroutine, ltr__self()->current->id);
		return true;
	}
	if (channel->count < channel->capacity) {
		copy(place(channel, channel->head + channel->count), value, channel->element_bytes);
		channel->count++;
		ltr__unlock(&channel->lock);
		return true;
	}
	return false;
}

static inline __attribute__((always_inline)) bool try_recv(struct ltr_channel *channel,
							   void *ret_value, bool *ret_ok)
{
	struct ltr__waiter *sender;

	if (channel->count) {
		char *oldest = place(channel, channel->head);

		if (ret_value)
			copy(ret_value, oldest, channel->element_bytes);
		if (++channel->head == channel->capacity)
			channel->head = 0;
		channel->count--;
		sender = channel->senders.first ? ltr__wait_take(&channel->senders) : NULL;
		if (sender) { /* its value goes to the end of the line */
			copy(place(channel, channel->head + channel->count), sender->value,
			     channel->element_bytes);
			channel->count++;
		}
		ltr__unlock(&channel->lock);
		*ret_ok = true;
		if (sender) {
			sender->success = true;
			ltr__ready(sender->goroutine, ltr__self()->current->id);
		}
		return true;
	}
	sender = channel->senders.first ? ltr__wait_take(&channel->senders) : NULL;
	if (sender) {
		ltr__unlock(&channel->lock);
		if (ret_value)
			copy(ret_value, sender->value, channel->element_bytes);
		sender->success = true;
		*ret_ok = true;
		ltr__ready(sender->goroutine, ltr__self()->current->id);
		return true;
	}
	if (channel->closed) {
		ltr__unlock(&channel->lock);
		if (ret_value)
			memset(ret_value, 0, channel->element_bytes);
		*ret_ok = false;
		return true;
	}
	return false;
}

bool ltr__channel_try_send(struct ltr_channel *channel, const void *value)
{
	return try_send(channel, value);
}

bool ltr__channel_try_recv(struct ltr_channel *channel, void *ret_value, bool *ret_ok)
{
	return try_recv(channel, ret_value, ret_ok);
}

static int wait_on_nil(enum ltr_reason reason, int64_t deadline_ns)
{
	struct ltr__goroutine *self = ltr__caller("a channel operation");

	if (ltr__is_late(deadline_ns))
		return ltr__gave_up(deadline_ns);
	self->run.woken = NULL;
	if (deadline_ns != LTR_FOREVER)
		__atomic_store_n(&self->run.claim, 1, __ATOMIC_RELEASE);
	ltr__park(reason, 0, deadline_ns, NULL, NULL);
	return ltr__gave_up(deadline_ns);
}

int ltr__send(struct ltr_channel *channel, const void *value, int64_t deadline_ns)
{
	struct ltr__goroutine *self = ltr__caller("ltr_send");
	struct ltr__waiter waiter;

	if (!channel)
		return wait_on_nil(LTR_REASON_CHAN_SEND_NIL, deadline_ns);
	ltr__object_lock(&channel->lock);
	channel->words.sender_id = self->id;
	if (try_send(channel, value))
		return 0;
	if (ltr__is_late(deadline_ns)) {
		ltr__unlock(&channel->lock);
		return ltr__gave_up(deadline_ns);
	}
	waiter.value = (void *)(uintptr_t)value;
	waiter.overtaken = false;
	if (!ltr__wait(self, &channel->senders, &waiter, LTR_REASON_CHAN_SEND,
		       (uint64_t)(uintptr_t)channel, deadline_ns, ltr__unlock_commit,
		       &channel->lock)) {
		ltr__object_lock(&channel->lock);
		ltr__wait_remove(&channel->senders, &waiter);
		ltr__unlock(&channel->lock);
		return ltr__gave_up(deadline_ns);
	}
	if (!waiter.success)
		ltr__send_on_closed();
	return 0;
}

int ltr__recv(struct ltr_channel *channel, void *ret_value, int64_t deadline_ns)
{
	struct ltr__goroutine *self = ltr__caller("ltr_recv");
	struct ltr__waiter waiter;
	bool ok;

	if (!channel)
		return wait_on_nil(LTR_REASON_CHAN_RECEIVE_NIL, deadline_ns);
	ltr__object_lock(&channel->lock);
	channel->words.receiver_id = self->id;
	if (try_recv(channel, ret_value, &ok))
		return ok ? 0 : -EPIPE;
	if (ltr__is_late(deadline_ns)) {
		ltr__unlock(&channel->lock);
		return ltr__gave_up(deadline_ns);
	}
	waiter.value = ret_value;
	waiter.overtaken = false;
	if (!ltr__wait(self, &channel->receivers, &waiter, LTR_REASON_CHAN_RECEIVE,
		       (uint64_t)(uintptr_t)channel, deadline_ns, ltr__unlock_commit,
		       &channel->lock)) {
		ltr__object_lock(&channel->lock);
		ltr__wait_remove(&channel->receivers, &waiter);
		ltr__unlock(&channel->lock);
		return ltr__gave_up(deadline_ns);
	}
	return waiter.success ? 0 : -EPIPE;
}

void ltr__close(struct ltr_channel *channel)
{
	struct ltr__goroutine *self = ltr__caller("ltr_close"), *list = NULL, **end = &list;
	struct ltr__waiter *waiter;

	if (!channel)
		ltr__fatal("close of nil channel");
	ltr__object_lock(&channel->lock);
	if (channel->closed)
		ltr__fatal("close of closed channel");
	channel->closed = 1;
	channel->words.sender_id = self->id;
	while ((waiter = ltr__wait_take(&channel->receivers))) {
		if (waiter->value)
			memset(waiter->value, 0, channel->element_bytes);
		*end = waiter->goroutine;
		end = &waiter->goroutine->next;
	}
	while ((waiter = ltr__wait_take(&channel->senders))) { /* success stays false: they fail */
		*end = waiter->goroutine;
		end = &waiter->goroutine->next;
	}
	*end = NULL;
	ltr__unlock(&channel->lock);
	ltr__ready_each(list, self->id);
}

size_t ltr__channel_len(const struct ltr_channel *channel)
{
	return channel ? __atomic_load_n(&channel->count, __ATOMIC_RELAXED) : 0;
}

size_t ltr__channel_cap(const struct ltr_channel *channel)
{
	return channel ? channel->capacity : 0;
}
