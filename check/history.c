/* SPDX-License-Identifier: MIT */
/*
 * What looks at one process have seen, for the rules that need more than one moment. Kept is, of each
 * place that goroutines are created at, how many wait there on and on; and who sleeps at which stack.
 * Both are sorted lists that each look makes anew, from the census and from what the last look left.
 *
 * A place grows if that number has risen STEPS times, each time for two looks at least, and has never
 * fallen below what it had reached. Where it falls the count begins anew: what only comes and goes with
 * the load is no growth, however slow or fast a leak is.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define STEPS 3

/* So many looks in a row have to find a goroutine asleep, or on its way back there. */
#define NAPS 4

struct place {
	uint32_t site;
	uint64_t creation_pc; /* where the site is not known */
	uint64_t count;       /* at the last look */
	uint64_t held;        /* has not been less since the step before */
	uint64_t first;       /* where the steps began */
	uint64_t first_ns;
	uint32_t steps;
};

struct sleeper {
	uint64_t id;
	uint64_t since_ns; /* the first look that saw it there */
	uint32_t stack;
	uint32_t naps;
	uint32_t transitions; /* at the first look */
};

struct ltr_history {
	uint64_t looked_ns;   /* 0: never */
	uint64_t before_ns;   /* the look before that */
	struct place *places; /* by place */
	size_t place_count;
	struct sleeper *sleepers; /* by id */
	size_t sleeper_count;
};

int ltr_history_new(struct ltr_history **ret_history)
{
	struct ltr_history *history = calloc(1, sizeof(*history));

	if (!history)
		return -ENOMEM;
	*ret_history = history;
	return 0;
}

struct ltr_history *ltr_history_free(struct ltr_history *history)
{
	if (!history)
		return NULL;
	free(history->places);
	free(history->sleepers);
	free(history);
	return NULL;
}

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a;
	const struct place *y = b;

	if (x->site != y->site)
		return x->site < y->site ? -1 : 1;
	if (x->creation_pc != y->creation_pc)
		return x->creation_pc < y->creation_pc ? -1 : 1;
	return 0;
}

