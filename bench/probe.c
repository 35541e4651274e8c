/* SPDX-License-Identifier: MIT */

/*
 * What it costs to be watched: the runtime's transitions with nobody attached, through eBPF, through
 * shared memory, beside one uprobe an event and Go's execution tracer; how fast a census is there, and
 * how fresh it is. Every round measures all rows, one after the other; medians are shown, with the
 * smallest and the largest value.
 *
 *	bench/probe [--kernel | --events | --census | --httpd] [ROUNDS [GOROUTINES]] [--json FILE]
 *
 * --kernel: only the rows of what asking the kernel costs; --events: only those of the ping-pong, and of as
 * many as possible; --census: only those of the first census; --httpd: only those of httpd.
 * GOROUTINES is the size of the large census (1000000; each takes 4.3 KB in the program).
 */

#include "clock.h"
#include "probe_child.h"
#include "probe_kernel.h"
#include "probe_rows.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TRIPS         1000000
#define TRAP_TRIPS    50000
#define TURNS         21
#define BIRTHS        50
#define SUSTAIN_MS    1000
#define STEADY_EVENTS 5e6
#define CROWD         100000
#define WRK_SECONDS   "2s"

enum part { PART_KERNEL, PART_EVENTS, PART_CENSUS, PART_HTTPD, PART_COUNT, PART_ALL = PART_COUNT };

static const char *const part_options[PART_COUNT] = {"--kernel", "--events", "--census", "--httpd"};

struct bench {
	struct child target; /* with one processor, as are the others */
	struct child bare;
	struct child blocked; /* KERNEL_THREADS in blocking calls */
	struct child httpd;   /* pid 0: cannot be had here */
	struct child checked; /* httpd under loiter check, and with --every */
	struct child watched;
	char url[128], checked_url[128], watched_url[128];
	char target_path[PATH_MAX];
	char go_path[PATH_MAX + 32]; /* "": no Go */
	char loiter_path[PATH_MAX];
	uint64_t probes[6], semaphore;
	long goroutines;
	bool ebpf;
	enum part part;
	int round;
};

static void set(struct bench *bench, enum row row, double value)
{
	rows_values[row][bench->round] = value;
}

static double get(const struct bench *bench, enum row row)
{
	return rows_values[row][bench->round];
}

static double now_ms(void)
{
	return clock_seconds(CLOCK_MONOTONIC) * 1e3;
}

static struct ltr_probe *watch(const struct child *child, enum ltr_via via, bool waits)
{
	return child_watch(child, &(struct ltr_probe_options){.via = via, .waits = waits});
}

static double trip_ns(struct child *child, long trips, struct ltr_probe *probe)
{
	char command[64];

	snprintf(command, sizeof(command), "trips %ld", trips);
	return child_number(child, command, probe) / (double)trips;
}

/* --- ping-pong ------------------------------------------------------------------------------ */

struct watched {
	double trip_ns;
	double events; /* a trip */
	double lost;   /* of 100 */
};

static struct watched watched_trips(struct bench *bench, enum ltr_via via, bool waits)
{
	struct ltr_probe *probe = watch(&bench->target, via, waits);
	const struct ltr_census_info *info = ltr_census_info(ltr_probe_census(probe));
	struct watched watched;

	trip_ns(&bench->target, 1000, probe);

	uint64_t events = info->events, lost = info->lost;

	watched.trip_ns = trip_ns(&bench->target, TRIPS, probe);
	lost = info->lost - lost;
	events = info->events - events + lost;
	watched.events = (double)events / TRIPS;
	watched.lost = (double)lost / (double)events * 100;
	ltr_probe_close(probe);
	return watched;
}

/* With and without probes in turn, many times: the difference is smaller than what else happens. */
static void measure_unwatched(struct bench *bench)
{
	double plain[TURNS], bare[TURNS];

	for (int i = 0; i < TURNS; i++) {
		plain[i] = trip_ns(&bench->target, TRIPS / TURNS, NULL);
		bare[i] = trip_ns(&bench->bare, TRIPS / TURNS, NULL);
	}
	qsort(plain, TURNS, sizeof(plain[0]), rows_by_size);
	qsort(bare, TURNS, sizeof(bare[0]), rows_by_size);
	set(bench, ROW_PLAIN, plain[TURNS / 2]);
	set(bench, ROW_BARE, bare[TURNS / 2]);
}

