/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_STRINGS_H
#define LOITER_PPROF_STRINGS_H

/* Different strings, numbered from 0 in the order in which they came. */

#include <stddef.h>
#include <stdint.h>

#include "table.h"

struct ltr__strings {
	struct ltr__table table;
	uint32_t *ends; /* string i lies in text[ends[i - 1] .. ends[i]), and ends in NUL */
	size_t ends_capacity;
	size_t count;
	char *text;
	size_t text_bytes;
	size_t text_capacity;
};

void ltr__strings_done(struct ltr__strings *strings);

/* The number of `text`. -ENOMEM, -EOVERFLOW. */
int ltr__strings_intern(struct ltr__strings *strings, const char *text, uint32_t *ret_string);

/* The text of a number below the count; good until the next new one. */
char *ltr__strings_at(const struct ltr__strings *strings, uint32_t string);

#endif
