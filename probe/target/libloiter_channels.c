// SPDX-License-Identifier: MIT
/*
 * The channels that the census's goroutines wait on, read from the program: not with each snapshot, but
 * when somebody asks. What cannot be read, or is of a program whose channels say nothing, is left out.
 */
#include <errno.h>
#include <stdlib.h>

#include "libloiter_private.h"

#define BATCH 1024u

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Each channel once. */
static size_t gather(const struct ltr_census *census, uint64_t *addresses)
{
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < ltr_census_count(census); i++) {
		const struct ltr_goroutine *goroutine = ltr_census_at(census, i);

		if (ltr_census_is_channel_wait(goroutine->reason) && goroutine->object &&
		    goroutine->object % 8 == 0)
			addresses[count++] = goroutine->object;
	}
	if (count > 1)
		qsort(addresses, count, sizeof(*addresses), compare);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || addresses[i] != addresses[kept - 1])
			addresses[kept++] = addresses[i];
	return kept;
}

static int read_batch(const struct ltr__libloiter *target, struct ltr_census *census,
		      const uint64_t *addresses, size_t count)
{
	struct ltr_channel_words words[BATCH];
	struct ltr_process_piece pieces[BATCH];

	for (size_t i = 0; i < count; i++)
		pieces[i] = (struct ltr_process_piece){.address = addresses[i] +
								  target->layout.channel_words,
						       .buffer = &words[i],
						       .bytes = sizeof(words[i])};
	int err = ltr_process_read_many(target->process, pieces, (uint32_t)count);
	for (size_t i = 0; i < count && !err; i++)
		if (pieces[i].done == sizeof(words[i]))
			err = ltr_census_channel_put(census,
						     &(struct ltr_channel_use){
							     .object = addresses[i],
							     .made_pc = words[i].made_pc,
							     .sender_id = words[i].sender_id,
							     .receiver_id = words[i].receiver_id,
						     });
	return err;
}

int ltr__libloiter_channels(void *context, struct ltr_census *census)
{
	const struct ltr__libloiter *target = context;
	int err = 0;

	ltr_census_channels_begin(census);
	if (!target->layout.channel_words)
		return 0;
	uint64_t *addresses = calloc(ltr_census_count(census) + 1, sizeof(*addresses));
	if (!addresses)
		return -ENOMEM;
	size_t count = gather(census, addresses);
	for (size_t i = 0; i < count && !err; i += BATCH)
		err = read_batch(target, census, addresses + i,
				 count - i < BATCH ? count - i : BATCH);
	free(addresses);
	if (!err)
		ltr_census_channels_end(census);
	return err;
}
