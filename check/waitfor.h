/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CHECK_WAITFOR_H
#define LOITER_CHECK_WAITFOR_H

/*
 * The wait-for graph: each goroutine waits for at most one object, each object is held by some
 * goroutines, and whoever waits for an object waits until all its holders have let go. So a goroutine
 * that can be reached from itself waits for ever, and so does everybody who waits for what one of
 * these holds. Numbers only; nothing is known here of what they stand for. All functions take time
 * and memory in proportion to the graph, without recursion.
 */

#include <stdint.h>

#define LTR__NOBODY UINT32_MAX

struct ltr__waitfor {
	uint32_t goroutines;
	uint32_t objects;
	const uint32_t *waits; /* by goroutine: the object, or LTR__NOBODY */
	/* The holders of object o are holders[holders_at[o]] up to holders[holders_at[o + 1] - 1]. */
	const uint32_t *holders_at;
	const uint32_t *holders;
};

/*
 * Who can be reached from itself: ret_ring[goroutine] is the number, from 1, of the set in which each
 * can be reached from each, in no order that means anything; 0: in none. 0 or -ENOMEM.
 */
int ltr__waitfor_cycles(const struct ltr__waitfor *graph, uint32_t *ret_ring, uint32_t *ret_count);

/*
 * One cycle for a person to see: from `first` along who waits for whom back to it, by as few steps as
 * there are. Writes at most graph->goroutines into ret_path. `scratch` has graph->goroutines +
 * graph->objects numbers, 0 before the first call; each cycle may be asked for once.
 */
uint32_t ltr__waitfor_path(const struct ltr__waitfor *graph, const uint32_t *cycle, uint32_t first,
			   uint32_t *scratch, uint32_t *ret_path);

/*
 * Who waits for what a goroutine with a mark holds, or for what somebody behind it holds, gets that
 * mark: marks[] is changed in place, 0 is none. 0 or -ENOMEM.
 */
int ltr__waitfor_spread(const struct ltr__waitfor *graph, uint32_t *marks);

#endif
