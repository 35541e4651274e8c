/* SPDX-License-Identifier: MIT */
/*
 * Goes wrong in few schedules only. The first argument says how:
 *
 *	leak      an answer that comes too late is sent to nobody
 *	deadlock  two locks, taken the other way round in a short window
 *	status    the program notices by itself, and fails
 *	twice     two different leaks, each in schedules of its own
 *	never     nothing of the kind
 *	hang      does not end in some schedules
 */

#include <loiter.h>
#include <string.h>

LTR_CHAN(answers, int);

static struct ltr_mutex first, second;
static int counter;

static void answer(answers *to)
{
	for (int i = 0; i < 3; i++)
		ltr_yield();
	ltr_send(*to, 42);
}

static void other_answer(answers *to)
{
	for (int i = 0; i < 3; i++)
		ltr_yield();
	ltr_send(*to, 43);
}

static int ask(void (*who)(answers *to), int64_t patience_ns)
{
	answers reply = ltr_make(answers, 0);
	int n;

	ltr_go(who, reply);
	return ltr_recv(reply, &n, ltr_after(patience_ns)); /* and nobody will receive any more */
}

static int leak(void)
{
	ask(answer, 100 * LTR_MICROSECOND);
	return 0;
}

static int twice(void)
{
	ask(answer, 100 * LTR_MICROSECOND);
	ask(other_answer, 100 * LTR_MICROSECOND);
	return 0;
}

static int never(void)
{
	return ask(answer, LTR_MINUTE) == 0 ? 0 : 9;
}

static void second_then_first(struct ltr_waitgroup **group)
{
	ltr_mutex_lock(&second);
	if (counter == 7) {
		ltr_mutex_lock(&first);
		ltr_mutex_unlock(&first);
	}
	ltr_mutex_unlock(&second);
	ltr_waitgroup_done(*group);
}

static int deadlock(void)
{
	struct ltr_waitgroup group = {0};

	ltr_waitgroup_add(&group, 1);
	ltr_go(second_then_first, &group);
	for (int i = 0; i < 10; i++) {
		ltr_mutex_lock(&first);
		counter++;
		ltr_mutex_lock(&second);
		ltr_mutex_unlock(&second);
		ltr_mutex_unlock(&first);
	}
	return ltr_waitgroup_wait(&group);
}

static void count(struct ltr_waitgroup **group)
{
	int seen = counter;

	ltr_mutex_lock(&first);
	counter = seen + 1;
	ltr_mutex_unlock(&first);
	ltr_waitgroup_done(*group);
}

static int status(void)
{
	struct ltr_waitgroup group = {0};

	ltr_waitgroup_add(&group, 2);
	ltr_go(count, &group);
	ltr_go(count, &group);
	ltr_waitgroup_wait(&group);
	return counter == 2 ? 0 : 3;
}

static void tick(void)
{
	for (;;)
		ltr_sleep(LTR_SECOND);
}

/* Nobody waits for what cannot come; there is only no end. */
static int hang(void)
{
	if (status() != 0)
		tick();
	return 0;
}

static const struct {
	const char *name;
	int (*main)(void);
} cases[] = {
	{"leak", leak},   {"deadlock", deadlock}, {"status", status},
	{"twice", twice}, {"never", never},       {"hang", hang},
};

static int run(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(cases) / sizeof(cases[0]); i++)
		if (strcmp(cases[i].name, argv[1]) == 0)
			return cases[i].main();
	return 99;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
