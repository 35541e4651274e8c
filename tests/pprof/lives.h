/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TEST_PPROF_LIVES_H
#define LOITER_TEST_PPROF_LIVES_H

/*
 * Random lives: events of some goroutines in the order of time, with snapshots in between, in which they
 * have other names, labels and creators now and then. What the totals have to say is kept beside.
 */

#include <probe/census_fill.h>

#define LIVES       16
#define LIVES_NAMES 3 /* also labels, and creators; and none of them */

/* Numbers of these, from 1; 0: none. The texts are "n1", "t1" (of the key "tenant"), "f1". */
struct life_group {
	uint8_t name;
	uint8_t labels;
	uint8_t site;
};

struct life_total {
	int64_t count;
	int64_t ns;
};

struct lives {
	struct ltr_census *census;
	uint64_t now_ns;
	uint32_t sequence[LIVES]; /* 0: it does not live yet */
	uint8_t state[LIVES];
	uint8_t reason[LIVES];
	uint64_t since_ns[LIVES];
	struct life_group group[LIVES]; /* as the last snapshot had it */
	struct life_total totals[LTR_STATE_COUNT][LIVES_NAMES + 1][LIVES_NAMES + 1]
				[LIVES_NAMES + 1];
};

void lives_begin(struct lives *lives, const struct ltr_steps *steps);
void lives_go_on(struct lives *lives, size_t events);

/* At the end; also what is under way is in the totals then. The census is the caller's. */
struct ltr_census *lives_end(struct lives *lives);

/* All of that at once. */
struct ltr_census *random_lives(const struct ltr_steps *steps);

#endif
