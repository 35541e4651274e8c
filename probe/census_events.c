// SPDX-License-Identifier: MIT
/*
 * Records: what has changed. Each is taken exactly once, in the order of its goroutine's sequence,
 * whatever the order in which rings and batches bring them; one that comes too early is held back
 * (census_held.c). What is shown moves only forward: a record that a snapshot has overtaken still
 * moves the cursor and the wait totals, and nothing else.
 *
 * Loss is counted twice and reported once. Positions, LOST records and ltr_census_note_loss() say
 * how many records did not come; gaps in sequences say how many were missed. For the most part
 * these are the same records, so info->lost is the larger of the two.
 */
#include <errno.h>
#include <stdlib.h>

#include "census_private.h"

#define RING_MAX    65536u
#define DEFINED_MAX (1u << 24)

static void update_lost(struct ltr_census *census)
{
	census->info.lost = census->lost_counted > census->lost_missing ? census->lost_counted
									: census->lost_missing;
}

static void mark_all_unsure(struct ltr_census *census)
{
	census->snapshot_had_loss = true;
	if (census->all_unsure)
		return;
	census->all_unsure = true;
	census->some_unsure = true;
	for (uint32_t index = 0; index < census->shown; index++)
		census->goroutines[index].flags |= LTR_IS_UNSURE;
}

void ltr_census_note_loss(struct ltr_census *census, uint64_t records)
{
	LTR__TAP(census, note_loss, records);
	ltr__census_lose(census, records);
}

void ltr__census_lose(struct ltr_census *census, uint64_t records)
{
	if (!records)
		return;
	census->lost_counted = ltr__add_saturated(census->lost_counted, records);
	update_lost(census);
	mark_all_unsure(census);
}

void ltr_census_note_doubt(struct ltr_census *census)
{
	LTR__TAP(census, note_doubt);
	census->some_unsure = true;
}

/*
 * The part of a record that is shown, if nothing newer is shown already. In place: a copy that is
 * changed and then copied back is most of what a record costs.
 */
static void show_event(struct ltr_census *census, uint32_t index, const struct ltr_event *event,
		       uint8_t state, uint64_t ns)
{
	struct ltr_goroutine *goroutine = &census->goroutines[index];

	if (event->kind == LTR_KIND_CREATE) {
		goroutine->parent_id = event->arg;
		goroutine->created_ns = ns;
	} else if (event->kind == LTR_KIND_START && event->flags & LTR_EVENT_FIRST && event->arg) {
		goroutine->creation_pc = event->arg;
	}

	int32_t newer = ltr__sequence_diff(event->sequence, goroutine->transitions);
	if (newer < 0)
		return;
	bool parks = event->kind == LTR_KIND_PARK;
	goroutine->transitions = event->sequence & 0x7fffffffu;
	ltr__goroutine_set_state(census, index, state);
	goroutine->reason = parks ? event->reason : LTR_REASON_NONE;
	goroutine->object = parks ? event->arg : 0;
	goroutine->since_ns = ns;
	goroutine->flags |= LTR_SINCE_EXACT;
	if (newer > 0)
		goroutine->flags &= (uint16_t) ~(LTR_IS_LONG | LTR_IS_TIMED | LTR_IS_READ |
						 LTR_IS_UNREACHABLE | LTR_IS_REACHABLE);
	if (event->kind == LTR_KIND_READY)
		goroutine->waker_id = event->arg;
	/* Queued, it still stands where it waited. */
	if (newer > 1 || (newer == 1 && event->kind != LTR_KIND_READY))
		goroutine->stack = 0;
}

/*
 * Two threads' records may tell time by clocks of different age: a thread reads it once a step. So a
 * record that is older than a snapshot tells, most often and not always, of what was before it. A
 * goroutine that is made before the last snapshot and not in there has ended; its EXIT is on the way,
 * if it has not come before its CREATE was handed over, as it may when the watching begins.
 */
static void place_newborn(struct ltr_census *census, uint32_t index, uint64_t ns)
{
	struct ltr__follow *follow = &census->follows[index];

	if (census->snapshot_open) {
		follow->generation = census->generation;
	} else if (ns <= census->complete_ns && !ltr__is_shown(census, index)) {
		follow->bits |= LTR__FOLLOW_GONE;
		if (!census->gone_ns)
			census->gone_ns = census->info.now_ns;
	}
}

