/* SPDX-License-Identifier: MIT */

/*
 * Seeded runs: the same seed gives the same history, other seeds give others, and what an ordinary
 * run shows seldom is found by trying seeds and found again by its seed. Each run is a child, whose
 * history or last words are what it writes to one pipe.
 */

#include <errno.h>
#include <loiter.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define RUN_SECONDS    60
#define REPEATS        50
#define SEEDS          50
#define SEEDS_TO_FIND  200
#define HISTORY_BYTES  65536
#define STATUS_LEAKED  5
#define STATUS_REFUSED 6

LTR_CHAN(numbers, int);

typedef int main_goroutine(int argc, char **argv);

struct outcome {
	int status; /* or minus the signal */
	size_t bytes;
	char said[HISTORY_BYTES];
};

static const char *const schedules[] = {"random", "pct"};

/* What the child writes; one goroutine runs at a time in a seeded run. */
static char history[HISTORY_BYTES];
static size_t history_bytes;

__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(history + history_bytes, sizeof(history) - history_bytes, format, arguments);
	va_end(arguments);
	if (n > 0 && history_bytes + (size_t)n < sizeof(history))
		history_bytes += (size_t)n;
}

static _Noreturn void be_child(main_goroutine *function, const char *seed, const char *schedule,
			       int out)
{
	int status;

	dup2(out, STDERR_FILENO);
	unsetenv("LTR_GATE");
	unsetenv("LTR_SEED");
	setenv("LTR_PROCS", "1", 1);
	if (seed)
		setenv("LTR_SEED", seed, 1);
	if (schedule)
		setenv("LTR_SCHEDULE", schedule, 1);
	alarm(RUN_SECONDS);
	status = ltr_run(function, 0, NULL);
	for (size_t done = 0; done < history_bytes;) {
		ssize_t n = write(out, history + done, history_bytes - done);

		if (n < 0)
			_exit(98);
		done += (size_t)n;
	}
	exit(status < 0 ? STATUS_REFUSED : status);
}

static void run(main_goroutine *function, const char *seed, const char *schedule,
		struct outcome *outcome)
{
	int ends[2], status;
	pid_t child;
	ssize_t n;

	fflush(NULL);
	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(ends[0]);
		be_child(function, seed, schedule, ends[1]);
	}
	close(ends[1]);
	outcome->bytes = 0;
	while ((n = read(ends[0], outcome->said + outcome->bytes,
			 sizeof(outcome->said) - 1 - outcome->bytes)) > 0)
		outcome->bytes += (size_t)n;
	outcome->said[outcome->bytes] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	outcome->status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void run_numbered(main_goroutine *function, unsigned seed, const char *schedule,
			 struct outcome *outcome)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", seed);
	run(function, text, schedule, outcome);
}

/* --- a program whose order is anybody's guess --------------------------------------------------- */

static struct {
	numbers slow, fast;
	struct ltr_mutex mutex;
	struct ltr_waitgroup done;
} world;

static void sender(int *who)
{
	for (int i = 0; i < 5; i++) {
		ltr_send(*who % 2 ? world.slow : world.fast, *who * 100 + i);
		tell("s%d.%d ", *who, i);
	}
	ltr_waitgroup_done(&world.done);
}

static void chooser(int *who)
{
	int n;

	for (int i = 0; i < 10; i++) {
		int64_t deadline_ns = ltr_after((int64_t)(i + 1) * 3 * LTR_MICROSECOND);
		int chosen =
			ltr_select(deadline_ns, LTR_RECV(world.slow, &n), LTR_RECV(world.fast, &n));

		tell("c%d=%d:%d ", *who, chosen, chosen >= 0 ? n : 0);
	}
	ltr_waitgroup_done(&world.done);
}

static void locker(int *who)
{
	for (int i = 0; i < 5; i++) {
		if (ltr_mutex_lock(&world.mutex, ltr_after(*who * LTR_MICROSECOND)) < 0) {
			tell("l%d- ", *who);
			continue;
		}
		tell("l%d+ ", *who);
		ltr_yield();
		ltr_mutex_unlock(&world.mutex);
	}
	ltr_waitgroup_done(&world.done);
}

static void napper(int *who)
{
	for (int i = 0; i < 5; i++) {
		ltr_sleep((int64_t)*who * i * LTR_MILLISECOND);
		tell("n%d@%lld ", *who, (long long)ltr_now());
	}
	ltr_waitgroup_done(&world.done);
}

