/* SPDX-License-Identifier: MIT */
/*
 * What the kernel says of threads (events.h), made of the rows that an eBPF iterator gives: states in
 * our words, and times on our clock.
 */

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "bpf/thread_row.h"
#include "events.h"
#include "process.h"

#define THREADS_MAX 65536u

/* The first look is taken so often, for the clock's sake. */
#define FIRST_LOOKS 3

/* Two clocks of one machine run apart by less than one part of this. */
#define DRIFT 10000u

struct ltr_thread_reader {
	struct ltr_thread_rows *rows;
	int64_t offset_ns;     /* of the scheduler's clock to ours */
	uint64_t offset_at_ns; /* when that was found; 0: not yet */
};

struct ltr_thread_reader *ltr__thread_reader_close(struct ltr_thread_reader *reader)
{
	if (reader)
		ltr__thread_rows_close(reader->rows);
	free(reader);
	return NULL;
}

int ltr__thread_reader_open(const struct ltr_event_target *what,
			    struct ltr_thread_reader **ret_reader, struct ltr_why *ret_why)
{
	struct ltr_thread_reader *reader = calloc(1, sizeof(*reader));
	int err;

	if (!reader)
		return ltr_why_set(ret_why, -ENOMEM, "no memory");
	err = ltr__thread_rows_open(what, &reader->rows, ret_why);
	if (err < 0) {
		ltr__thread_reader_close(reader);
		return err;
	}
	*ret_reader = reader;
	return 0;
}

static long switches(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw + usage.ru_nivcsw;
}

/*
 * Notes what has to be added to the scheduler's times. Nobody tells how its clock stands to ours, but
 * it notes when a thread gets a CPU: we sleep for a moment, look at our clock when we are back, and find
 * the scheduler's time of the same moment in the rows, unless we had to leave the CPU in between. What
 * passes until we look at the clock makes the result too large, never too small: so the smallest is the
 * best, for as long as the two clocks may not have drifted apart by more than it was better.
 */
static int read_rows_and_clock(struct ltr_thread_reader *reader, struct ltr_thread_row *rows,
			       size_t *ret_count)
{
	const struct timespec moment = {.tv_nsec = 1000};

	nanosleep(&moment, NULL);

	long before = switches();
	uint64_t now_ns = ltr_process_now_ns();
	int err = ltr__thread_rows_read(reader->rows, rows, THREADS_MAX, ret_count);

	if (err || *ret_count == 0 || switches() != before)
		return err;

	int64_t offset_ns = (int64_t)(now_ns - rows[0].reader_arrival);
	int64_t drift_ns = (int64_t)((now_ns - reader->offset_at_ns) / DRIFT);

	if (reader->offset_at_ns && offset_ns > reader->offset_ns + drift_ns)
		return 0;
	reader->offset_ns = offset_ns;
	reader->offset_at_ns = now_ns;
	return 0;
}

/* The kernel's bits of a task's state; they are part of its interface with user space. */
static uint8_t state_of(const struct ltr_thread_row *row)
{
	enum { INTERRUPTIBLE = 1, UNINTERRUPTIBLE = 2, STOPPED = 4, TRACED = 8 };

	if (row->on_cpu)
		return LTR_THREAD_ON_CPU;
	if (row->state == 0)
		return LTR_THREAD_READY;
	if (row->state & UNINTERRUPTIBLE)
		return LTR_THREAD_BLOCKED;
	if (row->state & (STOPPED | TRACED))
		return LTR_THREAD_STOPPED;
	return row->state & INTERRUPTIBLE ? LTR_THREAD_ASLEEP : LTR_THREAD_UNKNOWN;
}

/* On the scheduler's clock; 0: not known. */
static uint64_t since_of(const struct ltr_thread_row *row, uint8_t state)
{
	if (state == LTR_THREAD_ON_CPU)
		return row->arrival;
	if (state == LTR_THREAD_READY)
		return row->queued;
	return row->arrival ? row->arrival + row->stretch_ns : 0;
}

static struct ltr_kernel_thread thread_of(const struct ltr_thread_reader *reader,
					  const struct ltr_thread_row *row, uint64_t now_ns)
{
	uint8_t state = state_of(row);
	uint64_t since = since_of(row, state);
	struct ltr_kernel_thread thread = {
		.tid = row->tid,
		.call = row->call >= 0 && row->call <= INT32_MAX ? (int32_t)row->call : -1,
		.state = state,
	};

	if (since && reader->offset_at_ns)
		thread.since_ns = since + (uint64_t)reader->offset_ns;
	if (thread.since_ns > now_ns)
		thread.since_ns = now_ns;
	return thread;
}

int ltr__thread_reader_read(struct ltr_thread_reader *reader,
			    struct ltr_kernel_thread **ret_threads, size_t *ret_count)
{
	struct ltr_thread_row *rows = malloc(THREADS_MAX * sizeof(*rows));
	struct ltr_kernel_thread *threads = NULL;
	int looks = reader->offset_at_ns ? 1 : FIRST_LOOKS;
	size_t count = 0;
	int err = rows ? 0 : -ENOMEM;

	for (int i = 0; i < looks && !err; i++)
		err = read_rows_and_clock(reader, rows, &count);

	uint64_t now_ns = ltr_process_now_ns();

	if (!err)
		threads = calloc(count ? count : 1, sizeof(*threads));
	if (!err && !threads)
		err = -ENOMEM;
	for (size_t i = 0; i < count && !err; i++)
		threads[i] = thread_of(reader, &rows[i], now_ns);
	free(rows);
	if (err)
		return err;
	*ret_threads = threads;
	*ret_count = count;
	return 0;
}
