/* SPDX-License-Identifier: MIT */
/*
 * Who can be in a finding: what the rules look for, as far as one goroutine alone shows it. Kept in step
 * with them by a test that judges with and without.
 */

#include <loiter/layout.h>

#include "internal.h"

bool ltr_judge_concerns(const struct ltr_census *census, const struct ltr_judge_options *options,
			const struct ltr_goroutine *goroutine)
{
	const struct ltr_census_info *info = ltr_census_info(census);

	if (info->phase == LTR_PHASE_DEADLOCK || goroutine->flags & LTR_IS_UNSURE)
		return true;
	if (info->phase == LTR_PHASE_MAIN_RETURNED &&
	    !(goroutine->flags & (LTR_IS_MAIN | LTR_IS_DAEMON)))
		return true;
	if (goroutine->flags & LTR_IS_UNREACHABLE && info->reach.conclusive)
		return true;
	if (ltr_census_is_lock_wait(goroutine->reason))
		return true;
	switch (goroutine->reason) {
	case LTR_REASON_CHAN_RECEIVE_NIL:
	case LTR_REASON_CHAN_SEND_NIL:
	case LTR_REASON_SELECT_NO_CASES:
		return true;
	case LTR_REASON_NONE:
		return goroutine->flags & LTR_IS_LONG && ltr__is_old(census, options, goroutine);
	default:
		return ltr__is_old(census, options, goroutine);
	}
}
