/* SPDX-License-Identifier: MIT */

/*
 * Everything is in CPU time, of the program and of this process, so that what else runs on the machine
 * counts as little as can be. Ratios are of neighbours: each turn with, and the one without before it.
 */

#include "probe_kernel.h"
#include "probe_rows.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TURNS      9
#define TURN_TRIPS 3000000 /* a fifth of a second */
#define LOOKS      40
#define LOOK_MS    10

static double clock_ns(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now) < 0)
		give_up("a clock");
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double program_ns(const struct child *child)
{
	clockid_t clock;

	errno = clock_getcpuclockid(child->pid, &clock);
	if (errno)
		give_up("the program's CPU time");
	return clock_ns(clock);
}

static struct ltr_probe *watch(const struct child *child, enum ltr_via via, bool threads)
{
	return child_watch(child, &(struct ltr_probe_options){.via = via, .threads = threads});
}

static double median(double *values)
{
	qsort(values, TURNS, sizeof(values[0]), rows_by_size);
	return values[TURNS / 2];
}

/* One turn: the program's CPU time, and ours. */
struct turn {
	double program_ns;
	double reader_ns;
};

static struct turn take_turn(struct child *busy, struct ltr_probe *probe)
{
	char command[64], line[LINE_BYTES];
	double before = program_ns(busy);
	struct turn turn;

	snprintf(command, sizeof(command), "trips %d", TURN_TRIPS);
	child_ask(busy, command, line, probe, &turn.reader_ns);
	turn.program_ns = program_ns(busy) - before;
	return turn;
}

static uint64_t samples_of(const struct ltr_census *census)
{
	uint64_t samples = 0;

	for (size_t i = 0; i < ltr_census_cpu_count(census); i++)
		samples += ltr_census_cpu(census, i)->samples;
	return samples;
}

static void sample(struct ltr_probe *probe, uint32_t rate_hz)
{
	struct ltr_why why = {""};

	errno = -ltr_probe_sample_cpu(probe, rate_hz, &why);
	if (errno)
		give_up(why.text);
}

struct sampled {
	double ratio;      /* of the program's CPU time */
	double program_us; /* each */
	double reader_us;
};

static struct sampled measure_samples(struct child *busy, uint32_t rate_hz)
{
	struct ltr_probe *probe = watch(busy, LTR_VIA_SNAPSHOT, false);
	const struct ltr_census *census = ltr_probe_census(probe);
	double ratio[TURNS], program_us[TURNS], reader_us[TURNS];

	for (int i = 0; i < TURNS; i++) {
		struct turn without = take_turn(busy, probe);
		uint64_t samples = samples_of(census);

		sample(probe, rate_hz);
		struct turn with = take_turn(busy, probe);
		sample(probe, 0);
		samples = samples_of(census) - samples;
		ratio[i] = with.program_ns / without.program_ns;
		program_us[i] =
			(with.program_ns - without.program_ns) / 1e3 / (double)(samples + !samples);
		reader_us[i] =
			(with.reader_ns - without.reader_ns) / 1e3 / (double)(samples + !samples);
	}
	ltr_probe_close(probe);
	return (struct sampled){median(ratio), median(program_us), median(reader_us)};
}

/* --- looks at threads ------------------------------------------------------------------------- */

/* The program's CPU time of a turn while it is looked at, so often. */
static double looked_at_ns(struct child *busy, struct ltr_probe *probe)
{
	struct pollfd answer = {.fd = busy->from, .events = POLLIN};
	double before = program_ns(busy);
	char line[LINE_BYTES];

	fprintf(busy->to, "trips %d\n", TURN_TRIPS);
	fflush(busy->to);
	while (poll(&answer, 1, LOOK_MS) == 0)
		if (ltr_probe_refresh(probe) < 0)
			give_up("the program that is looked at has ended");
	child_line(busy, line, NULL);
	return program_ns(busy) - before;
}

static double measure_looked_at(struct child *busy)
{
	struct ltr_probe *probe = watch(busy, LTR_VIA_SNAPSHOT, true);
	double ratio[TURNS];

	for (int i = 0; i < TURNS; i++) {
		double without = take_turn(busy, NULL).program_ns;

		ratio[i] = looked_at_ns(busy, probe) / without;
	}
	ltr_probe_close(probe);
	return median(ratio);
}

/* Our CPU time for a snapshot. */
static double refresh_us(struct ltr_probe *probe)
{
	double before = clock_ns(CLOCK_PROCESS_CPUTIME_ID);

	for (int i = 0; i < LOOKS; i++)
		if (ltr_probe_refresh(probe) < 0)
			give_up("the program that is looked at has ended");
	return (clock_ns(CLOCK_PROCESS_CPUTIME_ID) - before) / 1e3 / LOOKS;
}

/* What is more in it with a look at threads; *ret_threads: how many it is told of. */
static double look_us(struct child *blocked, enum ltr_via via)
{
	struct ltr_probe *with = watch(blocked, via, true);
	struct ltr_probe *without = watch(blocked, via, false);
	double us[TURNS];

	for (int i = 0; i < TURNS; i++)
		us[i] = refresh_us(with) - refresh_us(without);
	if (ltr_census_thread_count(ltr_probe_census(with)) < KERNEL_THREADS) {
		errno = ENODATA;
		give_up("not all threads are known");
	}
	ltr_probe_close(with);
	ltr_probe_close(without);
	return median(us);
}

void kernel_measure(struct child *busy, struct child *blocked, bool ebpf, int round)
{
	/* The way of events decides whether eBPF may be used for this. */
	rows_values[ROW_LOOK_PROC][round] = look_us(blocked, LTR_VIA_SHM);
	if (!ebpf)
		return;
	rows_values[ROW_LOOK_EBPF][round] = look_us(blocked, LTR_VIA_SNAPSHOT);
	rows_values[ROW_LOOKED_AT][round] = measure_looked_at(busy);
	rows_values[ROW_CPU_RATIO][round] = measure_samples(busy, LTR_CPU_HZ).ratio;

	struct sampled most = measure_samples(busy, LTR_CPU_HZ_MAX);

	rows_values[ROW_CPU_MOST_RATIO][round] = most.ratio;
	rows_values[ROW_CPU_SAMPLE][round] = most.program_us;
	rows_values[ROW_CPU_READER][round] = most.reader_us;
}
