/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TARGET_LIBLOITER_SNAPSHOT_H
#define LOITER_TARGET_LIBLOITER_SNAPSHOT_H

/*
 * A snapshot is made of batches. For each: all its descriptors are read, the used part of the stacks of
 * those that stand somewhere, all descriptors again. Whoever has the same even sequence both times was
 * read whole. The others are tried again a few times, and in the end taken as they are, without a stack:
 * a goroutine that changes faster than it can be read is alive and moving, and in one of the states that
 * were seen.
 *
 * A batch costs three system calls however many goroutines are in it (IOV_MAX permitting), because
 * descriptors are neighbours. The stack of a goroutine that has not moved since the census learnt
 * it is not read again, nor is one that the runtime has a note of: notes are read with the descriptors,
 * both times. One that leads nowhere costs its goroutine another round, in which none is believed.
 *
 * Reading a batch changes nothing but the batch, so several threads may read one each.
 */

#include "libloiter_private.h"

#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#define LTR__BATCH 4u /* more than one for a small input, and little to allocate for each */
#else
#define LTR__BATCH 256u /* what is read twice is in the CPU's cache the second time */
#endif

/* A goroutine as it was read. */
struct ltr__as_read {
	struct ltr_goroutine goroutine;
	uint32_t sequence;
	struct ltr__stack stack;
	uint64_t site;
	uint64_t name;
	uint64_t labels;
	uint64_t read_lock[2]; /* 0: none */
	const uint64_t *pcs;
	uint32_t depth; /* frames in pcs */
	bool stack_known;
	bool stack_damaged;
	uint32_t noted; /* 0, or the number of its stack in the program's table */
	bool skip;      /* free, or to be tried again */
	bool again;     /* to be tried again */
};

/* What all batches of a round are read by. */
struct ltr__look {
	const struct ltr__libloiter *target;
	const struct ltr_census *known; /* who is known already; NULL: nobody */
	struct ltr__notes_wait *notes;
	struct ltr_clock_rate rate;
	uint64_t exact_ns;
	bool last_round; /* nobody is tried again */
};

struct ltr__batch {
	const struct ltr__look *look;
	/* The caller fills in: */
	uint64_t addresses[LTR__BATCH]; /* of the descriptors */
	uint32_t count;
	uint64_t notes; /* address of as many notes; 0: none are wanted */
	uint64_t end;   /* how many descriptors there are up to the last of these */

	/* What ltr__batch_read() has found. */
	int err;
	uint64_t unreadable;
	bool complete;
	bool in_doubt; /* somebody stood in the middle of a change all the time */
	struct ltr__as_read readings[LTR__BATCH];

	uint64_t *pcs; /* of one goroutine after the other */
	size_t pc_count;
	unsigned char *descriptors;
	struct ltr_stack_note noted[2][LTR__BATCH]; /* both readings */
	bool has_notes[2];
	struct ltr_process_piece pieces[LTR__BATCH + 1];
	unsigned char *stacks;
	unsigned char *deep_stack;
};

/* NULL without memory. */
struct ltr__batch *ltr__batch_new(const struct ltr__look *look);
struct ltr__batch *ltr__batch_free(struct ltr__batch *batch);
void ltr__batch_read(struct ltr__batch *batch);

/* libloiter_crew.c. What is done with each batch, in order, by the thread that called. */
struct ltr__batch_work {
	/* Fill in the addresses of batch `number`. Called by one thread at a time, in order. */
	void (*fill)(void *context, struct ltr__batch *batch, uint64_t number);
	int (*put)(void *context, const struct ltr__batch *batch); /* not 0: no more batches */
	void *context;
};

/*
 * Reads batches 0 .. count - 1, by several threads if that is allowed and there are CPUs for them. What
 * `put` has returned, or a negative errno.
 */
int ltr__batches_do(const struct ltr__look *look, const struct ltr__batch_work *work,
		    uint64_t count, bool several);

#endif
