/* SPDX-License-Identifier: MIT */
/*
 * Copies of what has to be read of a process that stands: all that is there, but for pages that are
 * watched and were not written to since the first reading; what lies in those, the first reading knows
 * (bridge.c). They are looked at later, when the process runs again.
 */

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "again.h"

#define PIECES    256u
#define BYTES_MAX ((uint64_t)256 << 20) /* more is looked at as it comes by, in all threads */

struct run {
	uint64_t from; /* addresses */
	uint64_t to;
	unsigned char *at;
};

struct ltr__saved {
	struct run *runs; /* in order of addresses */
	uint32_t count;
	uint32_t capacity;
	unsigned char *bytes;
	uint64_t total;
};

struct ltr__saved *ltr__saved_free(struct ltr__saved *saved)
{
	if (!saved)
		return NULL;
	ltr__reach_drop(saved->runs, saved->capacity, sizeof(*saved->runs));
	if (saved->bytes)
		munmap(saved->bytes, saved->total);
	free(saved);
	return NULL;
}

static int add_run(void *context, uint64_t from, uint64_t to)
{
	struct ltr__saved *saved = context;
	int error =
		ltr__reach_grow(&saved->runs, &saved->capacity, saved->count, sizeof(*saved->runs));

	if (error)
		return error;
	saved->runs[saved->count++] = (struct run){.from = from, .to = to};
	saved->total += to - from;
	return saved->total > BYTES_MAX ? -EFBIG : 0;
}

/* It is where it was, and what was noted of it holds. */
static bool is_watched(const struct ltr_reach *reach, const struct ltr__area *area,
		       const struct ltr__area *was)
{
	return reach->writes && was && was->watched && was->start == area->start &&
	       was->kind == area->kind && was->is_heap == area->is_heap &&
	       (was->is_heap || was->end == area->end);
}

static int find_runs(struct ltr__again *again, struct ltr__saved *saved, int pagemap)
{
	const struct ltr_reach *reach = again->reach;
	int error = 0;

	for (size_t i = 0; i < again->areas.count && !error; i++) {
		struct ltr__area *area = &again->areas.area[i];
		const struct ltr__area *was = ltr__area_of(&reach->areas, area->start);
		uint32_t count = saved->count;
		uint64_t total = saved->total;

		if (area->kind == LTR__AREA_STACKS)
			continue;
		area->watched = is_watched(reach, area, was);
		if (area->watched) {
			area->unknown_bytes = was->unknown_bytes;
			error = ltr__writes_each(reach->writes, area->start, area->end, add_run,
						 saved);
		}
		if (error == -EIO) {
			area->watched = false;
			saved->count = count;
			saved->total = total;
			error = 0;
		}
		if (!area->watched && !error)
			error = ltr__pages_each(pagemap, area->start, area->end, area->of_file,
						add_run, saved);
	}
	return error;
}

/* What cannot be read is zeros. */
static int read_run(const struct ltr_process *process, const struct run *run)
{
	uint64_t at = run->from;
	int error = 0;

	while (at < run->to && !error) {
		struct ltr_process_piece piece = {
			.address = at, .buffer = run->at + (at - run->from), .bytes = run->to - at};

		error = ltr_process_read_many(process, &piece, 1);
		at += piece.done;
		if (piece.done < piece.bytes)
			at = (at & ~(uint64_t)(LTR__PAGE_BYTES - 1)) + LTR__PAGE_BYTES;
	}
	return error;
}

static int read_runs(const struct ltr_process *process, const struct ltr__saved *saved)
{
	struct ltr_process_piece pieces[PIECES];
	int error = 0;

	for (uint32_t i = 0; i < saved->count && !error; i += PIECES) {
		uint32_t count = saved->count - i < PIECES ? saved->count - i : PIECES;

		for (uint32_t j = 0; j < count; j++)
			pieces[j] = (struct ltr_process_piece){
				.address = saved->runs[i + j].from,
				.buffer = saved->runs[i + j].at,
				.bytes = saved->runs[i + j].to - saved->runs[i + j].from,
			};
		error = ltr_process_read_many(process, pieces, count);
		for (uint32_t j = 0; j < count && !error; j++)
			if (pieces[j].done < pieces[j].bytes)
				error = read_run(process, &saved->runs[i + j]);
	}
	return error;
}

static int read_all(const struct ltr_process *process, struct ltr__saved *saved)
{
	unsigned char *at;

	if (!saved->total)
		return 0;
	at = mmap(NULL, saved->total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return -ENOMEM;
	madvise(at, saved->total, MADV_HUGEPAGE);
	saved->bytes = at;
	for (uint32_t i = 0; i < saved->count; i++) {
		saved->runs[i].at = at;
		at += saved->runs[i].to - saved->runs[i].from;
	}
	return read_runs(process, saved);
}

int ltr__saved_new(struct ltr__again *again)
{
	struct ltr__saved *saved = calloc(1, sizeof(*saved));
	int pagemap = ltr__pagemap_open(again->reach->process);
	int error = saved ? find_runs(again, saved, pagemap) : -ENOMEM;

	if (!error && again->reach->copied_bytes + saved->total > again->reach->most_bytes)
		error = -EFBIG;
	if (!error)
		error = read_all(again->reach->process, saved);
	if (pagemap >= 0)
		close(pagemap);
	if (error) {
		ltr__saved_free(saved);
		for (size_t i = 0; i < again->areas.count; i++)
			again->areas.area[i].watched = false;
		return error;
	}
	again->saved = saved;
	again->read_bytes += saved->total;
	return 0;
}

/* --- coming by ------------------------------------------------------------------------------ */

static uint32_t first_run(const struct ltr__saved *saved, uint64_t address)
{
	uint32_t low = 0, high = saved->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (saved->runs[middle].to <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int feed(struct ltr__reader *reader, const struct run *run)
{
	uint64_t bytes = run->to - run->from;
	int error = 0;

	for (uint64_t done = 0; done < bytes && !error; done += LTR__PIECE_BYTES)
		error = ltr__reader_feed(reader, run->from + done, run->at + done,
					 bytes - done < LTR__PIECE_BYTES ? bytes - done
									 : LTR__PIECE_BYTES);
	return error;
}

int ltr__saved_run(const struct ltr__again *again, struct ltr__reader *reader)
{
	const struct ltr__saved *saved = again->saved;
	const struct ltr__area *area = reader->walk.area;
	struct ltr__bridge bridge = {.again = again};
	uint64_t at = area->start;
	int error = 0;

	for (uint32_t i = first_run(saved, at);
	     i < saved->count && saved->runs[i].from < area->end && !error; i++) {
		const struct run *run = &saved->runs[i];

		if (area->watched && at < run->from)
			error = ltr__bridge(&bridge, &reader->walk, at - area->start,
					    run->from - area->start);
		if (!error)
			error = feed(reader, run);
		at = run->to;
	}
	if (area->watched && at < area->end && !error)
		error = ltr__bridge(&bridge, &reader->walk, at - area->start,
				    area->end - area->start);
	return error ? error : ltr__walk_end(&reader->walk);
}
