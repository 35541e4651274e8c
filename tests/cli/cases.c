/* SPDX-License-Identifier: MIT */
/*
 * Small programs with our runtime, one for each thing that loiter check tells apart. The first
 * argument is the name of the case; real.sh says what is expected of each.
 */

#include <errno.h>
#include <loiter.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

LTR_CHAN(numbers, int);

static numbers channel;
static struct ltr_mutex mutex;
static struct ltr_waitgroup group;
static struct ltr_once once;
static struct ltr_listener *listener;
static struct ltr_conn *connection;
static int pipe_ends[2];

static void send_one(void)
{
	ltr_send(channel, 1);
}

/* The classic leak: who wanted the answer has given up when it comes. */
static struct ltr_waitgroup gave_up;

static void receive_impatiently(void)
{
	ltr_select(LTR_NOW, LTR_RECV(channel, (int *)NULL));
	ltr_waitgroup_done(&gave_up);
}

static void answer_late(void)
{
	ltr_waitgroup_add(&gave_up, 1);
	ltr_go(receive_impatiently);
	ltr_waitgroup_wait(&gave_up);
	ltr_send(channel, 1);
}

static void range_over(void)
{
	int n;

	while (ltr_recv(channel, &n) == 0)
		;
}

/* It takes as long as it gets a CPU for 50 ms. */
static void compute(void)
{
	struct timespec used;
	int64_t end_ns = 0, now_ns;

	do {
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
		now_ns = used.tv_sec * LTR_SECOND + used.tv_nsec;
		end_ns = end_ns ? end_ns : now_ns + 50 * LTR_MILLISECOND;
		ltr_yield();
	} while (now_ns < end_ns);
}

static void send_to_nil(void)
{
	numbers nil = {0};

	ltr_send(nil, 1);
}

static void receive_from_nil(void)
{
	numbers nil = {0};

	ltr_recv(nil, NULL);
}

static void receive_from_nil_for_an_hour(void)
{
	numbers nil = {0};

	ltr_recv(nil, NULL, ltr_after(3600 * LTR_SECOND));
}

static void select_one(void)
{
	ltr_select(LTR_FOREVER, LTR_RECV(channel, (int *)NULL));
}

static void select_nothing(void)
{
	ltr_select(LTR_FOREVER);
}

static void lock(void)
{
	ltr_mutex_lock(&mutex);
}

static void lock_twice(void)
{
	ltr_mutex_lock(&mutex);
	ltr_mutex_lock(&mutex);
}

static void wait_for_group(void)
{
	ltr_waitgroup_wait(&group);
}

static void block_in_once(void)
{
	ltr_once_do(&once, send_one);
}

static void sleep_and_retry(void)
{
	for (;;)
		ltr_sleep(LTR_MILLISECOND);
}

static void accept_one(void)
{
	ltr_accept(listener, &connection);
}

static void read_one(void)
{
	char byte;

	ltr_read(connection, &byte, 1);
}

static void read_pipe(void *argument)
{
	char byte;

	(void)argument;
	if (read(pipe_ends[0], &byte, 1) < 0)
		abort();
}

static void call_blocking(void)
{
	ltr_blocking(read_pipe, NULL);
}

static void spin(void)
{
	for (;;)
		ltr_yield();
}

static void send_on(numbers *c)
{
	ltr_send(*c, 1);
}

/* And takes the last reference with it. */
static void leave_one_who_sends(void)
{
	numbers c = ltr_make(numbers, 0);

	ltr_go(send_on, c);
}

/* Its registers are not seen: they might hold the channel. */
static void run_beside_a_leak(void)
{
	ltr_go(leave_one_who_sends);
	for (volatile unsigned int i = 0;; i++)
		;
}

static void loop(void)
{
	static volatile int never;

	while (!never)
		;
}

static void sleep_a_little(void)
{
	ltr_sleep(50 * LTR_MILLISECOND);
}

static void call_exit(void)
{
	exit(6);
}

static void call__exit(void)
{
	_exit(6);
}

static void call_abort(void)
{
	abort();
}

static void end_by_ltr_exit(void)
{
	ltr_exit();
}

static void be_hostile(void)
{
	ltr_set_name("\033[2J\nloiter: clean\xff");
	ltr_send(channel, 1);
}

/* What the main goroutine does besides starting the other one. */
static int nothing(void)
{
	return 0;
}

static int status_nine(void)
{
	return 9;
}

static int wait_long(void)
{
	ltr_sleep(1000 * LTR_SECOND);
	return 0;
}

static int exit_in_main(void)
{
	exit(5);
}

static int ltr_exit_in_main(void)
{
	ltr_exit();
}

static int close_twice(void)
{
	ltr_close(channel);
	ltr_close(channel);
	return 0;
}

static int receive_from_nobody(void)
{
	return ltr_recv(channel, NULL);
}

static int exec_other(void)
{
	execlp("sleep", "sleep", "1", (char *)NULL);
	return 1;
}

static int many(void)
{
	for (int i = 0; i < 10000; i++)
		ltr_go(send_one);
	ltr_sleep(LTR_SECOND); /* let them all come to their send */
	return 0;
}

static void send_to_own(void)
{
	ltr_send(ltr_make(numbers, 0), 1);
}

/* When main returns, most of them have not run yet. */
static int crowd(void)
{
	for (int i = 0; i < 20000; i++)
		ltr_go(send_to_own);
	return 0;
}

/* For who compares: five of what `send` leaves one of. */
static int five_sends(void)
{
	for (int i = 0; i < 5; i++)
		ltr_go(send_one);
	return 0;
}

static void read_input(void *argument)
{
	if (read(STDIN_FILENO, argument, 1) < 0)
		abort();
}

