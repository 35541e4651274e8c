/* SPDX-License-Identifier: MIT */
/* Reads what the programs of the corpus say of themselves. */

#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verdict.h"

static char *read_source(const char *folder, const char *name)
{
	char path[4096];
	char *text = NULL;
	size_t room = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "r");
	if (!file || getdelim(&text, &room, '\0', file) < 0)
		err(2, "%s", path);
	fclose(file);
	return text;
}

/* The line behind `key`, up to the end of the line or the comment; false: it is not there. */
static bool value_of(const char *text, const char *key, char *ret_value, size_t bytes)
{
	const char *at = strstr(text, key);
	size_t length;

	if (!at)
		return false;
	at += strlen(key);
	length = strcspn(at, "\n");
	if (length >= 3 && memcmp(at + length - 3, " */", 3) == 0)
		length -= 3;
	if (length >= bytes)
		return false;
	memcpy(ret_value, at, length);
	ret_value[length] = '\0';
	return true;
}

static bool take_suffix(char *value, const char *suffix)
{
	size_t length = strlen(value), end = strlen(suffix);

	if (length < end || strcmp(value + length - end, suffix) != 0)
		return false;
	value[length - end] = '\0';
	return true;
}

/* The line with the tag in a comment at its end; 0: there is none, or several. */
static int line_of_tag(const char *text, const char *tag)
{
	char comment[64];
	int line = 1;
	const char *found;

	snprintf(comment, sizeof(comment), " /* %s */\n", tag);
	found = strstr(text, comment);
	if (!found || strstr(found + 1, comment))
		return 0;
	for (; text < found; text++)
		line += *text == '\n';
	return line;
}

/* "leak at TAG reason WORDS" */
static void read_leak(struct ltr__case *expected, const char *text, const char *value)
{
	char tag[32];
	int reason_at = 0;

	if (sscanf(value, "leak at %31s reason %n", tag, &reason_at) != 1 || !reason_at)
		errx(2, "%s: what is 'expect: %s'?", expected->source, value);
	expected->line = line_of_tag(text, tag);
	if (!expected->line)
		errx(2, "%s: not one line ends in /* %s */", expected->source, tag);
	snprintf(expected->reason, sizeof(expected->reason), "%s", value + reason_at);
}

static void read_case(struct ltr__case *ret_case, const char *name, const char *text, bool fixed)
{
	char value[128];

	memset(ret_case, 0, sizeof(*ret_case));
	ret_case->leaks = !fixed;
	snprintf(ret_case->source, sizeof(ret_case->source), "%s", name);
	snprintf(ret_case->program, sizeof(ret_case->program), "%.*s%s", (int)strlen(name) - 2,
		 name, fixed ? "_fixed" : "");
	if (!value_of(text, " * class: ", ret_case->class, sizeof(ret_case->class)) ||
	    !value_of(text, fixed ? "/* expect fixed: " : "/* expect: ", value, sizeof(value)))
		errx(2, "%s: its class or what is expected is missing", name);
	ret_case->explore = take_suffix(value, " explore");
	if (!fixed)
		read_leak(ret_case, text, value);
	else if (strcmp(value, "clean") != 0)
		errx(2, "%s: a twin is clean, not '%s'", name, value);
}

static int is_source(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 2 && length < 48 && strcmp(entry->d_name + length - 2, ".c") == 0;
}

size_t ltr__corpus_read(const char *folder, struct ltr__case **ret_cases)
{
	struct dirent **entries;
	struct ltr__case *cases;
	size_t count = 0;
	int files = scandir(folder, &entries, is_source, alphasort);

	if (files < 0)
		err(2, "%s", folder);
	cases = calloc(2 * (size_t)files + 1, sizeof(*cases));
	if (!cases)
		err(2, "memory");
	for (int i = 0; i < files; i++) {
		char *text = read_source(folder, entries[i]->d_name);

		read_case(&cases[count++], entries[i]->d_name, text, false);
		read_case(&cases[count++], entries[i]->d_name, text, true);
		free(text);
		free(entries[i]);
	}
	free(entries);
	*ret_cases = cases;
	return count;
}
