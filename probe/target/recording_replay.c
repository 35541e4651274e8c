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

uint32_t ltr__replay_name(const struct ltr__numbers *numbers, struct ltr__reading *reading)
{
	return number_of(numbers, ltr__read_number(reading));
}

/* The number that an entry defines: known, or the next. */
static uint32_t read_new_number(const struct ltr__replay *replay, struct ltr__reading *reading,
				const struct ltr__numbers *numbers)
{
	uint64_t most = numbers->count ? numbers->count : 1;

	if (most > NUMBERS_MAX || replay->is_skimming)
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
	uint32_t number = read_new_number(replay, reading, &replay->strings);

	ltr__read_text(reading, text, sizeof(text));
	if (reading->bad)
		return -EBADMSG;
	if (replay->is_skimming)
		return 0;
	int err = ltr_census_intern_string(replay->census, text, &is);
	return err ? err : set_number(&replay->strings, number, is);
}

static int replay_site(struct ltr__replay *replay, struct ltr__reading *reading)
{
	uint32_t number = read_new_number(replay, reading, &replay->sites);
	uint32_t file = ltr__replay_name(&replay->strings, reading);
	uint32_t function = ltr__replay_name(&replay->strings, reading);
	uint32_t line = (uint32_t)ltr__read_number(reading);
	uint32_t is;

	if (reading->bad)
		return -EBADMSG;
	if (replay->is_skimming)
		return 0;
	int err = ltr_census_intern_site(replay->census, ltr_census_string(replay->census, file),
					 ltr_census_string(replay->census, function), line, &is);
	return err ? err : set_number(&replay->sites, number, is);
}

static int replay_labels(struct ltr__replay *replay, struct ltr__reading *reading)
{
	struct ltr_census_label label[LABELS_MAX];
	uint32_t number = read_new_number(replay, reading, &replay->labels);
	size_t count = ltr__read_bounded(reading, LABELS_MAX);
	uint32_t is;

	for (size_t i = 0; i < count; i++) {
		label[i].key = ltr__replay_name(&replay->strings, reading);
		label[i].value = ltr__replay_name(&replay->strings, reading);
	}
	if (reading->bad)
		return -EBADMSG;
	if (replay->is_skimming)
		return 0;
	int err = ltr_census_intern_labels(replay->census, label, count, &is);
	return err ? err : set_number(&replay->labels, number, is);
}

static int replay_stack(struct ltr__replay *replay, struct ltr__reading *reading)
{
	uint64_t pcs[FRAMES_MAX];
	uint64_t last = 0;
	uint32_t number = read_new_number(replay, reading, &replay->stacks);
	size_t depth = ltr__read_bounded(reading, FRAMES_MAX);
	uint32_t is;

	for (size_t i = 0; i < depth; i++)
		pcs[i] = last += ltr__read_signed(reading);
	if (reading->bad)
		return -EBADMSG;
	if (replay->is_skimming)
		return 0;
	int err = ltr_census_intern_stack(replay->census, pcs, depth, &is);
	return err ? err : set_number(&replay->stacks, number, is);
}

/* The census wants frames, not our number: it finds them again by their contents. */
static int replay_define(struct ltr__replay *replay, struct ltr__reading *reading)
{
	uint64_t runtime_stack = ltr__read_number(reading);
	uint32_t stack = ltr__replay_name(&replay->stacks, reading);
	size_t depth;
	const uint64_t *pcs = ltr_census_stack(replay->census, stack, &depth);

	if (reading->bad || runtime_stack > UINT32_MAX)
		return -EBADMSG;
	if (replay->is_skimming)
		return 0;
	int err = ltr_census_define_stack(replay->census, (uint32_t)runtime_stack, pcs, depth);
	return err == -EINVAL ? -EBADMSG : err;
}

/* The entry being replayed is the first that is not applied in full; before it `delta` was so. */
static void resume_here(struct ltr__replay *replay, const struct ltr__delta *delta)
{
	if (!replay->is_exact || replay->has_resume)
		return;
	replay->has_resume = true;
	replay->resume = replay->here;
	replay->resume_delta = *delta;
}

