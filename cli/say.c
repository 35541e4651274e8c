/* SPDX-License-Identifier: MIT */
/*
 * How loiter speaks: whole sentences on standard error, one a line, written with one call so that
 * the lines of a command that writes at the same time do not break them. What they quote may be
 * hostile (a path, a file's own words): nothing in a line can drive a terminal.
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

/*
 * How many bytes the character at `at` has, if it may go to a terminal; 0 if not: control characters,
 * those of two bytes (U+0080 to U+009F) as well, and whatever is no UTF-8.
 */
static size_t printable_bytes(const char *at)
{
	const unsigned char *byte = (const unsigned char *)at;
	size_t length = byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : 4;

	if (byte[0] < 0x80)
		return byte[0] >= 0x20 && byte[0] != 0x7f;
	if (byte[0] < 0xc2 || byte[0] > 0xf4 || (byte[0] == 0xc2 && byte[1] < 0xa0))
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((byte[i] & 0xc0) != 0x80)
			return 0; /* also at the NUL that ends the line */
	return length;
}

void ltr__say(const char *format, ...)
{
	char line[1024] = "loiter: ";
	size_t used = strlen(line);
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line + used, sizeof(line) - used - 1, format, arguments);
	va_end(arguments);
	if (length < 0)
		return;
	for (char *c = line; *c;) {
		size_t bytes = printable_bytes(c);

		if (!bytes)
			*c = '?';
		c += bytes ? bytes : 1;
	}
	used = strlen(line);
	line[used++] = '\n';
	if (write(STDERR_FILENO, line, used) < 0)
		return; /* nobody listens: there is nobody to tell that to */
}

void ltr__why(struct ltr_why *ret_why, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(ret_why->text, sizeof(ret_why->text), format, arguments);
	va_end(arguments);
}

const char *ltr__output_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard output" : path;
}

uint64_t ltr__now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * LTR__SECOND_NS + (uint64_t)now.tv_nsec;
}
