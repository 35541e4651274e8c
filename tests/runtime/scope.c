/* SPDX-License-Identifier: MIT */

/* Scopes: who belongs to them, who is left, and that nobody else's goroutines count. */

#include "harness.h"

LTR_CHAN(numbers, int);

static numbers never, gate;

static void wait_for_ever(void)
{
	ltr_recv(never, NULL);
}

static void wait_at_gate(void)
{
	ltr_recv(gate, NULL);
}

static int grandchildren;

static void start_grandchild(void)
{
	ltr_go(wait_for_ever);
	__atomic_add_fetch(&grandchildren, 1, __ATOMIC_RELAXED);
}

static void sleep_a_little(void)
{
	ltr_sleep(2 * LTR_MILLISECOND);
}

static void prepare(void)
{
	never = ltr_make(numbers, 0);
	gate = ltr_make(numbers, 0);
}

static int who_ends_is_waited_for(int argc, char **argv)
{
	struct ltr_scope scope;

	(void)argc, (void)argv;
	expect(ltr_scope_begin(&scope, "late") == 0);
	for (int i = 0; i < 20; i++)
		ltr_go(sleep_a_little);
	expect(ltr_scope_count(&scope) <= 20);
	expect(ltr_scope_end(&scope, ltr_after(LTR_MINUTE)) == 0);
	return 0;
}

static int others_are_not_counted(int argc, char **argv)
{
	struct ltr_scope scope;

	(void)argc, (void)argv;
	prepare();
	ltr_go(wait_for_ever); /* before */
	expect(ltr_scope_begin(&scope, "mine") == 0);
	ltr_go_with(&(struct ltr_go_options){.daemon = true}, wait_for_ever);
	expect(ltr_scope_count(&scope) == 0);
	expect(ltr_scope_end(&scope, LTR_NOW) == 0);
	ltr_go(wait_for_ever); /* after */
	ltr_yield();
	expect(ltr_scope_count(&scope) == 0);
	return 0;
}

static void count_left(const struct ltr_scope_left *left, void *count)
{
	if (strcmp(left->doing, "chan receive") == 0)
		expect(left->depth > 1);
	else /* not yet there: nobody says how long that takes */
		expect(!strcmp(left->doing, "queued") || !strcmp(left->doing, "running"));
	expect(left->site && strcmp(left->site->function, "start_grandchild") == 0);
	expect(left->id > 1 && left->parent_id > 1);
	++*(int *)count;
}

static int descendants_belong_to_it(int argc, char **argv)
{
	struct ltr_scope scope;
	int count = 0;

	(void)argc, (void)argv;
	prepare();
	expect(ltr_scope_begin(&scope, "tree") == 0);
	for (int i = 0; i < 3; i++)
		ltr_go(start_grandchild);
	/* until the parents have ended */
	while (__atomic_load_n(&grandchildren, __ATOMIC_RELAXED) != 3 || ltr_count() != 4)
		ltr_sleep(LTR_MICROSECOND);
	expect(ltr_scope_end_with(&scope, count_left, &count, ltr_after(LTR_MILLISECOND)) == 3);
	expect(count == 3);
	return 0;
}

static int scopes_lie_in_each_other(int argc, char **argv)
{
	struct ltr_scope outer, inner, found;

	(void)argc, (void)argv;
	prepare();
	expect(ltr_scope_current(&found) == -ENOENT);
	expect(ltr_scope_begin(&outer, "outer") == 0);
	ltr_go(wait_at_gate);
	expect(ltr_scope_begin(&inner, "inner") == 0);
	expect(ltr_scope_current(&found) == 0 && strcmp(found.label, inner.label) == 0);
	ltr_go(wait_for_ever);
	expect(ltr_scope_count(&outer) == 2 && ltr_scope_count(&inner) == 1);
	expect(ltr_scope_end_with(&inner, NULL, NULL, LTR_NOW) == 1);
	expect(ltr_scope_current(&found) == 0 && strcmp(found.name, "outer") == 0);
	ltr_send(gate, 1);
	while (ltr_scope_count(&outer) != 1)
		ltr_sleep(LTR_MICROSECOND);
	expect(ltr_scope_end_with(&outer, NULL, NULL, ltr_after(LTR_MILLISECOND)) == 1);
	expect(ltr_scope_current(&found) == -ENOENT);
	return 0;
}

/* --- at the same time --------------------------------------------------------------------------- */

#define PARALLEL 16

static struct ltr_waitgroup tests;
static int wrong;

/* A test that leaves `leaks` goroutines behind, among others that do the same. */
static void test_in_parallel(int *leaks)
{
	struct ltr_scope scope;

	expect(ltr_scope_begin(&scope, "parallel") == 0);
	for (int i = 0; i < 5; i++)
		ltr_go(sleep_a_little);
	for (int i = 0; i < *leaks; i++)
		ltr_go(wait_for_ever);
	if (*leaks)
		while (ltr_scope_count(&scope) > *leaks)
			ltr_sleep(LTR_MICROSECOND);
	if (ltr_scope_end_with(&scope, NULL, NULL, *leaks ? LTR_NOW : ltr_after(LTR_MINUTE)) !=
	    *leaks)
		__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
	ltr_waitgroup_done(&tests);
}

