// SPDX-License-Identifier: MIT
/*
 * The smallest parts of a recording: numbers, texts and headers of blocks, to bytes and back. What
 * is read may be anything: no function here looks beyond the end of what it was given.
 */
#include "record_format.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

bool ltr__write_grow(struct ltr__writing *writing, size_t count)
{
	size_t capacity = (writing->used + count) * 2;
	unsigned char *grown = writing->failed ? NULL : realloc(writing->bytes, capacity);

	if (!grown) {
		writing->failed = true;
		return false;
	}
	writing->bytes = grown;
	writing->capacity = capacity;
	return true;
}

void ltr__write_bytes(struct ltr__writing *writing, const void *bytes, size_t count)
{
	unsigned char *at = count ? ltr__write_room(writing, count) : NULL;

	if (!at)
		return;
	memcpy(at, bytes, count);
	writing->used += count;
}

void ltr__write_number(struct ltr__writing *writing, uint64_t number)
{
	unsigned char *at = ltr__write_room(writing, LTR__NUMBER_BYTES_MAX);

	if (at)
		writing->used = (size_t)(ltr__put_number(at, number) - writing->bytes);
}

void ltr__write_signed(struct ltr__writing *writing, uint64_t difference)
{
	ltr__write_number(writing, ltr__signed_number(difference));
}

void ltr__write_text(struct ltr__writing *writing, const char *text)
{
	size_t length = strlen(text);

	ltr__write_number(writing, length);
	ltr__write_bytes(writing, text, length);
}

uint64_t ltr__read_number(struct ltr__reading *reading)
{
	uint64_t number = 0;

	for (unsigned int shift = 0; shift < 7 * LTR__NUMBER_BYTES_MAX && !reading->bad;
	     shift += 7) {
		if (reading->at == reading->end)
			break;
		unsigned char byte = *reading->at++;
		number |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return number;
	}
	reading->bad = true;
	return 0;
}

uint64_t ltr__read_bounded(struct ltr__reading *reading, uint64_t most)
{
	uint64_t number = ltr__read_number(reading);

	if (number <= most)
		return number;
	reading->bad = true;
	return 0;
}

uint64_t ltr__read_signed(struct ltr__reading *reading)
{
	uint64_t number = ltr__read_number(reading);

	return number >> 1 ^ (number & 1 ? UINT64_MAX : 0);
}

const unsigned char *ltr__read_bytes(struct ltr__reading *reading, size_t count)
{
	const unsigned char *at = reading->at;

	if (reading->bad || (size_t)(reading->end - at) < count) {
		reading->bad = true;
		return NULL;
	}
	reading->at += count;
	return at;
}

void ltr__read_text(struct ltr__reading *reading, char *buffer, size_t bytes)
{
	size_t length = ltr__read_bounded(reading, LTR__BLOCK_RAW_MAX);
	const unsigned char *text = ltr__read_bytes(reading, length);

	if (!text)
		length = 0;
	if (length > bytes - 1)
		length = bytes - 1;
	if (length)
		memcpy(buffer, text, length);
	buffer[length] = '\0'; /* a NUL inside ends it, too */
}

static void pack(unsigned char *bytes, uint64_t number, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		bytes[i] = (unsigned char)(number >> 8 * i);
}

static uint64_t unpack(const unsigned char *bytes, unsigned int count)
{
	uint64_t number = 0;

	for (unsigned int i = 0; i < count; i++)
		number |= (uint64_t)bytes[i] << 8 * i;
	return number;
}

void ltr__block_pack(const struct ltr__block *block, unsigned char bytes[LTR__BLOCK_HEADER_BYTES])
{
	pack(bytes, block->kind, 4);
	pack(bytes + 4, block->stored, 4);
	pack(bytes + 8, block->raw, 4);
	pack(bytes + 12, block->crc, 4);
	pack(bytes + 16, block->time_ns, 8);
	pack(bytes + 24, block->reserved, 8);
}

void ltr__block_unpack(const unsigned char bytes[LTR__BLOCK_HEADER_BYTES],
		       struct ltr__block *ret_block)
{
	*ret_block = (struct ltr__block){
		.kind = (uint32_t)unpack(bytes, 4),
		.stored = (uint32_t)unpack(bytes + 4, 4),
		.raw = (uint32_t)unpack(bytes + 8, 4),
		.crc = (uint32_t)unpack(bytes + 12, 4),
		.time_ns = unpack(bytes + 16, 8),
		.reserved = unpack(bytes + 24, 8),
	};
}

uint32_t ltr__block_crc(const struct ltr__block *block, const void *stored)
{
	unsigned char bytes[LTR__BLOCK_HEADER_BYTES];
	uLong crc;

	ltr__block_pack(block, bytes);
	crc = crc32(0, bytes, 12);
	crc = crc32(crc, bytes + 16, LTR__BLOCK_HEADER_BYTES - 16);
	return (uint32_t)crc32_z(crc, stored, block->stored);
}
