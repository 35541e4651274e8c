// SPDX-License-Identifier: MIT
/*
 * What channels say of themselves, of those that somebody waits on. Each reading of all of them begins
 * anew; they are sorted when it ends.
 */
#include <errno.h>
#include <stdlib.h>

#include "census_private.h"

bool ltr_census_is_channel_wait(uint8_t reason)
{
	return reason == LTR_REASON_CHAN_RECEIVE || reason == LTR_REASON_CHAN_SEND ||
	       reason == LTR_REASON_SELECT;
}

void ltr_census_channels_begin(struct ltr_census *census)
{
	census->channel_count = 0;
	census->channels_known = false;
}

int ltr_census_channel_put(struct ltr_census *census, const struct ltr_channel_use *channel)
{
	int err = ltr__grow(&census->channels, &census->channel_capacity,
			    census->channel_count + 1ull, sizeof(*census->channels));
	if (!err)
		census->channels[census->channel_count++] = *channel;
	return err;
}

static int compare(const void *a, const void *b)
{
	const struct ltr_channel_use *x = a;
	const struct ltr_channel_use *y = b;

	return x->object < y->object ? -1 : x->object > y->object;
}

void ltr_census_channels_end(struct ltr_census *census)
{
	if (census->channel_count > 1)
		qsort(census->channels, census->channel_count, sizeof(*census->channels), compare);
	census->channels_known = true;
}

const struct ltr_channel_use *ltr_census_channel_of(const struct ltr_census *census,
						    const struct ltr_goroutine *goroutine)
{
	const struct ltr_channel_use key = {.object = goroutine->object};

	if (!census->channels_known || !census->channel_count || !goroutine->object ||
	    !ltr_census_is_channel_wait(goroutine->reason))
		return NULL;
	return bsearch(&key, census->channels, census->channel_count, sizeof(key), compare);
}
