/* SPDX-License-Identifier: MIT */
/*
 * How loiter speaks: whole sentences on standard error, one a line, written with one call so that
 * the lines of a command that writes at the same time do not break them.
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

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
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
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
