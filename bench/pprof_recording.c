/* SPDX-License-Identifier: MIT */

/*
 * A long recording (pprof_recording.h). Eight threads hand over batches of 512 records of 125 goroutines
 * each, which start, park at one of a thousand stacks, and are made ready; a quarter of them waits for
 * locks, whose holders say where they unlock. Memory is to be the same however long it is: in each row
 * stands what the process had at its peak.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pprof/profile.h>
#include <pprof/trace.h>
#include <probe/census_fill.h>
#include <probe/probe.h>
#include <probe/record.h>

#include "clock.h"
#include "pprof_recording.h"

#define RINGS      8u
#define GOROUTINES 1000u /* all together */
#define STACKS     1000u
#define DEPTH      12u
#define BEGIN_NS   1000000000000ull
#define RECORD_NS  20u /* one after the other: 50 million a second */
#define FILE_NAME  "bench-pprof.ltr"

static void must(int err, const char *what)
{
	if (!err)
		return;
	fprintf(stderr, "bench pprof: %s: %s\n", what, strerror(-err));
	exit(1);
}

struct made_goroutine {
	uint32_t sequence;
	uint32_t phase;
};

struct made_program {
	struct ltr_census *census;
	struct made_goroutine goroutines[GOROUTINES];
	uint64_t positions[RINGS];
	uint32_t turn[RINGS];
	uint64_t now_ns;
};

/* The next records of a goroutine: one, or two where a stack goes with it. Returns how many. */
static size_t next_records(struct made_program *program, uint32_t index, struct ltr_event *to)
{
	struct made_goroutine *goroutine = &program->goroutines[index];
	bool locks = index % 4 == 0;
	struct ltr_event event = {
		.goroutine = index + 1,
		.ticks = program->now_ns,
		.sequence = ++goroutine->sequence,
	};
	struct ltr_event stack = event;

	stack.kind = LTR_KIND_STACK;
	stack.arg = (index * 7 + goroutine->sequence) % STACKS + 1;
	if (goroutine->sequence == 1) {
		event.kind = LTR_KIND_CREATE;
		to[0] = event;
		return 1;
	}
	switch (goroutine->phase++ % 3) {
	case 0:
		event.kind = LTR_KIND_START;
		event.reason = (uint8_t)(1 + index % RINGS);
		to[0] = event;
		return 1;
	case 1:
		event.kind = LTR_KIND_PARK;
		event.reason = locks ? LTR_REASON_MUTEX_LOCK : LTR_REASON_CHAN_RECEIVE;
		event.arg = 0x10000 + index / 20 * 64;
		to[0] = event;
		to[1] = stack;
		return 2;
	default:
		event.kind = LTR_KIND_READY;
		event.arg = (index + 1) % GOROUTINES + 1;
		to[0] = locks ? stack : event;
		to[1] = event;
		return locks ? 2 : 1;
	}
}

static uint64_t hand_over(struct made_program *program, uint32_t ring)
{
	static const struct ltr_clock_rate clock = {.ns_per_tick = 1};
	struct ltr_event batch[LTR_BATCH_MAX];
	size_t count = 0;

	while (count + 2 <= LTR_BATCH_MAX) {
		uint32_t index = program->turn[ring]++ % (GOROUTINES / RINGS) * RINGS + ring;

		program->now_ns += RECORD_NS;
		count += next_records(program, index, batch + count);
	}
	must(ltr_census_apply(program->census, &clock, ring, program->positions[ring], batch,
			      count),
	     "apply");
	program->positions[ring] += count;
	return count;
}

static int to_file(void *context, const void *bytes, size_t count)
{
	return fwrite(bytes, 1, count, context) == count ? 0 : -EIO;
}

