// SPDX-License-Identifier: MIT
/*
 * Entries of a log, into a census: the same calls that were made when it was recorded. The census's
 * functions take anything; what is looked after here is that numbers name what there is, and that
 * nothing after the wanted moment gets in.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../census_private.h"
#include "recording_private.h"

#define TEXT_BYTES  256
#define LABELS_MAX  64
#define FRAMES_MAX  128
#define NUMBERS_MAX (1u << 30)

/* What the census calls the thing with this number; 0 if there is none. */
static uint32_t number_of(const struct ltr__numbers *numbers, uint64_t number)
{
	return number < numbers->count ? numbers->at[number] : 0;
}

static uint32_t read_name(struct ltr__reading *reading, const struct ltr__numbers *numbers)
{
	return number_of(numbers, ltr__read_number(reading));
}

/* The number that an entry defines: known, or the next. */
static uint32_t read_new_number(struct ltr__reading *reading, struct ltr__numbers *numbers)
{
	uint64_t most = numbers->count ? numbers->count : 1;

	if (most > NUMBERS_MAX)
		most = NUMBERS_MAX;
	uint32_t number = (uint32_t)ltr__read_bounded(reading, most);
	if (!number)
		reading->bad = true;
	return number;
}

static int set_number(struct ltr__numbers *numbers, uint32_t number, uint32_t is)
{
	int err = ltr__grow(&numbers->at, &numbers->capacity, number + 1ull, sizeof(*numbers->at));

	if (err)
		return err;
	numbers->at[number] = is;
	if (numbers->count <= number)
		numbers->count = number + 1;
	return 0;
}

static int replay_string(struct ltr__replay *replay, struct ltr__reading *reading)
{
	char text[TEXT_BYTES];
	uint32_t is;
	uint32_t number = read_new_number(reading, &replay->strings);

	ltr__read_text(reading, text, sizeof(text));
	if (reading->bad)
		return -EBADMSG;
	int err = ltr_census_intern_string(replay->census, text, &is);
	return err ? err : set_number(&replay->strings, number, is);
}

static int replay_site(struct ltr__replay *replay, struct ltr__reading *reading)
{
	uint32_t number = read_new_number(reading, &replay->sites);
	uint32_t file = read_name(reading, &replay->strings);
	uint32_t function = read_name(reading, &replay->strings);
	uint32_t line = (uint32_t)ltr__read_number(reading);
	uint32_t is;

	if (reading->bad)
		return -EBADMSG;
	int err = ltr_census_intern_site(replay->census, ltr_census_string(replay->census, file),
					 ltr_census_string(replay->census, function), line, &is);
	return err ? err : set_number(&replay->sites, number, is);
}

static int replay_labels(struct ltr__replay *replay, struct ltr__reading *reading)
{
	struct ltr_census_label label[LABELS_MAX];
	uint32_t number = read_new_number(reading, &replay->labels);
	size_t count = ltr__read_bounded(reading, LABELS_MAX);
	uint32_t is;

	for (size_t i = 0; i < count; i++) {
		label[i].key = read_name(reading, &replay->strings);
		label[i].value = read_name(reading, &replay->strings);
	}
	if (reading->bad)
		return -EBADMSG;
	int err = ltr_census_intern_labels(replay->census, label, count, &is);
	return err ? err : set_number(&replay->labels, number, is);
}

static int replay_stack(struct ltr__replay *replay, struct ltr__reading *reading)
{
	uint64_t pcs[FRAMES_MAX];
	uint64_t last = 0;
	uint32_t number = read_new_number(reading, &replay->stacks);
	size_t depth = ltr__read_bounded(reading, FRAMES_MAX);
	uint32_t is;

	for (size_t i = 0; i < depth; i++)
		pcs[i] = last += ltr__read_signed(reading);
	if (reading->bad)
		return -EBADMSG;
	int err = ltr_census_intern_stack(replay->census, pcs, depth, &is);
	return err ? err : set_number(&replay->stacks, number, is);
}

