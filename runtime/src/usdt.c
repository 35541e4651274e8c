/* SPDX-License-Identifier: MIT */

/* The USDT probes by kind, and the words for reasons that they show. See usdt.h. */

#include "usdt.h"

#ifndef LTR_ARCH_GENERIC

ltr__usdt_probe ltr__usdt_create, ltr__usdt_start, ltr__usdt_park, ltr__usdt_ready, ltr__usdt_yield,
	ltr__usdt_exit;

ltr__usdt_probe *const ltr__usdt_probes[] = {
	[LTR_KIND_CREATE] = ltr__usdt_create, [LTR_KIND_START] = ltr__usdt_start,
	[LTR_KIND_PARK] = ltr__usdt_park,     [LTR_KIND_READY] = ltr__usdt_ready,
	[LTR_KIND_YIELD] = ltr__usdt_yield,   [LTR_KIND_EXIT] = ltr__usdt_exit,
};

const char *const ltr__usdt_reasons[LTR_REASON_COUNT] = {
#define LTR__REASON(number, NAME, printed, STATE) [number] = printed,
	LTR_REASONS(LTR__REASON)
#undef LTR__REASON
};

#endif
