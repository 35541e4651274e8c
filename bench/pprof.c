/* SPDX-License-Identifier: MIT */

/*
 * A census of a million goroutines into every form of output. Prints one row a form: seconds (by
 * the clock and of CPU time), the highest resident memory of the process, and the bytes that came
 * out.
 *
 * Each form is written by a process of its own, because peak memory never goes down again; the
 * columns have it before (the census itself) and after. The last rows are timelines of a thousand
 * goroutines, a short and a long one, and a short and a long recording: the column has their steps or
 * records, and memory is to be the same. A hundred times the goroutines are the records of the long one.
 *
 * pprof [GOROUTINES [FORM]], where FORM may also be timeline or recording
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pprof/json.h>
#include <pprof/profile.h>
#include <pprof/text.h>
#include <pprof/trace.h>
#include <probe/census_fill.h>

#include "clock.h"
#include "pprof_recording.h"

#define STACKS      1000
#define DEPTH       12
#define SITES       100
#define LABELS      1000
#define NOW_NS      1000000000000ull
#define TEXT_START  0x400000ull
#define TEXT_BYTES  0x1000000ull
#define SYMBOL_STEP 0x100ull

static void must(int err)
{
	if (err) {
		fprintf(stderr, "bench pprof: %s\n", strerror(-err));
		exit(1);
	}
}

/* A function every SYMBOL_STEP bytes. */
static const struct ltr_symbol *find(void *context, uint64_t pc)
{
	static struct ltr_symbol symbols[TEXT_BYTES / SYMBOL_STEP];
	static char names[TEXT_BYTES / SYMBOL_STEP][16];
	size_t i = (pc - TEXT_START) / SYMBOL_STEP;

	(void)context;
	if (i >= TEXT_BYTES / SYMBOL_STEP)
		return NULL;
	if (!symbols[i].function) {
		snprintf(names[i], sizeof(names[i]), "function_%zu", i);
		symbols[i] = (struct ltr_symbol){.function = names[i],
						 .file = "/src/program.c",
						 .line = (uint32_t)i,
						 .start = TEXT_START + i * SYMBOL_STEP};
	}
	return &symbols[i];
}

static size_t module_count(void *context)
{
	(void)context;
	return 1;
}

static const struct ltr_module *module(void *context, size_t index)
{
	static const struct ltr_module program = {TEXT_START, TEXT_START + TEXT_BYTES, 0,
						  "/usr/bin/program", ""};

	(void)context;
	(void)index;
	return &program;
}

static void no_free(void *context)
{
	(void)context;
}

static uint32_t make_stack(struct ltr_census *census, uint32_t i)
{
	uint64_t pcs[DEPTH];
	uint32_t number;

	for (uint32_t j = 0; j < DEPTH; j++)
		pcs[j] = TEXT_START +
			 ((i * 31 + j * 17) % (TEXT_BYTES / SYMBOL_STEP)) * SYMBOL_STEP + 5;
	must(ltr_census_intern_stack(census, pcs, DEPTH, &number));
	return number;
}

static uint32_t make_labels(struct ltr_census *census, uint32_t i)
{
	struct ltr_census_label label;
	char value[32];
	uint32_t number;

	snprintf(value, sizeof(value), "user-%u", i);
	must(ltr_census_intern_string(census, "user", &label.key));
	must(ltr_census_intern_string(census, value, &label.value));
	must(ltr_census_intern_labels(census, &label, 1, &number));
	return number;
}

static void symbolize(struct ltr_census *census)
{
	static const struct ltr_symbol_source source = {find, module_count, module, no_free};

	ltr_census_set_symbols(census, &source, NULL);
}

static struct ltr_census *make_census(uint64_t count, bool names)
{
	uint32_t stacks[STACKS];
	uint32_t labels[LABELS];
	uint32_t sites[SITES];
	struct ltr_census *census;

	must(ltr_census_new(&census));
	symbolize(census);
	for (uint32_t i = 0; i < STACKS; i++)
		stacks[i] = make_stack(census, i);
	for (uint32_t i = 0; i < LABELS; i++)
		labels[i] = make_labels(census, i);
	for (uint32_t i = 0; i < SITES; i++)
		must(ltr_census_intern_site(census, "/src/program.c", "accept", i, &sites[i]));
	must(ltr_census_snapshot_begin(census, NOW_NS));
	for (uint64_t i = 0; i < count; i++) {
		uint8_t reason = (uint8_t)(1 + i % (LTR_REASON_COUNT - 1));
		struct ltr_goroutine goroutine = {.id = i + 1,
						  .parent_id = i / 2,
						  .since_ns = NOW_NS - i * 1000,
						  .stack = stacks[i % STACKS],
						  .site = sites[i % SITES],
						  .labels = labels[i / 7 % LABELS],
						  .transitions = 1,
						  .reason = reason,
						  .state = ltr_reason_state(reason)};
		char name[32];

		snprintf(name, sizeof(name), "connection %" PRIu64, i);
		if (names)
			must(ltr_census_intern_string(census, name, &goroutine.name));
		must(ltr_census_snapshot_put(census, &goroutine));
	}
	must(ltr_census_snapshot_end(census, true));
	ltr_census_info_mut(census)->reach =
		(struct ltr_reach_info){.tried = true, .conclusive = true};
	for (uint64_t i = 0; i < count; i += 2)
		ltr_census_note_reach(census, i + 1, 1, false);
	return census;
}

static int count_bytes(void *context, const void *data, size_t bytes)
{
	(void)data;
	*(uint64_t *)context += bytes;
	return 0;
}

static long peak_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static int write_goroutine(const struct ltr_census *census, struct ltr_sink sink)
{
	return ltr_profile_write(census, ltr_profile_type_find("goroutine"), NULL, sink);
}

