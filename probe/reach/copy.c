/* SPDX-License-Identifier: MIT */
/*
 * The copy. Areas lie one behind the other in one mapping of ours, of which only what the process
 * has costs memory. Stacks are read apart, because only their used parts count and because their
 * pages may be packed away (loiter/cold.h): those come back when they are read, and are not "there"
 * before.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "private.h"

#define PIECES          512u
#define PIECE_BYTES     ((size_t)1 << 20)
#define HUGE_BYTES      ((size_t)2 << 20)
#define STACK_BYTES_MAX (1ull << 32) /* the largest stack that we believe in */

/* Pieces that are still to be read. */
struct reading {
	struct ltr_reach *reach;
	struct ltr__area *area; /* whose runs come; NULL: buffer is where the next one goes */
	unsigned char *buffer;
	struct ltr_process_piece piece[PIECES];
	size_t count;
};

/* Behind what could not be read: page by page. */
static int read_rest(struct ltr_reach *reach, const struct ltr_process_piece *piece)
{
	uint64_t end = piece->address + piece->bytes;
	uint64_t at = (piece->address + piece->done) & ~(uint64_t)(LTR__PAGE_BYTES - 1);
	int error = 0;

	for (at += LTR__PAGE_BYTES; at < end && !error; at += LTR__PAGE_BYTES) {
		struct ltr_process_piece page = {
			.address = at,
			.buffer = (unsigned char *)piece->buffer + (at - piece->address),
			.bytes = end - at < LTR__PAGE_BYTES ? end - at : LTR__PAGE_BYTES,
		};

		error = ltr_process_read_many(reach->process, &page, 1);
		reach->facts.read_bytes += page.done;
	}
	return error;
}

static int flush(struct reading *reading)
{
	int error = ltr_process_read_many(reading->reach->process, reading->piece, reading->count);

	for (size_t i = 0; i < reading->count && !error; i++) {
		reading->reach->facts.read_bytes += reading->piece[i].done;
		if (reading->piece[i].done < reading->piece[i].bytes)
			error = read_rest(reading->reach, &reading->piece[i]);
	}
	reading->count = 0;
	return error;
}

static int add_piece(struct reading *reading, uint64_t address, void *buffer, size_t bytes)
{
	reading->piece[reading->count++] =
		(struct ltr_process_piece){.address = address, .buffer = buffer, .bytes = bytes};
	if (reading->count < PIECES && bytes < PIECE_BYTES)
		return 0;
	return flush(reading);
}

static int note_run(struct ltr_reach *reach, uint64_t from, uint64_t to)
{
	if (reach->run_count == reach->run_capacity) {
		size_t more = reach->run_capacity ? reach->run_capacity * 2 : 256;
		void *grown = reallocarray(reach->runs, more, sizeof(*reach->runs));

		if (!grown)
			return -ENOMEM;
		reach->runs = grown;
		reach->run_capacity = more;
	}
	reach->runs[reach->run_count++] = (struct ltr__run){from, to};
	return 0;
}

/* Fresh memory of ours costs less in large pages; where that would be more than is there, none. */
static void want_huge_pages(unsigned char *low, size_t bytes)
{
	uintptr_t from = ((uintptr_t)low + HUGE_BYTES - 1) & ~(uintptr_t)(HUGE_BYTES - 1);
	uintptr_t to = ((uintptr_t)low + bytes) & ~(uintptr_t)(HUGE_BYTES - 1);

	if (from < to)
		(void)madvise((void *)from, to - from, MADV_HUGEPAGE);
}

static int add_run(void *context, uint64_t from, uint64_t to)
{
	struct reading *reading = context;
	struct ltr__area *area = reading->area;
	int error = note_run(reading->reach, from, to);

	want_huge_pages(area->copy + (from - area->start), to - from);
	if (error)
		return error;
	if (reading->reach->facts.read_bytes + (to - from) > reading->reach->most_bytes)
		return -ENOMEM;
	while (from < to && !error) {
		size_t bytes = to - from < PIECE_BYTES ? to - from : PIECE_BYTES;

		error = add_piece(reading, from, area->copy + (from - area->start), bytes);
		from += bytes;
	}
	return error;
}

