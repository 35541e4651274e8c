// SPDX-License-Identifier: MIT
/*
 * Any moment of a recording. While the file is read first, to its end, keys are noted: blocks that
 * begin with a complete snapshot, and what the census had counted before each. To show a moment, the
 * census goes back to the last key before it and is told what followed; or, if it shows a moment
 * between that key and the wanted one, it goes on from there. So the cost is that of what lies between
 * two snapshots, whatever the length of the recording.
 *
 * Keys and samples are bounded: where there are too many, every other one goes, and from then on they
 * are taken twice as far apart.
 */
#include <errno.h>
#include <stdlib.h>

#include "../census_private.h"
#include "recording_private.h"

#define KEYS_MAX      16384u
#define POSITIONS_MAX (1u << 22) /* of rings, in all keys */
#define KEY_APART_NS  100000000ull
#define APART_NS      1000000ull /* samples, at first */

struct key {
	uint64_t now_ns;   /* when the snapshot began */
	uint64_t whole_ns; /* the first moment after it: nothing in it is later */
	uint64_t block;    /* offset in the file */
	struct ltr_census_mark mark;
};

struct ltr__play {
	struct ltr__replay *replay;
	struct key *keys; /* in order of time; the first is the beginning of the file */
	uint32_t key_count;
	uint32_t key_capacity;
	uint64_t key_apart_ns;
	uint64_t position_count; /* in all keys */
	struct key begun;        /* its snapshot has not ended; block 0: there is none */

	struct ltr_timeline timeline;
	struct ltr_timeline_sample *samples;
	uint64_t apart_ns;

	uint64_t end; /* offset behind the last whole block */
	bool ended;
	uint64_t shown_ns; /* UINT64_MAX: the end */
	uint32_t
		shown_key; /* where the moment shown was begun from; valid with replay.has_resume */
	int err;
};

static void drop_every_other_key(struct ltr__play *play)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < play->key_count; i++) {
		if (i % 2 == 0) {
			play->keys[kept++] = play->keys[i];
			continue;
		}
		play->position_count -= play->keys[i].mark.position_count;
		ltr_census_mark_done(&play->keys[i].mark);
	}
	play->key_count = kept;
	play->key_apart_ns *= 2;
}

static int add_key(struct ltr__play *play, struct key *key)
{
	while (play->key_count > 1 &&
	       (play->key_count >= KEYS_MAX ||
		play->position_count + key->mark.position_count > POSITIONS_MAX))
		drop_every_other_key(play);
	int err = ltr__grow(&play->keys, &play->key_capacity, play->key_count + 1ull,
			    sizeof(*play->keys));
	if (err)
		return err;
	play->position_count += key->mark.position_count;
	play->keys[play->key_count++] = *key;
	*key = (struct key){0};
	return 0;
}

static void forget_begun(struct ltr__play *play)
{
	ltr_census_mark_done(&play->begun.mark);
	play->begun = (struct key){0};
}

static uint64_t on_snapshot_begin(struct ltr__replay *replay, uint64_t now_ns)
{
	struct ltr__play *play = replay->play;
	const struct key *last = &play->keys[play->key_count - 1];

	forget_begun(play);
	if (play->err || !replay->is_first_look || last->whole_ns == UINT64_MAX ||
	    now_ns < last->whole_ns || now_ns - last->now_ns < play->key_apart_ns)
		return now_ns;
	play->err = ltr_census_mark(replay->census, &play->begun.mark);
	play->begun.block = replay->here.block;
	play->begun.now_ns = now_ns;
	play->begun.whole_ns = UINT64_MAX;
	if (play->err)
		forget_begun(play);
	return now_ns;
}

static void on_snapshot_end(struct ltr__replay *replay, bool complete)
{
	struct ltr__play *play = replay->play;

	if (complete && play->begun.block && !play->err)
		play->err = add_key(play, &play->begun);
	forget_begun(play);
}

static void drop_every_other_sample(struct ltr__play *play)
{
	size_t kept = 0;

	for (size_t i = 0; i < play->timeline.count; i += 2)
		play->samples[kept++] = play->samples[i];
	play->timeline.count = kept;
	play->apart_ns *= 2;
}

static void on_moment(struct ltr__replay *replay)
{
	const struct ltr_census_info *info = &replay->census->info;
	struct ltr_timeline *timeline = &replay->play->timeline;
	struct ltr__play *play = replay->play;
	struct key *last = &play->keys[play->key_count - 1];
	struct ltr_timeline_sample *at;

	if (!replay->census->had_snapshot)
		return;
	if (last->whole_ns == UINT64_MAX)
		last->whole_ns = info->now_ns;
	if (!timeline->count)
		timeline->begin_ns = info->now_ns;
	else if (info->now_ns < play->samples[timeline->count - 1].now_ns + play->apart_ns)
		return;
	if (timeline->count == LTR_TIMELINE_SAMPLES)
		drop_every_other_sample(play);
	at = &play->samples[timeline->count++];
	*at = ltr_timeline_sample_of(info);
}

