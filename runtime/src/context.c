/* SPDX-License-Identifier: MIT */

/*
 * Contexts: see loiter/context.h for what they are and context.h for how goroutines wait for them.
 *
 * A tree: a child holds a reference on its parent, and the parent's list holds one on each child
 * that is not over. Error and cause are written once, the cause first; with the error set, nobody is
 * in the lists any more. Cancelling takes one lock at a time, and goes through the tree without
 * recursion: how deep it is, is the program's business.
 *
 * A deadline is an alarm that starts a goroutine which cancels, as Go's does; a set alarm has a
 * reference.
 */

#include "context.h"

#include <stdlib.h>

#include "alarm.h"
#include "clock.h"
#include "fatal.h"
#include "waitlist.h"

struct ltr_context {
	/* Constant. */
	struct ltr_context *parent;
	const void *key;
	void *value;
	int64_t deadline_ns;

	uint32_t references; /* atomic */
	uint32_t lock;       /* guards what follows, but for the siblings */
	int32_t error;       /* atomic: read without the lock */
	int32_t cause;
	struct ltr_channel *done; /* NULL: nobody has asked for it */
	struct ltr_context *children;
	struct ltr__goroutine *parked;
	struct ltr__wait_list sleepers; /* who waits for a moment, too */

	/* In the parent's list; guarded by the parent's lock. `next` also links what is cancelled. */
	struct ltr_context *next;
	struct ltr_context **link; /* what points to us; NULL: nothing */

	struct ltr__alarm alarm; /* guarded by ltr__alarms_lock() */
};

static struct ltr_context *context_of(int64_t deadline_ns)
{
	return (struct ltr_context *)(uintptr_t)((uint64_t)deadline_ns << 1);
}

int ltr_context_error(const struct ltr_context *context)
{
	/* acquire: pairs with the release in end(): the cause is there */
	return context ? __atomic_load_n(&context->error, __ATOMIC_ACQUIRE) : 0;
}

int ltr_context_cause(const struct ltr_context *context)
{
	return ltr_context_error(context) ? context->cause : 0;
}

int ltr__context_over(int64_t deadline_ns)
{
	return ltr_context_error(context_of(deadline_ns));
}

int64_t ltr_context_deadline(const struct ltr_context *context)
{
	return context ? context->deadline_ns : LTR_FOREVER;
}

/* --- waiting ------------------------------------------------------------------------------------ */

void ltr__context_enter(struct ltr__goroutine *goroutine, int64_t deadline_ns)
{
	struct ltr_context *context = context_of(deadline_ns);
	struct ltr__timer *timer = &goroutine->run.timer;
	bool over;

	timer->deadline_ns = deadline_ns;
	timer->link = NULL;
	ltr__lock(&context->lock);
	over = context->error != 0;
	if (!over) {
		timer->next_in_context = context->parked;
		timer->link = &context->parked;
		if (context->parked)
			context->parked->run.timer.link = &timer->next_in_context;
		context->parked = goroutine;
	}
	ltr__unlock(&context->lock);
	if (over && ltr__claim(goroutine)) {
		goroutine->run.woken = NULL;
		ltr__ready(goroutine, 0);
	}
}

/* Under the context's lock. */
static void unlink_parked(struct ltr__goroutine *goroutine)
{
	struct ltr__timer *timer = &goroutine->run.timer;

	if (!timer->link)
		return;
	*timer->link = timer->next_in_context;
	if (timer->next_in_context)
		timer->next_in_context->run.timer.link = timer->link;
	timer->link = NULL;
}

void ltr__context_leave(struct ltr__goroutine *goroutine)
{
	struct ltr_context *context = context_of(goroutine->run.timer.deadline_ns);

	ltr__lock(&context->lock);
	unlink_parked(goroutine);
	ltr__unlock(&context->lock);
}

int ltr__context_sleep(struct ltr__goroutine *self, struct ltr_context *context,
		       int64_t deadline_ns)
{
	struct ltr__waiter waiter = {0};

	ltr__lock(&context->lock);
	if (context->error || deadline_ns <= ltr__now_ns()) {
		int error = context->error;

		ltr__unlock(&context->lock);
		return error;
	}
	if (ltr__wait(self, &context->sleepers, &waiter, LTR_REASON_SLEEP, (uint64_t)deadline_ns,
		      deadline_ns, ltr__unlock_commit, &context->lock))
		return ltr_context_error(context);
	ltr__lock(&context->lock);
	ltr__wait_remove(&context->sleepers, &waiter);
	ltr__unlock(&context->lock);
	return 0;
}

