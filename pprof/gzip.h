/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_GZIP_H
#define LOITER_PPROF_GZIP_H

/*
 * A gzip stream into a sink, in pieces. The same bytes in give the same bytes out: the header
 * carries no name and no time.
 */

#include <stddef.h>

#include "sink.h"

struct ltr__gzip;

int ltr__gzip_new(struct ltr_sink sink, struct ltr__gzip **ret_gzip);
struct ltr__gzip *ltr__gzip_free(struct ltr__gzip *gzip); /* takes NULL; returns NULL */

/* 0 or the sink's error. */
int ltr__gzip_write(struct ltr__gzip *gzip, const void *data, size_t bytes);

/* Writes the end of the stream; nothing may follow. */
int ltr__gzip_finish(struct ltr__gzip *gzip);

#endif