/* The census wants frames, not our number: it finds them again by their contents. */
static int replay_define(struct ltr__replay *replay, struct ltr__reading *reading)
{
	uint64_t runtime_stack = ltr__read_number(reading);
	uint32_t stack = read_name(reading, &replay->stacks);
	size_t depth;
	const uint64_t *pcs = ltr_census_stack(replay->census, stack, &depth);

	if (reading->bad || runtime_stack > UINT32_MAX)
		return -EBADMSG;
	int err = ltr_census_define_stack(replay->census, (uint32_t)runtime_stack, pcs, depth);
	return err == -EINVAL ? -EBADMSG : err;
}

static int replay_begin(struct ltr__replay *replay, struct ltr__reading *reading)
{
	uint64_t now_ns = ltr__read_number(reading);

	if (reading->bad)
		return -EBADMSG;
	if (now_ns > replay->until_ns && replay->census->had_snapshot) {
		replay->past = true;
		return 0;
	}
	return ltr_census_snapshot_begin(replay->census, now_ns);
}

static int replay_goroutine(struct ltr__replay *replay, struct ltr__reading *reading)
{
	struct ltr_goroutine goroutine;

	ltr__read_goroutine(reading, &replay->delta, &goroutine);
	if (reading->bad)
		return -EBADMSG;
	goroutine.stack = number_of(&replay->stacks, goroutine.stack);
	goroutine.site = number_of(&replay->sites, goroutine.site);
	goroutine.name = number_of(&replay->strings, goroutine.name);
	goroutine.labels = number_of(&replay->labels, goroutine.labels);
	int err = ltr_census_snapshot_put(replay->census, &goroutine);
	return err == -EINVAL ? -EBADMSG : err;
}

static int replay_lock(struct ltr__replay *replay, struct ltr__reading *reading)
{
	struct ltr_lock lock = {.object = ltr__read_number(reading)};

	lock.owner_id = ltr__read_number(reading);
	lock.readers = (uint32_t)ltr__read_number(reading);
	lock.locked_at = (uint32_t)ltr__read_number(reading);
	uint64_t stray = ltr__read_number(reading);
	lock.stray_unlock = stray & 1;
	lock.stray_reader = stray & 2;
	if (reading->bad)
		return -EBADMSG;
	int err = ltr_census_snapshot_lock(replay->census, &lock);
	return err == -EINVAL ? -EBADMSG : err;
}

static int replay_reader(struct ltr__replay *replay, struct ltr__reading *reading)
{
	struct ltr_reader reader = {.object = ltr__read_number(reading)};

	reader.goroutine_id = ltr__read_number(reading);
	if (reading->bad)
		return -EBADMSG;
	int err = ltr_census_snapshot_reader(replay->census, &reader);
	return err == -EINVAL ? -EBADMSG : err;
}

static int replay_end(struct ltr__replay *replay, struct ltr__reading *reading)
{
	bool complete = ltr__read_number(reading);

	if (reading->bad)
		return -EBADMSG;
	int err = ltr_census_snapshot_end(replay->census, complete);
	return err == -EINVAL ? -EBADMSG : err;
}

/* How many of these are not from after the wanted moment: a ring's records are in order of time. */
static size_t count_until(const struct ltr__replay *replay, const struct ltr_clock_rate *rate,
			  const struct ltr_event *events, size_t count)
{
	if (replay->until_ns == UINT64_MAX || !replay->census->had_snapshot)
		return count;
	for (size_t i = 0; i < count; i++)
		if (events[i].goroutine && ltr__clock_ns(rate, events[i].ticks) > replay->until_ns)
			return i;
	return count;
}

static int replay_events(struct ltr__replay *replay, struct ltr__reading *reading)
{
	uint32_t ring = (uint32_t)ltr__read_bounded(reading, UINT32_MAX);
	uint64_t position = ltr__read_number(reading);
	/* An event is no shorter than seven bytes. */
	size_t count = ltr__read_bounded(reading, (size_t)(reading->end - reading->at) / 7);
	struct ltr_clock_rate rate = {.base_ticks = ltr__read_number(reading)};
	struct ltr_event *events;

	rate.base_ns = ltr__read_number(reading);
	uint64_t ns_per_tick = ltr__read_number(reading);
	memcpy(&rate.ns_per_tick, &ns_per_tick, sizeof(rate.ns_per_tick));
	if (reading->bad)
		return -EBADMSG;
	events = calloc(count ? count : 1, sizeof(*events));
	if (!events)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		ltr__read_event(reading, &replay->delta, &events[i]);

	int err = reading->bad ? -EBADMSG : 0;
	size_t wanted = err ? 0 : count_until(replay, &rate, events, count);
	if (!err && (wanted || !count))
		err = ltr_census_apply(replay->census, &rate, ring, position, events, wanted);
	free(events);
	return err == -EINVAL ? -EBADMSG : err;
}

