/* SPDX-License-Identifier: MIT */

/* The life of a goroutine, time, blocking calls, WaitGroup, Mutex and Once, as rules. */

#include "harness.h"

#include <time.h>

LTR_CHAN(numbers, int);

static int order[8];
static int ordered;

static void note(void *number)
{
	order[ordered++] = (int)(intptr_t)number;
}

static void note_and_defer(void *number)
{
	note(number);
	ltr_defer(note, (void *)9);
}

static void group_done(void *group)
{
	ltr_waitgroup_done(group);
}

static void three_deferred(struct ltr_waitgroup **done)
{
	ltr_defer(group_done, *done);
	ltr_defer(note, (void *)1);
	ltr_defer(note_and_defer, (void *)2);
	ltr_defer(note, (void *)3);
}

static void exits_early(struct ltr_waitgroup **done)
{
	ltr_defer(group_done, *done);
	ltr_defer(note, (void *)1);
	ltr_defer(note, (void *)2);
	ltr_exit();
}

static int deferred_last_first(int argc, char **argv)
{
	struct ltr_waitgroup done = {0};

	(void)argc, (void)argv;
	ltr_waitgroup_add(&done, 1);
	ltr_go(three_deferred, &done);
	ltr_waitgroup_wait(&done);
	expect(ordered == 4);
	expect(order[0] == 3 && order[1] == 2 && order[2] == 9 && order[3] == 1);
	return 0;
}

static int deferred_run_at_an_early_exit(int argc, char **argv)
{
	struct ltr_waitgroup done = {0};

	(void)argc, (void)argv;
	ltr_waitgroup_add(&done, 1);
	ltr_go(exits_early, &done);
	ltr_waitgroup_wait(&done);
	expect(ordered == 2 && order[0] == 2 && order[1] == 1);
	return 0;
}

struct large {
	char bytes[4096];
	struct ltr_waitgroup *done;
};

struct medium {
	uint64_t words[30];
	struct ltr_waitgroup *done;
};

static void takes_medium(struct medium *medium)
{
	for (int i = 0; i < 30; i++)
		expect(medium->words[i] == (uint64_t)i * 3);
	ltr_waitgroup_done(medium->done);
}

static int arguments_of_any_size_are_copied(int argc, char **argv)
{
	struct ltr_waitgroup done = {0};
	struct medium medium = {.done = &done};

	(void)argc, (void)argv;
	for (int i = 0; i < 30; i++)
		medium.words[i] = (uint64_t)i * 3;
	for (int i = 0; i < 100; i++) {
		ltr_waitgroup_add(&done, 1);
		ltr_go(takes_medium, medium);
	}
	memset(medium.words, 0, sizeof(medium.words));
	ltr_waitgroup_wait(&done);
	return 0;
}

static void takes_too_large(struct large *large)
{
	(void)large;
}

static int too_large_an_argument(int argc, char **argv)
{
	struct large large = {.done = NULL};

	(void)argc, (void)argv;
	ltr_go(takes_too_large, large);
	return 0;
}

static uint64_t child_parent;

static void tell_parent(struct ltr_waitgroup **done)
{
	child_parent = ltr_parent_id();
	ltr_set_name("a child");
	expect(ltr_set_label("key", "value") == 0);
	ltr_waitgroup_done(*done);
}

static int everybody_is_somebody(int argc, char **argv)
{
	struct ltr_waitgroup done = {0};
	char key[16];
	uint64_t id;

	(void)argc, (void)argv;
	expect(ltr_id() == 1 && ltr_parent_id() == 0);
	ltr_waitgroup_add(&done, 1);
	id = ltr_go(tell_parent, &done);
	expect(id > 1);
	ltr_waitgroup_wait(&done);
	expect(child_parent == 1);
	for (int i = 0; i < LTR_LABEL_MAX; i++) {
		snprintf(key, sizeof(key), "key%d", i);
		expect(ltr_set_label(key, "x") == 0);
	}
	expect(ltr_set_label("one more", "x") == -ENOSPC);
	expect(ltr_set_label("key0", NULL) == 0);
	expect(ltr_set_label("one more", "x") == 0);
	return 0;
}