ltr_done_receiver ltr_context_done(struct ltr_context *context)
{
	ltr_done fresh = {.chan = NULL};
	struct ltr_channel *done;
	bool is_closed, is_late;

	if (!context)
		return fresh.receiver;
	done = __atomic_load_n(&context->done, __ATOMIC_ACQUIRE);
	if (done)
		return (ltr_done_receiver){done};
	fresh = ltr_make(ltr_done, 0);
	is_closed = ltr_context_error(context) != 0;
	if (is_closed)
		ltr_close(fresh);
	ltr__lock(&context->lock);
	done = context->done;
	if (!done) /* release: pairs with the acquire above */
		__atomic_store_n(&context->done, fresh.chan, __ATOMIC_RELEASE);
	is_late = context->error != 0; /* then who ended it has not seen the channel */
	ltr__unlock(&context->lock);
	if (done) {
		ltr_free(fresh);
		return (ltr_done_receiver){done};
	}
	if (is_late && !is_closed)
		ltr_close(fresh);
	return fresh.receiver;
}

/* --- the end ------------------------------------------------------------------------------------ */

/* Who waits and can still be woken, linked by next, first come first. Under the lock. */
static struct ltr__goroutine *take_waiters(struct ltr_context *context)
{
	struct ltr__goroutine *list = NULL, **end;
	struct ltr__waiter *waiter;

	while (context->parked) { /* the last to come is first in there */
		struct ltr__goroutine *goroutine = context->parked;

		unlink_parked(goroutine);
		if (!ltr__claim(goroutine))
			continue;
		goroutine->run.woken = NULL;
		goroutine->next = list;
		list = goroutine;
	}
	end = &list;
	while (*end)
		end = &(*end)->next;
	while ((waiter = ltr__wait_take(&context->sleepers))) {
		*end = waiter->goroutine;
		end = &waiter->goroutine->next;
	}
	*end = NULL;
	return list;
}

/* Put the children, with the list's references, in front of `list`. Under the lock. */
static struct ltr_context *take_children(struct ltr_context *context, struct ltr_context *list)
{
	while (context->children) {
		struct ltr_context *child = context->children;

		context->children = child->next;
		child->link = NULL;
		child->next = list;
		list = child;
	}
	return list;
}

/* Give back a reference that is not the last: the caller has another one. */
static void drop_one(struct ltr_context *context)
{
	/* release: pairs with ltr_context_unref() */
	__atomic_fetch_sub(&context->references, 1, __ATOMIC_RELEASE);
}

/* Of one that the caller holds a reference on, too. */
static void unlink_from_parent(struct ltr_context *context)
{
	struct ltr_context *parent = context->parent;
	bool was_linked;

	if (!parent)
		return;
	ltr__lock(&parent->lock);
	was_linked = context->link != NULL;
	if (was_linked) {
		*context->link = context->next;
		if (context->next)
			context->next->link = context->link;
		context->link = NULL;
	}
	ltr__unlock(&parent->lock);
	if (was_linked)
		drop_one(context);
}

static void stop_alarm(struct ltr_context *context)
{
	bool was_set;

	if (context->deadline_ns == ltr_context_deadline(context->parent))
		return; /* the parent's is enough */
	ltr__alarms_lock();
	was_set = ltr__alarm_stop(&context->alarm);
	ltr__alarms_unlock();
	if (was_set) /* the alarm had a reference of its own */
		drop_one(context);
}

/* End one, which the caller holds a reference on; its children are put in front of `list`. */
static struct ltr_context *end(struct ltr_context *context, int error, int cause,
			       struct ltr_context *list)
{
	struct ltr__goroutine *waiting;
	struct ltr_channel *done;

	ltr__lock(&context->lock);
	if (context->error) {
		ltr__unlock(&context->lock);
		return list;
	}
	context->cause = cause;
	/* release: pairs with the acquire in ltr_context_error() */
	__atomic_store_n(&context->error, error, __ATOMIC_RELEASE);
	waiting = take_waiters(context);
	list = take_children(context, list);
	done = context->done;
	ltr__unlock(&context->lock);
	ltr__ready_each(waiting, ltr_id());
	if (done)
		ltr__close(done);
	stop_alarm(context);
	return list;
}

static void end_all(struct ltr_context *context, int error, int cause)
{
	struct ltr_context *list = end(context, error, cause, NULL);

	unlink_from_parent(context);
	while (list) {
		struct ltr_context *child = list;

		list = end(child, error, cause, child->next);
		ltr_context_unref(child);
	}
}

