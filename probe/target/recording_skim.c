// SPDX-License-Identifier: MIT
/*
 * What one goroutine does in all of a recording: the file is read block by block, and nothing of it but
 * the goroutine's records and readings is used.
 */
#include <errno.h>
#include <stdlib.h>

#include "../census_private.h"
#include "recording_private.h"

struct ltr__skim {
	struct ltr__replay replay;
	uint64_t offset; /* of the next block */
	bool is_done;
};

int ltr__skim_new(struct ltr_census *census, struct ltr__skim **ret_skim)
{
	struct ltr__skim *skim = calloc(1, sizeof(*skim));

	if (!skim)
		return -ENOMEM;
	skim->replay.census = census;
	skim->replay.is_skimming = true;
	/* Nothing is to be applied. */
	skim->replay.is_late = true;
	skim->replay.is_exact = true;
	skim->replay.until_ns = UINT64_MAX / 2;
	skim->offset = LTR__FILE_HEADER_BYTES;
	*ret_skim = skim;
	return 0;
}

struct ltr__skim *ltr__skim_free(struct ltr__skim *skim)
{
	free(skim);
	return NULL;
}

int ltr__skim_on(struct ltr__skim *skim, struct ltr__recording *recording, uint64_t end)
{
	struct ltr__reading reading;
	struct ltr__block block;

	if (skim->is_done || skim->offset >= end)
		return 0;
	recording->offset = skim->offset;
	int got = ltr__recording_next(recording, &block, &reading);
	if (got <= 0) {
		skim->is_done = true;
		return got ? got : -EIO;
	}
	skim->offset = recording->offset;
	skim->is_done = block.kind == LTR__BLOCK_END;
	if (block.kind != LTR__BLOCK_LOG)
		return !skim->is_done;
	int err = ltr__replay_log(&skim->replay, &reading);
	skim->is_done |= err || skim->replay.past;
	return err ? err : !skim->is_done;
}
