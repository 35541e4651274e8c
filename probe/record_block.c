// SPDX-License-Identifier: MIT
/*
 * Blocks: compressed, with a checksum, given to a sink with one call each. With a ring they are kept
 * in segments, each of which begins with a snapshot, so that the oldest can be forgotten as a whole.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"
#include "record_private.h"

#define ZSTD_LEVEL 1

static int make_room(struct ltr_recorder *recorder, size_t bytes)
{
	if (bytes <= recorder->packed_capacity)
		return 0;
	unsigned char *grown = realloc(recorder->packed, bytes);
	if (!grown)
		return -ENOMEM;
	recorder->packed = grown;
	recorder->packed_capacity = bytes;
	return 0;
}

int ltr__record_block(struct ltr_recorder *recorder, const struct ltr_record_sink *sink,
		      enum ltr__block_kind kind, uint64_t time_ns, struct ltr__writing *raw)
{
	size_t bound = ZSTD_compressBound(raw->used);

	if (raw->failed)
		return -ENOMEM;
	int err = make_room(recorder, LTR__BLOCK_HEADER_BYTES + bound);
	if (err)
		return err;
	unsigned char *stored = recorder->packed + LTR__BLOCK_HEADER_BYTES;
	size_t bytes =
		ZSTD_compressCCtx(recorder->zstd, stored, bound, raw->bytes, raw->used, ZSTD_LEVEL);
	if (ZSTD_isError(bytes))
		return -ENOMEM;

	struct ltr__block block = {.kind = kind,
				   .stored = (uint32_t)bytes,
				   .raw = (uint32_t)raw->used,
				   .time_ns = time_ns};
	block.crc = ltr__block_crc(&block, stored);
	ltr__block_pack(&block, recorder->packed);
	err = sink->write(sink->context, recorder->packed, LTR__BLOCK_HEADER_BYTES + bytes);
	if (err)
		return err;
	recorder->counts.bytes += LTR__BLOCK_HEADER_BYTES + bytes;
	recorder->counts.blocks++;
	return 0;
}

int ltr__record_file_header(const struct ltr_record_sink *sink)
{
	unsigned char header[LTR__FILE_HEADER_BYTES] = LTR__RECORD_MAGIC;

	header[8] = LTR__RECORD_VERSION;
	return sink->write(sink->context, header, sizeof(header));
}

static int keep(void *context, const void *bytes, size_t count)
{
	struct ltr_recorder *recorder = context;
	struct ltr__segment *segment = recorder->last_segment;
	struct ltr__kept_block *block = malloc(sizeof(*block) + count);

	if (!block)
		return -ENOMEM;
	block->next = NULL;
	block->bytes = count;
	memcpy(block->data, bytes, count);
	if (segment->last)
		segment->last->next = block;
	else
		segment->first = block;
	segment->last = block;
	segment->bytes += count;
	return 0;
}

struct ltr_record_sink ltr__record_log_sink(struct ltr_recorder *recorder)
{
	return recorder->last_ns ? (struct ltr_record_sink){recorder, keep} : recorder->sink;
}

static void forget_first(struct ltr_recorder *recorder)
{
	struct ltr__segment *segment = recorder->segments;

	recorder->segments = segment->next;
	if (!segment->next)
		recorder->last_segment = NULL;
	recorder->counts.bytes -= segment->bytes;
	while (segment->first) {
		struct ltr__kept_block *block = segment->first;
		segment->first = block->next;
		recorder->counts.blocks--;
		free(block);
	}
	free(segment);
}

int ltr__segment_begin(struct ltr_recorder *recorder, uint64_t now_ns)
{
	struct ltr__segment *segment = calloc(1, sizeof(*segment));

	if (!segment)
		return -ENOMEM;
	segment->begin_ns = now_ns;
	if (recorder->last_segment)
		recorder->last_segment->next = segment;
	else
		recorder->segments = segment;
	recorder->last_segment = segment;
	return 0;
}

/* The newest segment that replay may begin with, and that began at or before `ns`; NULL: none. */
static struct ltr__segment *newest_before(const struct ltr_recorder *recorder, uint64_t ns)
{
	struct ltr__segment *found = NULL;

	for (struct ltr__segment *at = recorder->segments; at; at = at->next)
		if (at->complete && at->begin_ns <= ns)
			found = at;
	return found;
}

void ltr__segments_trim(struct ltr_recorder *recorder, uint64_t now_ns)
{
	uint64_t from_ns = now_ns > recorder->last_ns ? now_ns - recorder->last_ns : 0;
	struct ltr__segment *first = newest_before(recorder, from_ns);

	while (first && recorder->segments != first)
		forget_first(recorder);
	/* Too large: the newest that replay may begin with stays, whatever it takes. */
	struct ltr__segment *newest = newest_before(recorder, UINT64_MAX);
	while (newest && recorder->segments != newest &&
	       recorder->counts.bytes > recorder->bytes_max)
		forget_first(recorder);
	/* What is before the first complete snapshot is of no use once there is one. */
	while (newest && !recorder->segments->complete)
		forget_first(recorder);
	recorder->counts.from_ns = newest ? recorder->segments->begin_ns : 0;
}

void ltr__segments_free(struct ltr_recorder *recorder)
{
	while (recorder->segments)
		forget_first(recorder);
}
