/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_COMMENTS_H
#define LOITER_PPROF_COMMENTS_H

/*
 * The comments of a profile that is made of one or several censuses. What all of them have to say is
 * said once; what only some have, for each of them, with its name.
 */

#include <stddef.h>

#include <probe/census.h>

#include "encode.h"
#include "samples.h"

struct ltr__comment;

struct ltr__comments {
	struct ltr__comment *at;
	size_t count;
	size_t capacity;
};

void ltr__comments_done(struct ltr__comments *comments);

/*
 * What was lost of a census, and what its samples had to say; called once for each. `recording` ("": it is
 * from none) is the caller's until the comments are written. -ENOMEM.
 */
int ltr__comments_add(struct ltr__comments *comments, const struct ltr_census *census,
		      const char *recording, const struct ltr__samples *samples);

/* In the order in which they came; of `census_count` censuses. */
void ltr__comments_write(const struct ltr__comments *comments, size_t census_count,
			 struct ltr__encoder *encoder);

/* The recording that census number `i` of several is from; "" if it is from none. */
const char *ltr__recording_of(const struct ltr_profile_options *options, size_t i);

/* "/usr/bin/httpd --port 80", cleaned; "?" if it is not known. Cut to fit. */
void ltr__process_command(const struct ltr_census *census, char *out, size_t bytes);

#endif
