// SPDX-License-Identifier: MIT
/*
 * Going back: a census forgets everybody, and begins anew where a complete snapshot is the next that it
 * is told. What has a number keeps it, so that numbers mean the same at every moment; counters are
 * those of the mark, and so are the positions of the rings, so that a loss across it is still seen.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "census_private.h"

int ltr_census_mark(const struct ltr_census *census, struct ltr_census_mark *ret_mark)
{
	struct ltr_census_mark mark = {
		.created = census->info.created,
		.exited = census->info.exited,
		.events = census->info.events,
		.lost_counted = census->lost_counted,
		.lost_missing = census->lost_missing,
		.had_records = census->had_records,
	};

	if (census->ring_count) {
		mark.positions = malloc(census->ring_count * sizeof(*mark.positions));
		if (!mark.positions)
			return -ENOMEM;
	}
	mark.position_count = census->ring_count;
	for (uint32_t i = 0; i < census->ring_count; i++)
		mark.positions[i] = census->rings[i].known ? census->rings[i].next : UINT64_MAX;
	*ret_mark = mark;
	return 0;
}

void ltr_census_mark_done(struct ltr_census_mark *mark)
{
	free(mark->positions);
	mark->positions = NULL;
	mark->position_count = 0;
}

static void forget_goroutines(struct ltr_census *census)
{
	census->shown = 0;
	census->total = 0;
	if (census->slots)
		memset(census->slots, 0, census->slot_count * sizeof(*census->slots));
	memset(census->info.by_state, 0, sizeof(census->info.by_state));
	census->held_high = 0;
	census->held_free = 0;
	census->held_count = 0;
	census->held_looked_ns = 0;
	census->thread_count = 0;
	ltr__objects_forget(census);
	census->socket_count = 0;
	ltr__locks_forget(census);
}

void ltr_census_rewind(struct ltr_census *census, const struct ltr_census_mark *mark)
{
	forget_goroutines(census);
	for (uint32_t i = 0; i < census->ring_count; i++) {
		uint64_t next = i < mark->position_count ? mark->positions[i] : UINT64_MAX;

		census->rings[i] =
			(struct ltr__ring_state){.next = next, .known = next != UINT64_MAX};
	}
	census->info.now_ns = 0;
	census->info.looked_ns = 0;
	census->info.created = mark->created;
	census->info.exited = mark->exited;
	census->info.events = mark->events;
	census->info.gone = false;
	census->lost_counted = mark->lost_counted;
	census->lost_missing = mark->lost_missing;
	census->info.lost =
		mark->lost_counted > mark->lost_missing ? mark->lost_counted : mark->lost_missing;
	census->had_records = mark->had_records;
	census->all_unsure = false;
	census->some_unsure = false;
	census->stacks_follow = false;
	census->snapshot_open = false;
	census->snapshot_had_loss = false;
	census->had_snapshot = false;
	census->snapshot_ns = 0;
	census->first_ns = 0;
	census->complete_ns = 0;
	census->gone_ns = 0;
	census->ended_ns = 0;
	census->buried_ns = 0;
	census->keep_waits = false;
	ltr__intern_done(&census->groups);
	census->groups_cut = false;
	ltr__waits_done(&census->finished);
	ltr__waits_done(&census->view);
	ltr__histograms_done(&census->histograms);
	ltr__contentions_done(&census->contentions);
	census->view_old = false;
}
