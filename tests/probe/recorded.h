/* SPDX-License-Identifier: MIT */
#ifndef TESTS_PROBE_RECORDED_H
#define TESTS_PROBE_RECORDED_H

/*
 * What the tests of recordings share: a tape that a recorder writes to, a census that random calls are
 * made on, files in memory, and two censuses compared.
 */

#include "census_fill.h"
#include "probe.h"
#include "record.h"

#include "testing.h"

#define SECOND 1000000000ull
#define BLOCKS 4096
#define RINGS  3

/* When the census of struct made begins. */
#define STARTED (5 * SECOND)

/* What a recorder has written, and what the census was when each block was. */
struct tape {
	unsigned char *bytes;
	size_t used;
	size_t room; /* it is full after so many; SIZE_MAX: never */
	const struct ltr_census *census;
	size_t block_count;
	struct {
		size_t end;
		uint64_t events;
		uint64_t lost;
	} blocks[BLOCKS];
};

struct ltr_record_sink sink_of(struct tape *tape);

/* Opens the bytes as a recording, waits included; a failure has a sentence. bytes_max as in probe.h. */
int replay(const void *bytes, size_t count, uint64_t at_ns, size_t bytes_max,
	   struct ltr_probe **ret_probe, struct ltr_why *why);
/* The same with any options. */
int replay_with(const void *bytes, size_t count, const struct ltr_replay_options *options,
		struct ltr_probe **ret_probe, struct ltr_why *why);
/* The same of a tape; it must succeed. */
struct ltr_probe *replay_all(const struct tape *tape, uint64_t at_ns);

/* A census, recorded, and what its next calls are made from. Its symbols are made from addresses. */
struct made {
	struct ltr_census *census;
	struct ltr_recorder *recorder;
	struct chance chance;
	uint64_t now_ns;
	uint64_t positions[RINGS];
	uint32_t sequences[32];
	bool no_loss;
};

void make(struct made *made, uint64_t seed, const struct ltr_recorder_options *options);
void unmake(struct made *made);
/* A snapshot of two thirds of those who could be there. */
void look(struct made *made, bool complete);
/* Any call that fills a census, with a bit of time. */
void call_something(struct made *made);

/* The symbols of all frames of a stack of `b`. */
void same_symbols(const struct ltr_census *a, const struct ltr_census *b, uint32_t stack_b);
/*
 * Who is there, in which state, at which stack, and when that is. `later` is NULL if `a` is a whole life. A
 * recording that is read up to a moment is read to the end of a block: it may have a stack that `a` had no
 * number for yet, and `later`, which became of `a`, has.
 */
void same_goroutines(const struct ltr_census *a, const struct ltr_census *b,
		     const struct ltr_census *later);
/* What only the kernel knows, but for samples. */
void same_kernel(const struct ltr_census *a, const struct ltr_census *b);
/* Everything. */
void same_census(const struct ltr_census *a, const struct ltr_census *b);

#endif
