/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CONTEXT_H
#define LOITER_CONTEXT_H

/*
 * Contexts, as Go's: they tell a goroutine, and all that it has started, to stop, and carry values
 * of a request. A context is over when it was cancelled, when its deadline has come, or when the one
 * that it was derived from is over; all calls that wait for it return.
 *
 *	static int ask(struct ltr_context *context, struct ltr_conn *conn)
 *	{
 *		LTR_SCOPED_CONTEXT struct ltr_context *mine =
 *			ltr_context_with_timeout(context, 2 * LTR_SECOND);
 *		ssize_t n = ltr_read(conn, buffer, sizeof(buffer), mine);
 *		...                -ECANCELED: `context` was cancelled; -ETIMEDOUT: two seconds
 *	}
 *
 * How a call sees it: a context may stand wherever a call takes a deadline, in ltr_select() too, and
 * behind the duration of ltr_sleep(). No other call is disturbed: a goroutine has no context that
 * others could cancel behind its back, so that an ltr_mutex_lock(m) that was given none cannot fail.
 * What can be done at once is done, whatever has become of the context; a loop that never waits asks
 * ltr_context_error().
 *
 * Who owns it: the with_ calls return a reference, which ltr_context_free() gives back, cancelling
 * the context, or ltr_context_unref(), not cancelling it. Who uses a context while its reference may
 * be given back by somebody else takes another one first: ltr_go(work, ltr_context_ref(context)).
 * A context keeps those that it was derived from. One that nobody cancels or frees is kept until its
 * parent is over.
 *
 * The background context, LTR_BACKGROUND, is a null pointer: never over, without values.
 */

#include <stdbool.h>
#include <stdint.h>

#include <loiter/channel.h>
#include <loiter/declare.h>
#include <loiter/time.h>

struct ltr_context;

#define LTR_BACKGROUND ((struct ltr_context *)0)

LTR__DECLARE_BEGIN

/*
 * Derive a context. Never blocks; ends the program with a message without memory. If `parent` is
 * over, so is the new one. with_deadline: over at that moment of ltr_now(), or at the parent's
 * deadline if that is earlier; with_timeout: `duration_ns` from now.
 */
struct ltr_context *ltr_context_with_cancel(struct ltr_context *parent);
struct ltr_context *ltr_context_with_deadline(struct ltr_context *parent, int64_t deadline_ns);
struct ltr_context *ltr_context_with_timeout(struct ltr_context *parent, int64_t duration_ns);

/*
 * Derive one that also answers ltr_context_value(context, key) with `value`. Keys are compared as
 * addresses: use that of a static variable, which is nobody else's. The value stays the caller's and
 * must live as long as the context.
 */
struct ltr_context *ltr_context_with_value(struct ltr_context *parent, const void *key,
					   void *value);

/* The value of the nearest context that has one for `key`; NULL: none. */
void *ltr_context_value(const struct ltr_context *context, const void *key);

/*
 * Cancel it and all that are derived from it, with a reason if you like: ltr_context_cancel(context,
 * -EIO). When it returns all waiting calls are on their way; but if it was over already, or is just
 * being cancelled by somebody else, this does nothing. Takes as long as there are contexts below it.
 */
#define ltr_context_cancel(context, ...) \
	ltr__context_cancel((context), LTR__FIRST(__VA_ARGS__ __VA_OPT__(, ) 0, 0))
void ltr__context_cancel(struct ltr_context *context, int cause);

/* 0; -ECANCELED: it was cancelled; -ETIMEDOUT: its deadline has come. From any thread. */
int ltr_context_error(const struct ltr_context *context);

/* The reason that was given by who cancelled it, or one above it, first; else as the error. */
int ltr_context_cause(const struct ltr_context *context);

/* When it will be over at the latest; LTR_FOREVER: it has no deadline. */
int64_t ltr_context_deadline(const struct ltr_context *context);

/*
 * A channel that is closed when the context is over, for a case of ltr_select(): LTR_RECV(
 * ltr_context_done(context), NULL). It belongs to the context. The background context's is the nil
 * channel. As the deadline of the select the context costs less.
 */
LTR_CHAN(ltr_done, char);
ltr_done_receiver ltr_context_done(struct ltr_context *context);

/* Cancel it and give the reference back. Takes NULL. */
void ltr_context_free(struct ltr_context *context);

/* Another reference, / given back. Both take NULL; from any goroutine. */
struct ltr_context *ltr_context_ref(struct ltr_context *context);
void ltr_context_unref(struct ltr_context *context);

LTR__DECLARE_END

/* In front of a declaration: cancelled and freed at the end of the block, as by Go's defer cancel(). */
#define LTR_SCOPED_CONTEXT __attribute__((cleanup(ltr__context_leave_scope)))

static inline void ltr__context_leave_scope(struct ltr_context **context)
{
	ltr_context_free(*context);
}

#endif