/* Somebody whose EXIT should have come by now has ended, or its clock has deceived us: look. */
void ltr__gone_overdue(struct ltr_census *census, uint64_t now_ns)
{
	if (now_ns - census->gone_ns < LTR__HELD_GRACE_NS)
		return;
	census->gone_ns = 0;
	for (uint32_t index = census->shown; index < census->total; index++)
		census->some_unsure |= (census->follows[index].bits & LTR__FOLLOW_GONE) != 0;
}

/*
 * The EXIT of a goroutine whose cursor a snapshot has moved may come before records that the snapshot
 * was ahead of, from another thread's ring: its CREATE would bring it back to life, for ever. So it is
 * kept for a while, where nobody sees it, to know them by.
 */
static void end_life(struct ltr_census *census, uint32_t index)
{
	uint64_t now_ns = census->info.now_ns;

	if (!(census->follows[index].bits & LTR__FOLLOW_JUMPED)) {
		ltr__goroutine_remove(census, index);
		return;
	}
	ltr__held_drop_all(census, index);
	index = ltr__goroutine_hide(census, index);
	census->follows[index].bits = LTR__FOLLOW_ENDED;
	census->follows[index].wait_since_ns = now_ns;
	if (!census->ended_ns)
		census->ended_ns = now_ns ? now_ns : 1;
}

void ltr__ended_overdue(struct ltr_census *census, uint64_t now_ns)
{
	if (now_ns - census->ended_ns < LTR__HELD_GRACE_NS)
		return;
	census->ended_ns = 0;
	for (uint32_t index = census->total; index-- > census->shown;) {
		const struct ltr__follow *follow = &census->follows[index];

		if (!(follow->bits & LTR__FOLLOW_ENDED))
			continue;
		if (now_ns - follow->wait_since_ns >= LTR__HELD_GRACE_NS)
			ltr__goroutine_remove(census, index);
		else
			census->ended_ns = now_ns;
	}
}

/* A STACK before a READY is held back until that one is taken: where the waker unlocks; 0: not known. */
static uint32_t unlocking_stack(const struct ltr_census *census, const struct ltr__follow *follow,
				const struct ltr_event *event)
{
	const struct ltr__held *held = follow->held ? &census->held[follow->held - 1] : NULL;

	if (event->kind != LTR_KIND_READY || !held || held->event.kind != LTR_KIND_STACK ||
	    held->event.sequence != event->sequence || held->event.arg >= DEFINED_MAX ||
	    held->event.arg == 0)
		return 0;
	return LTR__UNDEFINED_STACK | (uint32_t)held->event.arg;
}

/* Of who unlocks; 0 if that one has ended by what was taken already, from another ring. */
static uint32_t unlocking_group(const struct ltr_census *census, const struct ltr_event *event)
{
	uint32_t index = ltr__goroutine_find(census, event->arg);

	return index == LTR__NONE ? 0 : census->follows[index].group;
}

/* Who waits for a lock, and who lets them go on. Around ltr__wait_change(). */
static int leave_lock(struct ltr_census *census, struct ltr__follow *follow,
		      const struct ltr_event *event, uint64_t ns)
{
	if (!(follow->bits & LTR__FOLLOW_LOCK))
		return 0;
	if (follow->bits & LTR__FOLLOW_WAITING) {
		uint32_t stack = unlocking_stack(census, follow, event);

		return ltr__lock_wait_end(census, follow, ns, stack,
					  stack ? unlocking_group(census, event) : 0);
	}
	ltr__lock_wait_forget(census, follow);
	return 0;
}

static int enter_lock(struct ltr_census *census, struct ltr__follow *follow,
		      const struct ltr_event *event)
{
	if (event->kind != LTR_KIND_PARK || !ltr_census_is_lock_wait(event->reason))
		return 0;
	return ltr__lock_wait_begin(census, follow, event->arg);
}

