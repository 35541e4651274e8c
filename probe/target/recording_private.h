/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TARGET_RECORDING_PRIVATE_H
#define LOITER_TARGET_RECORDING_PRIVATE_H

/*
 * What the files of the recording target share:
 *
 *   recording.c          the table of functions, what a person is told
 *   recording_block.c    the file, block by block
 *   recording_replay.c   entries of a log, into a census
 *   recording_symbols.c  modules and symbols
 *
 * Everything in the file is hostile. A block's size is bounded before there is memory for it; what
 * the blocks add up to in memory is bounded after each (LTR__REPLAY_BYTES_MAX).
 */

#include <zstd.h>

#include "../record_format.h"
#include "target.h"

/* What a recording may take in memory. That is looked at after each block, which adds a hundred MiB at
 * most. */
#define LTR__REPLAY_BYTES_MAX ((size_t)2 << 30)

struct ltr__recording {
	int fd;
	char path[256];  /* for sentences, cut to fit */
	uint64_t offset; /* of the next block */
	unsigned char *stored;
	unsigned char *raw;
	size_t stored_capacity;
	size_t raw_capacity;
	ZSTD_DCtx *zstd;
};

/* recording_block.c */
int ltr__recording_open(const char *path, struct ltr__recording **ret_recording,
			struct ltr_why *why);
struct ltr__recording *ltr__recording_close(struct ltr__recording *recording); /* takes NULL */
/*
 * The next block and its contents, good until the next call. 1; 0 if there is no other whole block;
 * -EBADMSG if it is whole and cannot be unpacked; -errno.
 */
int ltr__recording_next(struct ltr__recording *recording, struct ltr__block *ret_block,
			struct ltr__reading *ret_reading);

/* The numbers of the file's things, as the census has them. */
struct ltr__numbers {
	uint32_t *at;
	uint32_t capacity;
	uint32_t count; /* numbers are smaller; 0: none yet */
};

struct ltr__replay {
	struct ltr_census *census;
	uint64_t until_ns; /* no further */
	bool past;         /* it has been reached */
	struct ltr__numbers strings;
	struct ltr__numbers sites;
	struct ltr__numbers labels;
	struct ltr__numbers stacks;
	struct ltr__delta delta;
};

/* recording_replay.c. One block of a log: 0, -EBADMSG, -ENOMEM. */
int ltr__replay_log(struct ltr__replay *replay, struct ltr__reading *reading);
size_t ltr__replay_bytes(const struct ltr__replay *replay);
void ltr__replay_done(struct ltr__replay *replay);

/* recording_symbols.c. They belong to the census from the beginning. */
struct ltr__recorded_symbols;
int ltr__recorded_symbols_new(struct ltr_census *census,
			      struct ltr__recorded_symbols **ret_symbols);
/* One block of symbols: 0, -EBADMSG, -ENOMEM. What is too much is left out. */
int ltr__recorded_symbols_add(struct ltr__recorded_symbols *symbols, struct ltr__reading *reading);

#endif
