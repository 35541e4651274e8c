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
	char why_this_way[sizeof(((struct ltr_census_info *)0)->way_reason)];
	char host[NOTE_BYTES];
};

static int read_meta(struct ltr_census *census, struct ltr__reading *reading, struct meta *ret_meta)
{
	struct ltr_census_info *info = ltr_census_info_mut(census);

	info->pid = (uint32_t)ltr__read_number(reading);
	info->started_ns = ltr__read_number(reading);
	ret_meta->way = ltr__read_bounded(reading, LTR_WAY_FILE - 1);
	ltr__read_text(reading, ret_meta->why_this_way, sizeof(ret_meta->why_this_way));
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
	int length = snprintf(info->way_reason, sizeof(info->way_reason),
			      "recorded through %s on %s, %s%s%s%s",
			      ltr_way_name((enum ltr_way)meta->way), meta->host, when,
			      info->cut ? "; its end is missing" : "",
			      meta->why_this_way[0] ? "; " : "", meta->why_this_way);

	if (length >= (int)sizeof(info->way_reason))
		strcpy(info->way_reason + sizeof(info->way_reason) - sizeof("..."), "...");
	info->recorded_way = (enum ltr_way)meta->way;
	info->way = LTR_WAY_FILE;
}

struct ltr__recording_state {
	const struct ltr_steps *steps;
	bool symbols_only;
	struct ltr__replay replay;
	struct ltr__recorded_symbols *symbols;
	struct meta meta;
	bool waits;
	uint64_t at_ns;
	size_t bytes_max;
	struct ltr__skim *skim; /* NULL: nobody was followed yet */
	bool begun;             /* the first block was read */
	bool ended;
};

static int begin(struct ltr__recording_state *state, const struct ltr__block *block,
		 struct ltr__reading *reading)
{
	struct ltr_census *census = state->replay.census;

	if (block->kind != LTR__BLOCK_META)
		return -EBADMSG;
	int err = read_meta(census, reading, &state->meta);
	if (err)
		return err;
	state->begun = true;
	state->replay.until_ns =
		state->replay.play ? UINT64_MAX
				   : ltr__add_saturated(census->info.started_ns, state->at_ns);
	state->replay.is_exact = state->replay.until_ns != UINT64_MAX;
	state->replay.late_ns = state->replay.play ? LTR__LATE_NS_LEAST : LTR__LATE_NS_MAX;
	/* Snapshots do not know what was between them. */
	if (state->waits && census->info.way != LTR_WAY_SNAPSHOT)
		err = ltr_census_keep_waits(census);
	return err;
}

static int take_block(struct ltr__recording_state *state, const struct ltr__block *block,
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
		return state->steps ? 0 /* they are known */
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

static size_t bytes_of(const struct ltr__recording_state *state)
{
	const struct ltr__play *play = state->replay.play;

	return ltr__replay_bytes(&state->replay) + (play ? ltr__play_bytes(play) : 0);
}

static int read_blocks(struct ltr__recording *recording, struct ltr__recording_state *state)
{
	struct ltr__reading reading;
	struct ltr__block block;
	int err = 0;

	while (!err && !state->ended) {
		state->replay.block = recording->offset;
		int got = ltr__recording_next(recording, &block, &reading);
		if (got <= 0)
			return got;
		err = take_block(state, &block, &reading);
		if (!err && bytes_of(state) > state->bytes_max)
			err = -EFBIG;
		if (!err && ltr__replay_is_unwanted(&state->replay))
			err = -ECANCELED;
	}
	return err;
}

/* Symbols may stand long after what they are of: who wants to see the steps wants them before. */
static int read_symbols_first(struct ltr__recording *recording, struct ltr__recording_state *state)
{
	uint64_t first = recording->offset;

	state->symbols_only = true;
	int err = read_blocks(recording, state);
	state->symbols_only = false;
	state->ended = false;
	recording->offset = first;
	ltr_census_set_steps(state->replay.census, state->steps);
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
	case -EIO:
		return ltr_why_set(why, err, "%s has changed since it was opened", recording->path);
	default:
		return ltr_why_set(why, err, "cannot read %s: %s", recording->path, strerror(-err));
	}
}

/* All of the file, or up to the wanted moment. */
static int read_file(struct ltr__recording *recording, struct ltr__recording_state *state)
{
	struct ltr_census *census = state->replay.census;
	int err = ltr__recorded_symbols_new(census, &state->symbols);

	if (!err && state->steps)
		err = read_symbols_first(recording, state);
	if (!err)
		err = read_blocks(recording, state);
	if (!err)
		ltr_census_tell_unfinished(census);
	ltr_census_set_steps(census, NULL);
	/* Cut in the middle of a snapshot: what was read is true, what was not may be there. */
	if (!err && census->snapshot_open)
		err = ltr_census_snapshot_end(census, false);
	if (!err && !census->had_snapshot)
		err = -ENODATA;
	if (!err && state->replay.is_late)
		ltr_census_advance(census, state->replay.until_ns);
	if (!err && state->replay.play)
		err = ltr__play_is_read(state->replay.play, recording->offset, state->ended);
	return err;
}