/* Take the record that is next in order. It may end the goroutine: the index is void after. */
static int take_next(struct ltr_census *census, uint32_t index, const struct ltr_event *event,
		     uint64_t ns, uint32_t ring)
{
	struct ltr__follow *follow = &census->follows[index];
	uint8_t state = ltr_event_state(event);
	uint8_t reason = event->kind == LTR_KIND_PARK ? event->reason : LTR_REASON_NONE;

	if (event->goroutine == census->followed)
		ltr_census_lifeline_event(census, event, ns);
	if (census->steps.take)
		ltr__step_by_record(census, index, event, ns, ring);
	int err = leave_lock(census, follow, event, ns);
	if (!err)
		err = ltr__wait_change(census, follow, state, reason, ns,
				       event->kind == LTR_KIND_READY);
	if (!err)
		err = enter_lock(census, follow, event);
	if (err)
		return err;
	follow->cursor = event->sequence & 0x7fffffffu;

	if (event->kind == LTR_KIND_EXIT) {
		end_life(census, index);
		census->info.exited++;
		return 0;
	}
	if (event->kind == LTR_KIND_CREATE) {
		census->info.created++;
		place_newborn(census, index, ns);
	}
	/* Who was taken for gone is not, if it has done something since. */
	if (!(follow->bits & LTR__FOLLOW_GONE) || ns > census->complete_ns)
		index = ltr__goroutine_show(census, index);
	show_event(census, index, event, state, ns);
	return 0;
}

/* The stack of the wait that the cursor stands at. */
static void take_stack(struct ltr_census *census, uint32_t index, const struct ltr_event *event)
{
	struct ltr__follow *follow = &census->follows[index];
	struct ltr_goroutine *goroutine = &census->goroutines[index];
	uint32_t number = event->arg < DEFINED_MAX ? (uint32_t)event->arg : 0;
	uint32_t stack = number < census->defined_count ? census->defined[number] : 0;

	if (!number || !ltr__is_wait(follow->wait_state))
		return;
	follow->stack = stack ? stack : LTR__UNDEFINED_STACK | number;
	census->view_old = true;
	if (stack && goroutine->transitions == follow->cursor)
		goroutine->stack = stack;
}

/*
 * The STACK of a PARK is the next record of its ring, perhaps in the next batch, while what comes
 * after the wait is here already, from another ring. That has to be held back until then, or the
 * wait would be without a stack.
 */
static bool stack_may_follow(const struct ltr_census *census, uint32_t index)
{
	const struct ltr__follow *follow = &census->follows[index];

	if (!census->keep_waits || !census->stacks_follow || follow->stack ||
	    !ltr__is_wait(follow->wait_state))
		return false;
	for (uint32_t ring = 0; ring < census->ring_count; ring++)
		if (census->rings[ring].open_park == census->goroutines[index].id &&
		    census->rings[ring].open_cursor == follow->cursor)
			return true;
	return false;
}

/* Whether a record of it is history (< 0), the next (0), or too early (> 0). */
static int place_of(const struct ltr_census *census, uint32_t index, const struct ltr_event *event)
{
	int32_t diff = ltr__sequence_diff(event->sequence, census->follows[index].cursor);

	if (event->kind == LTR_KIND_STACK)
		return diff;
	if (diff == 1 && stack_may_follow(census, index))
		return 1;
	return diff <= 0 ? -1 : diff - 1;
}

static int take_in_order(struct ltr_census *census, uint32_t index, const struct ltr_event *event,
			 uint64_t ns, uint32_t ring)
{
	if (event->kind != LTR_KIND_STACK)
		return take_next(census, index, event, ns, ring);
	take_stack(census, index, event);
	return 0;
}

int ltr__events_drain(struct ltr_census *census, uint64_t id)
{
	for (;;) {
		uint32_t index = ltr__goroutine_find(census, id);
		if (index == LTR__NONE || !census->follows[index].held)
			return 0;
		struct ltr__held held = census->held[census->follows[index].held - 1];
		int place = place_of(census, index, &held.event);
		if (place > 0)
			return 0;
		ltr__held_pop(census, index);
		int err = place < 0 ? 0
				    : take_in_order(census, index, &held.event, held.ns, held.ring);
		if (err)
			return err;
	}
}

/*
 * A record that comes so late that others of its time were given up waiting for it. What it tells of
 * may be over, and the end of that thrown away: only a snapshot can tell.
 */
static void take_for_lost(struct ltr_census *census)
{
	census->lost_missing++;
	census->some_unsure = true;
	update_lost(census);
}

/* As ltr__goroutine_find(): most records are of those who had one a moment ago. */
static uint32_t find_recent(struct ltr_census *census, uint64_t id)
{
	struct ltr__recent *recent = &census->recent[id & (LTR__RECENT - 1)];

	if (recent->id == id && recent->index < census->total &&
	    census->goroutines[recent->index].id == id)
		return recent->index;
	uint32_t index = ltr__goroutine_find(census, id);
	*recent = (struct ltr__recent){.id = id, .index = index};
	return index;
}

