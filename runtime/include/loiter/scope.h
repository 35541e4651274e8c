/* SPDX-License-Identifier: MIT */
#ifndef LOITER_SCOPE_H
#define LOITER_SCOPE_H

/*
 * Scopes: everything that is started in here must have ended by there.
 *
 *	struct ltr_scope scope;
 *	ltr_scope_begin(&scope, "parser");
 *	...
 *	if (ltr_scope_end(&scope, ltr_after(LTR_SECOND)) > 0)
 *		...            somebody is left; standard error says who, and where they wait
 *
 * To a scope belong all goroutines that the one who began it starts until it ends it, those that they
 * start, and so on, timers' functions included: it is inherited, as a label "scope.N". So scopes in
 * goroutines that run at the same time do not see each other's, and scopes may lie in each other.
 * Goroutines that are daemons (ltr_set_daemon(), or the option of ltr_go_with()) are left out, as
 * `loiter check` leaves them out; so is the goroutine that ends the scope.
 */

#include <stddef.h>
#include <stdint.h>

#include <loiter/declare.h>
#include <loiter/goroutine.h>
#include <loiter/layout.h>
#include <loiter/time.h>

LTR__DECLARE_BEGIN

/* Private but for its size; on the stack is good. */
struct ltr_scope {
	char label[LTR_LABEL_KEY_BYTES];
	char name[LTR_LABEL_VALUE_BYTES];
};

/* How many frames of a stack are told. */
#define LTR_SCOPE_FRAMES 16

/* A goroutine that is left. Good until the function that it is given to returns. */
struct ltr_scope_left {
	uint64_t id;
	uint64_t parent_id;
	const char *name;            /* "": it has none */
	const char *doing;           /* what it waits for, or its state: "chan send", "running" */
	const struct ltr_site *site; /* where it was created; NULL: not known */
	size_t depth;                /* of the stack; 0: it runs, or has never run */
	const void *stack[LTR_SCOPE_FRAMES]; /* return addresses, innermost first */
};

/*
 * Begin a scope in the calling goroutine; `name` is for people, cut at 39 bytes. Never blocks.
 *   -ENOSPC  the goroutine has LTR_LABEL_MAX labels already
 *   -ENOMEM  no memory
 */
int ltr_scope_begin(struct ltr_scope *scope, const char *name);

/*
 * End it, in the goroutine that began it: wait until nobody is left, or for a deadline or context,
 * and return how many are left then, as a positive number. ltr_scope_end() says on standard error who
 * they are; ltr_scope_end_with() calls `report(left, argument)` for each instead (NULL: for nobody).
 * With LTR_NOW it does not wait; with LTR_FOREVER it may never return.
 */
#define ltr_scope_end(scope, deadline_ns) ltr__scope_end((scope), LTR__UNTIL(deadline_ns))
#define ltr_scope_end_with(scope, report, argument, deadline_ns) \
	ltr__scope_end_with((scope), (report), (argument), LTR__UNTIL(deadline_ns))
int ltr__scope_end(struct ltr_scope *scope, int64_t deadline_ns);
int ltr__scope_end_with(struct ltr_scope *scope,
			void (*report)(const struct ltr_scope_left *left, void *argument),
			void *argument, int64_t deadline_ns);

/*
 * The innermost scope that the calling goroutine is in, for who ends it without having it at hand.
 *   -ENOENT  it is in none
 */
int ltr_scope_current(struct ltr_scope *ret_scope);

/* How many are left just now, without ending it. From any goroutine. */
int ltr_scope_count(const struct ltr_scope *scope);

LTR__DECLARE_END

#endif
