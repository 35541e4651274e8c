/* SPDX-License-Identifier: MIT */
#ifndef LOITER_BATCH_TARGET_H
#define LOITER_BATCH_TARGET_H

/* What batch_target.c and the tests that drive it agree on. */

#include <loiter/event.h>

#define TARGET_RINGS      8
#define TARGET_UNREADABLE 7 /* how many records "bad" hands over from an address of nothing */

/* The record at `position` of `ring`; all of them differ. */
static inline struct ltr_event target_record(uint32_t ring, uint64_t position)
{
	return (struct ltr_event){
		.goroutine = (uint64_t)ring << 48 | position,
		.ticks = position * 3 + 1,
		.arg = ~position,
		.sequence = (uint32_t)position,
		.kind = LTR_KIND_READY,
	};
}

#endif
