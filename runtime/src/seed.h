/* SPDX-License-Identifier: MIT */
#ifndef LTR_SEED_H
#define LTR_SEED_H

/*
 * Schedules that repeat. LTR_SEED=n runs everything on one processor, and whatever could go one way
 * or another is decided by a generator that n starts: who runs next, where a goroutine is
 * interrupted, which case of a select is taken, how much time passes. Time is virtual (clock.h): a
 * step costs a little of it, and when nobody can run it jumps to the next deadline. While somebody
 * waits for the network or a blocking call is under way it passes as outside, and such a run does
 * not repeat.
 *
 * LTR_SCHEDULE chooses how to look for trouble:
 *   random  a random walk: any runnable goroutine, and interruptions with a probability that the
 *           seed chooses
 *   pct     priorities: always the highest runs, and at a few random points the one that runs falls
 *           below all others, which finds what needs few interruptions at the right places
 *           (Burckhardt, Kothari, Musuvathi, Nagarakatte 2010: probabilistic concurrency testing)
 *
 * Ordinary runs pay for it with one branch in ltr__caller(), on a byte that never changes. Picks pay
 * nothing: after each seeded pick the processor's tick is set so that the next pick is a fair one
 * (scheduler.c), and the fair pick asks ltr__seed.
 *
 * Everything here belongs to whoever holds the one processor.
 */

#include <stdbool.h>
#include <stdint.h>

struct ltr__goroutine;
struct ltr__processor;

/* Set before the first goroutine is made. Written afterwards only in a seeded run. */
struct ltr__seed {
	bool on;
	bool preempting; /* ltr__seed_point() is in ltr_yield(), which has not picked yet */
	bool by_priority;
	uint64_t random;
	uint64_t salt;         /* of priorities */
	uint64_t preempt_mask; /* random walk: interrupted where random & mask is 0 */
	uint64_t stall_mask;   /* much time passes where random & mask is 0 */

	/* By priority: points passed, in this window and by the running goroutine. */
	uint32_t window;
	uint32_t point;
	uint32_t change_count;
	uint32_t change[8]; /* the points of this window at which the running one falls */
	uint32_t points_in_a_row;
	uint64_t next_low; /* falls: each goes below all before */

	uint32_t picks;
};

extern struct ltr__seed ltr__seed __attribute__((aligned(64), visibility("hidden")));

/* Read LTR_SEED and LTR_SCHEDULE. -EINVAL: they say nothing that we know. */
int ltr__seed_init(void);

/* The processors are there. */
void ltr__seed_start(struct ltr__processor *processor);

/* The next to run, out of everything that can; NULL: nobody. */
struct ltr__goroutine *ltr__seed_pick(struct ltr__processor *processor);

/*
 * The calling goroutine has come to a call of ours: somebody else may run first. It holds no lock of
 * the runtime here. Returns it.
 */
struct ltr__goroutine *ltr__seed_point(struct ltr__goroutine *self);

/* Nobody can run: let time jump to the next deadline, if nothing from outside is awaited. */
void ltr__seed_jump(void);

#endif
