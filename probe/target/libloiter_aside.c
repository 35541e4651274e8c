// SPDX-License-Identifier: MIT
/*
 * A thread that only looks, in the very process that it looks at, says so in the runtime's own
 * table (layout.h): its stack is a region that leads nowhere, and it is a thread that wakes nobody.
 * Everybody who looks for references sees that, also from outside.
 *
 * It holds because nothing of the program runs on that thread: what it knows of goroutines, on its
 * stack, in its thread-local variables (which lie there, too) and in its registers, is copied from
 * them and never used to wake one. What the program can get at as well is found from there.
 *
 * A region that was given back keeps its place in the table for the next one. Its kind is 0 then,
 * and it belongs to a thread that cannot be: a reader that sees only a part of the change passes
 * over it.
 */
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "libloiter_private.h"

#define NO_THREAD UINT32_MAX

/* One that was given back, or a new one. The table is in our own memory. */
static struct ltr_region *take_place(const struct ltr_layout *layout)
{
	struct ltr_region *regions = (struct ltr_region *)(uintptr_t)layout->regions;
	uint32_t *count = (uint32_t *)(uintptr_t)layout->region_count;
	uint32_t place;

	if (!regions || !count)
		return NULL;
	place = __atomic_load_n(count, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < place && i < layout->region_max; i++) {
		uint32_t nobody = NO_THREAD;

		/* acquire: pairs with ltr__libloiter_step_back(), which has written the rest before */
		if (__atomic_compare_exchange_n(&regions[i].tid, &nobody, (uint32_t)gettid(), false,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return &regions[i];
	}
	do {
		if (place >= layout->region_max)
			return NULL;
	} while (!__atomic_compare_exchange_n(count, &place, place + 1, false, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return &regions[place];
}

static int own_stack(uint64_t *ret_low, uint64_t *ret_high)
{
	pthread_attr_t attributes;
	size_t bytes;
	void *low;
	int err = -pthread_getattr_np(pthread_self(), &attributes);

	if (err)
		return err;
	err = -pthread_attr_getstack(&attributes, &low, &bytes);
	pthread_attr_destroy(&attributes);
	if (err)
		return err;
	*ret_low = (uint64_t)(uintptr_t)low;
	*ret_high = *ret_low + bytes;
	return 0;
}

int ltr__libloiter_step_aside(void *context)
{
	struct ltr__libloiter *target = context;
	struct ltr_region *region;
	uint64_t low = 0, high = 0;
	int err;

	if (!ltr_process_is_own(target->process))
		return -EINVAL;
	if (target->aside)
		return 0;
	err = own_stack(&low, &high);
	if (err)
		return err;
	region = take_place(&target->layout);
	if (!region)
		return -EOPNOTSUPP;
	region->low = low;
	region->high = high;
	region->tid = (uint32_t)gettid();
	/* release, last: outsiders pass over a region without a kind */
	__atomic_store_n(&region->kind, (uint32_t)LTR_REGION_PRIVATE, __ATOMIC_RELEASE);
	target->aside = region;
	return 0;
}

void ltr__libloiter_step_back(struct ltr__libloiter *target)
{
	struct ltr_region *region = target->aside;

	target->aside = NULL;
	if (!region)
		return;
	__atomic_store_n(&region->kind, 0, __ATOMIC_RELAXED);
	/* Whoever sees one of these sees that it has no kind; after the last, another may have it. */
	__atomic_store_n(&region->low, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&region->high, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&region->tid, NO_THREAD, __ATOMIC_RELEASE);
}