static void drainer(void)
{
	int n;

	for (;;)
		if (ltr_select(LTR_FOREVER, LTR_RECV(world.slow, &n), LTR_RECV(world.fast, &n)) >=
		    0)
			tell("d%d ", n);
}

static void for_ever(void)
{
	for (;;) {
		tell(".");
		ltr_yield();
	}
}

static int a_busy_world(int argc, char **argv)
{
	(void)argc, (void)argv;
	world.slow = ltr_make(numbers, 0);
	world.fast = ltr_make(numbers, 2);
	ltr_waitgroup_add(&world.done, 16);
	for (int i = 0; i < 4; i++) {
		ltr_go(sender, i);
		ltr_go(chooser, i);
		ltr_go(locker, i);
		ltr_go(napper, i);
	}
	ltr_go(drainer);
	ltr_waitgroup_wait(&world.done);
	/* Nothing runs once we have returned, but up to then these do. */
	ltr_go(for_ever);
	ltr_go(for_ever);
	for (int i = 0; i < 10; i++)
		ltr_yield();
	return 0;
}

static void one_seed_one_history(void **state)
{
	static struct outcome first, again;

	(void)state;
	for (int i = 0; i < 2; i++) {
		run_numbered(a_busy_world, 42, schedules[i], &first);
		assert_int_equal(first.status, 0);
		assert_true(first.bytes > 300 && first.bytes < HISTORY_BYTES / 2);
		for (int j = 1; j < REPEATS; j++) {
			run_numbered(a_busy_world, 42, schedules[i], &again);
			assert_int_equal(again.status, 0);
			assert_string_equal(again.said, first.said);
		}
	}
}

static void many_seeds_many_histories(void **state)
{
	static struct outcome outcomes[SEEDS];

	(void)state;
	for (int i = 0; i < 2; i++) {
		int different = 0;

		for (int j = 0; j < SEEDS; j++) {
			bool known = false;

			run_numbered(a_busy_world, (unsigned)j, schedules[i], &outcomes[j]);
			assert_int_equal(outcomes[j].status, 0);
			for (int k = 0; k < j && !known; k++)
				known = strcmp(outcomes[k].said, outcomes[j].said) == 0;
			different += !known;
		}
		assert_true(different > SEEDS * 9 / 10);
	}
}

/* --- what is seldom seen ------------------------------------------------------------------------ */

static struct ltr_mutex left, right;

static void left_then_right(void)
{
	ltr_mutex_lock(&left);
	ltr_mutex_lock(&right);
	ltr_mutex_unlock(&right);
	ltr_mutex_unlock(&left);
	ltr_waitgroup_done(&world.done);
}

static void right_then_left(void)
{
	ltr_mutex_lock(&right);
	ltr_mutex_lock(&left);
	ltr_mutex_unlock(&left);
	ltr_mutex_unlock(&right);
	ltr_waitgroup_done(&world.done);
}

static int crossed_locks(int argc, char **argv)
{
	(void)argc, (void)argv;
	ltr_waitgroup_add(&world.done, 2);
	ltr_go(left_then_right);
	ltr_go(right_then_left);
	ltr_waitgroup_wait(&world.done);
	return 0;
}

/* Go's most common leak: whoever asked has left, and the answer is sent to nobody for ever. */
static void answer(numbers *answers)
{
	ltr_sleep(900 * LTR_MICROSECOND);
	ltr_send(*answers, 1);
}

static int an_answer_that_comes_late(int argc, char **argv)
{
	(void)argc, (void)argv;
	world.slow = ltr_make(numbers, 0);
	ltr_go(answer, world.slow);
	if (ltr_recv(world.slow, NULL, ltr_after(LTR_MILLISECOND)) == -ETIMEDOUT) {
		ltr_sleep(LTR_SECOND);
		return ltr_count() > 1 ? STATUS_LEAKED : 0;
	}
	return 0;
}

/* Reads the word, is interrupted, writes it: only a switch between two calls that do not wait. */
static int tickets;

static void take_ticket(void)
{
	int seen = tickets;

	ltr_mutex_lock(&left);
	tickets = seen + 1;
	ltr_mutex_unlock(&left);
	ltr_waitgroup_done(&world.done);
}

static int a_lost_update(int argc, char **argv)
{
	(void)argc, (void)argv;
	ltr_waitgroup_add(&world.done, 3);
	for (int i = 0; i < 3; i++)
		ltr_go(take_ticket);
	ltr_waitgroup_wait(&world.done);
	return tickets == 3 ? 0 : STATUS_LEAKED;
}

