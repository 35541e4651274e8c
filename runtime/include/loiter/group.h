/* SPDX-License-Identifier: MIT */
#ifndef LOITER_GROUP_H
#define LOITER_GROUP_H

/*
 * A group of goroutines that work on parts of one task (Go's errgroup): start them, wait for all of
 * them, get the first error, and have the others told to stop when there is one.
 *
 *	static int fetch(const char **name) ...        0, or a negative errno
 *
 *	struct ltr_group group;
 *	ltr_group_init(&group, context);
 *	for (int i = 0; i < count; i++)
 *		ltr_group_go(&group, fetch, names[i]);
 *	r = ltr_group_wait(&group);
 *	ltr_group_done(&group);
 *
 * A zeroed group is ready, too; it has no context, and errors stop nobody.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <loiter/context.h>
#include <loiter/declare.h>
#include <loiter/goroutine.h>
#include <loiter/sync.h>

LTR__DECLARE_BEGIN

/* Private but for its size. Not to be moved or copied while in use. */
struct ltr_group {
	struct ltr_context *context;
	struct ltr_waitgroup members;
	struct ltr_semaphore room; /* of capacity 0: no limit */
	int32_t error;             /* the first; atomic */
};

/* With a context of its own, derived from `parent`; it is over at the first error, and when all are
 * waited for. Never blocks. */
void ltr_group_init(struct ltr_group *group, struct ltr_context *parent);

/* Free the context. Nobody of the group may be left. A zeroed group needs none of it. Takes NULL. */
void ltr_group_done(struct ltr_group *group);

/* The context, for the members; the group's. The background context for a zeroed group. */
struct ltr_context *ltr_group_context(const struct ltr_group *group);

/*
 * At most `count` members at once, 0: any number. While members run this ends the program with a
 * message, as a negative one does.
 */
void ltr_group_limit(struct ltr_group *group, int64_t count);

/*
 * Start a goroutine in the group, as ltr_go() does; `function` returns int: 0, or an error, which is
 * negative. One that ends by ltr_exit() has had none. ltr_group_go() waits until the limit lets it
 * in; ltr_group_try_go() returns false instead, and has not started it.
 */
#define ltr_group_go(group, function, ...) \
	((void)LTR__GROUP_GO((group), true, function __VA_OPT__(, __VA_ARGS__)))
#define ltr_group_try_go(group, function, ...) \
	LTR__GROUP_GO((group), false, function __VA_OPT__(, __VA_ARGS__))

/*
 * Wait until all have returned, then cancel the context. Returns the first error that one returned,
 * or 0. It may be given a deadline or a context; then -ETIMEDOUT or -ECANCELED may also be its own,
 * and members still run: wait again.
 */
#define ltr_group_wait(group, ...) ltr__group_wait((group), LTR__DEADLINE(__VA_ARGS__))
int ltr__group_wait(struct ltr_group *group, int64_t deadline_ns);

LTR__DECLARE_END

/* In front of the copy of a member's argument, on its stack. */
struct ltr__member {
	struct ltr_group *group;
	void (*function)(void); /* an int (*)(void *) in truth */
	size_t argument_at;
};

#define LTR__GROUP_GO(group, may_wait, function_, ...)                                        \
	({                                                                                    \
		static const struct ltr_site ltr__site = {__FILE__, __func__, __LINE__};      \
		__VA_OPT__(LTR__ARGUMENT(__VA_ARGS__);)                                       \
		int (*ltr__function)(LTR__PARAMETER(__VA_ARGS__)) = (function_);              \
		struct {                                                                      \
			struct ltr__member member;                                            \
			__VA_OPT__(__typeof__(ltr__argument) argument;)                       \
		} ltr__both = {{(group), (void (*)(void))ltr__function,                       \
				LTR__SELECT(__VA_OPT__((size_t)((char *)&ltr__both.argument - \
								(char *)&ltr__both), ) 0, )}, \
			       __VA_OPT__(ltr__argument)};                                    \
		ltr__group_go(&ltr__both.member, sizeof(ltr__both), &ltr__site, (may_wait));  \
	})

LTR__DECLARE_BEGIN
bool ltr__group_go(const struct ltr__member *member, size_t bytes, const struct ltr_site *site,
		   bool may_wait);
LTR__DECLARE_END

#endif
