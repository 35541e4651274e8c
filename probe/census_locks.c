// SPDX-License-Identifier: MIT
/*
 * The locks that somebody waits for, and who holds them. Each snapshot begins them anew; they are
 * sorted when it ends, and before that nobody looks.
 */
#include <errno.h>
#include <stdlib.h>

#include "census_private.h"

bool ltr_census_is_lock_wait(uint8_t reason)
{
	return reason == LTR_REASON_MUTEX_LOCK || reason == LTR_REASON_RWMUTEX_LOCK ||
	       reason == LTR_REASON_RWMUTEX_RLOCK || reason == LTR_REASON_ONCE_DO;
}

void ltr__locks_forget(struct ltr_census *census)
{
	census->lock_count = 0;
	census->reader_count = 0;
}

int ltr_census_snapshot_lock(struct ltr_census *census, const struct ltr_lock *lock)
{
	if (!census->snapshot_open)
		return -EINVAL;
	LTR__TAP(census, snapshot_lock, lock);
	return ltr__append(&census->locks, &census->lock_count, &census->lock_capacity, lock,
			   sizeof(*lock));
}

int ltr_census_snapshot_reader(struct ltr_census *census, const struct ltr_reader *reader)
{
	if (!census->snapshot_open)
		return -EINVAL;
	LTR__TAP(census, snapshot_reader, reader);
	return ltr__append(&census->readers, &census->reader_count, &census->reader_capacity,
			   reader, sizeof(*reader));
}

static int compare_locks(const void *a, const void *b)
{
	return ltr__compare(((const struct ltr_lock *)a)->object,
			    ((const struct ltr_lock *)b)->object);
}

static int compare_readers(const void *a, const void *b)
{
	const struct ltr_reader *x = a;
	const struct ltr_reader *y = b;
	int order = ltr__compare(x->object, y->object);

	return order ? order : ltr__compare(x->goroutine_id, y->goroutine_id);
}

void ltr__locks_sort(struct ltr_census *census)
{
	uint32_t kept = 0;

	if (census->lock_count > 1)
		qsort(census->locks, census->lock_count, sizeof(*census->locks), compare_locks);
	for (uint32_t i = 0; i < census->lock_count; i++)
		if (i == 0 || census->locks[i].object != census->locks[kept - 1].object)
			census->locks[kept++] = census->locks[i];
	census->lock_count = kept;
	if (census->reader_count > 1)
		qsort(census->readers, census->reader_count, sizeof(*census->readers),
		      compare_readers);
}

size_t ltr_census_lock_count(const struct ltr_census *census)
{
	return census->lock_count;
}

const struct ltr_lock *ltr_census_lock(const struct ltr_census *census, size_t index)
{
	return index < census->lock_count ? &census->locks[index] : NULL;
}

const struct ltr_lock *ltr_census_find_lock(const struct ltr_census *census, uint64_t object)
{
	const struct ltr_lock key = {.object = object};

	if (!census->lock_count)
		return NULL;
	return bsearch(&key, census->locks, census->lock_count, sizeof(key), compare_locks);
}

const struct ltr_lock *ltr_census_lock_of(const struct ltr_census *census,
					  const struct ltr_goroutine *goroutine)
{
	if (!ltr_census_is_lock_wait(goroutine->reason))
		return NULL;
	return ltr_census_find_lock(census, goroutine->object);
}

size_t ltr_census_reader_count(const struct ltr_census *census)
{
	return census->reader_count;
}

const struct ltr_reader *ltr_census_reader(const struct ltr_census *census, size_t index)
{
	return index < census->reader_count ? &census->readers[index] : NULL;
}

uint64_t ltr_census_locked_pc(const struct ltr_census *census, const struct ltr_lock *lock)
{
	return lock->owner_id ? ltr_census_pc_of_half(census, lock->locked_at) : 0;
}
