/* SPDX-License-Identifier: MIT */

/* Groups as rules (what x/sync's errgroup_test.go demands). */

#include "harness.h"

LTR_CHAN(numbers, int);

struct part {
	struct ltr_group *group;
	int result;
};

static int return_result(struct part *part)
{
	return part->result;
}

static int wait_for_the_end(struct part *part)
{
	struct ltr_context *context = ltr_group_context(part->group);

	expect(ltr_sleep_until(LTR_FOREVER, context) == -ECANCELED);
	expect(ltr_context_cause(context) == -EIO);
	return -EPERM; /* not the first */
}

static int the_first_error_ends_the_group(int argc, char **argv)
{
	struct ltr_context *parent = ltr_context_with_cancel(LTR_BACKGROUND);
	struct ltr_group group;

	(void)argc, (void)argv;
	ltr_group_init(&group, parent);
	for (int i = 0; i < 10; i++)
		ltr_group_go(&group, wait_for_the_end, (struct part){&group, 0});
	ltr_group_go(&group, return_result, (struct part){&group, 0});
	ltr_group_go(&group, return_result, (struct part){&group, -EIO});
	expect(ltr_group_wait(&group) == -EIO);
	expect(ltr_group_wait(&group) == -EIO);
	expect(ltr_context_cause(ltr_group_context(&group)) == -EIO);
	expect(ltr_context_error(parent) == 0);
	ltr_group_done(&group);
	ltr_group_done(&group);
	ltr_group_done(NULL);
	ltr_context_free(parent);
	return 0;
}

static int a_group_without_error(int argc, char **argv)
{
	struct ltr_group group, zeroed = {0};

	(void)argc, (void)argv;
	ltr_group_init(&group, LTR_BACKGROUND);
	expect(ltr_context_error(ltr_group_context(&group)) == 0);
	for (int i = 0; i < 10; i++) {
		ltr_group_go(&group, return_result, (struct part){&group, 0});
		ltr_group_go(&zeroed, return_result, (struct part){&zeroed, i == 5 ? -EIO : 0});
	}
	expect(ltr_group_wait(&group) == 0);
	/* over, as Go's: nobody waits for something that will not come */
	expect(ltr_context_error(ltr_group_context(&group)) == -ECANCELED);
	expect(ltr_group_wait(&zeroed) == -EIO && !ltr_group_context(&zeroed));
	ltr_group_done(&group);
	return 0;
}

static int running, most;

static int count_running(struct part *part)
{
	int now = __atomic_add_fetch(&running, 1, __ATOMIC_RELAXED);
	int seen = __atomic_load_n(&most, __ATOMIC_RELAXED);

	while (now > seen && !__atomic_compare_exchange_n(&most, &seen, now, false,
							  __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	ltr_yield();
	__atomic_sub_fetch(&running, 1, __ATOMIC_RELAXED);
	return part->result;
}

static numbers gate;

static int pass_gate(void)
{
	return ltr_recv(gate, NULL);
}

static int a_limit_limits(int argc, char **argv)
{
	struct ltr_group group = {0};
	int n = 0;

	(void)argc, (void)argv;
	ltr_group_limit(&group, 3);
	for (int i = 0; i < 200; i++)
		ltr_group_go(&group, count_running, (struct part){&group, 0});
	expect(ltr_group_wait(&group) == 0 && most > 0 && most <= 3);
	gate = ltr_make(numbers, 0);
	while (ltr_group_try_go(&group, pass_gate))
		n++;
	expect(n == 3);
	expect(ltr_group_wait(&group, LTR_NOW) == -ETIMEDOUT);
	for (int i = 0; i < n; i++)
		ltr_send(gate, 1);
	expect(ltr_group_wait(&group) == 0);
	ltr_group_limit(&group, 0);
	ltr_free(gate);
	return 0;
}

static void set_true(void *flag)
{
	*(bool *)flag = true;
}

static int defer_and_exit(bool **deferred)
{
	ltr_defer(set_true, *deferred);
	ltr_exit();
}

static int members_may_defer_and_exit(int argc, char **argv)
{
	struct ltr_group group;
	bool deferred = false;

	(void)argc, (void)argv;
	ltr_group_init(&group, LTR_BACKGROUND);
	ltr_group_go(&group, defer_and_exit, &deferred);
	expect(ltr_group_wait(&group) == 0 && deferred);
	ltr_group_done(&group);
	return 0;
}

static int limit_of_a_group_with_members(int argc, char **argv)
{
	struct ltr_group group = {0};

	(void)argc, (void)argv;
	gate = ltr_make(numbers, 0);
	ltr_group_go(&group, pass_gate);
	ltr_group_limit(&group, 2);
	return 0;
}

static int group_done_with_members(int argc, char **argv)
{
	struct ltr_group group;

	(void)argc, (void)argv;
	ltr_group_init(&group, LTR_BACKGROUND);
	gate = ltr_make(numbers, 0);
	ltr_group_go(&group, pass_gate);
	ltr_group_done(&group);
	return 0;
}

int main(void)
{
	static const struct rule rules[] = {
		RULE(the_first_error_ends_the_group),
		RULE(a_group_without_error),
		RULE(a_limit_limits),
		RULE(members_may_defer_and_exit),
		FATAL_RULE(limit_of_a_group_with_members, "the group has members already"),
		FATAL_RULE(group_done_with_members, "the group still has members"),
	};

	return run_rules(rules, sizeof(rules) / sizeof(rules[0]));
}