static int copy_areas(struct ltr_reach *reach)
{
	struct reading *reading;
	uint64_t at = 0;
	int pagemap;
	int error = 0;

	for (size_t i = 0; i < reach->areas.count; i++)
		if (reach->areas.area[i].kind == LTR__AREA_ROOT)
			reach->copies_bytes +=
				reach->areas.area[i].end - reach->areas.area[i].start;
	if (!reach->copies_bytes)
		return 0;
	reach->copies = mmap(NULL, reach->copies_bytes, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (reach->copies == MAP_FAILED) {
		reach->copies = NULL;
		return -ENOMEM;
	}
	reading = calloc(1, sizeof(*reading));
	if (!reading)
		return -ENOMEM;
	reading->reach = reach;
	pagemap = ltr__pagemap_open(reach->process);
	for (size_t i = 0; i < reach->areas.count && !error; i++) {
		struct ltr__area *area = &reach->areas.area[i];

		if (area->kind != LTR__AREA_ROOT)
			continue;
		area->copy = reach->copies + at;
		at += area->end - area->start;
		reading->area = area;
		error = ltr__pages_each(pagemap, area->start, area->end, area->of_file, add_run,
					reading);
	}
	if (!error)
		error = flush(reading);
	if (pagemap >= 0)
		close(pagemap);
	free(reading);
	return error;
}

static void count_unknown(struct ltr_reach *reach)
{
	size_t at = 0;

	for (size_t i = 0; i < reach->run_count; i++) {
		struct ltr__run run = reach->runs[i];
		const struct ltr__area *area;

		while (at < reach->areas.count && reach->areas.area[at].end <= run.from)
			at++;
		for (size_t j = at; j < reach->areas.count; j++) {
			area = &reach->areas.area[j];
			if (area->start >= run.to)
				break;
			if (area->kind == LTR__AREA_ROOT && !area->known)
				reach->facts.unknown_bytes +=
					(run.to < area->end ? run.to : area->end) -
					(run.from > area->start ? run.from : area->start);
		}
	}
}

int ltr_reach_new(const struct ltr_process *process, uint64_t most_bytes,
		  struct ltr_reach **ret_reach)
{
	struct ltr_reach *reach = calloc(1, sizeof(*reach));

	if (!reach)
		return -ENOMEM;
	reach->process = process;
	reach->most_bytes = most_bytes;
	*ret_reach = reach;
	return 0;
}

int ltr_reach_read(struct ltr_reach *reach, const struct ltr_reach_region *skip, size_t skip_count,
		   struct ltr_why *ret_why)
{
	int error = ltr__areas_read(reach->process, skip, skip_count, &reach->areas, ret_why);

	if (error)
		return error;
	error = copy_areas(reach);
	for (size_t i = 0; i < reach->areas.count && !error; i++)
		error = ltr__chunks_find(reach, i);
	if (error)
		return ltr_why_set(ret_why, error, "its memory cannot be copied: %s",
				   error == -ENOMEM ? "it is too large" : strerror(-error));
	count_unknown(reach);
	return 0;
}

struct ltr_reach *ltr_reach_free(struct ltr_reach *reach)
{
	if (!reach)
		return NULL;
	ltr__areas_done(&reach->areas);
	if (reach->copies)
		munmap(reach->copies, reach->copies_bytes);
	for (size_t i = 0; i < reach->buffer_count; i++)
		free(reach->buffers[i]);
	free(reach->buffers);
	free(reach->parts);
	free(reach->runs);
	free(reach);
	return NULL;
}

struct ltr_reach_facts ltr_reach_facts(const struct ltr_reach *reach)
{
	return reach->facts;
}

/* --- stacks --------------------------------------------------------------------------------- */

/* Memory for parts, that is freed with the copy. */
static unsigned char *new_buffer(struct ltr_reach *reach, size_t bytes)
{
	unsigned char **grown =
		reallocarray(reach->buffers, reach->buffer_count + 1, sizeof(*grown));

	if (!grown)
		return NULL;
	reach->buffers = grown;
	grown[reach->buffer_count] = calloc(1, bytes ? bytes : 1);
	if (!grown[reach->buffer_count])
		return NULL;
	return grown[reach->buffer_count++];
}

int ltr__part_add(struct ltr_reach *reach, const struct ltr__part *part)
{
	if (reach->part_count == reach->part_capacity) {
		size_t more = reach->part_capacity ? reach->part_capacity * 2 : 256;
		void *grown = reallocarray(reach->parts, more, sizeof(*reach->parts));

		if (!grown)
			return -ENOMEM;
		reach->parts = grown;
		reach->part_capacity = more;
	}
	reach->parts[reach->part_count++] = *part;
	return 0;
}

int ltr_reach_add_words(struct ltr_reach *reach, const uint64_t *words, size_t count)
{
	struct ltr__part part = {.count = count * sizeof(*words)};

	part.bytes = new_buffer(reach, part.count);
	if (!part.bytes)
		return -ENOMEM;
	if (count)
		memcpy(part.bytes, words, part.count);
	return ltr__part_add(reach, &part);
}

static bool is_stack(const struct ltr_reach_goroutine *goroutine)
{
	return goroutine->stack_low && goroutine->stack_high > goroutine->stack_low &&
	       goroutine->stack_high - goroutine->stack_low <= STACK_BYTES_MAX &&
	       goroutine->stack_low % LTR__PAGE_BYTES == 0 &&
	       goroutine->stack_high % LTR__PAGE_BYTES == 0;
}

uint64_t ltr__stack_used_from(const struct ltr_reach_goroutine *goroutine)
{
	uint64_t sp = goroutine->saved_sp & ~7ull;

	return is_stack(goroutine) && sp >= goroutine->stack_low && sp < goroutine->stack_high ? sp
											       : 0;
}

/* Of all whose used part is known, at once. */
static int read_used(struct ltr_reach *reach, const struct ltr_reach_goroutine *goroutines,
		     size_t count)
{
	struct reading *reading;
	unsigned char *buffer;
	uint64_t total = 0;
	int error = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t from = ltr__stack_used_from(&goroutines[i]);

		total += from ? goroutines[i].stack_high - from : 0;
	}
	if (total > reach->most_bytes)
		return -ENOMEM;
	buffer = new_buffer(reach, total);
	reading = calloc(1, sizeof(*reading));
	if (!buffer || !reading)
		error = -ENOMEM;
	else
		reading->reach = reach;
	for (size_t i = 0; i < count && !error; i++) {
		uint64_t from = ltr__stack_used_from(&goroutines[i]);
		struct ltr__part part = {
			.id = goroutines[i].candidate ? goroutines[i].id : 0,
			.address = from,
			.bytes = buffer,
			.count = goroutines[i].stack_high - from,
		};

		if (!from)
			continue;
		error = ltr__part_add(reach, &part);
		if (!error)
			error = add_piece(reading, from, buffer, part.count);
		buffer += part.count;
	}
	if (!error)
		error = flush(reading);
	free(reading);
	return error;
}

