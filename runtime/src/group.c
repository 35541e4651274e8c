/* SPDX-License-Identifier: MIT */

/*
 * Groups: a WaitGroup for who is there, a semaphore for how many at once, a context for the end. The
 * first error is the one whose member changed `error` from 0. A member's last access to the group is
 * its ltr_waitgroup_done().
 */

#include <errno.h>
#include <loiter/group.h>

#include "clock.h"
#include "fatal.h"
#include "waitlist.h"

void ltr_group_init(struct ltr_group *group, struct ltr_context *parent)
{
	*group = (struct ltr_group){.context = ltr_context_with_cancel(parent)};
}

void ltr_group_done(struct ltr_group *group)
{
	if (!group)
		return;
	if (ltr__waitgroup_wait(&group->members, LTR_NOW) < 0)
		ltr__fatal("ltr_group_done: the group still has members");
	ltr_context_free(group->context);
	group->context = NULL;
}

struct ltr_context *ltr_group_context(const struct ltr_group *group)
{
	return group->context;
}

void ltr_group_limit(struct ltr_group *group, int64_t count)
{
	if (count < 0)
		ltr__fatal("ltr_group_limit: %lld is no limit", (long long)count);
	if (ltr__waitgroup_wait(&group->members, LTR_NOW) < 0)
		ltr__fatal("ltr_group_limit: the group has members already");
	group->room.capacity = count;
}

static void leave(void *argument)
{
	struct ltr_group *group = argument;

	if (group->room.capacity)
		ltr__semaphore_release_for(&group->room, 1, NULL);
	ltr__waitgroup_add_for(&group->members, -1, NULL);
}

static void be_member(void *argument)
{
	struct ltr__member *member = argument;
	struct ltr_group *group = member->group;
	int32_t none = 0;
	int error;

	/* Runs last: after what the member defers, and also if it ends by ltr_exit(). */
	ltr_defer(leave, group);
	error = ((int (*)(void *))member->function)((char *)argument + member->argument_at);
	/* release: pairs with the acquire in ltr__group_wait() */
	if (error && __atomic_compare_exchange_n(&group->error, &none, error, false,
						 __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		if (group->context)
			ltr_context_cancel(group->context, error);
}

bool ltr__group_go(const struct ltr__member *member, size_t bytes, const struct ltr_site *site,
		   bool may_wait)
{
	struct ltr_group *group = member->group;
	const void *pc = __builtin_return_address(0);

	if (group->room.capacity &&
	    ltr__semaphore_acquire_for(&group->room, 1, may_wait ? LTR_FOREVER : LTR_NOW, pc) < 0)
		return false;
	ltr__waitgroup_add_for(&group->members, 1, pc);
	ltr__go(NULL, site, be_member, member, bytes);
	return true;
}

int ltr__group_wait(struct ltr_group *group, int64_t deadline_ns)
{
	int r = ltr__waitgroup_wait(&group->members, deadline_ns);
	int error;

	if (r < 0)
		return r;
	error = __atomic_load_n(&group->error, __ATOMIC_ACQUIRE);
	if (group->context)
		ltr_context_cancel(group->context, error);
	return error;
}