void ltr__context_cancel(struct ltr_context *context, int cause)
{
	ltr__caller("ltr_context_cancel");
	if (!context)
		ltr__fatal("cancel of the background context");
	end_all(context, -ECANCELED, cause ? cause : -ECANCELED);
}

/* --- deadlines ---------------------------------------------------------------------------------- */

static void deadline_has_come(struct ltr_context **context)
{
	end_all(*context, -ETIMEDOUT, -ETIMEDOUT);
	ltr_context_unref(*context); /* the alarm's */
}

static void ring(struct ltr__alarm *alarm, int64_t now_ns)
{
	struct ltr_context *context =
		(struct ltr_context *)((char *)alarm - offsetof(struct ltr_context, alarm));

	(void)now_ns;
	ltr_go(deadline_has_come, context);
}

/* --- making and freeing ------------------------------------------------------------------------- */

struct ltr_context *ltr_context_ref(struct ltr_context *context)
{
	if (context)
		__atomic_fetch_add(&context->references, 1, __ATOMIC_RELAXED);
	return context;
}

/* Freeing one gives back its reference on its parent, which may be the last on that. */
void ltr_context_unref(struct ltr_context *context)
{
	while (context) {
		struct ltr_context *parent = context->parent;

		/* acq_rel: who frees it sees what the others did to it */
		if (__atomic_sub_fetch(&context->references, 1, __ATOMIC_ACQ_REL))
			return;
		ltr_free((ltr_done){.chan = context->done});
		free(context);
		context = parent;
	}
}

/* Puts it into the parent's list, or ends it as the parent has ended. */
static void link_to_parent(struct ltr_context *context)
{
	struct ltr_context *parent = context->parent;

	ltr__lock(&parent->lock);
	if (parent->error) {
		context->error = parent->error;
		context->cause = parent->cause;
	} else {
		context->references++;
		context->next = parent->children;
		context->link = &parent->children;
		if (parent->children)
			parent->children->link = &context->next;
		parent->children = context;
	}
	ltr__unlock(&parent->lock);
}

static struct ltr_context *derive(struct ltr_context *parent, int64_t deadline_ns, const void *key,
				  void *value)
{
	struct ltr_context *context;

	ltr__caller("ltr_context_with_...");
	context = calloc(1, sizeof(*context));
	if (!context)
		ltr__fatal("out of memory: a context");
	context->references = 1;
	context->parent = ltr_context_ref(parent);
	context->key = key;
	context->value = value;
	context->deadline_ns = deadline_ns;
	context->alarm.ring = ring;
	if (parent)
		link_to_parent(context);
	return context;
}

/* Not for a context that is over; but it may come to be over meanwhile. */
static void set_alarm(struct ltr_context *context)
{
	ltr_context_ref(context); /* the alarm's */
	ltr__alarms_lock();
	ltr__alarm_set(&context->alarm, context->deadline_ns);
	ltr__alarms_unlock();
	if (ltr_context_error(context)) /* who ended it may have looked for the alarm before */
		stop_alarm(context);
}

struct ltr_context *ltr_context_with_deadline(struct ltr_context *parent, int64_t deadline_ns)
{
	int64_t parents_ns = ltr_context_deadline(parent);
	bool is_own = deadline_ns < parents_ns;
	struct ltr_context *context = derive(parent, is_own ? deadline_ns : parents_ns, NULL, NULL);

	if (!is_own || ltr_context_error(context))
		return context;
	if (ltr__is_late(ltr__until_moment(deadline_ns)))
		end_all(context, -ETIMEDOUT, -ETIMEDOUT);
	else
		set_alarm(context);
	return context;
}

struct ltr_context *ltr_context_with_timeout(struct ltr_context *parent, int64_t duration_ns)
{
	return ltr_context_with_deadline(parent, ltr_after(duration_ns));
}

struct ltr_context *ltr_context_with_value(struct ltr_context *parent, const void *key, void *value)
{
	if (!key)
		ltr__fatal("the key of a context's value is NULL");
	return derive(parent, ltr_context_deadline(parent), key, value);
}

struct ltr_context *ltr_context_with_cancel(struct ltr_context *parent)
{
	return derive(parent, ltr_context_deadline(parent), NULL, NULL);
}

void *ltr_context_value(const struct ltr_context *context, const void *key)
{
	while (context && (context->key != key || !key))
		context = context->parent;
	return context ? context->value : NULL;
}

void ltr_context_free(struct ltr_context *context)
{
	if (!context)
		return;
	ltr__context_cancel(context, 0);
	ltr_context_unref(context);
}