static void measure_pingpong(struct bench *bench)
{
	measure_unwatched(bench);

	double plain = get(bench, ROW_PLAIN);
	struct watched shm = watched_trips(bench, LTR_VIA_SHM, false);

	set(bench, ROW_PER_TRIP, shm.events);
	set(bench, ROW_UNWATCHED, (plain - get(bench, ROW_BARE)) / shm.events);
	set(bench, ROW_SHM_RATIO, shm.trip_ns / plain);
	set(bench, ROW_SHM_PRODUCER, (shm.trip_ns - plain) / shm.events);
	set(bench, ROW_SHM_LOST, shm.lost);
	if (!bench->ebpf)
		return;

	struct watched ebpf = watched_trips(bench, LTR_VIA_EBPF, false);
	struct watched stacks = watched_trips(bench, LTR_VIA_EBPF, true);

	set(bench, ROW_EBPF_TRIP, ebpf.trip_ns);
	set(bench, ROW_EBPF_RATIO, ebpf.trip_ns / plain);
	set(bench, ROW_EBPF_PRODUCER, (ebpf.trip_ns - plain) / ebpf.events);
	set(bench, ROW_EBPF_LOST, ebpf.lost);
	set(bench, ROW_EBPF_STACKS, stacks.trip_ns / plain);
}

static void measure_traps(struct bench *bench)
{
	struct counters counters;

	if (counters_attach(bench->target_path, bench->probes, 6, bench->semaphore, &counters) < 0)
		return;

	double trap = trip_ns(&bench->target, TRAP_TRIPS, NULL);

	counters_detach(&counters);
	set(bench, ROW_TRAP_TRIP, trap);
	set(bench, ROW_TRAP_RATIO, trap / get(bench, ROW_PLAIN));
}

static void measure_go(struct bench *bench)
{
	double plain, traced, bytes;
	char line[LINE_BYTES];

	if (!*bench->go_path)
		return;
	setenv("GOMAXPROCS", "1", 1);

	struct child go = child_start(bench->go_path, NULL, 1);

	child_line(&go, line, NULL);
	child_end(&go);
	if (sscanf(line, "%lf %lf %lf", &plain, &traced, &bytes) != 3)
		give_up("the Go program's answer");
	set(bench, ROW_GO_PLAIN, plain);
	set(bench, ROW_GO_TRACED, traced);
	set(bench, ROW_GO_BYTES, bytes);
	set(bench, ROW_GO_RATIO, traced / plain);
	set(bench, ROW_AGAINST_GO, get(bench, ROW_EBPF_TRIP) / plain);
}

/* --- as many as possible -------------------------------------------------------------------- */

/*
 * Events a second at this pace, in millions; negative: some were lost. *ret_poll_ns: the CPU time of
 * this process for each of them.
 */
static double sustain(struct bench *bench, enum ltr_via via, double trips_per_second,
		      double *ret_poll_ns)
{
	struct ltr_probe *probe = watch(&bench->target, via, false);
	const struct ltr_census_info *info = ltr_census_info(ltr_probe_census(probe));
	uint64_t before = info->events;
	char command[64], line[LINE_BYTES];

	snprintf(command, sizeof(command), "rate %.0f %d", trips_per_second, SUSTAIN_MS);
	child_ask(&bench->target, command, line, probe, ret_poll_ns);

	double events = (double)(info->events - before);
	double rate = info->lost ? -1 : events / (SUSTAIN_MS * 1e3);

	*ret_poll_ns /= events;
	ltr_probe_close(probe);
	return rate;
}

/*
 * The highest rate: first as fast as the program can, then at paces that fall until nothing is lost. A
 * pace is tried three times, since whatever else runs here may hold the reader up for longer than the
 * buffers last. And what an event costs at both ends, at a pace that anybody keeps: a reader that
 * loses records is busy with healing its census.
 */
static void measure_rate(struct bench *bench, enum ltr_via via, enum row rate_row,
			 enum row producer_row, enum row all_row)
{
	static const double paces[] = {1000, 30, 20, 15, 12, 10, 8, 6, 5, 3, 2, 1};
	double per_trip = get(bench, ROW_PER_TRIP);
	double rate = -1, poll_ns;