static int write_leaks(const struct ltr_census *census, struct ltr_sink sink)
{
	return ltr_profile_write(census, ltr_profile_type_find("goroutineleak"), NULL, sink);
}

static int write_single(const struct ltr_census *census, struct ltr_sink sink)
{
	static const struct ltr_profile_options single = {.per_goroutine = true};

	return ltr_profile_write(census, ltr_profile_type_find("goroutine"), &single, sink);
}

static int write_wait(const struct ltr_census *census, struct ltr_sink sink)
{
	return ltr_profile_write(census, ltr_profile_type_find("wait"), NULL, sink);
}

static int write_debug1(const struct ltr_census *census, struct ltr_sink sink)
{
	return ltr_text_debug1(census, ltr_profile_type_find("goroutine"), sink);
}

static const struct form {
	const char *name;
	int (*write)(const struct ltr_census *census, struct ltr_sink sink);
	bool names; /* every goroutine has one of its own */
} forms[] = {
	{"goroutine", write_goroutine, false},
	{"goroutine, all named", write_goroutine, true},
	{"goroutine, per goroutine", write_single, false},
	{"goroutineleak, half", write_leaks, false},
	{"wait", write_wait, false},
	{"debug=1", write_debug1, false},
	{"debug=2", ltr_text_debug2, false},
	{"json", ltr_json_write, false},
};

static void measure(const struct form *form, uint64_t count)
{
	struct ltr_census *census = make_census(count, form->names);
	long before = peak_kib();
	double start = clock_seconds(CLOCK_MONOTONIC);
	double cpu_start = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
	uint64_t bytes = 0;
	double seconds;
	double cpu_seconds;

	must(form->write(census, (struct ltr_sink){count_bytes, &bytes}));
	seconds = clock_seconds(CLOCK_MONOTONIC) - start;
	cpu_seconds = clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_start;
	printf("%-26s %10" PRIu64 " %8.3f s %8.3f s %8ld MiB %8ld MiB %12" PRIu64 "\n", form->name,
	       count, seconds, cpu_seconds, before / 1024, peak_kib() / 1024, bytes);
	fflush(stdout);
	ltr_census_free(census);
}

#define RUNNERS 1000

/* Each of them parks, is woken by its neighbour and goes on, in turn, four to a thread's batch. */
static void run_about(struct ltr_census *census, uint64_t steps)
{
	static const struct ltr_clock_rate clock = {.ns_per_tick = 1};
	static const uint8_t kinds[] = {LTR_KIND_START, LTR_KIND_PARK, LTR_KIND_READY};
	uint64_t position = 0;

	for (uint64_t i = 0; i < steps; i++) {
		uint64_t round = i / RUNNERS;
		uint8_t kind = round ? kinds[(round - 1) % 3] : LTR_KIND_CREATE;
		struct ltr_event event = {
			.goroutine = i % RUNNERS + 1,
			.ticks = NOW_NS + i * 100,
			.sequence = (uint32_t)round + 1,
			.kind = kind,
			.reason = kind == LTR_KIND_PARK ? LTR_REASON_CHAN_RECEIVE : 0,
		};

		if (kind == LTR_KIND_READY)
			event.arg = (i + 1) % RUNNERS + 1;
		must(ltr_census_apply(census, &clock, (uint32_t)(i % RUNNERS), position + round,
				      &event, 1));
	}
}

static void measure_timeline(uint64_t steps)
{
	struct ltr_census *census = make_census(0, false);
	long before = peak_kib();
	double start;
	double cpu_start;
	struct ltr_trace *trace;
	struct ltr_steps listener;
	uint64_t bytes = 0;

	ltr_census_info_mut(census)->way = LTR_WAY_SHM;
	must(ltr_trace_new((struct ltr_sink){count_bytes, &bytes}, false, &trace));
	listener = ltr_trace_steps(trace);
	ltr_census_set_steps(census, &listener);
	start = clock_seconds(CLOCK_MONOTONIC);
	cpu_start = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
	run_about(census, steps);
	ltr_census_tell_unfinished(census);
	must(ltr_trace_finish(trace, census));
	printf("%-26s %10" PRIu64 " %8.3f s %8.3f s %8ld MiB %8ld MiB %12" PRIu64 "\n", "timeline",
	       steps, clock_seconds(CLOCK_MONOTONIC) - start,
	       clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_start, before / 1024,
	       peak_kib() / 1024, bytes);
	fflush(stdout);
	ltr_trace_free(trace);
	ltr_census_free(census);
}

/* 0 if the child of fork() has done its part. */
static int await_child(pid_t child)
{
	int status = 1;

	return child < 0 || waitpid(child, &status, 0) != child || status != 0;
}

int main(int argc, char **argv)
{
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;

	printf("%-26s %10s %10s %10s %12s %12s %12s\n", "form", "goroutines", "written in",
	       "cpu time", "census", "peak", "bytes");
	fflush(stdout);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		pid_t child;

		if (argc > 2 && strcmp(argv[2], forms[i].name) != 0)
			continue;
		child = fork();
		if (child == 0) {
			measure(&forms[i], count);
			return 0;
		}
		if (await_child(child) != 0)
			return 1;
	}
	for (uint64_t steps = count; steps <= 20 * count; steps *= 20) {
		pid_t child;

		if (argc > 2 && strcmp(argv[2], "timeline") != 0)
			continue;
		child = fork();
		if (child == 0) {
			measure_timeline(steps);
			return 0;
		}
		if (await_child(child) != 0)
			return 1;
	}
	for (uint64_t records = count; records <= 100 * count; records *= 100)
		if ((argc <= 2 || strcmp(argv[2], "recording") == 0) &&
		    !bench_recording(records, symbolize, TEXT_START))
			return 1;
	return 0;
}
