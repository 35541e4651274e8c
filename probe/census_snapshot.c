// SPDX-License-Identifier: MIT
/*
 * Snapshots: how everything is, read from the program's memory while it ran on. A goroutine's
 * reading is decided against what is shown by its number of transitions. The cursor of a goroutine
 * that is watched by records stays where it is: the records between it and the snapshot are on
 * their way, and the wait totals want every one of them. Only a goroutine that has lost some
 * (LTR_IS_UNSURE), or one that no record can tell more about, begins anew at the snapshot.
 */
#include <errno.h>

#include "census_private.h"

int ltr_census_snapshot_begin(struct ltr_census *census, uint64_t now_ns)
{
	LTR__TAP(census, snapshot_begin, now_ns);
	census->generation++;
	census->snapshot_open = true;
	census->snapshot_had_loss = false;
	census->snapshot_ns = now_ns;
	census->info.looked_ns = now_ns;
	ltr__locks_forget(census);
	ltr__census_advance(census, now_ns);
	return 0;
}

/* What no record carries, or what may change without a transition. */
static void take_details(struct ltr_goroutine *to, const struct ltr_goroutine *from)
{
	to->name = from->name;
	to->labels = from->labels;
	if (from->parent_id)
		to->parent_id = from->parent_id;
	if (!to->created_ns)
		to->created_ns = from->created_ns;
	if (from->entry_pc)
		to->entry_pc = from->entry_pc;
	if (from->creation_pc)
		to->creation_pc = from->creation_pc;
	if (from->site)
		to->site = from->site;
	uint16_t fixed = LTR_IS_MAIN | LTR_IS_DAEMON;
	to->flags = (uint16_t)((to->flags & ~fixed) | (from->flags & fixed));
}

/* Who is unsure may have been woken by a record that was lost, and shows who did it before. */
static void take_same_moment(struct ltr_goroutine *to, const struct ltr_goroutine *from)
{
	if (from->stack)
		to->stack = from->stack;
	if (!to->waker_id || to->flags & LTR_IS_UNSURE)
		to->waker_id = from->waker_id;
	uint16_t seen = LTR_IS_LONG | LTR_IS_TIMED | LTR_IS_READ; /* by snapshots alone */

	to->flags = (uint16_t)((to->flags & ~seen) | (from->flags & seen));
	if (!(to->flags & LTR_SINCE_EXACT)) {
		to->since_ns = from->since_ns;
		to->flags |= from->flags & LTR_SINCE_EXACT;
	}
}

static void begin_anew(struct ltr_census *census, uint32_t index,
		       const struct ltr_goroutine *goroutine)
{
	struct ltr__follow *follow = &census->follows[index];

	follow->cursor = goroutine->transitions;
	follow->bits |= LTR__FOLLOW_JUMPED;
	ltr__wait_start(census, follow, goroutine);
}

/* The first we hear of it. Decides where its cursor begins. */
static int put_new(struct ltr_census *census, const struct ltr_goroutine *goroutine)
{
	uint32_t index;
	int err = ltr__goroutine_add(census, goroutine->id, true, &index);
	if (err)
		return err;
	ltr__goroutine_set(census, index, goroutine);
	/* Born since the last snapshot: its CREATE is on the way, unless it may be a lost one. */
	bool on_the_way = ltr__is_streaming(census) && census->had_snapshot && !census->all_unsure;
	if (!on_the_way)
		begin_anew(census, index, goroutine);
	return 0;
}

/* Records of it have come, but not its CREATE. */
static int put_hidden(struct ltr_census *census, uint32_t index,
		      const struct ltr_goroutine *goroutine)
{
	struct ltr__follow *follow = &census->follows[index];
	bool gone = follow->bits & LTR__FOLLOW_GONE;
	bool ended = follow->bits & LTR__FOLLOW_ENDED;
	uint64_t id = goroutine->id;

	/* What was read before the end. Of no real program is anything read that came after it. */
	if (ended && ltr__sequence_diff(goroutine->transitions, follow->cursor) < 0)
		return 0;
	follow->bits &= (uint8_t)~LTR__FOLLOW_ENDED;
	follow->generation = census->generation;
	ltr__goroutine_set(census, index, goroutine);
	index = ltr__goroutine_show(census, index);
	if (gone || (!ended && census->had_snapshot && !census->all_unsure))
		return ltr__events_drain(census, id);

	/* It is older than the watching, or its CREATE is a lost one. */
	begin_anew(census, index, goroutine);
	return ltr__events_drain(census, id);
}