int ltr__events_take(struct ltr_census *census, const struct ltr_event *event, uint64_t ns,
		     uint32_t ring)
{
	uint32_t index = find_recent(census, event->goroutine);
	if (index == LTR__NONE) {
		/* Much older than the first snapshot (place_newborn()), which did not have it. */
		if (ns + LTR__HELD_GRACE_NS <= census->first_ns ||
		    ltr__sequence_diff(event->sequence, 0) <= 0)
			return 0;
		if (ns <= census->buried_ns) {
			take_for_lost(census);
			return 0;
		}
		int err = ltr__goroutine_add(census, event->goroutine, false, &index);
		if (err)
			return err;
	}
	if (census->follows[index].bits & LTR__FOLLOW_ENDED)
		return 0;
	int place = place_of(census, index, event);
	if (place < 0)
		return 0;
	if (place > 0) {
		int err = ltr__held_add(census, index, event, ns, ring);
		if (!err && census->held_count >= LTR__HELD_MAX)
			err = ltr__held_overdue(census, census->info.now_ns);
		return err;
	}
	int err = take_in_order(census, index, event, ns, ring);
	return err || !census->held_count ? err : ltr__events_drain(census, event->goroutine);
}

/* A goroutine that no snapshot has and whose CREATE never came: has it ended long ago? If so,
 * *ret_last_ns is when its last record was made. */
static bool is_history(struct ltr_census *census, uint32_t index, uint64_t *ret_last_ns)
{
	bool transitions = false, ended = false;
	uint64_t last_ns = 0;

	if (ltr__is_shown(census, index) || census->follows[index].cursor)
		return false;
	ltr__held_sort(census, index);
	for (uint32_t at = census->follows[index].held; at; at = census->held[at - 1].child) {
		const struct ltr__held *held = &census->held[at - 1];
		ended |= held->event.kind == LTR_KIND_EXIT;
		transitions |= held->event.kind != LTR_KIND_STACK;
		last_ns = held->ns;
	}
	*ret_last_ns = last_ns;
	return ended || !transitions || (census->had_snapshot && last_ns <= census->snapshot_ns);
}

int ltr__events_give_up(struct ltr_census *census, uint64_t id)
{
	uint32_t index = ltr__goroutine_find(census, id);
	uint64_t last_ns;
	if (is_history(census, index, &last_ns)) {
		if (last_ns > census->buried_ns)
			census->buried_ns = last_ns;
		ltr__goroutine_remove(census, index);
		return 0;
	}

	struct ltr__follow *follow = &census->follows[index];
	struct ltr__held held = census->held[follow->held - 1];
	int32_t missing = ltr__sequence_diff(held.event.sequence, follow->cursor) - 1;
	ltr__held_pop(census, index);
	if (held.event.kind == LTR_KIND_STACK) {
		/* All at once, where is_history() looks at all of them each time. */
		while (!follow->cursor && follow->held &&
		       census->held[follow->held - 1].event.kind == LTR_KIND_STACK)
			ltr__held_pop(census, index);
		return ltr__events_drain(census, id);
	}

	if (missing > 0) {
		census->lost_missing += (uint32_t)missing;
		update_lost(census);
		follow->bits &= (uint8_t)~LTR__FOLLOW_WAITING;
	}
	int err = take_next(census, index, &held.event, held.ns, held.ring);
	if (err)
		return err;
	index = ltr__goroutine_find(census, id);
	if (missing > 0 && index != LTR__NONE)
		census->goroutines[index].flags |= LTR_IS_UNSURE;
	census->some_unsure |= missing > 0;
	return ltr__events_drain(census, id);
}

uint64_t ltr__clock_ns(const struct ltr_clock_rate *rate, uint64_t ticks)
{
	double delta = ticks >= rate->base_ticks ? (double)(ticks - rate->base_ticks)
						 : -(double)(rate->base_ticks - ticks);
	double offset = delta * rate->ns_per_tick;

	if (!(offset > -9e18 && offset < 9e18))
		return offset > 0 ? INT64_MAX : 0;
	int64_t whole = (int64_t)offset;
	if (whole < 0)
		return rate->base_ns > (uint64_t)-whole ? rate->base_ns - (uint64_t)-whole : 0;
	uint64_t ns = ltr__add_saturated(rate->base_ns, (uint64_t)whole);
	return ns > INT64_MAX ? INT64_MAX : ns;
}

