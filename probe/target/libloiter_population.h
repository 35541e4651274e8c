/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TARGET_LIBLOITER_POPULATION_H
#define LOITER_TARGET_LIBLOITER_POPULATION_H

#include "../reach/reach.h"
#include "libloiter_private.h"

/* All goroutines at one moment. */
struct ltr__population {
	struct ltr_reach_goroutine *goroutines; /* in order of ids */
	size_t count;
	size_t capacity;
	size_t slab_bytes;
	unsigned char *slabs; /* copies of all descriptors; what goroutines keep lies there */
	bool some_call;       /* somebody is in a blocking call */
	uint64_t *running;    /* ids of those that run or call, each with its sequence behind it */
	size_t running_count;
	size_t running_capacity;
};

/*
 * Replaces what was there, and uses its memory again. With at most `most_bytes` of memory, else -ENOMEM;
 * after an error there is nobody in it. It changes while it is read, a descriptor at a time.
 */
int ltr__population_read(const struct ltr__libloiter *target, uint64_t most_bytes,
			 struct ltr__population *population);
void ltr__population_done(struct ltr__population *population);

#endif
