/* SPDX-License-Identifier: MIT */

/*
 * Interned strings (strings.h), one behind the other in one block of memory: a program with a
 * million goroutines may have a million names.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "strings.h"

#define TEXT_FIRST_BYTES 4096

void ltr__strings_done(struct ltr__strings *strings)
{
	ltr__pprof_table_done(&strings->table);
	free(strings->ends);
	free(strings->text);
	*strings = (struct ltr__strings){0};
}

struct lookup {
	const struct ltr__strings *strings;
	const char *text;
};

char *ltr__strings_at(const struct ltr__strings *strings, uint32_t string)
{
	return strings->text + (string ? strings->ends[string - 1] : 0);
}

static bool same_text(const void *context, uint32_t position)
{
	const struct lookup *lookup = context;

	return strcmp(ltr__strings_at(lookup->strings, position), lookup->text) == 0;
}

static int reserve_text(struct ltr__strings *strings, size_t bytes)
{
	size_t wanted = strings->text_capacity ? strings->text_capacity : TEXT_FIRST_BYTES;
	char *grown;

	if (strings->text_capacity - strings->text_bytes >= bytes)
		return 0;
	while (wanted - strings->text_bytes < bytes)
		wanted *= 2;
	grown = realloc(strings->text, wanted);
	if (!grown)
		return -ENOMEM;
	strings->text = grown;
	strings->text_capacity = wanted;
	return 0;
}

int ltr__strings_intern(struct ltr__strings *strings, const char *text, uint32_t *ret_string)
{
	struct lookup lookup = {strings, text};
	size_t bytes = strlen(text) + 1;
	uint32_t hash = ltr__pprof_hash(text, bytes);
	int err;

	if (ltr__pprof_table_find(&strings->table, hash, same_text, &lookup, ret_string) == 0)
		return 0;
	if (strings->count >= UINT32_MAX || strings->text_bytes + bytes > UINT32_MAX)
		return -EOVERFLOW;
	err = ltr__pprof_array_reserve(&strings->ends, &strings->ends_capacity, strings->count,
				       sizeof(*strings->ends));
	if (!err)
		err = reserve_text(strings, bytes);
	if (!err)
		err = ltr__pprof_table_add(&strings->table, hash, (uint32_t)strings->count);
	if (err)
		return err;
	memcpy(strings->text + strings->text_bytes, text, bytes);
	strings->text_bytes += bytes;
	strings->ends[strings->count] = (uint32_t)strings->text_bytes;
	*ret_string = (uint32_t)strings->count++;
	return 0;
}
