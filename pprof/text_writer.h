/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_TEXT_WRITER_H
#define LOITER_PPROF_TEXT_WRITER_H

/*
 * Text into a sink, gathered in a buffer. Errors stick: after the first one nothing is written, and
 * ltr__text_finish() returns it.
 */

#include <stddef.h>
#include <stdint.h>

#include "sink.h"

struct ltr__text {
	struct ltr_sink sink;
	int error;
	size_t used;
	char buffer[32768];
};

void ltr__text_init(struct ltr__text *text, struct ltr_sink sink);
void ltr__text_bytes(struct ltr__text *text, const void *data, size_t bytes);
void ltr__text_put(struct ltr__text *text, const char *string);

/* At most 256 bytes come out of one call. */
__attribute__((format(printf, 2, 3))) void ltr__text_format(struct ltr__text *text,
							    const char *format, ...);

/* A string of the watched program, made harmless (clean.h). */
void ltr__text_clean(struct ltr__text *text, const char *string);

/* The same in quotes, as Go's %q does it. */
void ltr__text_quoted(struct ltr__text *text, const char *string);

int ltr__text_finish(struct ltr__text *text);

#endif