static int compare_sleepers(const void *a, const void *b)
{
	const struct sleeper *x = a;
	const struct sleeper *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static struct place place_of(const struct ltr_goroutine *goroutine)
{
	return (struct place){
		.site = goroutine->site,
		.creation_pc = goroutine->site ? 0 : goroutine->creation_pc,
	};
}

/* A list may be NULL as long as it is empty. */
static void *find(const void *key, const void *list, size_t count, size_t size,
		  int (*compare)(const void *, const void *))
{
	return count ? bsearch(key, list, count, size, compare) : NULL;
}

/* The places of this look, each once, with how many wait there since before the last look. */
static size_t count_places(const struct ltr_census *census, uint64_t lasting_ns,
			   struct place *places)
{
	size_t count = 0;
	size_t used = 0;

	for (size_t i = 0; i < ltr_census_count(census); i++) {
		const struct ltr_goroutine *goroutine = ltr_census_at(census, i);

		if (ltr__is_lasting(census, goroutine, lasting_ns))
			places[count++] = place_of(goroutine);
	}
	if (count)
		qsort(places, count, sizeof(*places), compare_places);
	for (size_t i = 0; i < count; i++) {
		if (!used || compare_places(&places[used - 1], &places[i]) != 0)
			places[used++] = places[i];
		places[used - 1].count++;
	}
	return used;
}

static void step(struct place *place, const struct place *before, bool first_look, uint64_t now_ns)
{
	uint64_t least = before && before->count < place->count ? before->count : place->count;

	if (first_look || (before && place->count < before->held)) {
		place->held = place->first = place->count;
		place->first_ns = now_ns;
		return;
	}
	if (!before) {
		/* Nobody was here at the last look: that is where it begins. */
		place->first_ns = now_ns;
		return;
	}
	place->held = before->held;
	place->first = before->first;
	place->first_ns = before->first_ns;
	place->steps = before->steps;
	if (least > place->held) {
		place->held = least;
		place->steps++;
	}
}

static int look_at_places(struct ltr_history *history, const struct ltr_census *census,
			  uint64_t now_ns)
{
	uint64_t lasting_ns = history->looked_ns ? now_ns - history->looked_ns : 0;
	struct place *places = calloc(ltr_census_count(census) + 1, sizeof(*places));
	size_t count;

	if (!places)
		return -ENOMEM;
	count = count_places(census, lasting_ns, places);
	for (size_t i = 0; i < count; i++)
		step(&places[i],
		     find(&places[i], history->places, history->place_count, sizeof(*places),
			  compare_places),
		     !history->looked_ns, now_ns);
	free(history->places);
	history->places = places;
	history->place_count = count;
	return 0;
}

/* Whoever wakes from its sleep for a moment has not left it. */
static bool is_awake_for_a_moment(const struct ltr_goroutine *goroutine)
{
	return goroutine->state == LTR_STATE_QUEUED || goroutine->state == LTR_STATE_RUNNING;
}

static bool may_sleep_for_ever(const struct ltr_goroutine *goroutine)
{
	return !(goroutine->flags & (LTR_IS_MAIN | LTR_IS_DAEMON | LTR_IS_UNSURE)) &&
	       (goroutine->state == LTR_STATE_SLEEP || is_awake_for_a_moment(goroutine));
}

static int look_at_sleepers(struct ltr_history *history, const struct ltr_census *census,
			    uint64_t now_ns)
{
	struct sleeper *sleepers = calloc(ltr_census_count(census) + 1, sizeof(*sleepers));
	size_t count = 0;

	if (!sleepers)
		return -ENOMEM;
	for (size_t i = 0; i < ltr_census_count(census); i++) {
		const struct ltr_goroutine *goroutine = ltr_census_at(census, i);
		const struct sleeper *before =
			find(&(struct sleeper){.id = goroutine->id}, history->sleepers,
			     history->sleeper_count, sizeof(*before), compare_sleepers);
		struct sleeper *sleeper = &sleepers[count];

		if (!may_sleep_for_ever(goroutine))
			continue;
		if (is_awake_for_a_moment(goroutine) && !before)
			continue;
		*sleeper = (struct sleeper){
			.id = goroutine->id,
			.stack = goroutine->stack,
			.since_ns = now_ns,
			.transitions = goroutine->transitions,
		};
		if (before && (is_awake_for_a_moment(goroutine) || before->stack == sleeper->stack))
			*sleeper = *before;
		sleeper->naps++;
		count++;
	}
	if (count)
		qsort(sleepers, count, sizeof(*sleepers), compare_sleepers);
	free(history->sleepers);
	history->sleepers = sleepers;
	history->sleeper_count = count;
	return 0;
}

int ltr_history_add(struct ltr_history *history, const struct ltr_census *census)
{
	uint64_t now_ns = ltr_census_info(census)->now_ns;
	int error = look_at_places(history, census, now_ns);

	if (!error)
		error = look_at_sleepers(history, census, now_ns);
	if (error)
		return error;
	history->before_ns = history->looked_ns;
	history->looked_ns = now_ns;
	return 0;
}

bool ltr__history_sleeps(const struct ltr_history *history, const struct ltr_goroutine *goroutine,
			 uint64_t *ret_for_ns)
{
	const struct sleeper *sleeper =
		find(&(struct sleeper){.id = goroutine->id}, history->sleepers,
		     history->sleeper_count, sizeof(*sleeper), compare_sleepers);

	if (!sleeper || sleeper->naps < NAPS || sleeper->transitions == goroutine->transitions)
		return false; /* it has only slept so far: that may be one long sleep */
	*ret_for_ns = history->looked_ns - sleeper->since_ns;
	return true;
}

bool ltr__history_grows(const struct ltr_history *history, const struct ltr_census *census,
			const struct ltr_goroutine *goroutine, uint64_t least,
			struct ltr_finding_growth *ret_growth)
{
	const struct place key = place_of(goroutine);
	const struct place *place =
		find(&key, history->places, history->place_count, sizeof(key), compare_places);
	uint64_t lasting_ns = history->before_ns ? history->looked_ns - history->before_ns : 0;

	if (!place || place->steps < STEPS || !ltr__has_grown(place->first, place->count, least) ||
	    !ltr__is_lasting(census, goroutine, lasting_ns))
		return false;
	*ret_growth = (struct ltr_finding_growth){
		.place_before = place->first,
		.place_after = place->count,
		.window_ns = history->looked_ns - place->first_ns,
	};
	return true;
}
