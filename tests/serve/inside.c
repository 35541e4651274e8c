/* SPDX-License-Identifier: MIT */
/*
 * A program that serves its own profiles. The first argument says how:
 *   serve|snapshots ADDRESS  the main goroutine begins to serve, prints the address, and ends the
 *                            program when its standard input does
 *   before ADDRESS           main() begins to, before there is a runtime
 *   no-runtime ADDRESS       and there never is one
 *   stuck ADDRESS            as serve; two goroutines have locked each other out, and one waits for a
 *                            channel that is none
 *   busy ADDRESS             as serve; a goroutine works without an end
 *   profiled ADDRESS         as busy, with a handler of its own for SIGPROF
 *   limited ADDRESS          as serve; for each line of its input it opens 32 files, says how many
 *                            it could open, and closes them
 *   life ADDRESS             begins and ends, twice each
 *   fork ADDRESS             a child is no server, and may become one
 *   error ADDRESS [TOKEN]    prints what comes of it; with a token, others may reach it
 *   tls|tls-error ADDRESS CERTIFICATE KEY  as serve and as error, encrypted; "-": without that one
 */
#include <errno.h>
#include <fcntl.h>
#include <loiter.h>
#include <loiter/pprof.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

LTR_CHAN(numbers, int);

static numbers channel;
static struct ltr_mutex mutex_;

static void send_one(void)
{
	ltr_send(channel, 1);
}

static void quarrel(void)
{
	for (;;) {
		ltr_mutex_lock(&mutex_);
		ltr_sleep(LTR_MILLISECOND);
		ltr_mutex_unlock(&mutex_);
	}
}

static struct ltr_mutex a;
static struct ltr_mutex b;

static struct ltr_waitgroup have_one;

/* Each has one lock when it wants the other. */
static void lock_both(struct ltr_mutex **first)
{
	ltr_mutex_lock(*first);
	ltr_waitgroup_done(&have_one);
	ltr_waitgroup_wait(&have_one);
	ltr_mutex_lock(*first == &a ? &b : &a);
}

static void wait_for_none(void)
{
	numbers none = {0};

	ltr_send(none, 1);
}

static volatile unsigned int work_done;

static __attribute__((noinline)) void work(void)
{
	for (unsigned int i = 0; i < 100000; i++)
		work_done = work_done * 1664525 + 1013904223;
}

static void work_for_ever(void)
{
	ltr_set_name("worker");
	for (;;) {
		work();
		ltr_yield();
	}
}

static void handle(int number)
{
	(void)number;
}

static void get_stuck(void)
{
	ltr_waitgroup_add(&have_one, 2);
	ltr_go(lock_both, &a);
	ltr_go(lock_both, &b);
	ltr_go(wait_for_none);
}

static void must(const char *what, int got, int expected)
{
	if (got == expected)
		return;
	fprintf(stderr, "%s: %d, not %d\n", what, got, expected);
	exit(1);
}

static void print_address(void)
{
	char address[64];

	must("a short buffer", ltr_serve_pprof_address(address, 3), -ENOSPC);
	must("the address", ltr_serve_pprof_address(address, sizeof(address)), 0);
	printf("http://%s\n", address);
	fflush(stdout);
}

static const char *read_all(const char *path)
{
	static char texts[2][8192];
	static int next;
	char *text = texts[next++ % 2];
	FILE *file;

	if (strcmp(path, "-") == 0)
		return NULL;
	file = fopen(path, "r");
	must("opening a file", file != NULL, true);
	text[fread(text, 1, sizeof(texts[0]) - 1, file)] = '\0';
	fclose(file);
	return text;
}

static void wait_for_end(void *nothing)
{
	char byte;

	(void)nothing;
	while (read(0, &byte, 1) > 0)
		;
}

#define OPENED 32