static void find(main_goroutine *function, const char *name, int status)
{
	static struct outcome found, again;

	/* An ordinary run on one processor is not interrupted, so it does not show this one. */
	if (function != an_answer_that_comes_late) {
		run(function, NULL, NULL, &found);
		assert_int_equal(found.status, 0);
	}
	for (int i = 0; i < 2; i++) {
		unsigned seed = 0;

		do
			run_numbered(function, ++seed, schedules[i], &found);
		while (found.status == 0 && seed < SEEDS_TO_FIND);
		printf("%s: LTR_SEED=%u LTR_SCHEDULE=%s\n", name, seed, schedules[i]);
		assert_int_equal(found.status, status);
		for (int j = 0; j < 5; j++) {
			run_numbered(function, seed, schedules[i], &again);
			assert_int_equal(again.status, status);
			assert_string_equal(again.said, found.said);
		}
	}
}

static void crossed_locks_are_found(void **state)
{
	(void)state;
	find(crossed_locks, "crossed locks", 2);
}

static void a_leak_is_found(void **state)
{
	(void)state;
	find(an_answer_that_comes_late, "a late answer", STATUS_LEAKED);
}

static void a_lost_update_is_found(void **state)
{
	(void)state;
	find(a_lost_update, "a lost update", STATUS_LEAKED);
}

/* --- time --------------------------------------------------------------------------------------- */

static int an_hour(int argc, char **argv)
{
	int64_t before_ns = ltr_now();

	(void)argc, (void)argv;
	for (int i = 0; i < 24; i++)
		ltr_sleep(60 * LTR_MINUTE);
	tell("%lld", (long long)(ltr_now() - before_ns) / (60 * LTR_MINUTE));
	while (ltr_now() < before_ns + INT64_C(24) * 60 * LTR_MINUTE + LTR_MILLISECOND)
		;
	return 0;
}

static void a_day_is_over_at_once(void **state)
{
	static struct outcome outcome;

	(void)state;
	for (int i = 0; i < 2; i++) {
		run_numbered(an_hour, 1, schedules[i], &outcome);
		assert_int_equal(outcome.status, 0);
		assert_string_equal(outcome.said, "24");
	}
}

/* A pipe is from outside: its deadline passes as it does on the wall, and its data comes in time. */
static int outside(int argc, char **argv)
{
	struct ltr_conn *reader, *writer;
	char byte = 'x';
	int ends[2];

	(void)argc, (void)argv;
	if (pipe(ends) != 0 || ltr_conn_adopt(ends[0], &reader) < 0 ||
	    ltr_conn_adopt(ends[1], &writer) < 0)
		return 97;
	if (ltr_read(reader, &byte, 1, ltr_after(5 * LTR_MILLISECOND)) != -ETIMEDOUT)
		return 96;
	if (ltr_write(writer, "y", 1) != 1)
		return 95;
	if (ltr_read(reader, &byte, 1, ltr_after(60 * LTR_MINUTE)) != 1 || byte != 'y')
		return 94;
	ltr_conn_close(reader);
	ltr_conn_close(writer);
	ltr_sleep(60 * LTR_MINUTE); /* nobody waits outside any more: at once */
	return 0;
}

static void what_comes_from_outside_still_works(void **state)
{
	static struct outcome outcome;

	(void)state;
	for (int i = 0; i < 2; i++) {
		run_numbered(outside, 1, schedules[i], &outcome);
		assert_int_equal(outcome.status, 0);
	}
}

static void nonsense_is_refused(void **state)
{
	static const char *const seeds[] = {"x", "-1", "1x", " 1", "99999999999999999999"};
	static struct outcome outcome;

	(void)state;
	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		run(an_hour, seeds[i], NULL, &outcome);
		assert_int_equal(outcome.status, STATUS_REFUSED);
	}
	run(an_hour, "1", "sometimes", &outcome);
	assert_int_equal(outcome.status, STATUS_REFUSED);
	run(an_hour, "0x10", "random", &outcome);
	assert_int_equal(outcome.status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_seed_one_history),
		cmocka_unit_test(many_seeds_many_histories),
		cmocka_unit_test(crossed_locks_are_found),
		cmocka_unit_test(a_leak_is_found),
		cmocka_unit_test(a_lost_update_is_found),
		cmocka_unit_test(a_day_is_over_at_once),
		cmocka_unit_test(what_comes_from_outside_still_works),
		cmocka_unit_test(nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