	for (size_t i = 0; rate < 0 && i < 3 * sizeof(paces) / sizeof(paces[0]); i++)
		rate = sustain(bench, via, paces[i / 3] * 1e6 / per_trip, &poll_ns);
	set(bench, rate_row, rate < 0 ? 0 : rate);
	sustain(bench, via, STEADY_EVENTS / per_trip, &poll_ns);
	set(bench, all_row, get(bench, producer_row) + poll_ns);
}

/* --- a census of many ----------------------------------------------------------------------- */

/* A program that nobody has watched yet. */
static struct child start_crowd(const struct bench *bench, long count)
{
	struct child crowd = child_start(bench->target_path, NULL, 1);
	char command[64];

	snprintf(command, sizeof(command), "park %ld", count);
	child_number(&crowd, command, NULL);
	return crowd;
}

static double open_ms(const struct child *child, enum ltr_via via, long least, double *ret_bytes)
{
	struct mallinfo2 before = mallinfo2();
	double start = now_ms();
	struct ltr_probe *probe = watch(child, via, false);
	double took = now_ms() - start;
	struct mallinfo2 after = mallinfo2();
	size_t count = ltr_census_count(ltr_probe_census(probe));

	if (ret_bytes)
		*ret_bytes = ((double)(after.uordblks + after.hblkhd) -
			      (double)(before.uordblks + before.hblkhd)) /
			     (double)count;
	ltr_probe_close(probe);
	if ((long)count < least) {
		errno = ENODATA;
		give_up("the census is not whole");
	}
	return took;
}

/* CPU time of the runtime's monitor, which is the thread that the program began with. */
static double monitor_ms(const struct child *child)
{
	char path[64];
	double ns = NAN;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", child->pid, child->pid);

	FILE *file = fopen(path, "re");

	if (!file || fscanf(file, "%lf", &ns) != 1)
		give_up(path);
	fclose(file);
	return ns / 1e6;
}

static void measure_first(struct bench *bench, enum ltr_via via, enum row row)
{
	struct child crowd = start_crowd(bench, CROWD);
	double before_ms = monitor_ms(&crowd);

	set(bench, row, open_ms(&crowd, via, CROWD, NULL));
	if (via == LTR_VIA_SHM)
		set(bench, ROW_OPEN_MONITOR, monitor_ms(&crowd) - before_ms);
	child_end(&crowd);
}

static void measure_census(struct bench *bench)
{
	double bytes;

	measure_first(bench, LTR_VIA_SHM, ROW_OPEN_SHM);
	if (bench->ebpf)
		measure_first(bench, LTR_VIA_EBPF, ROW_OPEN_EBPF);

	struct child large = start_crowd(bench, bench->goroutines);

	set(bench, ROW_LARGE_SHM, open_ms(&large, LTR_VIA_SHM, bench->goroutines, &bytes));
	set(bench, ROW_LARGE_BYTES, bytes);
	child_end(&large);
	large = start_crowd(bench, bench->goroutines);
	set(bench, ROW_LARGE, open_ms(&large, LTR_VIA_SNAPSHOT, bench->goroutines, NULL));
	child_end(&large);
}

/* --- freshness ------------------------------------------------------------------------------ */

/*
 * From the moment before a goroutine is created until it is in the census; its creator computes on
 * (or reads, which is the same to the runtime), so nothing but the monitor hands the record over.
 */
static void measure_freshness(struct bench *bench, enum ltr_via via, enum row median)
{
	struct ltr_probe *probe = watch(&bench->target, via, false);
	const struct ltr_census_info *info = ltr_census_info(ltr_probe_census(probe));
	double took[BIRTHS];
	char line[LINE_BYTES];

	for (int i = 0; i < BIRTHS; i++) {
		uint64_t created = info->created;
		struct timespec pause = {.tv_nsec = 1000000L * (i % 23)};

		nanosleep(&pause, NULL); /* another phase of whatever ticks there */
		fprintf(bench->target.to, "birth\n");
		fflush(bench->target.to);
		while (info->created == created)
			if (ltr_probe_poll(probe, 100) < 0)
				give_up("the program that is watched has ended");

		double seen_ms = now_ms();

		child_line(&bench->target, line, NULL);
		took[i] = seen_ms - strtod(line, NULL) / 1e6;
	}
	ltr_probe_close(probe);
	qsort(took, BIRTHS, sizeof(took[0]), rows_by_size);
	set(bench, median, took[BIRTHS / 2]);
	set(bench, median + 1, took[BIRTHS - 1]);
}

