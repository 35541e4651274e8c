/* SPDX-License-Identifier: MIT */
/*
 * A program that serves its own profiles and has leaks: ten goroutines in leaked() wait for channels that
 * nobody has any more; those in alive() wait for channels that somebody still has. The arguments are how,
 * the address, and how many MB to have besides (0):
 *   leaky      so
 *   threaded   and has a thread that runs no goroutines
 *   secretive  no other process may read it
 *   crowded    it cannot fork
 *   children   each child that ends is noticed: it prints "child" then
 *   fork       it prints "prepared" when it forks
 * It prints its address once all wait, more each time that a byte comes on its standard input: "more";
 * and ends when that ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <loiter.h>
#include <loiter/pprof.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define LEAKS 10

LTR_CHAN(numbers, int);

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* --- who waits ------------------------------------------------------------------------------ */

static __attribute__((noinline)) void leaked(numbers *mine)
{
	ltr_recv(*mine, NULL);
	ltr_yield();
}

static __attribute__((noinline)) void alive(numbers *mine)
{
	ltr_recv(*mine, NULL);
	ltr_yield();
}

static __attribute__((noinline)) void leak_some(void)
{
	for (int i = 0; i < LEAKS; i++)
		ltr_go(leaked, ltr_make(numbers, 0));
}

static numbers new_live(void)
{
	numbers made = ltr_make(numbers, 0);

	ltr_go(alive, made);
	return made;
}

/* --- who has what they wait for -------------------------------------------------------------- */

struct link {
	struct link *next;
	numbers channel;
};

/* The server is given a part of it. */
struct shared {
	char listen[64];
	numbers channel;
};

static numbers in_global __attribute__((used));
static struct link *in_heap;
static struct shared *with_server;

static void keep_in_sleep(void)
{
	numbers mine = new_live();

	ltr_sleep(3600 * LTR_SECOND);
	ltr_send(mine, 1);
}

static void keep_in_accept(void)
{
	struct ltr_listener *listener;
	struct ltr_conn *conn;
	numbers mine = new_live();

	if (ltr_listen("127.0.0.1:0", &listener) != 0)
		die("listening");
	ltr_accept(listener, &conn);
	ltr_send(mine, 1);
}

static void send_to(void *channel)
{
	ltr_send(*(numbers *)channel, 1);
}

static void keep_in_timer(void)
{
	numbers *mine = malloc(sizeof(*mine));

	*mine = new_live();
	ltr_timer_func(3600 * LTR_SECOND, send_to, mine);
}

static void keep_in_heap(void)
{
	for (int i = 0; i < 3; i++) {
		struct link *link = calloc(1, sizeof(*link));

		link->next = in_heap;
		in_heap = link;
	}
	in_heap->next->next->channel = new_live();
}

/* Six of them. */
static __attribute__((noinline)) void keep_some(void)
{
	in_global = new_live();
	with_server->channel = new_live();
	keep_in_heap();
	keep_in_timer();
	ltr_go(keep_in_sleep);
	ltr_go(keep_in_accept);
}

/* What was on this stack is written over. */
static __attribute__((noinline)) void wipe(void)
{
	volatile char bytes[8192];

	memset((void *)bytes, 0, sizeof(bytes));
}

/* --- the program ---------------------------------------------------------------------------- */

static void say(const char *line)
{
	while (write(STDOUT_FILENO, line, strlen(line)) < 0 && errno == EINTR)
		;
}

static void *idle(void *nothing)
{
	(void)nothing;
	for (;;)
		pause();
	return NULL;
}

static void see_child(int number)
{
	(void)number;
	(void)!write(STDOUT_FILENO, "child\n", 6);
}

static void prepare(void)
{
	say("prepared\n");
}

/* All is done before there is a runtime or a thread. */
static void begin(const char *how)
{
	if (strcmp(how, "children") == 0)
		signal(SIGCHLD, see_child);
	if (strcmp(how, "fork") == 0)
		pthread_atfork(prepare, NULL, NULL);
	if (strcmp(how, "crowded") != 0 && strcmp(how, "secretive") != 0)
		return;
	/* The superuser has no limits, and may read everything. */
	if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
		die("becoming nobody");
	if (prctl(PR_SET_DUMPABLE, strcmp(how, "crowded") == 0) != 0)
		die("being dumpable");
}

static struct link *bulk;

static void be_large(size_t megabytes)
{
	for (size_t i = 0; i < megabytes << 10; i++) {
		struct link *link = malloc(1008); /* 1 KiB with its header */

		memset(link, 0, 1008);
		link->next = bulk;
		bulk = link;
	}
}

/* A goroutine that is in a call all the time might have anything in its registers. */
static void until_end(void)
{
	ssize_t got;
	char byte;

	fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
	while ((got = read(STDIN_FILENO, &byte, 1)) != 0) {
		if (got < 0)
			ltr_sleep(10 * LTR_MILLISECOND);
		if (got < 0)
			continue;
		leak_some();
		wipe();
		say("more\n");
	}
}

static int run(int argc, char **argv)
{
	const struct rlimit none = {0, 0};
	struct ltr_pprof_options options = {0};
	char line[80] = "http://";
	pthread_t thread;

	with_server = calloc(1, sizeof(*with_server));
	snprintf(with_server->listen, sizeof(with_server->listen), "%s", argv[2]);
	options.listen = with_server->listen;
	if (ltr_serve_pprof_with(&options) != 0 ||
	    ltr_serve_pprof_address(line + strlen(line), sizeof(line) - 8) != 0)
		die("serving");
	if (strcmp(argv[1], "threaded") == 0 && pthread_create(&thread, NULL, idle, NULL) != 0)
		die("a thread");
	be_large(argc > 3 ? strtoul(argv[3], NULL, 10) : 0);
	leak_some();
	keep_some();
	wipe();
	/* There are all the threads that it needs. */
	if (strcmp(argv[1], "crowded") == 0 && setrlimit(RLIMIT_NPROC, &none) != 0)
		die("a limit of processes");
	line[strlen(line)] = '\n';
	say(line);
	until_end();
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 64;
	begin(argv[1]);
	return ltr_run(run, argc, argv);
}