static int each_test_has_its_own(int argc, char **argv)
{
	(void)argc, (void)argv;
	prepare();
	ltr_waitgroup_add(&tests, PARALLEL);
	for (int i = 0; i < PARALLEL; i++)
		ltr_go(test_in_parallel, i % 4);
	expect(ltr_waitgroup_wait(&tests) == 0);
	expect(wrong == 0);
	return 0;
}

/* Goroutines come and go, with names and labels, while others look. */
static bool over;

static void come_and_go(void)
{
	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
		ltr_set_name("busy");
		ltr_set_label("round", "and round");
		ltr_go(ltr_yield);
		ltr_yield();
		ltr_set_label("round", NULL);
		ltr_sleep(LTR_MICROSECOND);
	}
	ltr_waitgroup_done(&tests);
}

static void ignore(const struct ltr_scope_left *left, void *unused)
{
	(void)unused;
	expect(strlen(left->name) < 64 && strlen(left->doing) > 0);
}

static int looking_disturbs_nobody(int argc, char **argv)
{
	(void)argc, (void)argv;
	ltr_waitgroup_add(&tests, 8);
	for (int i = 0; i < 8; i++)
		ltr_go(come_and_go);
	for (int i = 0; i < SCALED(200); i++) {
		struct ltr_scope scope;

		expect(ltr_scope_begin(&scope, "look") == 0);
		ltr_go(sleep_a_little);
		ltr_scope_end_with(&scope, ignore, NULL, ltr_after(LTR_MICROSECOND));
	}
	__atomic_store_n(&over, true, __ATOMIC_RELEASE);
	expect(ltr_waitgroup_wait(&tests) == 0);
	return 0;
}

/* --- timers ------------------------------------------------------------------------------------- */

static void at_time(void *unused)
{
	(void)unused;
	wait_for_ever();
}

/* Whose is the goroutine of a timer's function? Of who made the timer, not of who made the first. */
static int timers_functions_belong_to_it(int argc, char **argv)
{
	struct ltr_scope scope;
	struct ltr_timer *first, *mine, *later;

	(void)argc, (void)argv;
	prepare();
	expect(ltr_scope_begin(&scope, "first") == 0);
	first = ltr_timer_func(LTR_MINUTE, at_time, NULL); /* "timers" begins in here */
	expect(ltr_scope_end(&scope, LTR_NOW) == 0);
	later = ltr_timer_func(LTR_MICROSECOND, at_time, NULL);
	expect(ltr_scope_begin(&scope, "second") == 0);
	mine = ltr_timer_func(LTR_MICROSECOND, at_time, NULL);
	while (ltr_count() < 4) /* timers, both functions, and we */
		ltr_sleep(LTR_MICROSECOND);
	expect(ltr_scope_end_with(&scope, NULL, NULL, LTR_NOW) == 1);
	ltr_timer_free(first);
	ltr_timer_free(mine);
	ltr_timer_free(later);
	return 0;
}

/* --- limits, and what is said ------------------------------------------------------------------- */

static int there_is_an_end_to_labels(int argc, char **argv)
{
	struct ltr_scope scopes[LTR_LABEL_MAX + 1];

	(void)argc, (void)argv;
	for (int i = 0; i < LTR_LABEL_MAX; i++)
		expect(ltr_scope_begin(&scopes[i], NULL) == 0);
	expect(ltr_scope_begin(&scopes[LTR_LABEL_MAX], "x") == -ENOSPC);
	for (int i = 0; i < LTR_LABEL_MAX; i++)
		expect(ltr_scope_end(&scopes[i], LTR_NOW) == 0);
	return 0;
}

static int a_context_ends_the_wait(int argc, char **argv)
{
	LTR_SCOPED_CONTEXT struct ltr_context *context =
		ltr_context_with_timeout(LTR_BACKGROUND, 5 * LTR_MILLISECOND);
	struct ltr_scope scope;

	(void)argc, (void)argv;
	prepare();
	expect(ltr_scope_begin(&scope, "context") == 0);
	ltr_go(wait_for_ever);
	expect(ltr_scope_end_with(&scope, NULL, NULL, context) == 1);
	return 0;
}

static int what_is_left_is_said(int argc, char **argv)
{
	struct ltr_scope scope;

	(void)argc, (void)argv;
	prepare();
	expect(ltr_scope_begin(&scope, "said") == 0);
	ltr_go_with(&(struct ltr_go_options){.name = "waiter"}, wait_for_ever);
	return ltr_scope_end(&scope, ltr_after(LTR_MILLISECOND)) == 1 ? 0 : 99;
}

int main(void)
{
	static const struct rule rules[] = {
		RULE(who_ends_is_waited_for),
		RULE(others_are_not_counted),
		RULE(descendants_belong_to_it),
		RULE(scopes_lie_in_each_other),
		RULE(each_test_has_its_own),
		RULE(looking_disturbs_nobody),
		RULE(timers_functions_belong_to_it),
		RULE(there_is_an_end_to_labels),
		RULE(a_context_ends_the_wait),
		{"what_is_left_is_said", what_is_left_is_said, 0,
		 "created by what_is_left_is_said in goroutine 1"},
	};

	return run_rules(rules, sizeof(rules) / sizeof(rules[0]));
}
