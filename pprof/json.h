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

#include "choice.h"
#include "profile.h"
#include "sink.h"

/* 0, -ENOMEM, or what the sink returned. */
int ltr_json_write(const struct ltr_census *census, struct ltr_sink sink);

/* Of some goroutines alone: "chosen" is in the document then, and no wait totals, which are of all. */
int ltr_json_write_chosen(const struct ltr_census *census, const struct ltr_choice *choice,
			  struct ltr_sink sink);

/*
 * A profile of one or several censuses as JSON; the schema is in docs/profiles.md, too. Of each, its
 * samples, and what they add up to. The same samples as in ltr_profile_write_all(), but whole stacks: with
 * the runtime's frames, which are marked. Errors as there; -EINVAL for no census and for a base.
 */
int ltr_profile_json_all(const struct ltr_census *const *censuses, size_t count,
			 const struct ltr_profile_type *type,
			 const struct ltr_profile_options *options, struct ltr_sink sink);

#endif
