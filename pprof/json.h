/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_JSON_H
#define LOITER_PPROF_JSON_H

/*
 * A whole census as JSON, for scripts. The schema is in docs/profiles.md; fields are only ever
 * added to it, and its "version" changes if that is not enough.
 *
 * The document is written piece by piece, one goroutine and one stack a line, in the order of their
 * numbers. It is UTF-8; bytes of the watched program that are not become U+FFFD, and no control
 * character stands in it but the newlines between the lines.
 */

#include <probe/census.h>

#include "sink.h"

/* 0, -ENOMEM, or what the sink returned. */
int ltr_json_write(const struct ltr_census *census, struct ltr_sink sink);

#endif