static int main_status_is_the_result(int argc, char **argv)
{
	(void)argc, (void)argv;
	expect(ltr_run(main_status_is_the_result, 0, NULL) == -EALREADY);
	return 7;
}

static void spin_for_ever(void)
{
	for (;;)
		ltr_yield();
}

static int others_end_with_main(int argc, char **argv)
{
	(void)argc, (void)argv;
	for (int i = 0; i < 10; i++)
		ltr_go(spin_for_ever);
	ltr_yield();
	return 0;
}

static int main_that_exits_waits_for_all(int argc, char **argv)
{
	(void)argc, (void)argv;
	ltr_exit();
}

static void sleeper(struct ltr_waitgroup **done)
{
	int64_t before = ltr_now();

	ltr_sleep(5 * LTR_MILLISECOND);
	expect(ltr_now() - before >= 5 * LTR_MILLISECOND);
	ltr_waitgroup_done(*done);
}

static int sleepers_sleep_long_enough(int argc, char **argv)
{
	struct ltr_waitgroup done = {0};

	(void)argc, (void)argv;
	for (int i = 0; i < SCALED(5000); i++) {
		ltr_waitgroup_add(&done, 1);
		ltr_go(sleeper, &done);
	}
	ltr_waitgroup_wait(&done);
	ltr_sleep(-1);
	ltr_sleep(0);
	return 0;
}

/* proc_test.go: a pair that keeps waking each other does not keep the others from running. */
static void keep_the_ball_up(numbers *c)
{
	for (;;) {
		ltr_send(c[0], 1);
		ltr_recv(c[0], NULL);
	}
}

static void keep_the_ball_down(numbers *c)
{
	for (;;) {
		ltr_recv(c[0], NULL);
		ltr_send(c[0], 1);
	}
}

static int a_pair_does_not_starve_others(int argc, char **argv)
{
	numbers c = ltr_make(numbers, 0), done = ltr_make(numbers, 0);

	(void)argc, (void)argv;
	for (int i = 0; i < 16; i++) {
		ltr_go(keep_the_ball_up, c);
		ltr_go(keep_the_ball_down, c);
	}
	for (int i = 0; i < 1000; i++)
		ltr_yield();
	for (int i = 0; i < 3; i++)
		ltr_sleep(LTR_MILLISECOND); /* timers too */
	expect(ltr_recv(done, NULL, ltr_after(LTR_MILLISECOND)) == -ETIMEDOUT);
	_exit(0);
}

static void block_for_real(void *argument)
{
	struct timespec nap = {0, 20000000};

	(void)argument;
	expect(ltr_id() != 0);
	nanosleep(&nap, NULL);
}

static void caller_of_blocking(struct ltr_waitgroup **done)
{
	expect(ltr_blocking(block_for_real, NULL) == 0);
	ltr_waitgroup_done(*done);
}

static int blocking_calls_do_not_hold_others_up(int argc, char **argv)
{
	struct ltr_waitgroup done = {0};
	int steps = 0;

	(void)argc, (void)argv;
	for (int i = 0; i < SCALED(300);
	     i++) { /* more than LTR__CALL_MAX: the rest stands in line */
		ltr_waitgroup_add(&done, 1);
		ltr_go(caller_of_blocking, &done);
	}
	while (ltr_waitgroup_wait(&done, ltr_after(LTR_MILLISECOND)) == -ETIMEDOUT)
		steps++;
	expect(steps > 0);
	return 0;
}

static void call_inside(void *argument)
{
	(void)argument;
	ltr_yield();
}

static void compute(void *times)
{
	for (volatile size_t i = 0; i < (size_t)times; i++)
		;
}

/* The only goroutine is in calls of all lengths, while the threads that were woken for it go idle again. */
static int a_call_that_ends_is_no_deadlock(int argc, char **argv)
{
	(void)argc, (void)argv;
	for (size_t i = 0; i < 5000; i++)
		expect(ltr_blocking(compute, (void *)(i % 100 * 100)) == 0);
	return 0;
}

static void expect_nobody(void)
{
	expect(ltr_count() == 0);
}

