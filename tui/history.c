/* SPDX-License-Identifier: MIT */
/*
 * Counters over time. Invariant: the last sample of each ring is the newest moment; the others of a
 * ring are about its step apart, a little less so that frames that come early still count.
 */
#include "history.h"

#define SECOND_NS 1000000000ull
#define WINDOW_NS (2 * SECOND_NS)

static const uint64_t steps_ns[LTR__RANGE_COUNT] = {SECOND_NS / 4, 2 * SECOND_NS, 16 * SECOND_NS};

uint64_t ltr__range_step_ns(enum ltr__range range)
{
	return steps_ns[range];
}

static const struct ltr__sample *sample_at(const struct ltr__samples *samples, size_t index)
{
	return &samples->ring[index % LTR__HISTORY_SAMPLES];
}

/* The index of the oldest one that is not overwritten. */
static size_t oldest(const struct ltr__samples *samples)
{
	return samples->count > LTR__HISTORY_SAMPLES ? samples->count - LTR__HISTORY_SAMPLES : 0;
}

static void add(struct ltr__samples *samples, uint64_t step_ns, const struct ltr__sample *sample)
{
	size_t count = samples->count;
	bool replaces = false;

	if (count && sample_at(samples, count - 1)->now_ns >= sample->now_ns)
		replaces = true;
	else if (count > 1)
		replaces = sample_at(samples, count - 1)->now_ns -
				   sample_at(samples, count - 2)->now_ns <
			   step_ns - step_ns / 8;
	if (!replaces)
		samples->count = ++count;
	samples->ring[(count - 1) % LTR__HISTORY_SAMPLES] = *sample;
}

/* Totals, up to this moment; `before`: the sample before it, or NULL. */
static void add_queued(struct ltr__sample *sample, const struct ltr__sample *before,
		       const struct ltr_census *census)
{
	size_t count = 0;

	if (ltr_census_wait_count(census, &count)) {
		/* No memory: a hole, as of a time in which nobody was queued. */
		sample->queued = before ? before->queued : 0;
		sample->queued_ns = before ? before->queued_ns : 0;
		return;
	}
	for (size_t i = 0; i < count; i++) {
		const struct ltr_wait_total *wait = ltr_census_wait(census, i);

		if (wait->state != LTR_STATE_QUEUED)
			continue;
		sample->queued += wait->count;
		sample->queued_ns += wait->total_ns;
	}
}

static struct ltr__sample sample_of(const struct ltr_timeline_sample *moment)
{
	struct ltr__sample sample = {
		.now_ns = moment->now_ns,
		.created = moment->created,
		.exited = moment->exited,
		.events = moment->events,
		.lost = moment->lost,
	};

	for (size_t state = 0; state < LTR_STATE_COUNT; state++)
		sample.by_state[state] = moment->by_state[state];
	return sample;
}

static void add_to_all(struct ltr__history *history, const struct ltr__sample *sample)
{
	for (size_t i = 0; i < LTR__RANGE_COUNT; i++)
		add(&history->range[i], steps_ns[i], sample);
}

void ltr__history_add(struct ltr__history *history, const struct ltr_census *census,
		      const struct ltr_tui_usage *usage)
{
	const struct ltr_timeline_sample moment = ltr_timeline_sample_of(ltr_census_info(census));
	struct ltr__sample sample = sample_of(&moment);

	add_queued(&sample, ltr__history_last(history, LTR__RANGE_MINUTE), census);
	if (usage)
		sample.usage = *usage;
	add_to_all(history, &sample);
}

void ltr__history_add_sample(struct ltr__history *history, const struct ltr_timeline_sample *moment)
{
	const struct ltr__sample sample = sample_of(moment);

	add_to_all(history, &sample);
}

double ltr__rate(uint64_t before, uint64_t after, uint64_t ns)
{
	return after > before && ns ? (double)(after - before) * 1e9 / (double)ns : 0;
}

const struct ltr__sample *ltr__history_last(const struct ltr__history *history,
					    enum ltr__range range)
{
	const struct ltr__samples *samples = &history->range[range];

	return samples->count ? sample_at(samples, samples->count - 1) : NULL;
}

const struct ltr__sample *ltr__history_at(const struct ltr__history *history, enum ltr__range range,
					  uint64_t time_ns, const struct ltr__sample **ret_before)
{
	const struct ltr__samples *samples = &history->range[range];
	size_t low = oldest(samples); /* all before it are not later */
	size_t first = low;
	size_t high = samples->count; /* it and all behind it are later */

	*ret_before = NULL;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sample_at(samples, middle)->now_ns <= time_ns)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == first)
		return NULL;
	if (low - 1 > first)
		*ret_before = sample_at(samples, low - 2);
	return sample_at(samples, low - 1);
}

struct ltr__rates ltr__history_rates(const struct ltr__history *history)
{
	const struct ltr__samples *samples = &history->range[LTR__RANGE_MINUTE];
	const struct ltr__sample *last;
	const struct ltr__sample *start;
	uint64_t ns;

	if (samples->count < 2)
		return (struct ltr__rates){0};
	last = sample_at(samples, samples->count - 1);
	start = last;
	for (size_t i = samples->count - 1; i-- > oldest(samples);) {
		start = sample_at(samples, i);
		if (last->now_ns - start->now_ns >= WINDOW_NS)
			break;
	}
	ns = last->now_ns - start->now_ns;
	if (!ns)
		return (struct ltr__rates){0};
	return (struct ltr__rates){
		.is_known = true,
		.created = ltr__rate(start->created, last->created, ns),
		.exited = ltr__rate(start->exited, last->exited, ns),
		.events = ltr__rate(start->events, last->events, ns),
	};
}
