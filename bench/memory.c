/* SPDX-License-Identifier: MIT */

/*
 * What parked goroutines cost in memory: COUNT of them wait on one channel, with every guard page,
 * at the default vm.max_map_count; then the same with their stacks packed away (LTR_COLD), and the
 * same in Go where it is installed (bench/memory.go). Each row is a process of its own. A table,
 * then the same as JSON.
 *
 *	bench/memory [COUNT]          1,000,000 unless said
 *	bench/memory --row COUNT      one measurement, with or without LTR_COLD
 *
 * Cold ones are started in waves, so that those that are not packed yet fit into memory: ten million
 * need ten gigabytes.
 */

#include <errno.h>
#include <loiter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>

LTR_CHAN(tokens, int);

#define WAVE       1000000l
#define WAKES_MAX  10000l
#define LOOK_EVERY 1000 /* one goroutine in so many asks the kernel about its guard page */
#define COUNT_MAX  60000000l
#define COLD       "1s"

/* What a row's process prints, in this order. */
struct result {
	double rss;      /* bytes a goroutine */
	double tables;   /* page tables, bytes a goroutine */
	double mappings; /* of the process */
	double start_ns; /* to start it until it is parked */
	double pack_ns;  /* CPU time of the process, a stack packed */
	double wake_ns;  /* from a send to the end of the goroutine */
	double guarded;  /* of those that looked, in percent */
};

static tokens channel;
static struct ltr_waitgroup parked, woken;
static long looked, guarded; /* atomic */

/* A number from /proc/self/status or /proc/meminfo, in bytes; -1: not there. */
static double proc_bytes(const char *file, const char *name)
{
	FILE *lines = fopen(file, "r");
	char line[256];
	double kilobytes = -1;

	while (lines && fgets(line, sizeof(line), lines))
		if (strncmp(line, name, strlen(name)) == 0)
			sscanf(line + strlen(name), ": %lf", &kilobytes);
	if (lines)
		fclose(lines);
	return kilobytes < 0 ? -1 : kilobytes * 1024;
}

static double count_mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	double lines = 0;
	int c;

	while (maps && (c = getc(maps)) != EOF)
		lines += c == '\n';
	if (maps)
		fclose(maps);
	return lines;
}

/* Whether the lowest page of this stack of 64 KiB refuses to be read. */
static void look_at_guard(void)
{
	char here, byte;
	struct iovec to = {&byte, 1};
	struct iovec from = {(void *)((uintptr_t)&here & ~(uintptr_t)0xffff), 1};

	__atomic_fetch_add(&looked, 1, __ATOMIC_RELAXED);
	if (process_vm_readv(getpid(), &to, 1, &from, 1, 0) < 0 && errno == EFAULT)
		__atomic_fetch_add(&guarded, 1, __ATOMIC_RELAXED);
}

static void wait_for_token(long *number)
{
	int token;

	if (*number % LOOK_EVERY == 0)
		look_at_guard();
	ltr_waitgroup_done(&parked);
	ltr_recv(channel, &token);
	ltr_waitgroup_done(&woken);
}

static double cpu_ns(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e9 +
	       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e3;
}

/* Returns the CPU time that packing took. */
static double wait_until_cold(long count)
{
	double before = cpu_ns();

	while (ltr_cold_count() < (uint64_t)count)
		ltr_sleep(50 * LTR_MILLISECOND);
	return cpu_ns() - before;
}

static void measure(long count, bool cold, struct result *result)
{
	double rss = proc_bytes("/proc/self/status", "VmRSS");
	double tables = proc_bytes("/proc/self/status", "VmPTE");
	long wakes = count / 10 < WAKES_MAX ? count / 10 : WAKES_MAX;
	int64_t start;

	channel = ltr_make(tokens, 0);
	for (long done = 0; done < count;) {
		long wave = count - done < WAVE ? count - done : WAVE;

		start = ltr_now();
		ltr_waitgroup_add(&parked, wave);
		for (long i = 0; i < wave; i++)
			ltr_go(wait_for_token, done + i);
		ltr_waitgroup_wait(&parked);
		result->start_ns += (double)(ltr_now() - start) / (double)count;
		done += wave;
		if (cold)
			result->pack_ns += wait_until_cold(done) / (double)count;
	}
	result->rss = (proc_bytes("/proc/self/status", "VmRSS") - rss) / (double)count;
	result->tables = (proc_bytes("/proc/self/status", "VmPTE") - tables) / (double)count;
	result->mappings = count_mappings();
	result->guarded = 100.0 * (double)guarded / (double)looked;
	start = ltr_now();
	ltr_waitgroup_add(&woken, wakes);
	for (int i = 0; i < wakes; i++)
		ltr_send(channel, i);
	ltr_waitgroup_wait(&woken);
	result->wake_ns = (double)(ltr_now() - start) / (double)wakes;
}

static int one_row(int argc, char **argv)
{
	struct result result = {0};
	const char *cold = getenv("LTR_COLD");

	if (argc < 3)
		return 64;
	measure(atol(argv[2]), cold && *cold, &result);
	printf("%.0f %.0f %.0f %.0f %.0f %.0f %.1f\n", result.rss, result.tables, result.mappings,
	       result.start_ns, result.pack_ns, result.wake_ns, result.guarded);
	fflush(stdout);
	_exit(0); /* the others wait on */
}

