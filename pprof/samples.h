/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_SAMPLES_H
#define LOITER_PPROF_SAMPLES_H

/*
 * Samples: what a profile type collects out of a census, on its way to whoever writes it. Samples
 * with the same key are one sample, with their values added; so `collect` adds one for each
 * goroutine and does not group.
 *
 * Samples are added in the order of their stacks (ltr__samples_order()). So only the groups of one
 * stack are ever in memory, and what is alike stands together in the file, which makes it several
 * times smaller and faster to compress.
 *
 * Everything in a sample is a number of the census; what these numbers stand for is looked up when
 * the sample is written.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <probe/census.h>

#include "filter.h"
#include "profile.h"
#include "table.h"

struct ltr__delta;

/*
 * Where a sample is: its `stack`, or else the one address `pc`, or else the position of `site`, or
 * else, if nothing is known, its state in parentheses.
 */
struct ltr__sample {
	/* The key. */
	uint64_t pc;
	uint32_t stack;
	uint32_t site;
	uint32_t name;
	uint32_t labels;
	uint32_t goroutine; /* its index in the census, plus 1; 0: it is not one goroutine's */
	uint8_t state;
	uint8_t reason;
	uint8_t pc_is_call;    /* `pc` is where a call returns to */
	uint8_t site_is_label; /* `site` is the creator, and no place of the sample */

	int64_t values[LTR_PROFILE_VALUES_MAX];
};

#define LTR__SAMPLE_KEY_BYTES offsetof(struct ltr__sample, values)

_Static_assert(LTR__SAMPLE_KEY_BYTES == 8 + 5 * 4 + 4, "the key has no padding");

enum ltr__grouping {
	LTR__BY_KEY,       /* samples of the same key are one */
	LTR__BY_PLACE,     /* samples of the same place and labels are one, as in Go's text form */
	LTR__BY_STACK,     /* samples of the same place are one */
	LTR__BY_GOROUTINE, /* samples are never joined */
};

#define LTR__COMMENTS_MAX  4
#define LTR__COMMENT_BYTES 256

/* Takes a finished sample; an error ends the collecting and is its result. */
typedef int ltr__sample_emit(void *context, const struct ltr__sample *sample);

struct ltr__samples {
	enum ltr__grouping grouping;
	ltr__sample_emit *emit;
	void *context;
	const struct ltr_census *census;
	const struct ltr_profile_options *options;
	struct ltr__filter filter;
	struct ltr__delta *delta; /* what options->base has and was not met yet; NULL: no base */

	/* The groups of the stack that samples are added for now. */
	struct ltr__sample *groups;
	size_t group_count;
	size_t group_capacity;
	struct ltr__table table;

	int64_t period;      /* of this profile; 0: the type's */
	int64_t duration_ns; /* of the time that the samples are from; 0: they are of one moment */
	char comments[LTR__COMMENTS_MAX][LTR__COMMENT_BYTES];
	size_t comment_count;
};

void ltr__samples_init(struct ltr__samples *samples, enum ltr__grouping grouping,
		       ltr__sample_emit *emit, void *context);
void ltr__samples_done(struct ltr__samples *samples);

/*
 * Collects a type to the end, without what the options leave out (focus, ignore, base). 0, or the
 * first error there was.
 */
int ltr__samples_collect(struct ltr__samples *samples, const struct ltr_census *census,
			 const struct ltr_profile_type *type,
			 const struct ltr_profile_options *options);

/*
 * For `collect`. Adds a sample, whose stack is that of the last one or one that has not been there
 * yet; sums stop at INT64_MAX. -ENOMEM, -EOVERFLOW, or what `emit` returned.
 */
int ltr__samples_add(struct ltr__samples *samples, const struct ltr__sample *sample);

/*
 * For `collect`. A sentence that rides in the profile. What is too long is cut; past
 * LTR__COMMENTS_MAX, dropped.
 */
void ltr__samples_comment(struct ltr__samples *samples, const char *comment);

/*
 * For `collect`. The numbers 0 .. count - 1 in the order of their stacks, for the caller to free.
 * -ENOMEM, -EOVERFLOW.
 */
int ltr__samples_order(const struct ltr_census *census, size_t count,
		       uint32_t (*stack_of)(const struct ltr_census *census, size_t i),
		       uint32_t **ret_order);

void ltr__samples_order_free(uint32_t **order); /* for the cleanup attribute */

/* The position that a sample is at if it has neither frames nor `pc`; NULL: none. */
static inline const struct ltr_census_position *ltr__sample_site(const struct ltr_census *census,
								 const struct ltr__sample *sample)
{
	return sample->site_is_label ? NULL : ltr_census_site(census, sample->site);
}

/* For `collect`. Whose the time of a group of goroutines is: labels, and no place. */
void ltr__sample_name_group(const struct ltr_census *census, uint32_t group,
			    struct ltr__sample *sample);

/* For `collect`. Says it if totals have less labels than was known. */
void ltr__samples_comment_groups(const struct ltr_census *census, struct ltr__samples *samples);

/* The stack of a goroutine; 0 if there are no frames in it. */
uint32_t ltr__goroutine_stack(const struct ltr_census *census, size_t index);

/*
 * The key of a goroutine's sample: where it is and all its labels, and with `per_goroutine` which
 * one it is. The values are left 0.
 */
struct ltr__sample ltr__sample_of(const struct ltr_census *census, size_t index,
				  bool per_goroutine);

/* A number that may be larger than a profile can hold. */
int64_t ltr__pprof_clamp(uint64_t number);

#endif