/* It is later than the wanted moment: of what follows only records may be applied. */
static void stop_here(struct ltr__replay *replay, const struct ltr__delta *delta)
{
	replay->is_late = true;
	replay->stop = replay->here;
	replay->over = replay->here;
	replay->past = !replay->is_exact;
	resume_here(replay, delta);
}

static int replay_begin(struct ltr__replay *replay, struct ltr__reading *reading)
{
	uint64_t now_ns = ltr__read_number(reading);
	uint64_t whole_ns = now_ns;

	if (reading->bad)
		return -EBADMSG;
	if (replay->is_late)
		return 0;
	if (replay->watch)
		whole_ns = replay->watch->snapshot_begin(replay, now_ns);
	if (whole_ns > replay->until_ns && replay->census->had_snapshot) {
		stop_here(replay, &replay->delta);
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
	if (replay->is_skimming && goroutine.id == replay->census->lifeline.shown.id)
		ltr_census_lifeline_reading(replay->census, &goroutine);
	if (replay->is_late)
		return 0;
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
	if (replay->is_late)
		return 0;
	int err = ltr_census_snapshot_lock(replay->census, &lock);
	return err == -EINVAL ? -EBADMSG : err;
}

static int replay_reader(struct ltr__replay *replay, struct ltr__reading *reading)
{
	struct ltr_reader reader = {.object = ltr__read_number(reading)};

	reader.goroutine_id = ltr__read_number(reading);
	if (reading->bad)
		return -EBADMSG;
	if (replay->is_late)
		return 0;
	int err = ltr_census_snapshot_reader(replay->census, &reader);
	return err == -EINVAL ? -EBADMSG : err;
}

static int replay_end(struct ltr__replay *replay, struct ltr__reading *reading)
{
	bool complete = ltr__read_number(reading);

	if (reading->bad)
		return -EBADMSG;
	if (replay->is_late)
		return 0;
	int err = ltr_census_snapshot_end(replay->census, complete);
	if (err)
		return err == -EINVAL ? -EBADMSG : err;
	if (replay->watch && replay->watch->snapshot_end)
		replay->watch->snapshot_end(replay, complete);
	return 0;
}

/* How many of these are not from after the moment: a ring's records are in order of time. */
static size_t count_until(const struct ltr__replay *replay, uint64_t until_ns,
			  const struct ltr_clock_rate *rate, const struct ltr_event *events,
			  size_t count)
{
	if (until_ns == UINT64_MAX || !replay->census->had_snapshot)
		return count;
	for (size_t i = 0; i < count; i++)
		if (events[i].goroutine && ltr__clock_ns(rate, events[i].ticks) > until_ns)
			return i;
	return count;
}

/* Whether what is no record is applied now: not when it is too late for it, and not twice. */
static bool applies_in_full(const struct ltr__replay *replay)
{
	return !replay->is_late && !(replay->is_going_on && replay->is_before_stop);
}

/* How long after the clock of the census records may come: a ring's first are its oldest. */
static void note_lateness(struct ltr__replay *replay, const struct ltr_clock_rate *rate,
			  const struct ltr_event *events, size_t count)
{
	uint64_t now_ns = replay->census->info.now_ns;

	if (!count || !events[0].goroutine || replay->is_exact)
		return;
	uint64_t ns = ltr__clock_ns(rate, events[0].ticks);
	if (ns >= now_ns || now_ns - ns <= replay->late_ns)
		return;
	replay->late_ns = now_ns - ns < LTR__LATE_NS_MAX ? now_ns - ns : LTR__LATE_NS_MAX;
}

static void skim(struct ltr__replay *replay, const struct ltr_clock_rate *rate,
		 const struct ltr_event *events, size_t count)
{
	uint64_t id = replay->census->lifeline.shown.id;

	for (size_t i = 0; i < count; i++)
		if (events[i].goroutine == id)
			ltr_census_lifeline_event(replay->census, &events[i],
						  ltr__clock_ns(rate, events[i].ticks));
}

/* Those that are wanted, and were not applied when it was stopped before. */
static int apply_wanted(struct ltr__replay *replay, const struct ltr_clock_rate *rate,
			uint32_t ring, uint64_t position, const struct ltr_event *events,
			size_t count, const struct ltr__delta *before)
{
	size_t wanted;
	size_t done = 0;

	if (replay->is_skimming) {
		skim(replay, rate, events, count);
		return 0;
	}
	note_lateness(replay, rate, events, count);
	wanted = count_until(replay, replay->until_ns, rate, events, count);
	if (replay->is_going_on)
		done = count_until(replay, replay->done_ns, rate, events, count);
	if (wanted < count)
		resume_here(replay, before);
	/* Without any it only says where the ring stands. */
	if (wanted <= done && (count || !applies_in_full(replay)))
		return 0;
	return ltr_census_apply(replay->census, rate, ring, position + done, events + done,
				wanted - done);
}

static int replay_events(struct ltr__replay *replay, struct ltr__reading *reading)
{
	uint32_t ring = (uint32_t)ltr__read_bounded(reading, UINT32_MAX);
	uint64_t position = ltr__read_number(reading);
	/* An event is no shorter than seven bytes. */
	size_t count = ltr__read_bounded(reading, (size_t)(reading->end - reading->at) / 7);
	struct ltr_clock_rate rate = {.base_ticks = ltr__read_number(reading)};
	struct ltr__delta before;
	struct ltr_event *events;

	rate.base_ns = ltr__read_number(reading);
	uint64_t ns_per_tick = ltr__read_number(reading);
	memcpy(&rate.ns_per_tick, &ns_per_tick, sizeof(rate.ns_per_tick));
	if (reading->bad)
		return -EBADMSG;
	events = calloc(count ? count : 1, sizeof(*events));
	if (!events)
		return -ENOMEM;
	if (replay->is_exact && !replay->has_resume && !replay->is_skimming)
		before = replay->delta;
	for (size_t i = 0; i < count; i++)
		ltr__read_event(reading, &replay->delta, &events[i]);

	int err = reading->bad ? -EBADMSG : 0;
	if (!err)
		err = apply_wanted(replay, &rate, ring, position, events, count, &before);
	free(events);
	return err == -EINVAL ? -EBADMSG : err;
}

static int replay_loss(struct ltr__replay *replay, struct ltr__reading *reading)
{
	uint64_t records = ltr__read_number(reading);

	if (reading->bad)
		return -EBADMSG;
	if (applies_in_full(replay))
		ltr_census_note_loss(replay->census, records);
	return 0;
}

static int replay_doubt(struct ltr__replay *replay, struct ltr__reading *reading)
{
	(void)reading;
	if (!replay->is_late)
		ltr_census_note_doubt(replay->census);
	return 0;
}

static int replay_advance(struct ltr__replay *replay, struct ltr__reading *reading)
{
	uint64_t last_ns = replay->delta.now_ns;
	uint64_t now_ns = last_ns + ltr__read_signed(reading);

	if (reading->bad)
		return -EBADMSG;
	if (!replay->is_late && now_ns > replay->until_ns && replay->census->had_snapshot)
		stop_here(replay, &replay->delta);
	replay->delta.now_ns = now_ns;
	if (replay->is_late) {
		replay->past = !replay->is_exact ||
			       now_ns > ltr__add_saturated(replay->until_ns, replay->late_ns);
		return 0;
	}
	/* What the program had counted; records of it may have come later, and are counted in it. */
	if (replay->has_info) {
		replay->census->info.created = replay->info.created;
		replay->census->info.exited = replay->info.exited;
	}
	ltr_census_advance(replay->census, now_ns);
	if (replay->watch && replay->watch->moment && replay->census->had_snapshot)
		replay->watch->moment(replay);
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
	if (replay->is_late)
		return 0;
#define LTR__FIELD(name) info->name = (__typeof__(info->name))read.name;
	LTR__RECORD_INFO(LTR__FIELD)
#undef LTR__FIELD
	replay->info = read;
	replay->has_info = true;
	return 0;
}

static int replay_kernel(struct ltr__replay *replay, struct ltr__reading *reading)
{
	uint64_t kind = ltr__read_bounded(reading, UINT32_MAX);
	size_t bytes = ltr__read_bounded(reading, (size_t)(reading->end - reading->at));
	struct ltr__reading contents = {.at = ltr__read_bytes(reading, bytes)};

	if (reading->bad)
		return -EBADMSG;
	contents.end = contents.at + bytes;
	if (replay->is_skimming || (replay->is_going_on && replay->is_before_stop))
		return 0;
	return ltr__replay_kernel(replay, (enum ltr__kernel_entry)kind, &contents);
}

static int (*const replay_entry[])(struct ltr__replay *, struct ltr__reading *) = {
	[LTR__ENTRY_STRING] = replay_string,
	[LTR__ENTRY_SITE] = replay_site,
	[LTR__ENTRY_LABELS] = replay_labels,
	[LTR__ENTRY_STACK] = replay_stack,
	[LTR__ENTRY_DEFINE] = replay_define,
	[LTR__ENTRY_SNAPSHOT_BEGIN] = replay_begin,
	[LTR__ENTRY_GOROUTINE] = replay_goroutine,
	[LTR__ENTRY_SNAPSHOT_END] = replay_end,
	[LTR__ENTRY_EVENTS] = replay_events,
	[LTR__ENTRY_LOSS] = replay_loss,
	[LTR__ENTRY_DOUBT] = replay_doubt,
	[LTR__ENTRY_ADVANCE] = replay_advance,
	[LTR__ENTRY_INFO] = replay_info,
	[LTR__ENTRY_LOCK] = replay_lock,
	[LTR__ENTRY_READER] = replay_reader,
	[LTR__ENTRY_OBJECTS] = ltr__replay_objects,
	[LTR__ENTRY_OBJECT] = ltr__replay_object,
	[LTR__ENTRY_CASE] = ltr__replay_case,
	[LTR__ENTRY_OBJECTS_END] = ltr__replay_objects_end,
	[LTR__ENTRY_KERNEL] = replay_kernel,
};

static bool is_before(const struct ltr__point *a, const struct ltr__point *b)
{
	return a->block != b->block ? a->block < b->block : a->entry < b->entry;
}

static int replay_entries(struct ltr__replay *replay, struct ltr__reading *reading,
			  const unsigned char *start)
{
	while (reading->at < reading->end && !replay->past) {
		replay->here = (struct ltr__point){replay->block, (size_t)(reading->at - start)};
		if (ltr__replay_is_unwanted(replay))
			return -ECANCELED;
		if (replay->is_going_on) {
			replay->is_before_stop = is_before(&replay->here, &replay->going_stop);
			replay->is_going_on = is_before(&replay->here, &replay->going_over);
		}
		uint64_t entry = ltr__read_number(reading);

		if (entry >= sizeof(replay_entry) / sizeof(replay_entry[0]) || !replay_entry[entry])
			return -EBADMSG;
		int err = replay_entry[entry](replay, reading);
		if (err)
			return err;
		replay->is_first_look &= entry == LTR__ENTRY_INFO;
		replay->over = (struct ltr__point){replay->block, (size_t)(reading->at - start)};
	}
	return 0;
}

int ltr__replay_log(struct ltr__replay *replay, struct ltr__reading *reading)
{
	memset(&replay->delta, 0, sizeof(replay->delta));
	replay->is_first_look = true;
	return replay_entries(replay, reading, reading->at);
}

int ltr__replay_go_on(struct ltr__replay *replay, struct ltr__reading *reading)
{
	const unsigned char *start = reading->at;

	if ((size_t)(reading->end - start) < replay->resume.entry)
		return -EBADMSG;
	reading->at += replay->resume.entry;
	replay->delta = replay->resume_delta;
	replay->going_stop = replay->stop;
	replay->going_over = replay->over;
	replay->has_resume = false;
	replay->is_going_on = true;
	replay->is_first_look = false;
	return replay_entries(replay, reading, start);
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
