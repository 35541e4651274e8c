/* SPDX-License-Identifier: MIT */

#include "random_census.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "chance.h"
#include "fixture.h"

/* Mostly readable; sometimes any bytes at all. */
static uint32_t random_string(struct ltr_census *census)
{
	char text[300];
	size_t length = one_in(20) ? random_below(sizeof(text)) : random_below(8);
	bool wild = one_in(4);
	uint32_t number;

	for (size_t i = 0; i < length; i++)
		text[i] = wild ? (char)(1 + random_below(255)) : (char)('a' + random_below(4));
	text[length] = '\0';
	assert_int_equal(ltr_census_intern_string(census, text, &number), 0);
	return number;
}

static uint64_t random_pc(void)
{
	static const uint64_t starts[] = {PC_MAIN,     PC_SERVE,     PC_REPLY,   PC_ACCEPT,
					  PC_SEND,     PC_BLOCK,     PC_INLINED, PC_HOSTILE,
					  PC_STRIPPED, PC_TRAMPOLINE};

	if (one_in(20))
		return random_next();
	return starts[random_below(sizeof(starts) / sizeof(starts[0]))] + 1 + random_below(0x400);
}

static uint32_t random_stack(struct ltr_census *census)
{
	uint64_t pcs[128];
	size_t depth = 1 + random_below(one_in(10) ? 128 : 6);
	uint32_t number;

	for (size_t i = 0; i < depth; i++)
		pcs[i] = random_pc();
	assert_int_equal(ltr_census_intern_stack(census, pcs, depth, &number), 0);
	return number;
}

static uint32_t random_labels(struct ltr_census *census)
{
	struct ltr_census_label labels[8];
	size_t count = 1 + random_below(8);
	uint32_t number;

	for (size_t i = 0; i < count; i++)
		labels[i] = (struct ltr_census_label){random_string(census), random_string(census)};
	assert_int_equal(ltr_census_intern_labels(census, labels, count, &number), 0);
	return number;
}

static uint32_t random_site(struct ltr_census *census)
{
	char name[8];
	uint32_t number;

	snprintf(name, sizeof(name), "f%u", (unsigned int)random_below(5));
	assert_int_equal(
		ltr_census_intern_site(census, "/a.c", name, (uint32_t)random_below(100), &number),
		0);
	return number;
}

/* What goroutines choose from, so that some are alike. */
struct choices {
	uint32_t stacks[20];
	uint32_t labels[5];
	uint32_t sites[10];
};

static struct ltr_goroutine random_goroutine(struct ltr_census *census,
					     const struct choices *choices, uint64_t id)
{
	struct ltr_goroutine goroutine = {.id = id, .transitions = 1};

	if (one_in(2)) {
		goroutine.reason = (uint8_t)(1 + random_below(LTR_REASON_COUNT - 1));
		goroutine.state = ltr_reason_state(goroutine.reason);
	} else {
		goroutine.state = one_in(2) ? LTR_STATE_QUEUED : LTR_STATE_RUNNING;
	}
	if (!one_in(5))
		goroutine.since_ns = FIXTURE_NOW_NS - random_below(500 * SECOND_NS);
	if (!one_in(4))
		goroutine.stack = choices->stacks[random_below(20)];
	if (!one_in(3))
		goroutine.labels = choices->labels[random_below(5)];
	if (!one_in(3))
		goroutine.site = choices->sites[random_below(10)];
	if (one_in(3))
		goroutine.name = random_string(census);
	if (!one_in(3))
		goroutine.entry_pc = random_pc();
	if (!one_in(3))
		goroutine.creation_pc = random_pc();
	if (!one_in(3))
		goroutine.parent_id = random_below(id) + 1;
	if (one_in(10))
		goroutine.object = random_next();
	if (one_in(8))
		goroutine.flags |= LTR_IS_DAEMON;
	if (one_in(4))
		goroutine.flags |= LTR_IS_TIMED;
	return goroutine;
}

static void look_at_references(struct ltr_census *census)
{
	struct ltr_reach_info *reach = &ltr_census_info_mut(census)->reach;

	reach->tried = !one_in(4);
	reach->conclusive = reach->tried && one_in(2);
	for (size_t i = 0; reach->tried && i < ltr_census_count(census); i++)
		if (one_in(2))
			ltr_census_note_reach(census, ltr_census_at(census, i)->id, 1, one_in(2));
}

struct ltr_census *random_census(void)
{
	struct ltr_census *census = fixture_empty();
	struct choices choices;
	uint64_t count = random_below(400);
	uint64_t id = 1;

	for (size_t i = 0; i < 20; i++)
		choices.stacks[i] = random_stack(census);
	for (size_t i = 0; i < 5; i++)
		choices.labels[i] = random_labels(census);
	for (size_t i = 0; i < 10; i++)
		choices.sites[i] = random_site(census);
	assert_int_equal(ltr_census_snapshot_begin(census, FIXTURE_NOW_NS), 0);
	for (uint64_t i = 0; i < count; i++) {
		struct ltr_goroutine goroutine = random_goroutine(census, &choices, id);

		assert_int_equal(ltr_census_snapshot_put(census, &goroutine), 0);
		id += 1 + random_below(one_in(50) ? 1ull << 40 : 3);
	}
	assert_int_equal(ltr_census_snapshot_end(census, true), 0);
	assert_int_equal(ltr_census_count(census), count);
	look_at_references(census);
	return census;
}