/* A run of pages of a stack whose used part is not known. */
static int add_stack_run(void *context, uint64_t from, uint64_t to)
{
	struct reading *reading = context;
	struct ltr__part part = {.address = from, .count = to - from};
	int error;

	if (reading->reach->facts.read_bytes + part.count > reading->reach->most_bytes)
		return -ENOMEM;
	part.bytes = new_buffer(reading->reach, part.count);
	if (!part.bytes)
		return -ENOMEM;
	error = ltr__part_add(reading->reach, &part);
	return error ? error : add_piece(reading, from, part.bytes, part.count);
}

int ltr_reach_read_stacks(struct ltr_reach *reach, struct ltr_reach_goroutine *goroutines,
			  size_t count)
{
	struct reading *reading;
	int pagemap;
	int error = read_used(reach, goroutines, count);

	if (error)
		return error;
	reading = calloc(1, sizeof(*reading));
	if (!reading)
		return -ENOMEM;
	reading->reach = reach;
	pagemap = ltr__pagemap_open(reach->process);
	for (size_t i = 0; i < count && !error; i++)
		if (is_stack(&goroutines[i]) && !ltr__stack_used_from(&goroutines[i]))
			error = ltr__pages_each(pagemap, goroutines[i].stack_low,
						goroutines[i].stack_high, false, add_stack_run,
						reading);
	if (!error)
		error = flush(reading);
	if (pagemap >= 0)
		close(pagemap);
	free(reading);
	return error;
}