/* How many files of its own the program can open. */
static int open_some(void)
{
	int fds[OPENED];
	int count = 0;

	while (count < OPENED && (fds[count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		count++;
	for (int i = 0; i < count; i++)
		close(fds[i]);
	return count;
}

static int limited(const char *listen)
{
	struct rlimit before;
	struct rlimit after;
	char byte;

	must("the limit", getrlimit(RLIMIT_NOFILE, &before), 0);
	must("start", ltr_serve_pprof(listen), 0);
	must("the limit", getrlimit(RLIMIT_NOFILE, &after), 0);
	must("the limit then", (int)after.rlim_cur, (int)before.rlim_cur);
	print_address();
	while (read(0, &byte, 1) > 0) {
		if (byte == '\n') {
			printf("%d\n", open_some());
			fflush(stdout);
		}
	}
	return 0;
}

static int life(const char *listen)
{
	char address[64];

	for (int i = 0; i < 2; i++) {
		must("no address", ltr_serve_pprof_address(address, sizeof(address)), -ENOTCONN);
		must("start", ltr_serve_pprof(listen), 0);
		must("start again", ltr_serve_pprof(listen), -EALREADY);
		must("the address", ltr_serve_pprof_address(address, sizeof(address)), 0);
		must("stop", ltr_serve_pprof_stop(), 0);
		must("stop again", ltr_serve_pprof_stop(), -ENOTCONN);
	}
	puts("as it should be");
	return 0;
}

static int forks(const char *listen)
{
	char address[64];
	int status = 0;

	must("start", ltr_serve_pprof(listen), 0);
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		must("a child stops", ltr_serve_pprof_stop(), -ENOTCONN);
		must("a child", ltr_serve_pprof_address(address, sizeof(address)), -ENOTCONN);
		must("a child starts", ltr_serve_pprof("127.0.0.1:0"), 0);
		/* Not exit(): what the parent's thread has is nobody's here, which LeakSanitizer says. */
		_exit(0);
	}
	must("waiting", waitpid(child, &status, 0), child);
	must("the child's status", status, 0);
	must("the parent still serves", ltr_serve_pprof_address(address, sizeof(address)), 0);
	puts("as it should be");
	return 0;
}

static int run(int argc, char **argv)
{
	const char *how = argv[1];
	const struct ltr_pprof_options options = {
		.listen = argv[2],
		.snapshots_only = strcmp(how, "snapshots") == 0,
		.tls_certificate = argc > 4 ? read_all(argv[3]) : NULL,
		.tls_key = argc > 4 ? read_all(argv[4]) : NULL,
	};

	channel = ltr_make(numbers, 0);
	for (int i = 0; i < 3; i++)
		ltr_go(send_one);
	for (int i = 0; i < 2; i++)
		ltr_go(quarrel);
	if (strcmp(how, "stuck") == 0)
		get_stuck();
	if (strcmp(how, "busy") == 0 || strcmp(how, "profiled") == 0)
		ltr_go(work_for_ever);
	if (strcmp(how, "profiled") == 0)
		signal(SIGPROF, handle);
	if (strcmp(how, "before") != 0)
		must("start", ltr_serve_pprof_with(&options), 0);
	print_address();
	ltr_blocking(wait_for_end, NULL);
	return 0;
}

static int error(int argc, char **argv)
{
	const struct ltr_pprof_options options = {
		.listen = argv[2],
		.token = argc == 4 ? argv[3] : NULL,
		.allow_remote = argc == 4,
		.tls_certificate = argc > 4 ? read_all(argv[3]) : NULL,
		.tls_key = argc > 4 ? read_all(argv[4]) : NULL,
	};
	int got = ltr_serve_pprof_with(&options);

	puts(got ? strerrorname_np(-got) : "served");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 64;
	if (strcmp(argv[1], "life") == 0)
		return life(argv[2]);
	if (strcmp(argv[1], "limited") == 0)
		return limited(argv[2]);
	if (strcmp(argv[1], "fork") == 0)
		return forks(argv[2]);
	if (strstr(argv[1], "error"))
		return error(argc, argv);
	if (strcmp(argv[1], "before") == 0 || strcmp(argv[1], "no-runtime") == 0)
		must("start", ltr_serve_pprof(argv[2]), 0);
	if (strcmp(argv[1], "no-runtime") == 0) {
		print_address();
		wait_for_end(NULL);
		return 0;
	}
	return ltr_run(run, argc, argv);
}
