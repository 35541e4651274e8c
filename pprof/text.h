/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_TEXT_H
#define LOITER_PPROF_TEXT_H

/*
 * The two text forms that Go's pprof endpoints answer with for debug=1 and debug=2. Everything that
 * comes from the watched program is made harmless for a terminal. If the census has lost something,
 * a line beginning with "# loiter:" says so.
 *
 * Functions return 0, -ENOMEM, -EOVERFLOW, or what the sink returned.
 */

#include <probe/census.h>

#include "profile.h"
#include "sink.h"

/*
 * A profile grouped by stack and labels, the largest first: all addresses, then the frames that are
 * not the runtime's own. pprof's reader of old profiles takes it. A type with one value has the form
 * of Go's `goroutine` profile, one with a count and nanoseconds that of Go's `block` profile.
 */
int ltr_text_debug1(const struct ltr_census *census, const struct ltr_profile_type *type,
		    struct ltr_sink sink);

/* The same with options; -EINVAL for per_goroutine and for a base. */
int ltr_text_profile(const struct ltr_census *census, const struct ltr_profile_type *type,
		     const struct ltr_profile_options *options, struct ltr_sink sink);

/*
 * All goroutines in the order of their ids, as Go prints them when it panics. If references were looked
 * at (info->reach), those that nobody can ever wake are marked: "[chan send (leaked)]".
 */
int ltr_text_debug2(const struct ltr_census *census, struct ltr_sink sink);

#endif
