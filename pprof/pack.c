/* SPDX-License-Identifier: MIT */

/*
 * Samples in the wire format of protobuf (pack.h). Numbers of fields are those of profile.proto;
 * what is 0 is left out, and lists of numbers stand behind their length.
 */

#include <string.h>

#include "pack.h"

#define VARINT_MOST 10u
#define TAG(field)  ((uint8_t)((field) << 3))
#define LIST(field) ((uint8_t)((field) << 3 | 2)) /* or a message */

#define PROFILE_SAMPLE  2
#define SAMPLE_LOCATION 1
#define SAMPLE_VALUE    2
#define SAMPLE_LABEL    3
#define LABEL_KEY       1
#define LABEL_TEXT      2
#define LABEL_NUMBER    3
#define LABEL_UNIT      4

/* Four tags and numbers: their length is one byte. */
#define LABEL_MOST (4 * (1 + VARINT_MOST))

_Static_assert(LABEL_MOST < 128, "the length of a label is one byte");

/* A tag and a length. */
#define HEAD_MOST (1 + VARINT_MOST)

static uint8_t *put_number(uint8_t *at, uint64_t number)
{
	while (number >= 128) {
		*at++ = (uint8_t)(number | 128);
		number >>= 7;
	}
	*at++ = (uint8_t)number;
	return at;
}

static uint8_t *put_field(uint8_t *at, uint8_t tag, int64_t number)
{
	if (!number)
		return at;
	*at++ = tag;
	return put_number(at, (uint64_t)number);
}

static size_t number_bytes(uint64_t number)
{
	return (63u - (unsigned int)__builtin_clzll(number | 1)) / 7 + 1;
}

static uint8_t *put_list(uint8_t *at, uint8_t tag, const uint64_t *numbers, size_t count)
{
	size_t bytes = 0;

	if (!count)
		return at;
	for (size_t i = 0; i < count; i++)
		bytes += number_bytes(numbers[i]);
	*at++ = tag;
	at = put_number(at, bytes);
	for (size_t i = 0; i < count; i++)
		at = put_number(at, numbers[i]);
	return at;
}

static uint8_t *put_label(uint8_t *at, const struct ltr__encode_label *label)
{
	uint8_t *begin = at + 2;
	uint8_t *end = put_field(begin, TAG(LABEL_KEY), label->key);

	end = put_field(end, TAG(LABEL_TEXT), label->text);
	end = put_field(end, TAG(LABEL_NUMBER), label->number);
	end = put_field(end, TAG(LABEL_UNIT), label->unit);
	at[0] = LIST(SAMPLE_LABEL);
	at[1] = (uint8_t)(end - begin);
	return end;
}

size_t ltr__pack_sample_most(size_t location_count, size_t value_count, size_t label_count)
{
	return HEAD_MOST + HEAD_MOST + location_count * VARINT_MOST + HEAD_MOST +
	       value_count * VARINT_MOST + label_count * (2 + LABEL_MOST);
}

size_t ltr__pack_sample(uint8_t *out, const uint64_t *locations, size_t location_count,
			const int64_t *values, size_t value_count,
			const struct ltr__encode_label *labels, size_t label_count)
{
	uint8_t *begin = out + HEAD_MOST;
	uint8_t *end = put_list(begin, LIST(SAMPLE_LOCATION), locations, location_count);
	uint8_t *at = out;

	end = put_list(end, LIST(SAMPLE_VALUE), (const uint64_t *)values, value_count);
	for (size_t i = 0; i < label_count; i++)
		end = put_label(end, &labels[i]);
	/* How long it is, is known now; behind that, it belongs. */
	*at++ = LIST(PROFILE_SAMPLE);
	at = put_number(at, (uint64_t)(end - begin));
	memmove(at, begin, (size_t)(end - begin));
	return (size_t)(at - out) + (size_t)(end - begin);
}