static int replay_loss(struct ltr__replay *replay, struct ltr__reading *reading)
{
	uint64_t records = ltr__read_number(reading);

	if (reading->bad)
		return -EBADMSG;
	ltr_census_note_loss(replay->census, records);
	return 0;
}

static int replay_doubt(struct ltr__replay *replay, struct ltr__reading *reading)
{
	(void)reading;
	ltr_census_note_doubt(replay->census);
	return 0;
}

static int replay_advance(struct ltr__replay *replay, struct ltr__reading *reading)
{
	uint64_t now_ns = replay->delta.now_ns += ltr__read_signed(reading);

	if (reading->bad)
		return -EBADMSG;
	if (now_ns > replay->until_ns && replay->census->had_snapshot) {
		replay->past = true;
		now_ns = replay->until_ns;
	}
	ltr_census_advance(replay->census, now_ns);
	return 0;
}

static int replay_info(struct ltr__replay *replay, struct ltr__reading *reading)
{
	struct ltr_census_info *info = ltr_census_info_mut(replay->census);
	struct ltr__record_info read;

#define LTR__FIELD(name) read.name = ltr__read_number(reading);
	LTR__RECORD_INFO(LTR__FIELD)
#undef LTR__FIELD
	if (reading->bad)
		return -EBADMSG;
#define LTR__FIELD(name) info->name = (__typeof__(info->name))read.name;
	LTR__RECORD_INFO(LTR__FIELD)
#undef LTR__FIELD
	return 0;
}

static int (*const replay_entry[])(struct ltr__replay *, struct ltr__reading *) = {
	[LTR__ENTRY_STRING] = replay_string,       [LTR__ENTRY_SITE] = replay_site,
	[LTR__ENTRY_LABELS] = replay_labels,       [LTR__ENTRY_STACK] = replay_stack,
	[LTR__ENTRY_DEFINE] = replay_define,       [LTR__ENTRY_SNAPSHOT_BEGIN] = replay_begin,
	[LTR__ENTRY_GOROUTINE] = replay_goroutine, [LTR__ENTRY_SNAPSHOT_END] = replay_end,
	[LTR__ENTRY_EVENTS] = replay_events,       [LTR__ENTRY_LOSS] = replay_loss,
	[LTR__ENTRY_DOUBT] = replay_doubt,         [LTR__ENTRY_ADVANCE] = replay_advance,
	[LTR__ENTRY_INFO] = replay_info,           [LTR__ENTRY_LOCK] = replay_lock,
	[LTR__ENTRY_READER] = replay_reader,
};

int ltr__replay_log(struct ltr__replay *replay, struct ltr__reading *reading)
{
	memset(&replay->delta, 0, sizeof(replay->delta));
	while (reading->at < reading->end && !replay->past) {
		uint64_t entry = ltr__read_number(reading);

		if (entry == 0 || entry >= sizeof(replay_entry) / sizeof(replay_entry[0]))
			return -EBADMSG;
		int err = replay_entry[entry](replay, reading);
		if (err)
			return err;
	}
	return 0;
}

size_t ltr__replay_bytes(const struct ltr__replay *replay)
{
	size_t numbers = (size_t)replay->strings.capacity + replay->sites.capacity +
			 replay->labels.capacity + replay->stacks.capacity;

	return ltr_census_bytes(replay->census) + numbers * sizeof(uint32_t);
}

void ltr__replay_done(struct ltr__replay *replay)
{
	free(replay->strings.at);
	free(replay->sites.at);
	free(replay->labels.at);
	free(replay->stacks.at);
}
