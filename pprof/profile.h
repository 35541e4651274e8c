/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_PROFILE_H
#define LOITER_PPROF_PROFILE_H

/*
 * Profiles: what a census says, in the format that pprof and everybody around it reads. What each
 * type means and which labels its samples carry is in docs/profiles.md.
 *
 * A profile never invents or loses a goroutine: the values of a `goroutine` profile add up to
 * ltr_census_count(). What the census itself has lost is said in a comment of the profile.
 *
 * Functions return 0 or a negative errno. They allocate, read symbols through the census, and
 * write; they do not change the census otherwise, and they print nothing.
 */

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <probe/census.h>

#include "choice.h"
#include "sink.h"

struct ltr__samples;
struct ltr_profile_base;

struct ltr_profile_options {
	/*
	 * One sample for each goroutine, with its id, its creator's id and the minutes it has been
	 * waiting as labels, instead of one for each stack and set of labels.
	 */
	bool per_goroutine;
	/* Keep the runtime's own frames at both ends of a stack: ltr_send() above its caller, ... */
	bool runtime_frames;
	/*
	 * Only samples that have a function which `focus` matches, and none that `ignore` matches;
	 * NULL: all of them. A comment in the profile says that others were left out.
	 */
	const regex_t *focus;
	const regex_t *ignore;
	/*
	 * Only what has changed since then: the values of that moment are taken off. A goroutine
	 * that has gone since counts as -1. Not together with per_goroutine. NULL: from the beginning.
	 */
	const struct ltr_profile_base *base;
	/*
	 * The profile `goroutine` of these alone, which a comment says; NULL: of all. Other types do not
	 * know it.
	 */
	const struct ltr_choice *choice;
	/*
	 * Nothing in `mutex` that could be less, or somewhere else, in a later profile of this census: for
	 * clients that take differences by themselves. Locks that were not unlocked are not in it then.
	 */
	bool grows_only;
	/*
	 * Of a profile of several: the recording that each is from, in their order; NULL: none is from one,
	 * or it is not said. A sample of one has it as the label `recording`.
	 */
	const char *const *recordings;
};

#define LTR_PROFILE_VALUES_MAX 2

struct ltr_profile_value {
	const char *type; /* "goroutine", "delay", ... */
	const char *unit; /* "count", "nanoseconds" */
};

/*
 * One type of profile. A new type is a new file with one of these, and its line in profile_types.c.
 * A client shows the last value first.
 */
struct ltr_profile_type {
	const char *name;
	const char *what; /* one line for people */
	struct ltr_profile_value values[LTR_PROFILE_VALUES_MAX];
	size_t value_count;
	struct ltr_profile_value period_type;
	int64_t period;
	bool from_waits; /* made of wait totals: the probe has to be asked for them */
	bool from_cpu;   /* made of samples of the CPUs: likewise */
	bool from_proof; /* made of what a look at references has found (ltr_probe_reach()) */
	/* Adds all samples, in the order of their stacks (samples.h). */
	int (*collect)(const struct ltr_census *census, const struct ltr_profile_options *options,
		       struct ltr__samples *samples);
};

size_t ltr_profile_type_count(void);
const struct ltr_profile_type *ltr_profile_type_at(size_t index);

/* NULL if there is no type of this name. */
const struct ltr_profile_type *ltr_profile_type_find(const char *name);

/*
 * Writes one profile of this type, gzip'd, in pieces. `options` may be NULL: all off.
 *   -ENOMEM
 *   -EOVERFLOW  more than 4 billion of something
 *   others      what the sink returned; a part of the profile may have been written then
 */
int ltr_profile_write(const struct ltr_census *census, const struct ltr_profile_type *type,
		      const struct ltr_profile_options *options, struct ltr_sink sink);

/*
 * One profile of several programs, or of several moments: every census in its turn. Each sample has the
 * labels `process` and `pid` besides, and none is left out: the values are those of all, added. A file
 * of the same path and build id is one mapping. Comments that are not true of all name their process; so
 * do losses. A census must not be in it twice, and there is no base. Of one census, the same as
 * ltr_profile_write(). Errors as there, and -EINVAL for no census and for a base.
 */
int ltr_profile_write_all(const struct ltr_census *const *censuses, size_t count,
			  const struct ltr_profile_type *type,
			  const struct ltr_profile_options *options, struct ltr_sink sink);

/*
 * The same as folded stacks, one a line: root;...;leaf NUMBER, where the number is the type's last
 * value. flamegraph.pl and speedscope read it. Names are made harmless as in the text forms
 * (text.h), and a semicolon in a name becomes a comma. Values that are not above 0 are left out:
 * such a line means nothing to its readers. Errors as ltr_profile_write(), and -EINVAL for a base.
 *
 * Of several, every stack begins with its process: "COMMAND (PID)".
 */
int ltr_profile_folded_all(const struct ltr_census *const *censuses, size_t count,
			   const struct ltr_profile_type *type,
			   const struct ltr_profile_options *options, struct ltr_sink sink);
int ltr_profile_folded(const struct ltr_census *census, const struct ltr_profile_type *type,
		       const struct ltr_profile_options *options, struct ltr_sink sink);

/*
 * What a type says now, to be taken off later (ltr_profile_options.base); of the same census only.
 * `options` as for the later profile, without a base. -ENOMEM, -EOVERFLOW, and -EINVAL for
 * per_goroutine.
 */
int ltr_profile_base_new(const struct ltr_census *census, const struct ltr_profile_type *type,
			 const struct ltr_profile_options *options,
			 struct ltr_profile_base **ret_base);
struct ltr_profile_base *ltr_profile_base_free(struct ltr_profile_base *base); /* takes NULL */

#endif
