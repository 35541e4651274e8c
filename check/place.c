/* SPDX-License-Identifier: MIT */
/* Which file a place is in, as somebody has to be told who is not where it was compiled. */

#include <string.h>

#include "finding_private.h"

static const char *without_dot(const char *path)
{
	while (path[0] == '.' && path[1] == '/')
		path += 2;
	return path;
}

static bool is_end_of(const char *end, const char *path)
{
	size_t length = strlen(path), end_length = strlen(end);

	return path[0] == '/' && end_length && end_length < length &&
	       path[length - end_length - 1] == '/' && strcmp(path + length - end_length, end) == 0;
}

/*
 * A creating call has its file as the compiler was given it, which may be relative to any
 * directory; debug information has the directory, too.
 */
const char *ltr__site_file(const struct ltr_census *census, const char *file, uint64_t creation_pc)
{
	if (file[0] == '/' || !creation_pc)
		return file;
	for (const struct ltr_symbol *symbol = ltr_census_call_symbol(census, creation_pc); symbol;
	     symbol = symbol->outer)
		if (is_end_of(without_dot(file), symbol->file))
			return symbol->file;
	return file;
}

/* Of a path from the root: where the component before `at`, which follows a slash, begins; NULL:
 * there is none to go back from. */
static char *component_before(char *path, char *at)
{
	char *begin = at - 1;

	if (begin == path)
		return NULL;
	while (begin[-1] != '/')
		begin--;
	return strncmp(begin, "../", 3) == 0 ? NULL : begin;
}

void ltr__tidy_path(char *path)
{
	char *to = path;

	if (path[0] != '/')
		return;
	for (const char *from = path; *from;) {
		bool begins = to > path && to[-1] == '/';
		char *before;

		if (begins && from[0] == '/') {
			from++;
		} else if (begins && from[0] == '.' && from[1] == '/') {
			from += 2;
		} else if (begins && strncmp(from, "../", 3) == 0 &&
			   (before = component_before(path, to))) {
			to = before;
			from += 3;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
}