/* Four more that send for each byte that comes in, until there is no more. */
static int grow(void)
{
	char byte;

	do {
		for (int i = 0; i < 4; i++)
			ltr_go(send_one);
		byte = 0;
		ltr_blocking(read_input, &byte);
	} while (byte);
	return 0;
}

static int wait_for_input(void)
{
	char byte;

	ltr_blocking(read_input, &byte);
	return 0;
}

static int kill_itself(void)
{
	raise(SIGKILL);
	return 0;
}

/* Two goroutines that take two locks in two orders, while main waits for them. */
static struct ltr_mutex second;

static void lock_both(int *reverse)
{
	ltr_mutex_lock(*reverse ? &second : &mutex);
	ltr_sleep(10 * LTR_MILLISECOND);
	ltr_mutex_lock(*reverse ? &mutex : &second);
	ltr_waitgroup_done(&group);
}

static int ab_ba(void)
{
	ltr_waitgroup_add(&group, 2);
	ltr_go(lock_both, (int)0);
	ltr_go(lock_both, (int)1);
	ltr_waitgroup_wait(&group);
	return 0;
}

/* Where it lies, no block of malloc() can be told from another: its header says that it has no size. */
static void spoil_heap(void)
{
	void *volatile blocks[3];

	for (int i = 0; i < 3; i++)
		blocks[i] = malloc(1000);
	*(volatile size_t *)((uintptr_t)blocks[1] - sizeof(size_t)) = 0;
	send_to_own();
}

/* For those who look from outside: runs until it is killed. */
static int stay(void)
{
	puts("stays");
	fflush(stdout);
	return wait_long();
}

/* On one processor they take turns. */
static int stay_with_one_who_spins(void)
{
	ltr_go(spin);
	return stay();
}

static const struct {
	const char *name;
	void (*goroutine)(void);
	int (*main)(void);
} cases[] = {
	{"clean", end_by_ltr_exit, nothing},
	{"status", sleep_a_little, status_nine},
	{"late", sleep_a_little, nothing},
	{"late-work", compute, nothing},
	{"send", send_one, nothing},
	{"late-answer", answer_late, nothing},
	{"range", range_over, nothing},
	{"sends", NULL, five_sends},
	{"grow", NULL, grow},
	{"nil-send", send_to_nil, nothing},
	{"nil-receive", receive_from_nil, nothing},
	{"nil-until-input", receive_from_nil, wait_for_input},
	{"nil-timed", receive_from_nil_for_an_hour, nothing},
	{"select", select_one, nothing},
	{"select-nothing", select_nothing, nothing},
	{"mutex", lock, nothing},
	{"double-lock", lock_twice, nothing},
	{"waitgroup", wait_for_group, nothing},
	{"once", block_in_once, nothing},
	{"sleep", sleep_and_retry, nothing},
	{"accept", accept_one, nothing},
	{"read", read_one, nothing},
	{"blocking", call_blocking, nothing},
	{"spin", spin, nothing},
	{"hostile", be_hostile, nothing},
	{"daemon", NULL, nothing},
	{"many", NULL, many},
	{"crowd", NULL, crowd},
	{"exit", call_exit, wait_long},
	{"exit-in-main", NULL, exit_in_main},
	{"exit-with-leak", send_one, exit_in_main},
	{"_exit", call__exit, wait_long},
	{"abort", call_abort, wait_long},
	{"kill", NULL, kill_itself},
	{"misuse", NULL, close_twice},
	{"exec", NULL, exec_other},
	{"deadlock", NULL, receive_from_nobody},
	{"deadlock-with-daemon", NULL, receive_from_nobody},
	{"ab-ba", NULL, ab_ba},
	{"ltr-exit-in-main", send_one, ltr_exit_in_main},
	{"hang", send_one, wait_long},
	{"hang-nil", receive_from_nil, wait_long},
	{"stay-clean", sleep_a_little, stay},
	{"stay-send", send_one, stay},
	{"stay-nil", receive_from_nil, stay},
	{"stay-nil-timed", receive_from_nil_for_an_hour, stay},
	{"stay-nothing", select_nothing, stay},
	{"stay-spin", spin, stay},
	{"stay-spins", spin, stay_with_one_who_spins},
	{"stay-leak", leave_one_who_sends, stay},
	{"stay-run-leak", run_beside_a_leak, stay},
	{"stay-sleep", sleep_and_retry, stay},
	{"stay-loop", loop, stay},
	{"stay-accept", accept_one, stay},
	{"stay-spoilt", spoil_heap, stay},
};

/* What some of the goroutines need to be there first. */
static void prepare(const char *name)
{
	channel = ltr_make(numbers, 0);
	if (strcmp(name, "mutex") == 0)
		ltr_mutex_lock(&mutex);
	if (strcmp(name, "waitgroup") == 0)
		ltr_waitgroup_add(&group, 1);
	if (strstr(name, "accept") || strcmp(name, "read") == 0)
		ltr_listen("127.0.0.1:0", &listener);
	if (strcmp(name, "read") == 0) {
		char address[32];

		snprintf(address, sizeof(address), "127.0.0.1:%u", ltr_listener_port(listener));
		ltr_dial(address, &connection);
	}
	if (strstr(name, "daemon"))
		ltr_go_with(&(struct ltr_go_options){.daemon = true}, select_nothing);
	if (pipe(pipe_ends) != 0)
		abort();
}

static int run(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (strcmp(cases[i].name, argv[1]) != 0)
			continue;
		prepare(argv[1]);
		if (cases[i].goroutine)
			ltr_go(cases[i].goroutine);
		ltr_yield();
		return cases[i].main();
	}
	fprintf(stderr, "cases: there is no such case\n");
	return 99;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
