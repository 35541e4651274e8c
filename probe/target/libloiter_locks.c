// SPDX-License-Identifier: MIT
/*
 * The locks that goroutines wait for, read from the program when all its goroutines have been read.
 * Many wait for one lock: addresses are sorted before they are read. What is not mapped, or is no
 * address, is left out: then nothing is known of that lock.
 */
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "libloiter_private.h"

#define BATCH 1024u

int ltr__locks_want(struct ltr__locks *locks, uint64_t address)
{
	/* Neighbours in the descriptors often wait for the same. */
	if (address % 8 || (locks->count && locks->addresses[locks->count - 1] == address))
		return 0;
	return ltr__append(&locks->addresses, &locks->count, &locks->capacity, &address,
			   sizeof(address));
}

static int compare(const void *a, const void *b)
{
	return ltr__compare(*(const uint64_t *)a, *(const uint64_t *)b);
}

static void sort(struct ltr__locks *locks)
{
	uint32_t kept = 0;

	if (locks->count > 1)
		qsort(locks->addresses, locks->count, sizeof(*locks->addresses), compare);
	for (uint32_t i = 0; i < locks->count; i++)
		if (i == 0 || locks->addresses[i] != locks->addresses[kept - 1])
			locks->addresses[kept++] = locks->addresses[i];
	locks->count = kept;
}

static int put(struct ltr_census *census, uint64_t address, const struct ltr_lock_words *words)
{
	bool held = words->state & LTR_LOCK_HELD;

	return ltr_census_snapshot_lock(
		census, &(struct ltr_lock){
				.object = address,
				.owner_id = held ? words->owner : 0,
				.readers = held ? 0 : words->state / LTR_LOCK_READER,
				.locked_at = held ? words->locked_at : 0,
				.unlocker_id = words->unlocker,
				.stray_unlock = words->marks & LTR_LOCK_STRAY_UNLOCK,
				.stray_reader = words->marks & LTR_LOCK_STRAY_READER,
			});
}

static int read_batch(const struct ltr__libloiter *target, struct ltr_census *census,
		      const uint64_t *addresses, uint32_t count)
{
	struct ltr_lock_words words[BATCH];
	struct ltr_process_piece pieces[BATCH];
	uint32_t bytes = target->layout.lock_bytes_all ? target->layout.lock_bytes_all
						       : target->layout.lock_bytes;

	/* A later runtime may have more, an earlier one has less. */
	if (bytes > sizeof(*words))
		bytes = sizeof(*words);

	memset(words, 0, count * sizeof(*words));
	for (uint32_t i = 0; i < count; i++)
		pieces[i] = (struct ltr_process_piece){
			.address = addresses[i], .buffer = &words[i], .bytes = bytes};
	int err = ltr_process_read_many(target->process, pieces, count);
	for (uint32_t i = 0; i < count && !err; i++)
		if (pieces[i].done == bytes)
			err = put(census, addresses[i], &words[i]);
	return err;
}

int ltr__locks_read(struct ltr__locks *locks, const struct ltr__libloiter *target,
		    struct ltr_census *census)
{
	int err = 0;

	sort(locks);
	for (uint32_t i = 0; i < locks->count && !err; i += BATCH) {
		uint32_t count = locks->count - i < BATCH ? locks->count - i : BATCH;

		err = read_batch(target, census, locks->addresses + i, count);
	}
	return err;
}

void ltr__locks_done(struct ltr__locks *locks)
{
	free(locks->addresses);
}
