/* SPDX-License-Identifier: MIT */

/*
 * What bench/probe watches. It obeys lines on its standard input and answers each with one line:
 *
 *	trips N         play ping-pong for N round trips; the ns that took
 *	rate R MS       R round trips a second, for MS ms; how many there were
 *	park N          have N more goroutines that wait for ever; N
 *	block N         have N more in blocking calls that do not end; N
 *	birth           create one more of them; the moment, in ns of CLOCK_MONOTONIC
 *	where           file offsets of the USDT probes and of their semaphore
 *
 * The main goroutine reads with a call that the runtime knows nothing of, so between two lines its
 * processor is held: nothing runs, and no thread of the runtime goes idle.
 */

#include <inttypes.h>
#include <loiter.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

LTR_CHAN(numbers, int);

struct pair {
	numbers there, back;
};

static void reply(struct pair *pair)
{
	int n;

	while (ltr_recv(pair->there, &n) == 0)
		ltr_send(pair->back, n);
}

static void play(const struct pair *pair, long trips)
{
	int n;

	for (long i = 0; i < trips; i++) {
		ltr_send(pair->there, (int)i);
		ltr_recv(pair->back, &n);
	}
}

/* In bursts of 50 us; who is late catches up. */
static long play_paced(const struct pair *pair, double trips_per_second, double ms)
{
	int64_t start_ns = ltr_now(), passed_ns;
	long trips = 0;

	while ((passed_ns = ltr_now() - start_ns) < (int64_t)(ms * 1e6)) {
		long due = (long)(trips_per_second * (double)passed_ns / 1e9) - trips;
		long most = (long)(trips_per_second * 50e-6) + 1;

		due = due > most ? most : due;
		play(pair, due);
		trips += due;
	}
	return trips;
}

struct crowd {
	numbers never;
	struct ltr_waitgroup *here;
};

static void wait_for_ever(struct crowd *crowd)
{
	if (crowd->here)
		ltr_waitgroup_done(crowd->here);
	ltr_recv(crowd->never, NULL);
}

static void park(numbers never, long count)
{
	struct ltr_waitgroup here = {0};

	ltr_waitgroup_add(&here, count);
	for (long i = 0; i < count; i++)
		ltr_go(wait_for_ever, (struct crowd){never, &here});
	ltr_waitgroup_wait(&here);
}

static void read_nothing(void *end)
{
	char byte;

	(void)!read(*(int *)end, &byte, 1);
}

static struct ltr_waitgroup blocked_are_here;
static int silent_pipe[2];

static void call_for_ever(void)
{
	ltr_waitgroup_done(&blocked_are_here);
	ltr_blocking(read_nothing, &silent_pipe[0]);
}

static void block(long count)
{
	if (pipe(silent_pipe) < 0)
		return;
	ltr_waitgroup_add(&blocked_are_here, count);
	for (long i = 0; i < count; i++)
		ltr_go(call_for_ever);
	ltr_waitgroup_wait(&blocked_are_here);
	ltr_yield(); /* the last one is still on its way */
}

/* Where the page that holds `address` comes from; 0: not from a file. */
static uint64_t file_offset(uintptr_t address)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	uint64_t start, end, offset, found = 0;
	char line[4096];

	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64, &start, &end, &offset) ==
			    3 &&
		    address >= start && address < end)
			found = address - start + offset;
	if (maps)
		fclose(maps);
	return found;
}

/* Internal names of the library: this program is linked statically. */
extern const char ltr__usdt_create[], ltr__usdt_start[], ltr__usdt_park[], ltr__usdt_ready[],
	ltr__usdt_yield[], ltr__usdt_exit[], ltr__watch[];

static void say_where(void)
{
	const char *const what[] = {ltr__usdt_create, ltr__usdt_start, ltr__usdt_park,
				    ltr__usdt_ready,  ltr__usdt_yield, ltr__usdt_exit,
				    ltr__watch};

	for (size_t i = 0; i < sizeof(what) / sizeof(what[0]); i++)
		printf("%" PRIu64 " ", file_offset((uintptr_t)what[i]));
	printf("\n");
}

static int obey(int argc, char **argv)
{
	struct pair pair = {ltr_make(numbers, 0), ltr_make(numbers, 0)};
	numbers never = ltr_make(numbers, 0);
	double rate, ms;
	char line[128];
	long count;

	(void)argc, (void)argv;
	ltr_go(reply, pair);
	while (fgets(line, sizeof(line), stdin)) {
		int64_t start_ns = ltr_now();

		if (sscanf(line, "trips %ld", &count) == 1) {
			play(&pair, count);
			printf("%" PRId64 "\n", ltr_now() - start_ns);
		} else if (sscanf(line, "rate %lf %lf", &rate, &ms) == 2) {
			printf("%ld\n", play_paced(&pair, rate, ms));
		} else if (sscanf(line, "park %ld", &count) == 1) {
			park(never, count);
			printf("%ld\n", count);
		} else if (sscanf(line, "block %ld", &count) == 1) {
			block(count);
			printf("%ld\n", count);
		} else if (strcmp(line, "birth\n") == 0) {
			ltr_go(wait_for_ever, (struct crowd){never, NULL});
			printf("%" PRId64 "\n", start_ns);
		} else if (strcmp(line, "where\n") == 0) {
			say_where();
		} else {
			return 64;
		}
		fflush(stdout);
	}
	/* The others wait for ever: to return would be to leave them behind, and is what we do. */
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(obey, argc, argv);
}
