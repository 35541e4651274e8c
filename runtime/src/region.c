/* SPDX-License-Identifier: MIT */

/* See region.h. */

#include "region.h"

struct ltr_region ltr__regions[LTR__REGION_MAX];
uint32_t ltr__region_count;

void ltr__region_add(const void *low, size_t bytes, enum ltr_region_kind kind, uint32_t tid)
{
	uint32_t place = __atomic_load_n(&ltr__region_count, __ATOMIC_RELAXED);
	struct ltr_region *region;

	do {
		if (place == LTR__REGION_MAX)
			return;
	} while (!__atomic_compare_exchange_n(&ltr__region_count, &place, place + 1, false,
					      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	region = &ltr__regions[place];
	region->low = (uint64_t)(uintptr_t)low;
	region->high = region->low + bytes;
	region->tid = tid;
	/* release, last: outsiders pass over a region without a kind */
	__atomic_store_n(&region->kind, (uint32_t)kind, __ATOMIC_RELEASE);
}
