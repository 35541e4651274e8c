/* SPDX-License-Identifier: MIT */

/*
 * What the runtime's operations cost. Each row is one operation in a process of its own, with one
 * and with two processors; rounds are interleaved, the median is shown. Rows and sizes are those of
 * bench/runtime.go, so that Go can be measured in the same run where it is installed.
 *
 *	bench/runtime [ROUNDS]        the table
 *	bench/runtime --row NAME      one measurement, in ns (ms for sleepers and skynet)
 */

#include "echo.h"
#include "files.h"

#include <loiter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

LTR_CHAN(numbers, int);

#define ROUNDS_MAX 51

static double since_ns(int64_t start_ns)
{
	return (double)(ltr_now() - start_ns);
}

static void yield_times(struct ltr_waitgroup **done)
{
	for (int i = 0; i < 1000000; i++)
		ltr_yield();
	ltr_waitgroup_done(*done);
}

static double yield(void)
{
	struct ltr_waitgroup done = {0};
	int64_t start = ltr_now();

	ltr_waitgroup_add(&done, 4);
	for (int i = 0; i < 4; i++)
		ltr_go(yield_times, &done);
	ltr_waitgroup_wait(&done);
	return since_ns(start) / 4e6;
}

static void do_nothing(struct ltr_waitgroup **done)
{
	ltr_waitgroup_done(*done);
}

static double spawn(void)
{
	struct ltr_waitgroup done = {0};
	int64_t start = 0;

	for (int round = 0; round < 4; round++) { /* the first warms up */
		if (round == 1)
			start = ltr_now();
		ltr_waitgroup_add(&done, 100000);
		for (int i = 0; i < 100000; i++)
			ltr_go(do_nothing, &done);
		ltr_waitgroup_wait(&done);
	}
	return since_ns(start) / 3e5;
}

struct pair {
	numbers there, back;
};

static void reply(struct pair *pair)
{
	int n;

	while (ltr_recv(pair->there, &n) == 0)
		ltr_send(pair->back, n);
}

static double pingpong(void)
{
	struct pair pair = {ltr_make(numbers, 0), ltr_make(numbers, 0)};
	int64_t start;
	int n;

	ltr_go(reply, pair);
	start = ltr_now();
	for (int i = 0; i < 1000000; i++) {
		ltr_send(pair.there, i);
		ltr_recv(pair.back, &n);
	}
	return since_ns(start) / 1e6;
}

struct stream {
	numbers c;
	int count;
	struct ltr_waitgroup *done;
};

static void produce(struct stream *stream)
{
	for (int i = 0; i < stream->count; i++)
		ltr_send(stream->c, i);
	ltr_waitgroup_done(stream->done);
}

static void consume(struct stream *stream)
{
	int n;

	for (int i = 0; i < stream->count; i++)
		ltr_recv(stream->c, &n);
	ltr_waitgroup_done(stream->done);
}

static double buffered(int each_side)
{
	struct ltr_waitgroup done = {0};
	struct stream stream = {ltr_make(numbers, 128), 4000000 / each_side, &done};
	int64_t start = ltr_now();

	ltr_waitgroup_add(&done, 2L * each_side);
	for (int i = 0; i < each_side; i++) {
		ltr_go(produce, stream);
		ltr_go(consume, stream);
	}
	ltr_waitgroup_wait(&done);
	return since_ns(start) / 4e6;
}

static double buffered_1_1(void)
{
	return buffered(1);
}

static double buffered_4_4(void)
{
	return buffered(4);
}

static double select_4(void)
{
	numbers c[4];
	int64_t start;
	int n;

	for (int i = 0; i < 4; i++) {
		c[i] = ltr_make(numbers, 0);
		ltr_go(produce, (struct stream){c[i], 1 << 30, NULL});
	}
	start = ltr_now();
	for (int i = 0; i < 1000000; i++)
		ltr_select(LTR_FOREVER, LTR_RECV(c[0], &n), LTR_RECV(c[1], &n), LTR_RECV(c[2], &n),
			   LTR_RECV(c[3], &n));
	return since_ns(start) / 1e6;
}

struct shared {
	struct ltr_mutex mutex;
	struct ltr_waitgroup done;
	int64_t value;
};

static void add_under_lock(struct shared **shared)
{
	for (int i = 0; i < 1000000; i++) {
		ltr_mutex_lock(&(*shared)->mutex);
		(*shared)->value++;
		ltr_mutex_unlock(&(*shared)->mutex);
	}
	ltr_waitgroup_done(&(*shared)->done);
}

static double mutex_8(void)
{
	struct shared shared = {0};
	int64_t start = ltr_now();

	ltr_waitgroup_add(&shared.done, 8);
	for (int i = 0; i < 8; i++)
		ltr_go(add_under_lock, &shared);
	ltr_waitgroup_wait(&shared.done);
	return since_ns(start) / 8e6;
}

static void nap(struct ltr_waitgroup **done)
{
	ltr_sleep(10 * LTR_MILLISECOND);
	ltr_waitgroup_done(*done);
}

static double sleepers_100k(void)
{
	struct ltr_waitgroup done = {0};
	int64_t start = ltr_now();

	ltr_waitgroup_add(&done, 100000);
	for (int i = 0; i < 100000; i++)
		ltr_go(nap, &done);
	ltr_waitgroup_wait(&done);
	return since_ns(start) / 1e6;
}

