/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CHANNEL_H
#define LOITER_CHANNEL_H

/*
 * Channels: typed, directional, with copy semantics.
 *
 * LTR_CHAN(numbers, int) declares three types, each no larger than a pointer:
 *
 *	numbers           a channel of int
 *	numbers_sender    its sending end:   only ltr_send, LTR_SEND, ltr_close
 *	numbers_receiver  its receiving end: only ltr_recv, LTR_RECV
 *
 * `c.sender` and `c.receiver` are the ends of channel c. The wrong operation ("has no member named
 * 'can_send'") or a wrong element type does not compile. A zeroed one is the nil channel, on which
 * send and receive wait for ever.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <loiter/declare.h>
#include <loiter/goroutine.h>
#include <loiter/time.h>

struct ltr_channel;

#define LTR_CHAN(name, type)              \
	typedef union {                   \
		struct ltr_channel *chan; \
		type *can_send;           \
	} name##_sender;                  \
	typedef union {                   \
		struct ltr_channel *chan; \
		type *can_receive;        \
	} name##_receiver;                \
	typedef union {                   \
		struct ltr_channel *chan; \
		name##_sender sender;     \
		name##_receiver receiver; \
		type *can_send;           \
		type *can_receive;        \
	} name

/*
 * Make a channel: `numbers c = ltr_make(numbers, 0)`. With capacity 0 a sender and a receiver have
 * to meet; otherwise `capacity` elements may be under way. Never blocks. Ends the program with a
 * message if the elements (at most 65,535 bytes each) do not fit into memory, as Go does.
 */
#ifndef __cplusplus /* which has its own in loiter/cplusplus.h */
#define ltr_make(type, capacity) \
	((type){.chan = ltr__channel_new(sizeof(*((type *)0)->can_send), (capacity))})
#endif

/*
 * Give the memory back, the elements in it with it. Nobody may use the channel during the call or
 * after; goroutines that wait on it end the program with a message. Takes a nil channel.
 */
#define ltr_free(channel) ltr__channel_free((channel).chan)

/*
 * Send a copy of `value`; waits until a receiver or a free place takes it.
 * Sending on a closed channel, also while waiting, ends the program with a message.
 *   -ETIMEDOUT  nobody took it; -ECANCELED: nor until the context was over
 */
#define ltr_send(channel, value, ...)                                               \
	({                                                                          \
		__typeof__(*(channel).can_send) ltr__value = (value);               \
		ltr__send((channel).chan, &ltr__value, LTR__DEADLINE(__VA_ARGS__)); \
	})

/*
 * Receive into *ret_value (NULL: throw it away); waits until there is a value or the channel is
 * closed. The loop over a channel: while (ltr_recv(c, &v) == 0) ...
 *   -EPIPE      closed and empty; *ret_value is zeroed, as in Go
 *   -ETIMEDOUT  nothing came; *ret_value is untouched; -ECANCELED: nor until the context was over
 */
#define ltr_recv(channel, ret_value, ...)                                          \
	({                                                                         \
		__typeof__((channel).can_receive) ltr__value = (ret_value);        \
		ltr__recv((channel).chan, ltr__value, LTR__DEADLINE(__VA_ARGS__)); \
	})

/*
 * Close: no more sends; receivers get what is left and then -EPIPE. Closing a nil or closed channel
 * ends the program with a message. A receiving end cannot be closed. Never blocks.
 */
#define ltr_close(channel) ltr__close((struct ltr_channel *)(void *)(channel).can_send)

/* How many elements are in it, and how many fit. From any goroutine; an estimate for the first. */
#define ltr_len(channel) ltr__channel_len((channel).chan)
#define ltr_cap(channel) ltr__channel_cap((channel).chan)

/*
 * Wait until one of several can go on, do just that one, and return its index:
 *
 *	switch (ltr_select(ltr_after(LTR_SECOND), LTR_RECV(in, &n), LTR_SEND(out, 7))) {
 *	case 0: ...           received into n (on a closed channel: n is 0)
 *	case 1: ...           sent
 *	case -ETIMEDOUT: ...  neither in time
 *	}
 *
 * If several can, one is chosen at random. LTR_NOW as the deadline is Go's `default`; a context in
 * its place is what a case on its ltr_context_done() would be in Go: -ECANCELED. Cases on nil
 * channels never go on. LTR_RECV takes a third argument, bool *ret_ok, that is set to false when
 * the channel was closed. At most LTR_CASES_MAX cases.
 */
#ifndef __cplusplus
#define ltr_select(deadline_ns, ...)                                                   \
	ltr__select_cases((struct ltr_case[]){__VA_ARGS__ __VA_OPT__(, ){0}},          \
			  sizeof((struct ltr_case[]){__VA_ARGS__ __VA_OPT__(, ){0}}) / \
					  sizeof(struct ltr_case) -                    \
				  1,                                                   \
			  LTR__UNTIL(deadline_ns))

#define LTR_SEND(channel, value)                   \
	((struct ltr_case){.chan = (channel).chan, \
			   .sent = (__typeof__(*(channel).can_send)[1]){(value)}})
#define LTR_RECV(channel, ret_value, ...)                                       \
	((struct ltr_case){                                                     \
		.chan = (channel).chan,                                         \
		.ret_received = (__typeof__((channel).can_receive)){ret_value}, \
		.is_receive = true,                                             \
		.ret_ok = LTR__SELECT(__VA_OPT__(__VA_ARGS__, ) NULL, ),        \
	})
#endif

#define LTR_CASES_MAX 64

struct ltr_case {
	struct ltr_channel *chan;
	const void *sent;
	void *ret_received;
	bool *ret_ok;
	bool is_receive;
};

LTR__DECLARE_BEGIN

/* The same for an array of cases that was made at run time; -EINVAL: too many. */
#define ltr_select_cases(cases, count, deadline_ns) \
	ltr__select_cases((cases), (count), LTR__UNTIL(deadline_ns))
int ltr__select_cases(const struct ltr_case *cases, size_t count, int64_t deadline_ns);

struct ltr_channel *ltr__channel_new(size_t element_bytes, size_t capacity);
void ltr__channel_free(struct ltr_channel *channel);
int ltr__send(struct ltr_channel *channel, const void *value, int64_t deadline_ns);
int ltr__recv(struct ltr_channel *channel, void *ret_value, int64_t deadline_ns);
void ltr__close(struct ltr_channel *channel);
size_t ltr__channel_len(const struct ltr_channel *channel);
size_t ltr__channel_cap(const struct ltr_channel *channel);

LTR__DECLARE_END

#ifdef __cplusplus
#include <loiter/cplusplus.h>
#endif

#endif
