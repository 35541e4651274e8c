/* SPDX-License-Identifier: MIT */

/* Calls the probe of a kind with what it tells. See usdt.h; the probes are in usdt.S. */

#include "usdt.h"

#include <loiter/event.h>

#ifndef LTR_ARCH_GENERIC

void ltr__usdt_create(uint64_t goroutine, uint64_t creator, const void *entry,
		      const void *creation_pc);
void ltr__usdt_start(uint64_t goroutine, uint64_t creation_pc);
void ltr__usdt_park(uint64_t goroutine, uint64_t reason, uint64_t object, const char *reason_name);
void ltr__usdt_ready(uint64_t goroutine, uint64_t waker);
void ltr__usdt_yield(uint64_t goroutine);
void ltr__usdt_exit(uint64_t goroutine);

static const char *const reason_names[LTR_REASON_COUNT] = {
#define LTR__REASON(number, NAME, printed, STATE) [number] = printed,
	LTR_REASONS(LTR__REASON)
#undef LTR__REASON
};

void ltr__usdt(const struct ltr__goroutine *goroutine, uint8_t kind, uint8_t reason, uint64_t arg)
{
	uint64_t id = goroutine->id;

	switch ((enum ltr_kind)kind) {
	case LTR_KIND_CREATE:
		ltr__usdt_create(id, arg, (const void *)(uintptr_t)goroutine->entry,
				 goroutine->creation_pc);
		break;
	case LTR_KIND_START:
		ltr__usdt_start(id, arg);
		break;
	case LTR_KIND_PARK:
		ltr__usdt_park(id, reason, arg, reason_names[reason]);
		break;
	case LTR_KIND_READY:
		ltr__usdt_ready(id, arg);
		break;
	case LTR_KIND_YIELD:
		ltr__usdt_yield(id);
		break;
	case LTR_KIND_EXIT:
		ltr__usdt_exit(id);
		break;
	default: /* not transitions of a goroutine */
		break;
	}
}

#endif
