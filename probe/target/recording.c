// SPDX-License-Identifier: MIT
/*
 * Recordings (record.h), as a target: the census is filled once, by the calls that were recorded, up
 * to the wanted moment. Symbols are read to the end of the file all the same: those of a stack may
 * have been written long after it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../census_private.h"
#include "recording_private.h"

#define NOTE_BYTES 64

static void target_close(void *context)
{
	ltr__recording_close(context);
}

static int target_open(const char *path, void **ret_target, struct ltr_why *ret_why)
{
	struct ltr__recording *recording = NULL;
	int err = ltr__recording_open(path, &recording, ret_why);

	if (!err)
		*ret_target = recording;
	return err;
}

/* What stands in a block of LTR__BLOCK_META. */
struct meta {
	uint64_t way;
	char host[NOTE_BYTES];
};

static int read_meta(struct ltr_census *census, struct ltr__reading *reading, struct meta *ret_meta)
{
	struct ltr_census_info *info = ltr_census_info_mut(census);

	info->pid = (uint32_t)ltr__read_number(reading);
	info->started_ns = ltr__read_number(reading);
	ret_meta->way = ltr__read_bounded(reading, LTR_WAY_FILE - 1);
	ltr__read_text(reading, info->way_reason, sizeof(info->way_reason));
	ltr__read_text(reading, info->command, sizeof(info->command));
	ltr__read_text(reading, ret_meta->host, sizeof(ret_meta->host));
	/* As it was while it was watched: it decides how snapshots and records are joined. */
	info->way = (enum ltr_way)ret_meta->way;
	return reading->bad ? -EBADMSG : 0;
}

static void describe(struct ltr_census *census, const struct meta *meta)
{
	struct ltr_census_info *info = ltr_census_info_mut(census);
	time_t seconds = (time_t)(info->wall_ns / 1000000000u);
	char when[32] = "";
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		strftime(when, sizeof(when), "%F %T UTC", &tm);
	snprintf(info->way_reason, sizeof(info->way_reason), "recorded through %s on %s, %s%s",
		 ltr_way_name((enum ltr_way)meta->way), meta->host, when,
		 info->cut ? "; its end is missing" : "");
	info->recorded_way = (enum ltr_way)meta->way;
	info->way = LTR_WAY_FILE;
}

struct state {
	const struct ltr_replay_options *options;
	bool symbols_only;
	struct ltr__replay replay;
	struct ltr__recorded_symbols *symbols;
	struct meta meta;
	bool begun; /* the first block was read */
	bool ended;
};

static int begin(struct state *state, const struct ltr__block *block, struct ltr__reading *reading)
{
	struct ltr_census *census = state->replay.census;

	if (block->kind != LTR__BLOCK_META)
		return -EBADMSG;
	int err = read_meta(census, reading, &state->meta);
	if (err)
		return err;
	state->begun = true;
	state->replay.until_ns = ltr__add_saturated(census->info.started_ns, state->options->at_ns);
	/* Snapshots do not know what was between them. */
	if (state->options->waits && census->info.way != LTR_WAY_SNAPSHOT)
		err = ltr_census_keep_waits(census);
	return err;
}

static int take_block(struct state *state, const struct ltr__block *block,
		      struct ltr__reading *reading)
{
	if (state->symbols_only) {
		state->ended = block->kind == LTR__BLOCK_END;
		return block->kind == LTR__BLOCK_SYMBOLS
			       ? ltr__recorded_symbols_add(state->symbols, reading)
			       : 0;
	}
	if (!state->begun)
		return begin(state, block, reading);
	switch (block->kind) {
	case LTR__BLOCK_LOG:
		return state->replay.past ? 0 : ltr__replay_log(&state->replay, reading);
	case LTR__BLOCK_SYMBOLS:
		return state->options->steps ? 0 /* they are known */
					     : ltr__recorded_symbols_add(state->symbols, reading);
	case LTR__BLOCK_META:
		return -EBADMSG;
	case LTR__BLOCK_END:
		state->ended = true;
		return 0;
	default:
		return 0;
	}
}

static int read_blocks(struct ltr__recording *recording, struct state *state, size_t bytes_max)
{
	struct ltr__reading reading;
	struct ltr__block block;
	int err = 0;

	while (!err && !state->ended) {
		int got = ltr__recording_next(recording, &block, &reading);
		if (got <= 0)
			return got;
		err = take_block(state, &block, &reading);
		if (!err && ltr__replay_bytes(&state->replay) > bytes_max)
			err = -EFBIG;
	}
	return err;
}

/* Symbols may stand long after what they are of: who wants to see the steps wants them before. */
static int read_symbols_first(struct ltr__recording *recording, struct state *state,
			      size_t bytes_max)
{
	uint64_t first = recording->offset;

	state->symbols_only = true;
	int err = read_blocks(recording, state, bytes_max);
	state->symbols_only = false;
	state->ended = false;
	recording->offset = first;
	ltr_census_set_steps(state->replay.census, state->options->steps);
	return err;
}

static int explain(const struct ltr__recording *recording, int err, size_t bytes_max,
		   struct ltr_why *why)
{
	switch (err) {
	case -EBADMSG:
		return ltr_why_set(why, err,
				   "%s is no recording that loiter has made: its block before byte "
				   "%llu makes no sense",
				   recording->path, (unsigned long long)recording->offset);
	case -EFBIG:
		return ltr_why_set(why, err,
				   "%s wants more than %zu MiB of memory, which no recording may",
				   recording->path, bytes_max >> 20);
	case -ENODATA:
		return ltr_why_set(why, err,
				   "%s ends before its first look at the program does: nothing is "
				   "known of it",
				   recording->path);
	default:
		return ltr_why_set(why, err, "cannot read %s: %s", recording->path, strerror(-err));
	}
}

static int target_replay(void *context, struct ltr_census *census,
			 const struct ltr_replay_options *options, struct ltr_why *ret_why)
{
	size_t bytes_max = options->bytes_max ? options->bytes_max : LTR__REPLAY_BYTES_MAX;
	struct ltr__recording *recording = context;
	struct state state = {.options = options, .replay.census = census};
	struct ltr_census_info *info = ltr_census_info_mut(census);

	int err = ltr__recorded_symbols_new(census, &state.symbols);
	if (!err && options->steps)
		err = read_symbols_first(recording, &state, bytes_max);
	if (!err)
		err = read_blocks(recording, &state, bytes_max);
	if (!err)
		ltr_census_tell_unfinished(census);
	ltr_census_set_steps(census, NULL);
	/* Cut in the middle of a snapshot: what was read is true, what was not may be there. */
	if (!err && census->snapshot_open)
		err = ltr_census_snapshot_end(census, false);
	if (!err && !census->had_snapshot)
		err = -ENODATA;
	ltr__replay_done(&state.replay);
	if (err)
		return explain(recording, err, bytes_max, ret_why);
	info->cut = !state.ended && !state.replay.past;
	describe(census, &state.meta);
	return 0;
}

const struct ltr_target_ops ltr__recording_target = {
	.name = "recording",
	.open_file = target_open,
	.replay = target_replay,
	.close = target_close,
};
