/* SPDX-License-Identifier: MIT */
/* Errands in a recording (errand.h): from moment to moment, and what is wrong at one. */
#include "errand.h"

#include "census.h"
#include "life.h"
#include "tui_private.h"

#define LATE_NS  100000000ull
#define SLICE_NS 5000000ull /* of judging, between looks whether it is wanted */

static const struct ltr_census *census_of(const struct ltr__errand *errand)
{
	return errand->source->census(errand->source->context);
}

static uint64_t now_of(const struct ltr__errand *errand)
{
	return ltr_census_info(census_of(errand))->now_ns;
}

static bool is_unwanted(const struct ltr__errand *errand)
{
	return atomic_load_explicit(&errand->is_unwanted, memory_order_relaxed);
}

/* False: it stays where it is. */
static bool seek(struct ltr__errand *errand, uint64_t moment_ns)
{
	if (is_unwanted(errand))
		return false;
	errand->error = errand->source->seek(errand->source->context, moment_ns, errand->why,
					     sizeof(errand->why));
	return !errand->error;
}

/*
 * To the first moment at which a goroutine has made so many transitions, which is about `since_ns`:
 * a snapshot and a record, read with clocks that were measured at different times, may say
 * different things of the same moment, by a few microseconds.
 */
static void go_to_transition(struct ltr__errand *errand, uint32_t transitions, uint64_t since_ns)
{
	const struct ltr_goroutine *goroutine;

	for (uint64_t late_ns = 0; late_ns <= LATE_NS; late_ns = late_ns ? late_ns * 10 : 1000) {
		if (!seek(errand, since_ns + late_ns))
			return;
		goroutine = ltr_census_find(census_of(errand), errand->id);
		/* Of several within a nanosecond the last is shown. Numbers are modulo 2^31. */
		if (!goroutine || (goroutine->transitions - transitions) & 0x40000000u)
			continue;
		/* By now it is the record's own time, which may be a nanosecond earlier. */
		if (goroutine->transitions == transitions && goroutine->since_ns < now_of(errand))
			seek(errand, goroutine->since_ns);
		return;
	}
}

static void go_to_block(struct ltr__errand *errand, const struct ltr_goroutine *goroutine)
{
	if (!goroutine->since_ns)
		errand->say = "it is not known since when it is in this state";
	else if (goroutine->since_ns > now_of(errand))
		errand->say = "it has come to this state while it was read";
	else if (goroutine->since_ns < errand->begin_ns)
		errand->say =
			errand->is_rewound
				? "it has been in this state for longer than anything is kept"
				: "it has been in this state since before the recording began";
	else
		go_to_transition(errand, goroutine->transitions, goroutine->since_ns);
}

static void move_back(struct ltr__errand *errand)
{
	const struct ltr_goroutine *goroutine = ltr_census_find(census_of(errand), errand->id);
	uint64_t now_ns = now_of(errand);

	if (goroutine->since_ns != now_ns || now_ns == errand->begin_ns) {
		go_to_block(errand, goroutine);
		return;
	}
	if (!seek(errand, now_ns - 1))
		return;
	goroutine = ltr_census_find(census_of(errand), errand->id);
	if (goroutine && goroutine->since_ns >= errand->begin_ns) {
		go_to_block(errand, goroutine);
		return;
	}
	errand->say = !goroutine           ? "it was created at this moment"
		      : errand->is_rewound ? "what it did before is not kept any more"
					   : "what it did before was before the recording began";
	seek(errand, now_ns);
}

static void move_on(struct ltr__errand *errand)
{
	const struct ltr_tui_source *source = errand->source;
	const struct ltr_lifeline *life;
	uint64_t now_ns = now_of(errand);
	size_t next;

	while (!is_unwanted(errand) && source->follow(source->context, errand->id) > 0)
		;
	if (is_unwanted(errand))
		return;
	life = ltr_census_lifeline(census_of(errand));
	next = life ? ltr__life_count(life, now_ns) : 0;
	if (!life || next >= life->count) {
		errand->say = errand->is_rewound
				      ? "it did nothing more until you went back (L: live)"
				      : "it does nothing any more, as far as the recording goes";
	} else if (life->at[next].state == LTR_STATE_EXITED) {
		errand->say = "it has ended at this moment";
		seek(errand, life->at[next].ns);
	} else {
		go_to_transition(errand, life->at[next].sequence, life->at[next].ns);
	}
}

static void judge(struct ltr__errand *errand)
{
	const struct ltr_tui_source *source = errand->source;
	uint64_t start_ns = ltr__tui_clock_ns();

	do
		errand->error = source->judge(source->context, SLICE_NS, &errand->findings);
	while (errand->error > 0 && !is_unwanted(errand));
	errand->cost_ns = ltr__tui_clock_ns() - start_ns;
}

void ltr__errand_run(void *context)
{
	struct ltr__errand *errand = context;

	switch (errand->kind) {
	case LTR__ERRAND_GO:
		seek(errand, errand->to_ns);
		break;
	case LTR__ERRAND_TO_TRANSITION:
		go_to_block(errand, ltr_census_find(census_of(errand), errand->id));
		break;
	case LTR__ERRAND_MOVE_BACK:
		move_back(errand);
		break;
	case LTR__ERRAND_MOVE_ON:
		move_on(errand);
		break;
	case LTR__ERRAND_JUDGE:
		judge(errand);
		break;
	}
}