/* The last key that is not after the moment. */
static uint32_t key_before(const struct ltr__play *play, uint64_t moment_ns)
{
	uint32_t low = 0;
	uint32_t high = play->key_count;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (play->keys[middle].whole_ns <= moment_ns)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* Later, when moments are shown: snapshots that are keys are known. */
static uint64_t whole_when(struct ltr__replay *replay, uint64_t now_ns)
{
	const struct ltr__play *play = replay->play;
	uint32_t key = key_before(play, replay->until_ns);

	for (uint32_t i = key + 1; i < play->key_count && i <= key + 2; i++)
		if (play->keys[i].block == replay->here.block)
			return play->keys[i].whole_ns;
	return now_ns;
}

static const struct ltr__replay_watch play_watch = {.snapshot_begin = whole_when};

static const struct ltr__replay_watch read_watch = {
	.snapshot_begin = on_snapshot_begin,
	.snapshot_end = on_snapshot_end,
	.moment = on_moment,
};

int ltr__play_new(struct ltr__replay *replay)
{
	struct ltr__play *play = calloc(1, sizeof(*play));
	struct key beginning = {.block = LTR__FILE_HEADER_BYTES};

	if (!play)
		return -ENOMEM;
	play->samples = calloc(LTR_TIMELINE_SAMPLES, sizeof(*play->samples));
	if (!play->samples || add_key(play, &beginning)) {
		ltr__play_free(play);
		return -ENOMEM;
	}
	play->timeline.samples = play->samples;
	play->key_apart_ns = KEY_APART_NS;
	play->apart_ns = APART_NS;
	play->shown_ns = UINT64_MAX;
	play->replay = replay;
	replay->play = play;
	replay->watch = &read_watch;
	return 0;
}

struct ltr__play *ltr__play_free(struct ltr__play *play)
{
	if (!play)
		return NULL;
	forget_begun(play);
	for (uint32_t i = 0; i < play->key_count; i++)
		ltr_census_mark_done(&play->keys[i].mark);
	free(play->keys);
	free(play->samples);
	free(play);
	return NULL;
}

int ltr__play_is_read(struct ltr__play *play, uint64_t offset, bool ended)
{
	const struct ltr_census_info *info = &play->replay->census->info;

	forget_begun(play);
	play->replay->watch = &play_watch;
	play->end = offset;
	play->ended = ended;
	play->timeline.cut = !ended;
	play->timeline.end_ns = info->now_ns;
	if (!play->timeline.count)
		play->timeline.begin_ns = info->now_ns;
	return play->err;
}

uint64_t ltr__play_end(const struct ltr__play *play)
{
	return play->end;
}

const struct ltr_timeline *ltr__play_timeline(const struct ltr__play *play)
{
	return &play->timeline;
}

size_t ltr__play_bytes(const struct ltr__play *play)
{
	return sizeof(*play) + play->key_capacity * sizeof(*play->keys) +
	       play->position_count * sizeof(uint64_t) +
	       LTR_TIMELINE_SAMPLES * sizeof(*play->samples);
}

/* Block by block until the moment is reached, or the end. The first block may be gone on with. */
static int replay_until(struct ltr__play *play, struct ltr__recording *recording, bool goes_on,
			size_t bytes_max)
{
	struct ltr__replay *replay = play->replay;
	struct ltr__reading reading;
	struct ltr__block block;
	int err = 0;

	while (!err && !replay->past && recording->offset < play->end) {
		replay->block = recording->offset;
		int got = ltr__recording_next(recording, &block, &reading);
		if (got <= 0)
			return got ? got : -EIO;
		if (block.kind == LTR__BLOCK_END)
			break;
		if (block.kind != LTR__BLOCK_LOG)
			continue;
		err = goes_on ? ltr__replay_go_on(replay, &reading)
			      : ltr__replay_log(replay, &reading);
		goes_on = false;
		if (!err && ltr__replay_bytes(replay) > bytes_max)
			err = -EFBIG;
		if (!err && ltr__replay_is_unwanted(replay))
			err = -ECANCELED;
	}
	if (!err && replay->census->snapshot_open)
		err = ltr_census_snapshot_end(replay->census, false);
	/* No more than the clock: what waits for records must not depend on where one stops. */
	if (!err && replay->is_late && replay->census->info.now_ns < replay->until_ns)
		replay->census->info.now_ns = replay->until_ns;
	return err;
}

int ltr__play_seek(struct ltr__play *play, struct ltr__recording *recording, uint64_t moment_ns,
		   size_t bytes_max)
{
	struct ltr__replay *replay = play->replay;
	bool is_end = moment_ns >= play->timeline.end_ns;
	uint64_t wanted_ns = is_end ? UINT64_MAX : moment_ns;

	if (wanted_ns < play->timeline.begin_ns)
		wanted_ns = play->timeline.begin_ns;
	if (wanted_ns == play->shown_ns)
		return 0;

	uint32_t key = key_before(play, wanted_ns);
	bool goes_on = replay->has_resume && play->shown_key == key && wanted_ns > play->shown_ns;

	if (goes_on) {
		recording->offset = replay->resume.block;
		replay->done_ns = play->shown_ns;
	} else {
		recording->offset = play->keys[key].block;
		ltr_census_rewind(replay->census, &play->keys[key].mark);
		replay->has_resume = false;
		replay->is_going_on = false;
	}
	replay->past = false;
	replay->is_late = false;
	replay->is_exact = true;
	replay->until_ns = wanted_ns;
	play->shown_key = key;
	play->shown_ns = wanted_ns;
	int err = replay_until(play, recording, goes_on, bytes_max);
	/* Where it is now cannot be gone on from. */
	if (err || !replay->is_late)
		replay->has_resume = false;
	if (err)
		play->shown_ns = 0;
	return err;
}