/* What is missing in recordings of before has to be told, too. */
static void say_what_is_missing(struct ltr_census *census)
{
	static const char not_yet[] = "it was recorded by a loiter that did not record that";
	struct ltr_census_info *info = ltr_census_info_mut(census);

	memcpy(info->cpu_reason, not_yet, sizeof(not_yet));
	memcpy(info->threads_reason, not_yet, sizeof(not_yet));
	memcpy(info->sockets_reason, not_yet, sizeof(not_yet));
}

static void say_what_it_shows(struct ltr__recording_state *state)
{
	struct ltr_census_info *info = ltr_census_info_mut(state->replay.census);

	info->cut = !state->ended && !state->replay.is_late;
	if (!state->replay.has_how)
		say_what_is_missing(state->replay.census);
	describe(state->replay.census, &state->meta);
}

/* Without the sentence. The way is as it was, as long as records and snapshots are joined. */
static int seek(struct ltr__recording *recording, struct ltr__recording_state *state,
		uint64_t moment_ns)
{
	ltr_census_info_mut(state->replay.census)->way = (enum ltr_way)state->meta.way;
	int err = ltr__play_seek(state->replay.play, recording, moment_ns, state->bytes_max);
	say_what_it_shows(state);
	return err;
}

static int target_seek(void *context, struct ltr_census *census, uint64_t moment_ns,
		       struct ltr_why *ret_why)
{
	struct ltr__recording *recording = context;
	struct ltr__recording_state *state = recording->state;

	if (!state)
		return ltr_why_set(ret_why, -EOPNOTSUPP, "it was not opened to be played");
	uint64_t was_ns = ltr_census_info(census)->now_ns;
	int err = seek(recording, state, moment_ns);
	if (!err)
		return 0;
	explain(recording, err, state->bytes_max, ret_why);
	(void)seek(recording, state, was_ns);
	return err;
}

static int target_follow(void *context, struct ltr_census *census, uint64_t id)
{
	struct ltr__recording *recording = context;
	struct ltr__recording_state *state = recording->state;
	const struct ltr_lifeline *lifeline = ltr_census_lifeline(census);

	if (!state)
		return -EOPNOTSUPP;
	if (!lifeline || lifeline->id != id || (id && !state->skim)) {
		state->skim = ltr__skim_free(state->skim);
		int err = ltr_census_follow(census, id);
		if (!err && id)
			err = ltr__skim_new(census, &state->skim);
		if (err)
			return err;
	}
	return id ? ltr__skim_on(state->skim, recording, ltr__play_end(state->replay.play)) : 0;
}

static const struct ltr_timeline *target_timeline(void *context)
{
	const struct ltr__recording *recording = context;

	return recording->state ? ltr__play_timeline(recording->state->replay.play) : NULL;
}

static void state_free(struct ltr__recording_state *state)
{
	if (!state)
		return;
	ltr__play_free(state->replay.play);
	ltr__skim_free(state->skim);
	ltr__replay_done(&state->replay);
	free(state);
}

static void target_close(void *context)
{
	struct ltr__recording *recording = context;

	if (recording)
		state_free(recording->state);
	ltr__recording_close(recording);
}

static int target_replay(void *context, struct ltr_census *census,
			 const struct ltr_replay_options *options, struct ltr_why *ret_why)
{
	struct ltr__recording *recording = context;
	struct ltr__recording_state *state = calloc(1, sizeof(*state));
	int err = 0;

	if (!state)
		return explain(recording, -ENOMEM, 0, ret_why);
	state->replay.census = census;
	state->replay.is_unwanted = options->is_unwanted;
	state->waits = options->waits;
	state->at_ns = options->at_ns;
	state->steps = options->steps;
	state->bytes_max = options->bytes_max ? options->bytes_max : LTR__REPLAY_BYTES_MAX;
	if (options->seeks)
		err = ltr__play_new(&state->replay);
	if (!err)
		err = read_file(recording, state);
	if (!err)
		say_what_it_shows(state);
	if (!err && options->seeks)
		err = seek(recording, state,
			   ltr__add_saturated(census->info.started_ns, options->at_ns));
	if (err)
		explain(recording, err, state->bytes_max, ret_why);
	if (err || !options->seeks)
		state_free(state);
	else
		recording->state = state;
	return err;
}

const struct ltr_target_ops ltr__recording_target = {
	.name = "recording",
	.open_file = target_open,
	.replay = target_replay,
	.close = target_close,
	.seek = target_seek,
	.timeline = target_timeline,
	.follow = target_follow,
};
