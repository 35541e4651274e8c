/* SPDX-License-Identifier: MIT */
/*
 * See terminfo.h. A description has two parts of the same kind: a header, flags, numbers, offsets
 * of strings and a table of these. In the second part the names of its capabilities follow the
 * strings, and their offsets are counted from the first name.
 */
#include "terminfo.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC    01036u /* numbers have 32 bits */
#define MAX_SIZE 32767u /* of a table of strings, whose offsets are signed */
#define ABSENT   0xffffu

struct writer {
	FILE *file;
	size_t size;
};

static void put(struct writer *writer, unsigned byte)
{
	fprintf(writer->file, "%02X", byte & 0xff);
	writer->size++;
}

static void put16(struct writer *writer, size_t value)
{
	put(writer, (unsigned)value);
	put(writer, (unsigned)value >> 8);
}

static void put32(struct writer *writer, int value)
{
	put16(writer, (uint32_t)value & 0xffff);
	put16(writer, (uint32_t)value >> 16);
}

static void put_text(struct writer *writer, const char *text)
{
	do
		put(writer, (unsigned char)*text);
	while (*text++);
}

static void align(struct writer *writer)
{
	if (writer->size % 2)
		put(writer, 0);
}

static size_t size_of(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

/* The offset of a string in a table whose first `*offset` bytes are taken. */
static void put_offset(struct writer *writer, const char *text, size_t *offset)
{
	put16(writer, text ? *offset : ABSENT);
	*offset += size_of(text);
}

static size_t standard_size(const struct ltr__terminfo *info, size_t strings)
{
	size_t size = 0;

	for (size_t i = 0; i < strings; i++)
		size += size_of(info->strings[i]);
	return size;
}

static void put_standard(struct writer *writer, const struct ltr__terminfo *info)
{
	size_t flags = info->flag_count - info->extended_flags;
	size_t numbers = info->number_count - info->extended_numbers;
	size_t strings = info->string_count - info->extended_strings;
	size_t offset = 0;

	put16(writer, MAGIC);
	put16(writer, size_of(info->names));
	put16(writer, flags);
	put16(writer, numbers);
	put16(writer, strings);
	put16(writer, standard_size(info, strings));
	put_text(writer, info->names);
	for (size_t i = 0; i < flags; i++)
		put(writer, info->flags[i] > 0);
	align(writer);
	for (size_t i = 0; i < numbers; i++)
		put32(writer, info->numbers[i] < 0 ? -1 : info->numbers[i]);
	for (size_t i = 0; i < strings; i++)
		put_offset(writer, info->strings[i], &offset);
	for (size_t i = 0; i < strings; i++) {
		if (info->strings[i])
			put_text(writer, info->strings[i]);
	}
	align(writer);
}

/* The extended capabilities that are there, by kind. */
struct extended {
	const struct ltr__terminfo *info;
	const signed char *flags;
	const int *numbers;
	const char *const *strings;
	size_t flag_count;
	size_t number_count;
	size_t string_count;
	size_t size;
};

/* The name of capability `i` of all extended ones; NULL: it is not there. */
static const char *name_of(const struct extended *extended, size_t i)
{
	const struct ltr__terminfo *info = extended->info;
	size_t numbers = info->extended_flags;
	size_t strings = numbers + info->extended_numbers;
	bool is_there = i < numbers   ? extended->flags[i] > 0
			: i < strings ? extended->numbers[i - numbers] >= 0
				      : extended->strings[i - strings] != NULL;

	return is_there ? info->extended_names[i] : NULL;
}

static size_t all_of(const struct ltr__terminfo *info)
{
	return info->extended_flags + info->extended_numbers + info->extended_strings;
}

static struct extended extended_of(const struct ltr__terminfo *info)
{
	struct extended extended = {
		.info = info,
		.flags = info->flags + info->flag_count - info->extended_flags,
		.numbers = info->numbers + info->number_count - info->extended_numbers,
		.strings = info->strings + info->string_count - info->extended_strings,
	};

	for (size_t i = 0; i < info->extended_flags; i++)
		extended.flag_count += extended.flags[i] > 0;
	for (size_t i = 0; i < info->extended_numbers; i++)
		extended.number_count += extended.numbers[i] >= 0;
	for (size_t i = 0; i < info->extended_strings; i++) {
		extended.string_count += extended.strings[i] != NULL;
		extended.size += size_of(extended.strings[i]);
	}
	for (size_t i = 0; i < all_of(info); i++)
		extended.size += size_of(name_of(&extended, i));
	return extended;
}

static void put_names(struct writer *writer, const struct extended *extended)
{
	for (size_t i = 0; i < all_of(extended->info); i++) {
		if (name_of(extended, i))
			put_text(writer, name_of(extended, i));
	}
}

static void put_extended(struct writer *writer, const struct extended *extended)
{
	const struct ltr__terminfo *info = extended->info;
	size_t names = extended->flag_count + extended->number_count + extended->string_count;
	size_t offset = 0;

	put16(writer, extended->flag_count);
	put16(writer, extended->number_count);
	put16(writer, extended->string_count);
	put16(writer, extended->string_count + names);
	put16(writer, extended->size);
	for (size_t i = 0; i < extended->flag_count; i++)
		put(writer, 1);
	align(writer);
	for (size_t i = 0; i < info->extended_numbers; i++) {
		if (extended->numbers[i] >= 0)
			put32(writer, extended->numbers[i]);
	}
	for (size_t i = 0; i < info->extended_strings; i++) {
		if (extended->strings[i])
			put_offset(writer, extended->strings[i], &offset);
	}
	offset = 0;
	for (size_t i = 0; i < all_of(info); i++) {
		if (name_of(extended, i))
			put_offset(writer, name_of(extended, i), &offset);
	}
	for (size_t i = 0; i < info->extended_strings; i++) {
		if (extended->strings[i])
			put_text(writer, extended->strings[i]);
	}
	put_names(writer, extended);
}

char *ltr__terminfo_hex(const struct ltr__terminfo *info)
{
	struct extended extended = extended_of(info);
	struct writer writer = {0};
	char *text = NULL;
	size_t length;

	if (extended.size > MAX_SIZE || size_of(info->names) > MAX_SIZE ||
	    standard_size(info, info->string_count - info->extended_strings) > MAX_SIZE)
		return NULL;
	writer.file = open_memstream(&text, &length);
	if (!writer.file)
		return NULL;
	fputs("hex:", writer.file);
	put_standard(&writer, info);
	put_extended(&writer, &extended);
	if (fclose(writer.file)) {
		free(text);
		return NULL;
	}
	return text;
}
