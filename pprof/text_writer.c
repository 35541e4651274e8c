/* SPDX-License-Identifier: MIT */

/* Buffered text (text_writer.h). */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "clean.h"
#include "text_writer.h"

void ltr__text_init(struct ltr__text *text, struct ltr_sink sink)
{
	text->sink = sink;
	text->error = 0;
	text->used = 0;
}

static void flush(struct ltr__text *text)
{
	if (!text->error && text->used > 0)
		text->error = text->sink.write(text->sink.context, text->buffer, text->used);
	text->used = 0;
}

void ltr__text_bytes(struct ltr__text *text, const void *data, size_t bytes)
{
	const char *at = data;

	while (bytes > 0) {
		size_t room = sizeof(text->buffer) - text->used;
		size_t take = bytes < room ? bytes : room;

		memcpy(text->buffer + text->used, at, take);
		text->used += take;
		at += take;
		bytes -= take;
		if (text->used == sizeof(text->buffer))
			flush(text);
	}
}

void ltr__text_put(struct ltr__text *text, const char *string)
{
	ltr__text_bytes(text, string, strlen(string));
}

void ltr__text_format(struct ltr__text *text, const char *format, ...)
{
	char piece[257];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(piece, sizeof(piece), format, arguments);
	va_end(arguments);
	if (length > 0)
		ltr__text_put(text, piece);
}

void ltr__text_clean(struct ltr__text *text, const char *string)
{
	char clean[LTR__CLEAN_BYTES];

	ltr__text_bytes(text, clean, ltr__pprof_clean(clean, sizeof(clean), string));
}

static void put_quoted_character(struct ltr__text *text, uint32_t character)
{
	static const char plain[] = "\a\b\f\n\r\t\v\"\\";
	static const char letter[] = "abfnrtv\"\\";
	const char *found = character < 0x80 ? strchr(plain, (int)character) : NULL;

	if (found)
		ltr__text_format(text, "\\%c", letter[found - plain]);
	else
		ltr__text_format(text, character < 0x80 ? "\\x%02x" : "\\u%04x", character);
}

void ltr__text_quoted(struct ltr__text *text, const char *string)
{
	size_t left = strlen(string);

	ltr__text_put(text, "\"");
	while (left > 0) {
		size_t bytes;
		uint32_t character = ltr__pprof_utf8_next(string, left, &bytes);

		if (character == UINT32_MAX)
			ltr__text_format(text, "\\x%02x", (unsigned char)*string);
		else if (ltr__pprof_is_control(character) || character == '"' || character == '\\')
			put_quoted_character(text, character);
		else
			ltr__text_bytes(text, string, bytes);
		string += bytes;
		left -= bytes;
	}
	ltr__text_put(text, "\"");
}

int ltr__text_finish(struct ltr__text *text)
{
	flush(text);
	return text->error;
}