/* --- httpd ---------------------------------------------------------------------------------- */

static double requests_to(const char *url, struct ltr_probe *probe)
{
	const char *arguments[] = {"-t1", "-c50", ("-d" WRK_SECONDS), url, NULL};
	struct child wrk = child_start("wrk", arguments, 1);
	char line[LINE_BYTES];
	double rate = NAN;

	do
		child_line(&wrk, line, probe);
	while (sscanf(line, "Requests/sec: %lf", &rate) != 1);
	child_end(&wrk);
	return rate;
}

static double requests(struct bench *bench, enum ltr_via via, bool waits)
{
	struct ltr_probe *probe = via == LTR_VIA_BEST ? NULL : watch(&bench->httpd, via, waits);
	double rate = requests_to(bench->url, probe);

	ltr_probe_close(probe);
	return rate;
}

#define RECORDING "/tmp/loiter-bench.ltr"

/* What is in the file now; NULL: nothing that could be shown yet. */
static struct ltr_probe *read_recording(const char *path)
{
	const struct ltr_replay_options options = {.at_ns = UINT64_MAX};
	struct ltr_probe *probe = NULL;
	struct ltr_why why;

	return ltr_probe_open_file(path, &options, &probe, &why) == 0 ? probe : NULL;
}

/* `loiter record`, a process of its own, once it has had its first look. */
static struct child start_recorder(const struct bench *bench, const char *via)
{
	struct timespec pause = {.tv_nsec = 20000000};
	char pid[16];
	const char *arguments[] = {"record", "--via", via, "-p", pid, "-o", RECORDING, NULL};
	struct ltr_probe *probe;

	unlink(RECORDING);
	unlink(RECORDING ".part");
	snprintf(pid, sizeof(pid), "%d", bench->httpd.pid);

	struct child recorder = child_start(bench->loiter_path, arguments, 1);

	while (!(probe = read_recording(RECORDING ".part")))
		nanosleep(&pause, NULL);
	ltr_probe_close(probe);
	return recorder;
}

/* What it has recorded goes into the two rows after `row`. */
static void end_recorder(struct bench *bench, struct child *recorder, enum row row)
{
	struct stat status;
	int end;

	kill(recorder->pid, SIGINT);
	if (waitpid(recorder->pid, &end, 0) < 0 || !WIFEXITED(end) || WEXITSTATUS(end) != 0)
		give_up("loiter record failed");
	fclose(recorder->to);
	close(recorder->from);

	struct ltr_probe *probe = read_recording(RECORDING);

	if (!probe || stat(RECORDING, &status) < 0)
		give_up(RECORDING);

	const struct ltr_census_info *info = ltr_census_info(ltr_probe_census(probe));

	set(bench, row + 1, (double)status.st_size / (double)info->events);
	set(bench, row + 2, (double)info->lost / (double)(info->events + info->lost) * 100);
	ltr_probe_close(probe);
	unlink(RECORDING);
}

static double requests_recorded(struct bench *bench, const char *via, enum row row)
{
	struct child recorder = start_recorder(bench, via);
	double rate = requests(bench, LTR_VIA_BEST, false);

	end_recorder(bench, &recorder, row);
	return rate;
}

/* What httpd does while it is watched in the way of a row. */
static double requests_of(struct bench *bench, enum row row)
{
	switch (row) {
	case ROW_HTTPD_EBPF:
		return requests(bench, LTR_VIA_EBPF, false);
	case ROW_HTTPD_STACKS:
		return requests(bench, LTR_VIA_EBPF, true);
	case ROW_HTTPD_SHM:
		return requests(bench, LTR_VIA_SHM, false);
	case ROW_RECORD_EBPF:
		return requests_recorded(bench, "ebpf", row);
	case ROW_RECORD_SHM:
		return requests_recorded(bench, "shm", row);
	case ROW_CHECK:
		return requests_to(bench->checked_url, NULL);
	default:
		return requests_to(bench->watched_url, NULL);
	}
}

