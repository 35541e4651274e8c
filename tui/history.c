/* SPDX-License-Identifier: MIT */
/*
 * Counters over time.
 */
#include "history.h"

#define WINDOW_NS 2000000000ull

static const struct ltr__sample *sample_at(const struct ltr__history *history, size_t index)
{
	return &history->samples[index % LTR__HISTORY_SAMPLES];
}

void ltr__history_add(struct ltr__history *history, const struct ltr_census_info *info)
{
	size_t index = history->count;

	if (index && sample_at(history, index - 1)->now_ns >= info->now_ns)
		index--;
	history->samples[index % LTR__HISTORY_SAMPLES] = (struct ltr__sample){
		.now_ns = info->now_ns,
		.created = info->created,
		.exited = info->exited,
		.events = info->events,
		.lost = info->lost,
	};
	history->count = index + 1;
}

static double rate(uint64_t before, uint64_t after, uint64_t ns)
{
	return after > before ? (double)(after - before) * 1e9 / (double)ns : 0;
}

struct ltr__rates ltr__history_rates(const struct ltr__history *history)
{
	const struct ltr__sample *last;
	const struct ltr__sample *start;
	size_t oldest =
		history->count > LTR__HISTORY_SAMPLES ? history->count - LTR__HISTORY_SAMPLES : 0;
	uint64_t ns;

	if (history->count < 2)
		return (struct ltr__rates){0};
	last = sample_at(history, history->count - 1);
	start = last;
	for (size_t i = history->count - 1; i-- > oldest;) {
		start = sample_at(history, i);
		if (last->now_ns - start->now_ns >= WINDOW_NS)
			break;
	}
	ns = last->now_ns - start->now_ns;
	if (!ns)
		return (struct ltr__rates){0};
	return (struct ltr__rates){
		.is_known = true,
		.created = rate(start->created, last->created, ns),
		.exited = rate(start->exited, last->exited, ns),
		.events = rate(start->events, last->events, ns),
	};
}
