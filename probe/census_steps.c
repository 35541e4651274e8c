// SPDX-License-Identifier: MIT
/*
 * Who is told of each step while the census is filled (struct ltr_steps). The steps of one goroutine are
 * told in their order and each once, because they hang on its cursor, not on what is shown; those of
 * several goroutines in the order in which their records could be taken, which is about that of time.
 */
#include "census_private.h"

void ltr_census_set_steps(struct ltr_census *census, const struct ltr_steps *steps)
{
	census->steps = steps ? *steps : (struct ltr_steps){0};
}

static uint32_t stack_of(const struct ltr_census *census, const struct ltr__follow *follow)
{
	uint32_t stack = follow->stack;

	if (!ltr__is_wait(follow->wait_state))
		return 0;
	if (!(stack & LTR__UNDEFINED_STACK))
		return stack;
	stack &= ~LTR__UNDEFINED_STACK;
	return stack < census->defined_count ? census->defined[stack] : 0;
}

static void tell(struct ltr_census *census, uint32_t index, struct ltr_step *step)
{
	const struct ltr_goroutine *goroutine = &census->goroutines[index];
	const struct ltr__follow *follow = &census->follows[index];

	step->goroutine_id = goroutine->id;
	if (follow->bits & LTR__FOLLOW_WAITING) {
		step->from_ns = follow->wait_since_ns;
		step->state = follow->wait_state;
		step->reason = follow->wait_reason;
		step->stack = stack_of(census, follow);
		if (goroutine->transitions == follow->cursor)
			step->object = goroutine->object;
	}
	/* Clocks of two threads, or of a snapshot and a record, may differ a little. */
	if (step->at_ns < step->from_ns)
		step->at_ns = step->from_ns;
	census->steps.take(census->steps.context, census, step);
}

void ltr__step_by_record(struct ltr_census *census, uint32_t index, const struct ltr_event *event,
			 uint64_t ns, uint32_t ring)
{
	bool has_other = event->kind == LTR_KIND_CREATE || event->kind == LTR_KIND_READY;
	struct ltr_step step = {
		.at_ns = ns,
		.other_id = has_other ? event->arg : 0,
		.ring = ring,
		.kind = event->kind,
		.next_state = ltr_event_state(event),
		.next_reason = event->kind == LTR_KIND_PARK ? event->reason : LTR_REASON_NONE,
	};

	tell(census, index, &step);
}

void ltr__step_by_look(struct ltr_census *census, uint32_t index, const struct ltr_goroutine *now)
{
	struct ltr_step step = {
		.at_ns = now ? now->since_ns : 0,
		.ring = LTR_RING_UNKNOWN,
		.next_state = now ? now->state : LTR_STATE_EXITED,
		.next_reason = now ? now->reason : LTR_REASON_NONE,
	};

	if (!census->steps.take || (now && !(census->follows[index].bits & LTR__FOLLOW_WAITING)))
		return;
	if (!step.at_ns)
		step.at_ns = census->snapshot_ns;
	tell(census, index, &step);
}

static void begin_as_shown(struct ltr_census *census, uint32_t index)
{
	struct ltr_goroutine shown = census->goroutines[index];

	ltr__resolve_stack(census, index);
	ltr__wait_start(census, &census->follows[index], &shown);
}

/* Who is hidden has ended, as a snapshot saw; the record of that did not come any more. */
void ltr_census_tell_unfinished(struct ltr_census *census)
{
	for (uint32_t index = 0; index < census->total && census->steps.take; index++) {
		const struct ltr_goroutine *goroutine = &census->goroutines[index];
		bool gone = census->follows[index].bits & LTR__FOLLOW_GONE;
		struct ltr_step step = {
			.at_ns = gone ? goroutine->since_ns : census->info.now_ns,
			.ring = LTR_RING_UNKNOWN,
			.next_state = gone ? LTR_STATE_EXITED : goroutine->state,
			.next_reason = gone ? LTR_REASON_NONE : goroutine->reason,
			.unfinished = !gone,
		};

		if (!gone && !ltr__is_shown(census, index))
			continue;
		/* A snapshot has seen it, and none of its records came any more. */
		if (!gone && !(census->follows[index].bits & LTR__FOLLOW_WAITING))
			begin_as_shown(census, index);
		tell(census, index, &step);
	}
}
