/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_SAMPLES_H
#define LOITER_PPROF_SAMPLES_H

/*
 * Samples: what a profile type collects out of a census, before anything of it is written. Samples
 * with the same key are one sample, with their values added; so `collect` adds one for each
 * goroutine and does not group.
 *
 * Everything in a sample is a number of the census; what these numbers stand for is looked up when
 * the sample is written.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <probe/census.h>

#include "profile.h"
#include "table.h"

/*
 * Where a sample is: its `stack`, or else the one address `pc`, or else the position of `site`, or
 * else, if nothing is known, its state in parentheses.
 */
struct ltr__sample {
	/* The key. */
	uint64_t pc;
	uint64_t goroutine; /* labels of one goroutine; 0: it is not one */
	uint64_t parent;
	uint64_t minutes;
	uint32_t stack;
	uint32_t site;
	uint32_t name;
	uint32_t labels;
	uint8_t state;
	uint8_t reason;
	uint8_t pc_is_call; /* `pc` is where a call returns to */
	uint8_t reserved[5];

	int64_t values[LTR_PROFILE_VALUES_MAX];
};

#define LTR__SAMPLE_KEY_BYTES offsetof(struct ltr__sample, values)

_Static_assert(LTR__SAMPLE_KEY_BYTES == 4 * 8 + 4 * 4 + 8, "the key has no padding");

enum ltr__grouping {
	LTR__BY_KEY,       /* samples of the same key are one */
	LTR__BY_PLACE,     /* samples of the same place and labels are one, as in Go's text form */
	LTR__BY_GOROUTINE, /* samples are never joined */
};

#define LTR__COMMENTS_MAX  4
#define LTR__COMMENT_BYTES 256

struct ltr__samples {
	enum ltr__grouping grouping;
	struct ltr__sample *all;
	size_t count;
	size_t capacity;
	struct ltr__table table;
	int64_t duration_ns; /* of the time that the samples are from; 0: they are of one moment */
	char comments[LTR__COMMENTS_MAX][LTR__COMMENT_BYTES];
	size_t comment_count;
};

void ltr__samples_init(struct ltr__samples *samples, enum ltr__grouping grouping);
void ltr__samples_done(struct ltr__samples *samples);

/* Adds a sample; sums stop at INT64_MAX. -ENOMEM, -EOVERFLOW. */
int ltr__samples_add(struct ltr__samples *samples, const struct ltr__sample *sample);

/* A sentence that rides in the profile. What is too long is cut; past LTR__COMMENTS_MAX, dropped. */
void ltr__samples_comment(struct ltr__samples *samples, const char *comment);

/*
 * The key of a goroutine's sample: where it is and all its labels. `per_goroutine` fills those of
 * one goroutine as well. The values are left 0.
 */
struct ltr__sample ltr__sample_of(const struct ltr_census *census,
				  const struct ltr_goroutine *goroutine, bool per_goroutine);

/* A number that may be larger than a profile can hold. */
int64_t ltr__clamp(uint64_t number);

#endif