/* Who comes after ltr_run(), or looks in from outside then, finds no main goroutine any more. */
static int main_is_gone_when_all_is_over(int argc, char **argv)
{
	(void)argc, (void)argv;
	return atexit(expect_nobody);
}

static int ltr_calls_inside_blocking(int argc, char **argv)
{
	(void)argc, (void)argv;
	ltr_blocking(call_inside, NULL);
	return 0;
}

static int negative_waitgroup(int argc, char **argv)
{
	struct ltr_waitgroup group = {0};

	(void)argc, (void)argv;
	ltr_waitgroup_add(&group, 1);
	ltr_waitgroup_done(&group);
	ltr_waitgroup_done(&group);
	return 0;
}

static int unlock_of_unlocked(int argc, char **argv)
{
	struct ltr_mutex mutex = {0};

	(void)argc, (void)argv;
	ltr_mutex_unlock(&mutex);
	return 0;
}

struct counter {
	struct ltr_mutex mutex;
	struct ltr_waitgroup done;
	int64_t value;
};

static void count_up(struct counter **counter)
{
	for (int i = 0; i < 2000; i++) {
		expect(ltr_mutex_lock(&(*counter)->mutex) == 0);
		int64_t value = (*counter)->value;

		if (i % 50 == 0)
			ltr_yield();
		(*counter)->value = value + 1;
		ltr_mutex_unlock(&(*counter)->mutex);
	}
	ltr_waitgroup_done(&(*counter)->done);
}

static void count_impatiently(struct counter **counter)
{
	for (int i = 0; i < 2000; i++) {
		if (ltr_mutex_lock(&(*counter)->mutex, ltr_after(i % 10 * LTR_MICROSECOND)) < 0) {
			i--;
			ltr_yield();
			continue;
		}
		(*counter)->value++;
		ltr_mutex_unlock(&(*counter)->mutex);
	}
	ltr_waitgroup_done(&(*counter)->done);
}

static int mutex_excludes(int argc, char **argv)
{
	static struct counter counter;

	(void)argc, (void)argv;
	ltr_waitgroup_add(&counter.done, 10);
	for (int i = 0; i < 6; i++)
		ltr_go(count_up, &counter);
	for (int i = 0; i < 4; i++)
		ltr_go(count_impatiently, &counter);
	ltr_waitgroup_wait(&counter.done);
	expect(counter.value == 20000);
	expect(counter.mutex.state == 0);
	return 0;
}

static int mutex_deadline(int argc, char **argv)
{
	struct ltr_mutex mutex = {0};

	(void)argc, (void)argv;
	expect(ltr_mutex_lock(&mutex) == 0 && mutex.owner == 1);
	expect(ltr_mutex_lock(&mutex, LTR_NOW) == -ETIMEDOUT);
	expect(ltr_mutex_lock(&mutex, ltr_after(LTR_MILLISECOND)) == -ETIMEDOUT);
	ltr_mutex_unlock(&mutex);
	expect(ltr_mutex_lock(&mutex, LTR_NOW) == 0);
	ltr_mutex_unlock(&mutex);
	return 0;
}

static int locking_twice_is_a_deadlock(int argc, char **argv)
{
	struct ltr_mutex mutex = {0};

	(void)argc, (void)argv;
	ltr_mutex_lock(&mutex);
	ltr_mutex_lock(&mutex);
	return 0;
}

static int times_done;

static void slowly_once(void)
{
	ltr_sleep(2 * LTR_MILLISECOND);
	times_done++;
}

struct once_and_group {
	struct ltr_once once;
	struct ltr_waitgroup done;
};

static void do_once(struct once_and_group **both)
{
	ltr_once_do(&(*both)->once, slowly_once);
	expect(times_done == 1);
	ltr_waitgroup_done(&(*both)->done);
}

static void exit_in_once(void)
{
	times_done++;
	ltr_exit();
}

static void do_once_and_exit(struct once_and_group **both)
{
	ltr_defer(group_done, &(*both)->done);
	ltr_once_do(&(*both)->once, exit_in_once);
	expect(!"not reached");
}

