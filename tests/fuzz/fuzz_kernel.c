// SPDX-License-Identifier: MIT
/*
 * What the kernel side hands over, and what the rings say that it is about: rows of threads between two
 * readings of the rings, or the files of /proc instead of rows, and samples of CPUs. The input is a struct
 * plan, then as many of each as it says. The process is none: the functions that ask it are replaced here.
 */
#include "fuzz.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <loiter/layout.h>

#include "bpf/sample.h"
#include "bpf/thread_row.h"
#include "census_fill.h"
#include "events.h"
#include "fuzz_census.h"
#include "process_private.h"
#include "reach/reach.h"
#include "threads.h"

#define GOROUTINES 16
#define NOW_NS     1000000
#define TEXT_BYTES 64 /* of a file of /proc */
#define RINGS      0x1000ull
#define RINGS_MAX  300
#define RING_COUNT 0x800ull

struct plan {
	uint8_t from_proc; /* odd: there is no iterator */
	uint8_t before;    /* rings */
	uint8_t after;
	uint8_t rows;    /* or files */
	uint8_t looks;   /* modulo 3, and one */
	uint8_t samples; /* each with its size before it */
	uint8_t claims;  /* odd: the program says that it has more rings than it has */
	uint8_t reserved;
};

static struct {
	const uint8_t *data;
	size_t size;
	struct plan plan;
	int readings;             /* of the rings */
	uint32_t tids[RINGS_MAX]; /* in the last of them */
	size_t tid_count;
} input;

/* What is not there is 0. */
static void take(void *ret, size_t bytes)
{
	size_t there = bytes < input.size ? bytes : input.size;

	memset(ret, 0, bytes);
	if (there)
		memcpy(ret, input.data, there);
	input.data += there;
	input.size -= there;
}

/* --- in the place of a process ----------------------------------------------------------------- */

int ltr_why_set(struct ltr_why *why, int err, const char *format, ...)
{
	(void)format;
	memcpy(why->text, "why", sizeof("why"));
	return err;
}

uint64_t ltr_process_now_ns(void)
{
	return NOW_NS;
}

uint32_t ltr_process_pid(const struct ltr_process *process)
{
	return process->pid;
}

/* All that the rings name are there. */
int ltr_reach_threads(const struct ltr_process *process, uint32_t **ret_tids, size_t *ret_count)
{
	(void)process;
	*ret_count = input.tid_count;
	*ret_tids = malloc((input.tid_count + 1) * sizeof(**ret_tids));
	if (!*ret_tids)
		abort();
	memcpy(*ret_tids, input.tids, input.tid_count * sizeof(**ret_tids));
	return 0;
}

void ltr_process_own_tids(const struct ltr_process *process, uint32_t *tids, size_t count)
{
	(void)process, (void)tids, (void)count;
}

int ltr_process_read(const struct ltr_process *process, uint64_t address, void *buffer,
		     size_t bytes)
{
	(void)process;
	if (address == RING_COUNT && bytes == sizeof(uint32_t)) {
		uint32_t count = input.readings++ % 2 ? input.plan.after : input.plan.before;

		if (input.plan.claims % 2)
			count = UINT32_MAX - count;
		memcpy(buffer, &count, sizeof(count));
		return 0;
	}
	fuzz_expect(address == RINGS && bytes <= RINGS_MAX * sizeof(struct ltr_ring));
	take(buffer, bytes);
	input.tid_count = bytes / sizeof(struct ltr_ring);
	for (size_t i = 0; i < input.tid_count; i++)
		input.tids[i] = ((const struct ltr_ring *)buffer)[i].tid;
	return 0;
}

ssize_t ltr__process_slurp(uint32_t pid, const char *file, char *buffer, size_t bytes)
{
	uint8_t length;

	(void)pid;
	fuzz_expect(strncmp(file, "task/", 5) == 0 && bytes > TEXT_BYTES);
	take(&length, sizeof(length));
	if (length > TEXT_BYTES)
		return -ENOENT;
	take(buffer, length);
	buffer[length] = '\0';
	return length;
}

struct ltr_thread_rows {
	int unused;
};