/* False if the command does not print a result. */
static bool run(const char *command, struct result *ret_result)
{
	FILE *out = popen(command, "r");
	struct result result = {0};
	int fields;

	if (!out)
		return false;
	fields = fscanf(out, "%lf %lf %lf %lf %lf %lf %lf", &result.rss, &result.tables,
			&result.mappings, &result.start_ns, &result.pack_ns, &result.wake_ns,
			&result.guarded);
	if (pclose(out) != 0 || fields < 6)
		return false;
	*ret_result = result;
	return true;
}

/* What one page costs on this machine just now: the first touch, and to give it back. */
static void measure_page(double *ret_touch_ns, double *ret_drop_ns)
{
	enum { PAGES = 2000, STRIDE = 65536 };
	char *memory = mmap(NULL, (size_t)PAGES * STRIDE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	double start = cpu_ns();

	if (memory == MAP_FAILED)
		return;
	madvise(memory, (size_t)PAGES * STRIDE, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < PAGES; i++)
		memory[i * STRIDE] = 1;
	*ret_touch_ns = (cpu_ns() - start) / PAGES;
	start = cpu_ns();
	for (size_t i = 0; i < PAGES; i++)
		madvise(memory + i * STRIDE, 4096, MADV_DONTNEED);
	*ret_drop_ns = (cpu_ns() - start) / PAGES;
	munmap(memory, (size_t)PAGES * STRIDE);
}

static const struct row {
	const char *name;
	const char *environment;
	double bytes; /* that it needs a goroutine at least */
	bool go;
} rows[] = {
	{"loiter", "LTR_COLD=", 4500, false},
	{"loiter, LTR_COLD=" COLD, "LTR_COLD=" COLD, 1100, false},
	{"Go", "", 2800, true},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static bool build_peer(const char *self)
{
	char command[2048];

	snprintf(command, sizeof(command),
		 "GOFLAGS=-mod=mod go build -o '%s-go' '%s' 2>/dev/null && go version", self,
		 LOITER_BENCH_GO);
	return system(command) == 0;
}

static void print_json(const bool *there, const struct result *results, long count)
{
	const char *comma = "";

	printf("{\"bench\": \"memory\", \"goroutines\": %ld, \"rows\": [", count);
	for (int i = 0; i < ROWS; i++) {
		if (!there[i])
			continue;
		printf("%s\n  {\"name\": \"%s\", \"rss\": %.0f, \"page_tables\": %.0f, \"mappings\": "
		       "%.0f, \"start_ns\": %.0f, \"pack_cpu_ns\": %.0f, \"wake_ns\": %.0f, "
		       "\"guarded_percent\": %.1f}",
		       comma, rows[i].name, results[i].rss, results[i].tables, results[i].mappings,
		       results[i].start_ns, results[i].pack_ns, results[i].wake_ns,
		       results[i].guarded);
		comma = ",";
	}
	printf("]}\n");
}

static void all_rows(const char *self, long count)
{
	struct result results[ROWS];
	bool there[ROWS] = {false};
	struct utsname machine;
	double touch_ns = 0, drop_ns = 0;
	char command[2048];

	uname(&machine);
	measure_page(&touch_ns, &drop_ns);
	printf("%ld goroutines wait on one channel; Linux %s %s, %ld CPUs, %.0f MB; one page: first touch "
	       "%.0f, give back %.0f ns of CPU\n",
	       count, machine.release, machine.machine, sysconf(_SC_NPROCESSORS_ONLN),
	       proc_bytes("/proc/meminfo", "MemTotal") / 1e6, touch_ns, drop_ns);
	printf("%-20s %8s %8s %9s %9s %9s %9s %8s\n", "bytes, ns: each", "RSS", "tables",
	       "mappings", "start ns", "pack CPU", "wake ns", "guarded");
	for (int i = 0; i < ROWS; i++) {
		if (rows[i].bytes * (double)count > proc_bytes("/proc/meminfo", "MemAvailable")) {
			printf("%-20s not measured: needs %.0f MB\n", rows[i].name,
			       rows[i].bytes * (double)count / 1e6);
			continue;
		}
		if (rows[i].go && !build_peer(self)) {
			printf("%-20s not measured: not installed\n", rows[i].name);
			continue;
		}
		snprintf(command, sizeof(command), "%s '%s%s' %s %ld", rows[i].environment, self,
			 rows[i].go ? "-go" : "", rows[i].go ? "" : "--row", count);
		there[i] = run(command, &results[i]);
		if (there[i])
			printf("%-20s %8.0f %8.0f %9.0f %9.0f %9.0f %9.0f %7.1f%%\n", rows[i].name,
			       results[i].rss, results[i].tables, results[i].mappings,
			       results[i].start_ns, results[i].pack_ns, results[i].wake_ns,
			       results[i].guarded);
		else
			printf("%-20s failed\n", rows[i].name);
		fflush(stdout);
	}
	print_json(there, results, count);
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[argc - 1]) : WAVE;

	if (count < 1000 || count > COUNT_MAX || argc > 3 ||
	    (argc == 3 && strcmp(argv[1], "--row") != 0))
		return fprintf(stderr, "usage: %s [COUNT (1000 to %ld)]\n", argv[0], COUNT_MAX), 64;
	if (argc == 3)
		return ltr_run(one_row, argc, argv);
	all_rows(argv[0], count);
	return 0;
}
