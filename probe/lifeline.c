// SPDX-License-Identifier: MIT
/*
 * The transitions of the goroutine that is followed, in the order of their sequence. When there is no
 * room for more, the older half is forgotten.
 */
#include "lifeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "census_private.h"

/* So many that came in time may belong behind one that comes late; what is later is not taken. */
#define LATE_MAX 1024

int ltr_census_follow(struct ltr_census *census, uint64_t id)
{
	struct ltr__lifeline *lifeline = &census->lifeline;

	if (id && !lifeline->at) {
		lifeline->at = malloc(LTR_LIFELINE_MAX * sizeof(*lifeline->at));
		if (!lifeline->at)
			return -ENOMEM;
	}
	lifeline->shown = (struct ltr_lifeline){.id = id, .at = lifeline->at};
	return 0;
}

void ltr_census_follow_live(struct ltr_census *census, uint64_t id)
{
	census->followed = id;
}

const struct ltr_lifeline *ltr_census_lifeline(const struct ltr_census *census)
{
	return census->lifeline.shown.id ? &census->lifeline.shown : NULL;
}

void ltr_census_lifeline_add(struct ltr_census *census, const struct ltr_transition *transition)
{
	struct ltr_transition *all = census->lifeline.at;
	struct ltr_lifeline *shown = &census->lifeline.shown;
	size_t at;

	if (shown->count == LTR_LIFELINE_MAX) {
		shown->count /= 2;
		shown->forgotten += LTR_LIFELINE_MAX - shown->count;
		memmove(all, all + LTR_LIFELINE_MAX - shown->count, shown->count * sizeof(*all));
	}
	/* Rings are read one after the other: the next may belong before some of the last. */
	at = shown->count;
	while (at > 0 && ltr__sequence_diff(transition->sequence, all[at - 1].sequence) < 0) {
		if (shown->count - at == LATE_MAX)
			return;
		at--;
	}
	if (at > 0 && all[at - 1].sequence == transition->sequence)
		return;
	memmove(&all[at + 1], &all[at], (shown->count - at) * sizeof(*all));
	all[at] = *transition;
	shown->count++;
}

void ltr_census_lifeline_event(struct ltr_census *census, const struct ltr_event *event,
			       uint64_t ns)
{
	const struct ltr_transition transition = {
		.ns = ns,
		.object = event->kind == LTR_KIND_PARK ? event->arg : 0,
		.waker_id = event->kind == LTR_KIND_READY ? event->arg : 0,
		.sequence = event->sequence & 0x7fffffffu,
		.state = event->kind == LTR_KIND_EXIT ? LTR_STATE_EXITED : ltr_event_state(event),
		.reason = event->kind == LTR_KIND_PARK ? event->reason : LTR_REASON_NONE,
	};

	if (event->kind != LTR_KIND_STACK && event->kind != LTR_KIND_LOST)
		ltr_census_lifeline_add(census, &transition);
}

void ltr_census_lifeline_reading(struct ltr_census *census, const struct ltr_goroutine *goroutine)
{
	const struct ltr_transition transition = {
		.ns = goroutine->since_ns,
		.object = goroutine->object,
		.sequence = goroutine->transitions & 0x7fffffffu,
		.state = goroutine->state < LTR_STATE_COUNT ? goroutine->state : LTR_STATE_UNKNOWN,
		.reason = goroutine->reason,
	};

	if (goroutine->since_ns)
		ltr_census_lifeline_add(census, &transition);
}