int ltr_census_snapshot_put(struct ltr_census *census, const struct ltr_goroutine *goroutine)
{
	if (!census->snapshot_open || goroutine->id == 0)
		return -EINVAL;
	LTR__TAP(census, snapshot_put, goroutine);
	struct ltr_goroutine from = *goroutine;
	from.transitions &= 0x7fffffffu;
	if (from.state >= LTR_STATE_COUNT)
		from.state = LTR_STATE_UNKNOWN;
	from.flags &= (uint16_t)~LTR_IS_UNSURE;
	from.flags |= LTR_IS_READ;

	if (from.id == census->followed)
		ltr_census_lifeline_reading(census, &from);
	uint32_t index = ltr__goroutine_find(census, from.id);
	if (index == LTR__NONE)
		return put_new(census, &from);
	if (!ltr__is_shown(census, index))
		return put_hidden(census, index, &from);

	struct ltr__follow *follow = &census->follows[index];
	struct ltr_goroutine to = census->goroutines[index];
	int32_t newer = ltr__sequence_diff(from.transitions, to.transitions);
	bool unsure = to.flags & LTR_IS_UNSURE;

	follow->generation = census->generation;
	if (newer > 0) {
		uint64_t created_ns = to.created_ns;
		to = from;
		if (created_ns)
			to.created_ns = created_ns;
		to.flags |= unsure ? LTR_IS_UNSURE : 0;
	} else {
		take_details(&to, &from);
		if (newer == 0)
			take_same_moment(&to, &from);
	}
	ltr__goroutine_set(census, index, &to);

	int32_t ahead = ltr__sequence_diff(from.transitions, follow->cursor);
	if (ahead > 0 && (unsure || !ltr__is_streaming(census))) {
		ltr__step_by_look(census, index, &from);
		begin_anew(census, index, &from);
		return ltr__events_drain(census, from.id);
	}
	if (ahead == 0 && follow->stack == 0) {
		follow->stack = from.stack;
		census->view_old = true;
	}
	return 0;
}

/*
 * Takes away what the snapshot did not contain. Its EXIT may be on the way still: then it is only
 * hidden, until that comes or until a later snapshot shows that it never will.
 */
static void remove_unseen(struct ltr_census *census)
{
	for (uint32_t index = census->shown; index-- > 0;) {
		if (census->follows[index].generation == census->generation)
			continue;
		if (ltr__is_streaming(census) && !census->all_unsure) {
			uint32_t hidden = ltr__goroutine_hide(census, index);
			census->follows[hidden].bits |= LTR__FOLLOW_GONE;
			census->follows[hidden].generation = census->generation;
			census->goroutines[hidden].since_ns = census->snapshot_ns;
		} else {
			ltr__step_by_look(census, index, NULL);
			ltr__goroutine_remove(census, index);
			census->info.exited++;
		}
	}
	for (uint32_t index = census->total; index-- > census->shown;) {
		const struct ltr__follow *follow = &census->follows[index];
		if (!(follow->bits & LTR__FOLLOW_GONE))
			continue;
		uint64_t hidden_ns = census->goroutines[index].since_ns;
		if (census->all_unsure || (census->snapshot_ns > hidden_ns &&
					   census->snapshot_ns - hidden_ns > LTR__HELD_GRACE_NS)) {
			ltr__step_by_look(census, index, NULL);
			ltr__goroutine_remove(census, index);
		}
	}
}

void ltr_census_note_reach(struct ltr_census *census, uint64_t id, uint32_t transitions,
			   bool reachable)
{
	uint32_t index = ltr__goroutine_find(census, id);

	if (index == LTR__NONE ||
	    ltr__sequence_diff(census->goroutines[index].transitions, transitions))
		return;
	census->goroutines[index].flags &= (uint16_t) ~(LTR_IS_UNREACHABLE | LTR_IS_REACHABLE);
	census->goroutines[index].flags |= reachable ? LTR_IS_REACHABLE : LTR_IS_UNREACHABLE;
}

int ltr_census_snapshot_end(struct ltr_census *census, bool complete)
{
	if (!census->snapshot_open)
		return -EINVAL;
	LTR__TAP(census, snapshot_end, complete);
	census->snapshot_open = false;
	census->view_old = true;
	ltr__locks_sort(census);
	if (!complete)
		return 0;

	remove_unseen(census);
	if (!census->snapshot_had_loss) {
		for (uint32_t index = 0; index < census->shown; index++)
			census->goroutines[index].flags &= (uint16_t)~LTR_IS_UNSURE;
		census->all_unsure = false;
		census->some_unsure = false;
	}
	if (!census->had_snapshot)
		census->first_ns = census->snapshot_ns;
	census->complete_ns = census->snapshot_ns;
	census->had_snapshot = true;
	if (census->info.created < census->info.exited + census->shown)
		census->info.created = census->info.exited + census->shown;
	return 0;
}
