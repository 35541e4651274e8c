/* SPDX-License-Identifier: MIT */

/* Random lives (lives.h). */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "chance.h"
#include "fixture.h"
#include "lives.h"

static uint32_t string_of(struct ltr_census *census, char kind, unsigned int number)
{
	char text[16];
	uint32_t string;

	snprintf(text, sizeof(text), "%c%u", kind, number);
	assert_int_equal(ltr_census_intern_string(census, text, &string), 0);
	return string;
}

static uint32_t labels_of(struct ltr_census *census, unsigned int number)
{
	struct ltr_census_label label = {.value = string_of(census, 't', number)};
	uint32_t labels;

	assert_int_equal(ltr_census_intern_string(census, "tenant", &label.key), 0);
	assert_int_equal(ltr_census_intern_labels(census, &label, 1, &labels), 0);
	return labels;
}

static uint32_t site_of(struct ltr_census *census, unsigned int number)
{
	char function[16];
	uint32_t site;

	snprintf(function, sizeof(function), "f%u", number);
	assert_int_equal(ltr_census_intern_site(census, "/a.c", function, 7, &site), 0);
	return site;
}

/* A time of one of them is over, or under way, at `ns`. */
static void add_up(struct lives *lives, size_t i, uint64_t ns)
{
	const struct life_group *group = &lives->group[i];
	struct life_total *total =
		&lives->totals[lives->state[i]][group->name][group->labels][group->site];

	total->count++;
	total->ns += (int64_t)(ns - lives->since_ns[i]);
}

static void put(struct lives *lives, size_t i)
{
	struct life_group *group = &lives->group[i];
	struct ltr_goroutine goroutine = {.id = i + 1,
					  .since_ns = lives->since_ns[i],
					  .transitions = lives->sequence[i],
					  .state = lives->state[i],
					  .reason = lives->reason[i]};

	if (one_in(2))
		group->name = (uint8_t)random_below(LIVES_NAMES + 1);
	if (one_in(4))
		group->labels = (uint8_t)random_below(LIVES_NAMES + 1);
	if (!group->site) /* nobody is created twice */
		group->site = (uint8_t)random_below(LIVES_NAMES + 1);
	goroutine.name = group->name ? string_of(lives->census, 'n', group->name) : 0;
	goroutine.labels = group->labels ? labels_of(lives->census, group->labels) : 0;
	goroutine.site = group->site ? site_of(lives->census, group->site) : 0;
	assert_int_equal(ltr_census_snapshot_put(lives->census, &goroutine), 0);
}

static void snapshot(struct lives *lives)
{
	assert_int_equal(ltr_census_snapshot_begin(lives->census, lives->now_ns), 0);
	for (size_t i = 0; i < LIVES; i++)
		if (lives->sequence[i])
			put(lives, i);
	assert_int_equal(ltr_census_snapshot_end(lives->census, true), 0);
	lives->now_ns++; /* who is born now is younger than that */
}

static struct ltr_event next_event(struct lives *lives, size_t i)
{
	struct ltr_event event = {
		.goroutine = i + 1, .ticks = lives->now_ns, .sequence = ++lives->sequence[i]};

	if (event.sequence == 1) {
		event.kind = LTR_KIND_CREATE;
	} else if (lives->state[i] == LTR_STATE_RUNNING) {
		event.kind = LTR_KIND_PARK;
		event.reason = (uint8_t)(1 + random_below(LTR_REASON_COUNT - 1));
	} else if (event.sequence > 2 && one_in(2)) {
		event.kind = LTR_KIND_YIELD; /* no matter from where: it is queued then */
	} else {
		event.kind = LTR_KIND_START;
		event.reason = (uint8_t)(i + 1); /* nobody else runs there */
	}
	return event;
}

static void step(struct lives *lives)
{
	static const struct ltr_clock_rate clock = {.ns_per_tick = 1};
	size_t i = random_below(LIVES);

	lives->now_ns += random_below(SECOND_NS / 100);
	if (one_in(20))
		snapshot(lives);
	struct ltr_event event = next_event(lives, i);

	if (event.sequence > 1)
		add_up(lives, i, lives->now_ns);
	lives->state[i] = ltr_event_state(&event);
	lives->reason[i] = event.kind == LTR_KIND_PARK ? event.reason : 0;
	lives->since_ns[i] = lives->now_ns;
	/* As if each had a thread of its own. */
	assert_int_equal(
		ltr_census_apply(lives->census, &clock, (uint32_t)i + 1, event.sequence, &event, 1),
		0);
}

void lives_begin(struct lives *lives, const struct ltr_steps *steps)
{
	memset(lives, 0, sizeof(*lives));
	lives->census = fixture_empty();
	lives->now_ns = FIXTURE_NOW_NS - 9 * SECOND_NS;
	ltr_census_info_mut(lives->census)->now_ns = lives->now_ns;
	ltr_census_set_steps(lives->census, steps);
	assert_int_equal(ltr_census_keep_waits(lives->census), 0);
}

void lives_go_on(struct lives *lives, size_t events)
{
	for (size_t i = 0; i < events; i++)
		step(lives);
}

struct ltr_census *lives_end(struct lives *lives)
{
	ltr_census_advance(lives->census, FIXTURE_NOW_NS);
	for (size_t i = 0; i < LIVES; i++)
		if (lives->sequence[i])
			add_up(lives, i, FIXTURE_NOW_NS);
	return lives->census;
}

struct ltr_census *random_lives(const struct ltr_steps *steps)
{
	struct lives lives;

	lives_begin(&lives, steps);
	lives_go_on(&lives, 500);
	return lives_end(&lives);
}
