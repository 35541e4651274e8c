/* SPDX-License-Identifier: MIT */
/*
 * Stacks are copied, because only their used parts count and only of those that are reached; and
 * without asking which of their pages are there, because they may be packed away (loiter/cold.h): those
 * come back when they are read.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "private.h"

#define PIECES          512u
#define STACK_BYTES_MAX (1ull << 32) /* the largest stack that we believe in */

/* Pieces that are still to be read. */
struct reading {
	struct ltr_reach *reach;
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
	if (reading->count < PIECES && bytes < LTR__PIECE_BYTES)
		return 0;
	return flush(reading);
}

/* Memory for parts, that is freed with the copy: zeros. */
static unsigned char *new_buffer(struct ltr_reach *reach, size_t bytes)
{
	struct ltr__buffer *grown =
		reallocarray(reach->buffers, reach->buffer_count + 1, sizeof(*grown));
	struct ltr__buffer buffer = {.bytes = bytes};

	if (!grown)
		return NULL;
	reach->buffers = grown;
	if (reach->spare.at && bytes <= reach->spare.bytes && bytes >= reach->spare.bytes / 2) {
		buffer = reach->spare;
		reach->spare = (struct ltr__buffer){0};
	} else {
		buffer.at = calloc(1, bytes ? bytes : 1);
	}
	if (!buffer.at)
		return NULL;
	grown[reach->buffer_count++] = buffer;
	return buffer.at;
}

static int part_add(struct ltr_reach *reach, const struct ltr__part *part)
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

int ltr__part_add_words(struct ltr_reach *reach, const uint64_t *words, size_t count,
			bool of_malloc)
{
	struct ltr__part part = {.of_malloc = of_malloc, .count = count * sizeof(*words)};

	part.bytes = new_buffer(reach, part.count);
	if (!part.bytes)
		return -ENOMEM;
	if (count)
		memcpy(part.bytes, words, part.count);
	return part_add(reach, &part);
}

int ltr_reach_add_words(struct ltr_reach *reach, const uint64_t *words, size_t count)
{
	return ltr__part_add_words(reach, words, count, false);
}

void ltr__parts_done(struct ltr_reach *reach)
{
	for (size_t i = 0; i < reach->buffer_count; i++)
		free(reach->buffers[i].at);
	free(reach->buffers);
	free(reach->parts);
	free(reach->spare.at);
	reach->buffers = NULL;
	reach->parts = NULL;
	reach->spare = (struct ltr__buffer){0};
	reach->buffer_count = reach->part_count = reach->part_capacity = 0;
	reach->copied_bytes = 0;
}

/* The largest may serve again: that is where the stacks of all who wait are. */
void ltr__parts_forget(struct ltr_reach *reach)
{
	struct ltr__buffer largest = reach->spare;

	reach->spare = (struct ltr__buffer){0};
	for (size_t i = 0; i < reach->buffer_count; i++) {
		struct ltr__buffer *buffer = &reach->buffers[i];

		if (buffer->bytes > largest.bytes) {
			struct ltr__buffer smaller = largest;

			largest = *buffer;
			*buffer = smaller;
		}
	}
	ltr__parts_done(reach);
	if (largest.bytes)
		memset(largest.at, 0, largest.bytes);
	reach->spare = largest;
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
	reach->copied_bytes += total;
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
			.bytes = buffer,
			.count = goroutines[i].stack_high - from,
		};

		if (!from)
			continue;
		error = part_add(reach, &part);
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
	struct ltr__part part = {.count = to - from};
	int error;

	if (reading->reach->copied_bytes + part.count > reading->reach->most_bytes)
		return -ENOMEM;
	reading->reach->copied_bytes += part.count;
	part.bytes = new_buffer(reading->reach, part.count);
	if (!part.bytes)
		return -ENOMEM;
	error = part_add(reading->reach, &part);
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