int ltr__thread_rows_open(const struct ltr_event_target *what, struct ltr_thread_rows **ret_rows,
			  struct ltr_why *ret_why)
{
	static struct ltr_thread_rows rows;

	(void)what;
	if (input.plan.from_proc % 2)
		return ltr_why_set(ret_why, -EPERM, "no");
	*ret_rows = &rows;
	return 0;
}

int ltr__thread_rows_read(const struct ltr_thread_rows *rows, struct ltr_thread_row *ret_row,
			  size_t most, size_t *ret_count)
{
	(void)rows;
	fuzz_expect(most >= input.plan.rows);
	take(ret_row, input.plan.rows * sizeof(*ret_row));
	*ret_count = input.plan.rows;
	return 0;
}

struct ltr_thread_rows *ltr__thread_rows_close(struct ltr_thread_rows *rows)
{
	(void)rows;
	return NULL;
}

int __wrap_nanosleep(const struct timespec *time, struct timespec *ret_left);
int __wrap_nanosleep(const struct timespec *time, struct timespec *ret_left)
{
	(void)time, (void)ret_left;
	return 0;
}

/* --- the target -------------------------------------------------------------------------------- */

/* Every other one is in a blocking call. */
static struct ltr_census *some_census(void)
{
	struct ltr_census *census = NULL;

	if (ltr_census_new(&census) || ltr_census_snapshot_begin(census, NOW_NS))
		abort();
	for (uint64_t id = 1; id <= GOROUTINES; id++) {
		const struct ltr_goroutine goroutine = {
			.id = id,
			.transitions = (uint32_t)id * 2,
			.state = id % 2 ? LTR_STATE_RUNNING : LTR_STATE_SYSCALL,
			.reason = id % 2 ? 0 : LTR_REASON_SYSCALL,
		};

		if (ltr_census_snapshot_put(census, &goroutine))
			abort();
	}
	if (ltr_census_snapshot_end(census, true))
		abort();
	return census;
}

static void check_threads(const struct ltr_census *census)
{
	uint64_t last_id = 0;

	fuzz_expect(ltr_census_thread_count(census) <= 300);
	for (size_t i = 0; i < ltr_census_thread_count(census); i++) {
		const struct ltr_thread *thread = ltr_census_thread(census, i);

		fuzz_expect(thread->goroutine_id >= 1 && thread->goroutine_id <= GOROUTINES);
		fuzz_expect(thread->goroutine_id >= last_id);
		fuzz_expect(thread->transitions == thread->goroutine_id * 2);
		fuzz_expect(thread->since_ns <= NOW_NS);
		fuzz_expect(thread->state <= LTR_THREAD_STOPPED);
		fuzz_expect(thread->call >= 0 || !thread->call_name);
		fuzz_expect(strlen(ltr_census_string(census, thread->call_name)) < 64);
		last_id = thread->goroutine_id;
	}
}

static void look_at_threads(struct ltr_census *census)
{
	const struct ltr_layout layout = {
		.rings = RINGS, .ring_count = RING_COUNT, .ring_max = 300};
	struct ltr_process process = {.pid = 4711, .pidfd = -1};
	const struct ltr_event_target what = {.pid = 4711, .process = &process, .layout = &layout};
	struct ltr_threads *threads = NULL;
	struct ltr_why why = {""};

	if (ltr__threads_open(&what, true, &threads, &why))
		abort();
	fuzz_expect(!why.text[0] == !(input.plan.from_proc % 2));
	for (int i = 0; i <= input.plan.looks % 3; i++) {
		fuzz_expect(ltr__threads_look(threads, census) == 0);
		check_threads(census);
	}
	ltr__threads_close(threads);
}

static int take_sample(void *census, uint64_t at_ns, uint64_t goroutine, bool in_call,
		       const uint64_t *pcs, size_t depth)
{
	return ltr_census_add_cpu_sample(census, at_ns, goroutine, in_call, pcs, depth);
}