static void make_up(uint64_t records, void (*symbolize)(struct ltr_census *census),
		    uint64_t text_start)
{
	static struct made_program program = {.now_ns = BEGIN_NS};
	FILE *file = fopen(FILE_NAME, "we");
	struct ltr_recorder_options options = {.sink = {file, to_file}};
	struct ltr_recorder *recorder;
	struct ltr_census_info *info;

	must(file ? 0 : -errno, FILE_NAME);
	must(ltr_recorder_new(&options, &recorder), "recorder");
	must(ltr_census_new(&program.census), "census");
	symbolize(program.census);
	info = ltr_census_info_mut(program.census);
	info->way = LTR_WAY_SHM;
	info->pid = 4711;
	info->now_ns = info->started_ns = info->wall_ns = BEGIN_NS;
	ltr_recorder_attach(recorder, program.census);
	must(ltr_census_snapshot_begin(program.census, BEGIN_NS), "snapshot");
	must(ltr_census_snapshot_end(program.census, true), "snapshot");
	for (uint32_t i = 0; i < STACKS; i++) {
		uint64_t pcs[DEPTH];

		for (uint32_t j = 0; j < DEPTH; j++)
			pcs[j] = text_start + (uint64_t)(i * 31 + j * 17) * 0x100 + 5;
		must(ltr_census_define_stack(program.census, i + 1, pcs, DEPTH), "stack");
	}
	for (uint64_t written = 0, batch = 0; written < records; batch++) {
		written += hand_over(&program, (uint32_t)(batch % RINGS));
		ltr_census_advance(program.census, program.now_ns);
	}
	must(ltr_recorder_finish(recorder), "recording");
	must(fclose(file) ? -EIO : 0, FILE_NAME);
	ltr_recorder_free(recorder);
	ltr_census_free(program.census);
}

static int count_bytes(void *context, const void *data, size_t bytes)
{
	(void)data;
	*(uint64_t *)context += bytes;
	return 0;
}

static uint64_t take_profile(const char *type)
{
	struct ltr_replay_options options = {.waits = true, .at_ns = UINT64_MAX};
	struct ltr_probe *probe;
	struct ltr_why why;
	uint64_t bytes = 0;

	must(ltr_probe_open_file(FILE_NAME, &options, &probe, &why), why.text);
	must(ltr_profile_write(ltr_probe_census(probe), ltr_profile_type_find(type), NULL,
			       (struct ltr_sink){count_bytes, &bytes}),
	     type);
	ltr_probe_close(probe);
	return bytes;
}

static uint64_t take_timeline(void)
{
	struct ltr_replay_options options = {.waits = true, .at_ns = UINT64_MAX};
	struct ltr_steps steps;
	struct ltr_trace *trace;
	struct ltr_probe *probe;
	struct ltr_why why;
	uint64_t bytes = 0;

	must(ltr_trace_new((struct ltr_sink){count_bytes, &bytes}, false, &trace), "timeline");
	steps = ltr_trace_steps(trace);
	options.steps = &steps;
	must(ltr_probe_open_file(FILE_NAME, &options, &probe, &why), why.text);
	must(ltr_trace_finish(trace, ltr_probe_census(probe)), "timeline");
	ltr_probe_close(probe);
	ltr_trace_free(trace);
	return bytes;
}

enum { MADE, WAIT, MUTEX, TIMELINE, ROWS };

static void row(int what, uint64_t records, void (*symbolize)(struct ltr_census *census),
		uint64_t text_start)
{
	static const char *const names[] = {"recording, written", "recording, wait",
					    "recording, mutex", "recording, timeline"};
	double start = clock_seconds(CLOCK_MONOTONIC);
	struct rusage usage;
	struct stat file = {0};
	uint64_t bytes = 0;

	if (what == MADE)
		make_up(records, symbolize, text_start);
	else if (what == TIMELINE)
		bytes = take_timeline();
	else
		bytes = take_profile(what == WAIT ? "wait" : "mutex");
	getrusage(RUSAGE_SELF, &usage);
	if (what == MADE && stat(FILE_NAME, &file) == 0)
		bytes = (uint64_t)file.st_size;
	printf("%-26s %10" PRIu64 " %8.3f s %8.3f s %12s %8ld MiB %12" PRIu64 "\n", names[what],
	       records, clock_seconds(CLOCK_MONOTONIC) - start,
	       clock_seconds(CLOCK_PROCESS_CPUTIME_ID), "", usage.ru_maxrss / 1024, bytes);
	fflush(stdout);
}

bool bench_recording(uint64_t records, void (*symbolize)(struct ltr_census *census),
		     uint64_t text_start)
{
	bool good = true;

	for (int what = MADE; what < ROWS && good; what++) {
		pid_t child = fork();
		int status = 1;

		if (child == 0) {
			row(what, records, symbolize, text_start);
			exit(0);
		}
		good = child > 0 && waitpid(child, &status, 0) == child && status == 0;
	}
	unlink(FILE_NAME);
	return good;
}