/* Each between two runs that nobody watches: a machine that slows down is not held against a row. */
static void measure_httpd(struct bench *bench)
{
	/* Those through eBPF last. */
	static const enum row rows[] = {ROW_HTTPD_SHM,   ROW_RECORD_SHM, ROW_CHECK,
					ROW_CHECK_EVERY, ROW_HTTPD_EBPF, ROW_HTTPD_STACKS,
					ROW_RECORD_EBPF};
	size_t count = bench->ebpf ? 7 : 4;

	if (!bench->httpd.pid)
		return;

	double before = requests(bench, LTR_VIA_BEST, false);

	set(bench, ROW_HTTPD, before);
	for (size_t i = 0; i < count; i++) {
		double watched = requests_of(bench, rows[i]);
		double after = requests(bench, LTR_VIA_BEST, false);

		set(bench, rows[i], watched / ((before + after) / 2));
		before = after;
	}
}

/* --- before and after ----------------------------------------------------------------------- */

/* Runs httpd, or something that runs it, and notes where it listens. */
static struct child start_listening(const char *path, const char *const *arguments, char url[128])
{
	struct child child = child_start(path, arguments, 2);
	char line[LINE_BYTES], address[64];

	child_line(&child, line, NULL);
	if (sscanf(line, "listening on %63s", address) != 1)
		give_up("httpd's address");
	snprintf(url, 128, "http://%s/squares.c", address);
	return child;
}

static void start_httpd(struct bench *bench, const char *folder)
{
	char path[PATH_MAX + 32];
	/* with loiter's own in front, for who needs them */
	const char *arguments[] = {
		"check",  "--every",         "1s", "--", path, "--listen", "127.0.0.1:0",
		"--root", LOITER_BENCH_ROOT, NULL};
	const char *checked[] = {"check",           "--", path, "--listen", "127.0.0.1:0", "--root",
				 LOITER_BENCH_ROOT, NULL};

	if (system("command -v wrk >/dev/null") != 0) {
		printf("no httpd: wrk is not here\n");
		return;
	}
	snprintf(path, sizeof(path), "%s/../examples/httpd", folder);
	bench->httpd = start_listening(path, arguments + 5, bench->url);
	bench->checked = start_listening(bench->loiter_path, checked, bench->checked_url);
	bench->watched = start_listening(bench->loiter_path, arguments, bench->watched_url);
}

static void start_all(struct bench *bench, const char *folder)
{
	char path[PATH_MAX + 32], command[4 * PATH_MAX], line[LINE_BYTES];
	uint64_t *probes = bench->probes;

	snprintf(path, sizeof(path), "%s/../loiter", folder);
	if (!realpath(path, bench->loiter_path))
		give_up(path);
	snprintf(path, sizeof(path), "%s/load/probe_target", folder);
	if (!realpath(path, bench->target_path))
		give_up(path);
	bench->target = child_start(path, NULL, 1);
	bench->blocked = child_start(path, NULL, 1);
	snprintf(path, sizeof(path), "%s/load/probe_target_bare", folder);
	bench->bare = child_start(path, NULL, 1);

	child_ask(&bench->target, "where", line, NULL, NULL);
	if (sscanf(line, "%lu %lu %lu %lu %lu %lu %lu", &probes[0], &probes[1], &probes[2],
		   &probes[3], &probes[4], &probes[5], &bench->semaphore) != 7)
		give_up("where the USDT probes are");
	snprintf(command, sizeof(command), "block %d", KERNEL_THREADS);
	child_number(&bench->blocked, command, NULL);
	if (bench->part == PART_ALL || bench->part == PART_HTTPD)
		start_httpd(bench, folder);
	if (bench->part != PART_ALL && bench->part != PART_EVENTS)
		return;
	snprintf(bench->go_path, sizeof(bench->go_path), "%s/load/probe-go", folder);
	snprintf(command, sizeof(command), "GOFLAGS=-mod=mod go build -o '%s' '%s' 2>/dev/null",
		 bench->go_path, LOITER_BENCH_GO);
	if (system(command) != 0)
		bench->go_path[0] = '\0';
}