static int check_position(struct ltr_census *census, uint32_t ring, uint64_t position, size_t count)
{
	int err =
		ltr__grow(&census->rings, &census->ring_count, ring + 1ull, sizeof(*census->rings));
	if (err)
		return err;
	struct ltr__ring_state *state = &census->rings[ring];
	if (state->known && position > state->next)
		ltr__census_lose(census, position - state->next);
	if (!state->known || position + count > state->next)
		state->next = position + count;
	state->known = true;
	return 0;
}

/*
 * Notes whether the STACK of this very record may be the next in the ring; returns the goroutine
 * for which that is over now, if any.
 */
static uint64_t watch_for_stack(struct ltr_census *census, uint32_t ring,
				const struct ltr_event *event, bool last)
{
	struct ltr__ring_state *state = &census->rings[ring];
	uint64_t was_open = state->open_park;

	state->open_park = 0;
	if (event->kind != LTR_KIND_PARK)
		return was_open;
	if (!last)
		census->stacks_follow =
			event[1].kind == LTR_KIND_STACK && event[1].goroutine == event->goroutine;
	if (last || census->stacks_follow) {
		state->open_park = event->goroutine;
		state->open_cursor = event->sequence & 0x7fffffffu;
	}
	return was_open;
}

int ltr_census_apply(struct ltr_census *census, const struct ltr_clock_rate *ticks_ns,
		     uint32_t ring, uint64_t position, const struct ltr_event *events, size_t count)
{
	if (ring >= RING_MAX)
		return -EINVAL;
	LTR__TAP(census, apply, ticks_ns, ring, position, events, count);
	census->had_records = true;
	int err = check_position(census, ring, position, count);
	if (err)
		return err;

	uint64_t ticks = 0, ns = ltr__clock_ns(ticks_ns, ticks);

	for (size_t i = 0; i < count; i++) {
		const struct ltr_event *event = &events[i];
		if (event->kind == LTR_KIND_LOST) {
			ltr__census_lose(census, event->arg);
			continue;
		}
		if (event->kind == 0 || event->goroutine == 0)
			continue;
		/* One reading of the clock serves a whole scheduling step. */
		if (event->ticks != ticks) {
			ticks = event->ticks;
			ns = ltr__clock_ns(ticks_ns, ticks);
		}
		if (ns > census->info.now_ns)
			ltr__census_advance(census, ns);
		census->info.events++;
		uint64_t was_open = watch_for_stack(census, ring, event, i + 1 == count);
		err = ltr__events_take(census, event, ns, ring);
		if (!err && was_open)
			err = ltr__events_drain(census, was_open);
		if (err)
			return err;
	}
	return 0;
}

/* A goroutine that stands at a stack which was defined only after it had parked. */
void ltr__resolve_stack(struct ltr_census *census, uint32_t index)
{
	struct ltr_goroutine *goroutine = &census->goroutines[index];
	const struct ltr__follow *follow = &census->follows[index];

	if (goroutine->stack || !(follow->stack & LTR__UNDEFINED_STACK) ||
	    goroutine->transitions != follow->cursor)
		return;
	goroutine->stack = ltr_census_defined_stack(census, follow->stack & ~LTR__UNDEFINED_STACK);
}

int ltr_census_define_stack(struct ltr_census *census, uint32_t runtime_stack, const uint64_t *pcs,
			    size_t depth)
{
	uint32_t stack;

	if (runtime_stack == 0 || runtime_stack >= DEFINED_MAX || depth == 0)
		return -EINVAL;
	int err = ltr_census_intern_stack(census, pcs, depth, &stack);
	if (!err)
		err = ltr__grow(&census->defined, &census->defined_count, runtime_stack + 1ull,
				sizeof(*census->defined));
	if (err)
		return err;
	census->defined[runtime_stack] = stack;
	census->view_old = true;
	census->contentions.view_old = true;
	LTR__TAP(census, define_stack, runtime_stack, stack);
	return 0;
}

uint32_t ltr_census_defined_stack(const struct ltr_census *census, uint32_t runtime_stack)
{
	return runtime_stack < census->defined_count ? census->defined[runtime_stack] : 0;
}
