/* SPDX-License-Identifier: MIT */

/*
 * Random lives: what profiles and timelines say of them adds up to the totals of waits, and those to the
 * lives. LTR_TEST_SEED repeats a run; the seed is printed.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <pprof/profile.h>
#include <pprof/trace.h>

#include "../wait_count.h"
#include "chance.h"
#include "check_json.h"
#include "fixture.h"
#include "lives.h"
#include "traced.h"
#include "unpacked.h"
#include "written.h"

#define ROUNDS 60

/* What the documentation says of each type, a second time and in other words. */
static bool is_in(const char *type, const struct ltr_wait_total *total)
{
	const char *word = ltr_state_name(total->state);
	const char *reason = ltr_reason_name(total->reason);

	if (strcmp(type, "wall") == 0)
		return true;
	if (strcmp(type, "sched") == 0)
		return strcmp(word, "queued") == 0;
	if (strcmp(type, "block") == 0)
		return strcmp(word, "chan") == 0 || strcmp(word, "sync") == 0;
	if (strcmp(type, "mutex") == 0)
		return strstr(reason, "Mutex.") || strstr(reason, "Once.");
	assert_string_equal(type, "wait");
	return strcmp(word, "running") != 0;
}

static void check_totals(const struct ltr_census *census, const struct ltr_profile_type *type)
{
	Profile *profile = profile_written(census, type, NULL);
	uint64_t count = 0;
	uint64_t total_ns = 0;

	for (size_t i = 0; i < wait_count_of(census); i++) {
		const struct ltr_wait_total *total = ltr_census_wait(census, i);

		if (!is_in(type->name, total))
			continue;
		count += total->count;
		total_ns += total->total_ns;
	}
	assert_int_equal(profile_sum(profile, 0), count);
	assert_int_equal(profile_sum(profile, 1), total_ns);
	profile_free(profile);
}

/* All that goroutines have lived while they were watched; here, nobody has ended. */
static void check_wall(const struct ltr_census *census)
{
	const struct ltr_census_info *info = ltr_census_info(census);
	Profile *profile = profile_written(census, ltr_profile_type_find("wall"), NULL);
	uint64_t lived_ns = 0;

	for (size_t i = 0; i < ltr_census_count(census); i++) {
		uint64_t from_ns = ltr_census_at(census, i)->created_ns;

		assert_true(from_ns > 0);
		lived_ns +=
			info->now_ns - (from_ns > info->started_ns ? from_ns : info->started_ns);
	}
	assert_int_equal(profile_sum(profile, 1), lived_ns);
	profile_free(profile);
}

static void wait_profiles_add_up_to_the_totals(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct ltr_census *census = random_lives(NULL);
		size_t types = 0;

		assert_true(wait_count_of(census) > 0);
		for (size_t i = 0; i < ltr_profile_type_count(); i++) {
			if (!ltr_profile_type_at(i)->from_waits)
				continue;
			check_totals(census, ltr_profile_type_at(i));
			types++;
		}
		assert_int_equal(types, 5);
		check_wall(census);
		check_json(census);
		ltr_census_free(census);
	}
}

/* The number in a text like "n2"; 0: there is none. */
static size_t number_in(const Profile *profile, const Sample *sample, const char *key)
{
	const Label *label = profile_label(profile, sample, key);

	return label ? (size_t)(profile_string(profile, label->str)[1] - '0') : 0;
}

/* Takes the samples off; `sign` -1 puts them back. */
static void take_off(struct lives *lives, Profile *profile, int64_t sign)
{
	for (size_t i = 0; i < profile->n_sample; i++) {
		const Sample *sample = profile->sample[i];
		const char *word = profile_label_text(profile, sample, "state");
		uint8_t state = 0;

		while (strcmp(ltr_state_name(state), word) != 0)
			state++;
		struct life_total *total =
			&lives->totals[state][number_in(profile, sample, "name")][number_in(
				profile, sample, "tenant")][number_in(profile, sample, "creator")];

		total->count -= sign * sample->value[0];
		total->ns -= sign * sample->value[1];
	}
	profile_free(profile);
}

/* All time of all goroutines is there, and has the labels that were known then. */
static void totals_have_the_labels_of_their_goroutines(void **state)
{
	const struct ltr_profile_type *wall = ltr_profile_type_find("wall");
	static const struct life_total
		nothing[sizeof(((struct lives *)0)->totals) / sizeof(struct life_total)];

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct ltr_profile_base *base;
		struct ltr_profile_options since = {0};
		struct lives lives;
		Profile *before;

		lives_begin(&lives, NULL);
		lives_go_on(&lives, random_below(400));
		assert_int_equal(ltr_profile_base_new(lives.census, wall, NULL, &base), 0);
		before = profile_written(lives.census, wall, NULL);
		lives_go_on(&lives, 500);
		lives_end(&lives);
		take_off(&lives, profile_written(lives.census, wall, NULL), 1);
		assert_memory_equal(lives.totals, nothing, sizeof(nothing));

		/* A part and the rest are the whole, under each label. */
		since.base = base;
		take_off(&lives, before, 1);
		take_off(&lives, profile_written(lives.census, wall, &since), 1);
		take_off(&lives, profile_written(lives.census, wall, NULL), -1);
		assert_memory_equal(lives.totals, nothing, sizeof(nothing));
		ltr_profile_base_free(base);
		ltr_census_free(lives.census);
	}
}

/* The slices of a timeline are the wait totals, taken apart; and every run is one on its thread. */
static void timelines_add_up_to_the_totals(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct memory memory = {0};
		struct traced want = {0};
		struct traced got;
		struct ltr_trace *trace;
		struct ltr_steps steps;
		struct ltr_census *census;

		assert_int_equal(ltr_trace_new(memory_sink(&memory), false, &trace), 0);
		steps = ltr_trace_steps(trace);
		census = random_lives(&steps);
		ltr_census_tell_unfinished(census);
		assert_int_equal(ltr_trace_finish(trace, census), 0);
		assert_true(trace_is_valid(memory.data, memory.bytes, true, &got));
		for (size_t i = 0; i < wait_count_of(census); i++) {
			const struct ltr_wait_total *total = ltr_census_wait(census, i);

			if (total->reason) {
				want.reason_ns[total->reason] += total->total_ns;
				want.reason_count[total->reason] += total->count;
			} else {
				want.state_ns[total->state] += total->total_ns;
				want.state_count[total->state] += total->count;
			}
		}
		assert_memory_equal(got.reason_ns, want.reason_ns, sizeof(want.reason_ns));
		assert_memory_equal(got.reason_count, want.reason_count, sizeof(want.reason_count));
		assert_memory_equal(got.state_ns, want.state_ns, sizeof(want.state_ns));
		assert_memory_equal(got.state_count, want.state_count, sizeof(want.state_count));
		assert_int_equal(got.processor_runs, got.runs);
		assert_int_equal(got.processor_ns, got.runs_ns);
		memory_done(&memory);
		ltr_trace_free(trace);
		ltr_census_free(census);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wait_profiles_add_up_to_the_totals),
		cmocka_unit_test(totals_have_the_labels_of_their_goroutines),
		cmocka_unit_test(timelines_add_up_to_the_totals),
	};

	random_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
