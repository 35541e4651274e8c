/* SPDX-License-Identifier: MIT */
#ifndef LTR_CHANNEL_H
#define LTR_CHANNEL_H

/*
 * A channel (as in Go's chan.go). Invariants, under the lock:
 *  - at least one of the two lists is empty, but for waiters of one select that both sends and
 *    receives on it;
 *  - if an element is in the buffer, nobody waits to receive; if there is a free place, nobody waits
 *    to send.
 * Values are copied once, from stack to stack or to and from the buffer.
 */

#include <loiter/channel.h>
#include <loiter/layout.h>

#include "waitlist.h"

struct ltr_channel {
	uint32_t lock;
	uint32_t element_bytes;
	uint32_t closed;
	uint32_t reserved;
	size_t capacity;
	size_t count; /* elements in the buffer */
	size_t head;  /* the oldest */
	struct ltr__wait_list receivers;
	struct ltr__wait_list senders;
	struct ltr_channel_words words; /* for outsiders; written under the lock */
	char buffer[] __attribute__((aligned(16)));
};

/*
 * One attempt, with the lock held, that never waits. True: done, and the lock has been released.
 * False: would have to wait; the lock is still held.
 */
bool ltr__channel_try_send(struct ltr_channel *channel, const void *value);
bool ltr__channel_try_recv(struct ltr_channel *channel, void *ret_value, bool *ret_ok);

_Noreturn void ltr__send_on_closed(void);

#endif