static int once_is_once(int argc, char **argv)
{
	static struct once_and_group first, second;

	(void)argc, (void)argv;
	ltr_waitgroup_add(&first.done, 50);
	for (int i = 0; i < 50; i++)
		ltr_go(do_once, &first);
	ltr_waitgroup_wait(&first.done);
	times_done = 0;
	ltr_waitgroup_add(&second.done, 1);
	ltr_go(do_once_and_exit, &second);
	ltr_waitgroup_wait(&second.done);
	expect(ltr_once_do(&second.once, exit_in_once) == 0 && times_done == 1);
	return 0;
}

static void recurse_once(struct ltr_waitgroup **done)
{
	volatile char much[200 << 10];

	much[0] = much[sizeof(much) - 1] = 1;
	expect(much[0] == 1);
	ltr_waitgroup_done(*done);
}

static int large_stacks_are_large(int argc, char **argv)
{
	struct ltr_waitgroup done = {0};
	struct ltr_go_options options = {.name = "large", .stack_bytes = 256 << 10};

	(void)argc, (void)argv;
	ltr_waitgroup_add(&done, 10);
	for (int i = 0; i < 10; i++)
		ltr_go_with(&options, recurse_once, &done);
	ltr_waitgroup_wait(&done);
	return 0;
}

/* skynet in small: a tree of 10^5 leaves, each goroutine started by another. */
struct branch {
	numbers sum;
	int first, size;
};

static void grow(struct branch *branch)
{
	int sum = 0, part;

	if (branch->size == 1) {
		ltr_send(branch->sum, branch->first % 7);
		return;
	}
	numbers parts = ltr_make(numbers, 0);

	for (int i = 0; i < 10; i++)
		ltr_go(grow, (struct branch){parts, branch->first + i * branch->size / 10,
					     branch->size / 10});
	for (int i = 0; i < 10; i++) {
		ltr_recv(parts, &part);
		sum += part;
	}
	ltr_free(parts);
	ltr_send(branch->sum, sum);
}

static int a_tree_of_a_hundred_thousand(int argc, char **argv)
{
	numbers sum = ltr_make(numbers, 0);
	int leaves = SCALED(100) == 100 ? 100000 : 100;
	int total, expected = 0;

	(void)argc, (void)argv;
	for (int i = 0; i < leaves; i++)
		expected += i % 7;
	ltr_go(grow, (struct branch){sum, 0, leaves});
	ltr_recv(sum, &total);
	expect(total == expected);
	/* the last of them may still be on its way out */
	while (ltr_count() > 1)
		ltr_yield();
	ltr_free(sum);
	return 0;
}

int main(void)
{
	static const struct rule rules[] = {
		RULE(deferred_last_first),
		RULE(deferred_run_at_an_early_exit),
		RULE(arguments_of_any_size_are_copied),
		RULE(everybody_is_somebody),
		{"main_status_is_the_result", main_status_is_the_result, 7, NULL},
		RULE(others_end_with_main),
		RULE(sleepers_sleep_long_enough),
		RULE(a_pair_does_not_starve_others),
		RULE(blocking_calls_do_not_hold_others_up),
		RULE(a_call_that_ends_is_no_deadlock),
		RULE(main_is_gone_when_all_is_over),
		RULE(mutex_excludes),
		RULE(mutex_deadline),
		RULE(once_is_once),
		RULE(large_stacks_are_large),
		RULE(a_tree_of_a_hundred_thousand),
		FATAL_RULE(too_large_an_argument, "an argument of 4104 bytes is more than 4096"),
		FATAL_RULE(main_that_exits_waits_for_all, "all goroutines are asleep"),
		FATAL_RULE(ltr_calls_inside_blocking, "ltr_yield called inside ltr_blocking()"),
		FATAL_RULE(negative_waitgroup, "fatal error: negative WaitGroup counter"),
		FATAL_RULE(unlock_of_unlocked, "fatal error: unlock of unlocked mutex"),
		FATAL_RULE(locking_twice_is_a_deadlock, "[sync.Mutex.Lock]"),
	};

	return run_rules(rules, sizeof(rules) / sizeof(rules[0]));
}