/* Whether eBPF may be used here; says why not. */
static bool have_ebpf(const struct child *child)
{
	const struct ltr_probe_options options = {.via = LTR_VIA_EBPF};
	struct ltr_probe *probe = NULL;
	struct ltr_why why;

	if (ltr_probe_open((uint32_t)child->pid, &options, &probe, &why) < 0)
		printf("no eBPF: %s\n", why.text);
	ltr_probe_close(probe);
	return probe != NULL;
}

static void measure_events(struct bench *bench)
{
	measure_pingpong(bench);
	measure_traps(bench);
	measure_go(bench);
	measure_rate(bench, LTR_VIA_SHM, ROW_SHM_RATE, ROW_SHM_PRODUCER, ROW_SHM_ALL);
	if (bench->ebpf)
		measure_rate(bench, LTR_VIA_EBPF, ROW_EBPF_RATE, ROW_EBPF_PRODUCER, ROW_EBPF_ALL);
}

static bool is_asked(const struct bench *bench, enum part part)
{
	return bench->part == PART_ALL || bench->part == part;
}

static void measure_round(struct bench *bench)
{
	for (size_t row = 0; row < ROW_COUNT; row++)
		set(bench, row, NAN);
	if (is_asked(bench, PART_KERNEL))
		kernel_measure(&bench->target, &bench->blocked, bench->ebpf, bench->round);
	if (is_asked(bench, PART_EVENTS))
		measure_events(bench);
	if (is_asked(bench, PART_CENSUS))
		measure_census(bench);
	if (bench->part == PART_ALL) {
		measure_freshness(bench, LTR_VIA_SHM, ROW_FRESH_SHM);
		if (bench->ebpf)
			measure_freshness(bench, LTR_VIA_EBPF, ROW_FRESH_EBPF);
	}
	if (is_asked(bench, PART_HTTPD))
		measure_httpd(bench);
}

/* Which rows the first argument, if it is an option, asks for. */
static enum part part_of(const char *option)
{
	enum part part = 0;

	while (part < PART_COUNT && (!option || strcmp(option, part_options[part]) != 0))
		part++;
	return part;
}

int main(int argc, char **argv)
{
	static struct bench bench;
	char folder[PATH_MAX];
	FILE *json = NULL;

	if (argc > 2 && strcmp(argv[argc - 2], "--json") == 0) {
		json = fopen(argv[argc - 1], "we");
		if (!json)
			give_up(argv[argc - 1]);
		argc -= 2;
	}

	bench.part = part_of(argc > 1 ? argv[1] : NULL);
	if (bench.part != PART_ALL) {
		argv[1] = argv[0];
		argv++;
		argc--;
	}

	int rounds = argc > 1 ? atoi(argv[1]) : 5;

	bench.goroutines = argc > 2 ? atol(argv[2]) : 1000000;
	if (rounds < 1 || rounds > ROUNDS_MAX || bench.goroutines < 1 || argc > 3)
		return fprintf(stderr,
			       "usage: %s [--kernel | --events | --census | --httpd] [ROUNDS (1 to %d) "
			       "[GOROUTINES]] [--json FILE]\n",
			       argv[0], ROUNDS_MAX),
		       64;
	signal(SIGPIPE, SIG_IGN);
	snprintf(folder, sizeof(folder), "%s", argv[0]);
	*(strrchr(folder, '/') ? strrchr(folder, '/') : folder) = '\0';
	start_all(&bench, *folder ? folder : ".");
	bench.ebpf = have_ebpf(&bench.target);
	trip_ns(&bench.target, TRIPS, NULL); /* warm */
	trip_ns(&bench.bare, TRIPS, NULL);
	for (bench.round = 0; bench.round < rounds; bench.round++)
		measure_round(&bench);
	rows_report(rounds, bench.goroutines, bench.part == PART_ALL, json);
	child_end(&bench.target);
	child_end(&bench.bare);
	child_end(&bench.blocked);
	if (bench.httpd.pid) {
		child_end(&bench.httpd);
		child_ask_to_end(&bench.checked);
		child_ask_to_end(&bench.watched);
	}
	return json && fclose(json) != 0;
}
