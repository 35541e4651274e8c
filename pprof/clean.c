/* SPDX-License-Identifier: MIT */

/*
 * Hostile strings made harmless (clean.h). Nothing here allocates; a result always ends in NUL and
 * never in the middle of a character.
 */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "clean.h"

uint32_t ltr__pprof_utf8_next(const char *at, size_t bytes, size_t *ret_bytes)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *byte = (const unsigned char *)at;
	uint32_t character = byte[0];
	size_t length;

	*ret_bytes = 1;
	if (character < 0x80)
		return character;
	if (character < 0xc2 || character > 0xf4)
		return UINT32_MAX;
	length = character < 0xe0 ? 2 : character < 0xf0 ? 3 : 4;
	if (length > bytes)
		return UINT32_MAX;
	character &= 0x7fu >> length;
	for (size_t i = 1; i < length; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return UINT32_MAX;
		character = character << 6 | (byte[i] & 0x3f);
	}
	if (character < smallest[length] || character > 0x10ffff ||
	    (character >= 0xd800 && character <= 0xdfff))
		return UINT32_MAX;
	*ret_bytes = length;
	return character;
}

int ltr__pprof_is_control(uint32_t character)
{
	if (character < 0x20 || (character >= 0x7f && character < 0xa0))
		return true;
	/* Line separators, direction marks, embeddings, isolates, and the byte order mark. */
	return character == 0x61c || character == 0x200e || character == 0x200f ||
	       (character >= 0x2028 && character <= 0x202e) ||
	       (character >= 0x2066 && character <= 0x2069) || character == 0xfeff;
}

static size_t clean(char *out, size_t bytes, const char *text, bool printable)
{
	size_t left = strlen(text);
	size_t used = 0;
	size_t cut; /* the end of the last character behind which "..." and NUL have room */

	/* Nearly all strings are ASCII to the end; the rest only starts behind that part. */
	while (used + 4 < bytes && text[used] >= 0x20 && text[used] < 0x7f)
		used++;
	memcpy(out, text, used);
	text += used;
	left -= used;
	cut = used;
	while (left > 0) {
		char piece[8];
		size_t length;
		size_t take;
		uint32_t character = ltr__pprof_utf8_next(text, left, &take);

		if (character == UINT32_MAX && printable)
			length = (size_t)sprintf(piece, "\\x%02x", (unsigned char)*text);
		else if (character == UINT32_MAX)
			length = (size_t)sprintf(piece, "\xef\xbf\xbd");
		else if (printable && ltr__pprof_is_control(character))
			length = (size_t)sprintf(piece, character < 0x80 ? "\\x%02x" : "\\u%04x",
						 character);
		else
			memcpy(piece, text, length = take);
		if (used + length + 1 > bytes) {
			memcpy(out + cut, "...", 3);
			used = cut + 3;
			break;
		}
		memcpy(out + used, piece, length);
		used += length;
		if (used + 4 <= bytes)
			cut = used;
		text += take;
		left -= take;
	}
	out[used] = '\0';
	return used;
}

size_t ltr__pprof_clean(char *out, size_t bytes, const char *text)
{
	return clean(out, bytes, text, true);
}

size_t ltr__pprof_clean_utf8(char *out, size_t bytes, const char *text)
{
	return clean(out, bytes, text, false);
}