struct branch {
	numbers sum;
	int first, size;
};

static void grow(struct branch *branch)
{
	int64_t sum = 0;
	int part = 0;

	if (branch->size == 1) {
		ltr_send(branch->sum, branch->first);
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
	ltr_send(branch->sum, (int)sum);
}

static double skynet_1m(void)
{
	numbers sum = ltr_make(numbers, 0);
	int64_t start = ltr_now();

	ltr_go(grow, (struct branch){sum, 0, 1000000});
	ltr_recv(sum, NULL);
	return since_ns(start) / 1e6;
}

static const struct row {
	const char *name;
	double (*measure)(void);
	const char *unit;
} rows[] = {
	{"yield", yield, "ns"},
	{"spawn", spawn, "ns"},
	{"pingpong", pingpong, "ns"},
	{"buffered_1_1", buffered_1_1, "ns"},
	{"buffered_4_4", buffered_4_4, "ns"},
	{"select_4", select_4, "ns"},
	{"mutex_8", mutex_8, "ns"},
	{"sleepers_100k", sleepers_100k, "ms"},
	{"skynet_1m", skynet_1m, "ms"},
	{"tcp_echo", echo_by_goroutines, "ns"},
	{"tcp_echo_loop", echo_by_loop, "ns"}, /* a plain epoll loop, beside Go's goroutines */
	/* Not in Go's program. */
	{"file_read", file_read, "ns"},
	{"file_read_pool", file_read, "ns"},
	{"file_read_direct", file_read_direct, "ns"},
	{"file_read_direct_pool", file_read_direct, "ns"},
	{"file_write", file_write, "ns"},
	{"file_write_pool", file_write, "ns"},
	{"file_write_direct", file_write_direct, "ns"}, /* always the pool */
	{"file_sync", file_sync, "ns"},
	{"file_sync_pool", file_sync, "ns"},
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

/* Whether the peer has no such row. */
static bool is_ours(size_t row)
{
	return strncmp(rows[row].name, "file_", 5) == 0;
}

static int one_row(int argc, char **argv)
{
	for (size_t i = 0; argc > 2 && i < ROW_COUNT; i++)
		if (strcmp(rows[i].name, argv[2]) == 0) {
			printf("%.2f\n", rows[i].measure());
			fflush(stdout);
			_exit(0); /* what the row has left running is not waited for */
		}
	fprintf(stderr, "there is no such row\n");
	return 64;
}

/* The number that `command` prints, or a negative one. */
static double run(const char *command)
{
	FILE *out = popen(command, "r");
	double value = -1;

	if (!out)
		return -1;
	if (fscanf(out, "%lf", &value) != 1)
		value = -1;
	return pclose(out) == 0 ? value : -1;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The peer's program, built where Go is installed; "" otherwise. */
static void build_peer(const char *self, char *peer, size_t bytes)
{
	char command[2048];

	snprintf(peer, bytes, "%s-go", self);
	snprintf(command, sizeof(command), "GOFLAGS=-mod=mod go build -o '%s' '%s' 2>/dev/null",
		 peer, LOITER_BENCH_GO);
	if (system(command) != 0)
		peer[0] = '\0';
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 5;
	char peer[1024], command[2048];

	if (argc > 2 && strstr(argv[2], "_pool"))
		setenv("LTR_URING", "0", 1);
	if (argc > 2 && strcmp(argv[1], "--row") == 0)
		return ltr_run(one_row, argc, argv);
	if (rounds < 1 || rounds > ROUNDS_MAX)
		return fprintf(stderr, "usage: %s [ROUNDS (1 to %d)]\n", argv[0], ROUNDS_MAX), 64;
	build_peer(argv[0], peer, sizeof(peer));
	printf("%d rounds, medians; %s\n", rounds,
	       peer[0] ? "Go in the same rounds" : "no Go here");
	printf("%-21s %2s %10s %10s %6s\n", "row", "P", "loiter", "Go", "ratio");
	for (size_t row = 0; row < ROW_COUNT; row++)
		for (int processors = 1; processors <= 2; processors++) {
			double ours[ROUNDS_MAX], theirs[ROUNDS_MAX] = {0};

			for (int i = 0; i < rounds; i++) {
				snprintf(command, sizeof(command), "LTR_PROCS=%d '%s' --row %s",
					 processors, argv[0], rows[row].name);
				ours[i] = run(command);
				snprintf(command, sizeof(command), "GOMAXPROCS=%d '%s' %s",
					 processors, peer, rows[row].name);
				theirs[i] = peer[0] && !is_ours(row) ? run(command) : 0;
			}
			qsort(ours, (size_t)rounds, sizeof(double), by_size);
			qsort(theirs, (size_t)rounds, sizeof(double), by_size);
			printf("%-21s %2d %7.1f %s %7.1f %s %6.2f\n", rows[row].name, processors,
			       ours[rounds / 2], rows[row].unit, theirs[rounds / 2], rows[row].unit,
			       theirs[rounds / 2] > 0 ? ours[rounds / 2] / theirs[rounds / 2] : 0);
			fflush(stdout);
		}
	return 0;
}
