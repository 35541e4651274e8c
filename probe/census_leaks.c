/* SPDX-License-Identifier: MIT */
/* Which goroutines nobody can ever wake, for sure: what the checker calls leaked, and the profile too. */

#include "census_private.h"

/* Nothing has to be known of the rest of the program for these, so they hold at any moment. */
static bool waits_for_nothing(uint8_t reason)
{
	return reason == LTR_REASON_CHAN_RECEIVE_NIL || reason == LTR_REASON_CHAN_SEND_NIL ||
	       reason == LTR_REASON_SELECT_NO_CASES;
}

bool ltr_census_knows_deadline(const struct ltr_census *census,
			       const struct ltr_goroutine *goroutine)
{
	return ltr_census_info(census)->way == LTR_WAY_SNAPSHOT || goroutine->flags & LTR_IS_READ;
}

enum ltr_leak ltr_census_leak(const struct ltr_census *census,
			      const struct ltr_goroutine *goroutine)
{
	uint16_t flags = goroutine->flags;

	if (flags & (LTR_IS_DAEMON | LTR_IS_UNSURE))
		return LTR_LEAK_NONE;
	if (waits_for_nothing(goroutine->reason) && !(flags & LTR_IS_TIMED) &&
	    ltr_census_knows_deadline(census, goroutine))
		return LTR_LEAK_HOPELESS;
	if (ltr_census_info(census)->reach.conclusive && flags & LTR_IS_UNREACHABLE)
		return LTR_LEAK_UNREACHABLE;
	return LTR_LEAK_NONE;
}

size_t ltr_census_leak_count(const struct ltr_census *census)
{
	size_t count = 0;

	for (size_t i = 0; i < ltr_census_count(census); i++)
		count += ltr_census_leak(census, ltr_census_at(census, i)) != LTR_LEAK_NONE;
	return count;
}