static void look_at_samples(struct ltr_census *census)
{
	const struct ltr_cpu_sink sink = {census, take_sample, NULL};
	uint64_t taken = 0;
	uint64_t added = 0;

	for (int i = 0; i < input.plan.samples; i++) {
		uint16_t size;
		uint8_t *record;

		take(&size, sizeof(size));
		size %= sizeof(struct ltr_cpu_sample) + 2;
		record = malloc(size ? size : 1); /* of the exact size */
		if (!record)
			abort();
		take(record, size);
		int err = ltr__cpu_sample_take(record, size, &sink);
		fuzz_expect(err == 0 || err == -EBADMSG);
		taken += err == 0;
		free(record);
	}
	for (size_t i = 0; i < ltr_census_cpu_count(census); i++) {
		const struct ltr_cpu_total *total = ltr_census_cpu(census, i);
		size_t depth;

		added += total->samples;
		fuzz_expect(total->state < LTR_STATE_COUNT);
		(void)ltr_census_stack(census, total->stack, &depth);
		fuzz_expect(depth <= LTR_SAMPLE_FRAMES);
	}
	fuzz_expect(taken == added);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ltr_census *census = some_census();

	input.data = data;
	input.size = size;
	input.readings = 0;
	take(&input.plan, sizeof(input.plan));
	look_at_threads(census);
	look_at_samples(census);
	fuzz_check_census(census);
	ltr_census_free(census);
	return 0;
}

/* --- seeds: four threads, one of which moves on, and three samples ----------------------------- */

static void put_rings(struct fuzz_writer *writer, uint64_t last)
{
	const struct ltr_ring rings[] = {
		{.running = 1, .tid = 101},
		{.running = 2, .tid = 102, .in_call = 1},
		{.running = 0, .tid = 103},
		{.running = last, .tid = 104},
	};

	fuzz_put(writer, rings, sizeof(rings));
}

static void put_rows(struct fuzz_writer *writer)
{
	const struct ltr_thread_row rows[] = {
		{.reader_arrival = 900, .arrival = 100, .call = -1, .tid = 101, .on_cpu = 1},
		{.reader_arrival = 900, .arrival = 50, .stretch_ns = 20, .tid = 102, .state = 1},
		{.reader_arrival = 900, .tid = 103, .call = 202, .state = 2},
		{.reader_arrival = 900, .queued = 700, .tid = 104, .call = -1},
	};

	fuzz_put(writer, rows, sizeof(rows));
}

static void put_file(struct fuzz_writer *writer, const char *text)
{
	uint8_t length = (uint8_t)strlen(text);

	fuzz_put(writer, &length, sizeof(length));
	fuzz_put(writer, text, length);
}

static void put_samples(struct fuzz_writer *writer)
{
	static const struct {
		uint64_t goroutine;
		uint32_t depth;
		uint32_t in_call;
	} samples[] = {{1, 3, 0}, {2, 1, 1}, {0, LTR_SAMPLE_FRAMES, 0}};

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct ltr_cpu_sample sample = {.time_ns = 1000 + i,
						.goroutine = samples[i].goroutine,
						.depth = samples[i].depth,
						.in_call = samples[i].in_call};
		uint16_t size = sizeof(sample);

		for (uint32_t frame = 0; frame < sample.depth; frame++)
			sample.pcs[frame] = 0x401000 + frame;
		fuzz_put(writer, &size, sizeof(size));
		fuzz_put(writer, &sample, sizeof(sample));
	}
}

size_t fuzz_seed(size_t n, uint8_t *buffer, size_t bytes)
{
	const struct plan plan = {
		.from_proc = (uint8_t)n, .before = 4, .after = 4, .rows = 4, .samples = 3};
	struct fuzz_writer writer = {buffer, 0};

	if (n > 1 || bytes < 16384)
		return 0;
	fuzz_put(&writer, &plan, sizeof(plan));
	put_rings(&writer, 3);
	if (n == 0) {
		for (int look = 0; look < 3; look++) /* for the clock's sake */
			put_rows(&writer);
	} else {
		for (int thread = 0; thread < 3; thread++) {
			put_file(&writer, "101 (a) S) S 1 2 3");
			put_file(&writer, thread ? "0 0x3 0x7f 0x1" : "running");
		}
	}
	put_rings(&writer, 5);
	put_samples(&writer);
	return writer.size;
}
