/* SPDX-License-Identifier: MIT */

/*
 * Random censuses: whatever is in one, every form of it adds up to it. LTR_TEST_SEED repeats a run; the
 * seed is printed.
 */

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include <pprof/json.h>
#include <pprof/profile.h>
#include <pprof/text.h>

#include "chance.h"
#include "check_json.h"
#include "fixture.h"
#include "lives.h"
#include "random_census.h"
#include "unpacked.h"
#include "written.h"

#define ROUNDS 60

/* For each state, the goroutines and the time in it. */
static void check_states(const struct ltr_census *census, const Profile *profile, bool is_wait)
{
	int64_t got[LTR_STATE_COUNT] = {0};
	int64_t want[LTR_STATE_COUNT] = {0};

	for (size_t i = 0; i < profile->n_sample; i++) {
		const char *word = profile_label_text(profile, profile->sample[i], "state");

		/* The program may have a label "state" too; it is behind ours by no rule. */
		for (size_t j = profile->sample[i]->n_label; j-- > 0;) {
			const Label *label = profile->sample[i]->label[j];

			if (strcmp(profile_string(profile, label->key), "state") == 0) {
				word = profile_string(profile, label->str);
				break;
			}
		}
		for (unsigned int state = 0; state < LTR_STATE_COUNT; state++)
			if (strcmp(word, ltr_state_name((uint8_t)state)) == 0)
				got[state] += profile->sample[i]->value[is_wait ? 1 : 0];
	}
	for (size_t i = 0; i < ltr_census_count(census); i++) {
		const struct ltr_goroutine *goroutine = ltr_census_at(census, i);

		want[goroutine->state] +=
			is_wait ? (int64_t)ltr_census_age_ns(census, goroutine) : 1;
	}
	if (is_wait)
		want[LTR_STATE_RUNNING] = 0;
	assert_memory_equal(got, want, sizeof(got));
}

/* What the documentation says of leaks, a second time and in other words. */
static bool is_leaked(const struct ltr_census *census, const struct ltr_goroutine *goroutine)
{
	const char *words = ltr_reason_name(goroutine->reason);
	bool waits = goroutine->state != LTR_STATE_QUEUED && goroutine->state != LTR_STATE_RUNNING;
	bool for_nothing = strstr(words, "nil chan") || strstr(words, "no cases");
	bool proven = ltr_census_info(census)->reach.conclusive &&
		      (goroutine->flags & LTR_IS_UNREACHABLE);

	if (goroutine->flags & LTR_IS_DAEMON)
		return false;
	return proven || (waits && for_nothing && !(goroutine->flags & LTR_IS_TIMED));
}

/* Exactly the leaked ones are in it; and whoever has no proof is told so. */
static void check_leaks(const struct ltr_census *census, const struct ltr_profile_options *options)
{
	Profile *profile = profile_written(census, ltr_profile_type_find("goroutineleak"), options);
	int64_t want = 0;

	for (size_t i = 0; i < ltr_census_count(census); i++)
		want += is_leaked(census, ltr_census_at(census, i));
	assert_int_equal(profile_sum(profile, 0), want);
	for (size_t i = 0; options->per_goroutine && i < profile->n_sample; i++) {
		const Label *id = profile_label(profile, profile->sample[i], "go::goroutine");

		assert_true(is_leaked(census, ltr_census_find(census, (uint64_t)id->num)));
	}
	assert_int_equal(profile->n_comment, ltr_census_info(census)->reach.conclusive ? 0 : 1);
	profile_free(profile);
}

static void check_profiles(const struct ltr_census *census)
{
	for (int i = 0; i < 4; i++) {
		struct ltr_profile_options options = {
			.per_goroutine = i & 1,
			.runtime_frames = i & 2,
		};
		Profile *goroutines =
			profile_written(census, ltr_profile_type_find("goroutine"), &options);
		Profile *waits = profile_written(census, ltr_profile_type_find("wait"), &options);
		Profile *created =
			profile_written(census, ltr_profile_type_find("create"), &options);

		assert_int_equal(profile_sum(goroutines, 0), ltr_census_count(census));
		if (options.per_goroutine)
			assert_int_equal(goroutines->n_sample, ltr_census_count(census));
		check_states(census, goroutines, false);
		check_states(census, waits, true);
		check_states(census, created, false);
		check_leaks(census, &options);
		profile_free(created);
		profile_free(goroutines);
		profile_free(waits);
	}
}

/* "total N", and N is the sum of the numbers before each "@". */
static void check_debug1(const struct ltr_census *census)
{
	struct memory memory = {0};
	uint64_t total = 0;
	char *line;

	assert_int_equal(
		ltr_text_debug1(census, ltr_profile_type_find("goroutine"), memory_sink(&memory)),
		0);
	assert_int_equal(strtoull(memory.data + strlen("goroutine profile: total "), NULL, 10),
			 ltr_census_count(census));
	for (line = strtok(memory.data, "\n"); line; line = strtok(NULL, "\n")) {
		char *end;
		uint64_t number = strtoull(line, &end, 10);

		if (end != line && strncmp(end, " @ 0x", 5) == 0)
			total += number;
		else
			assert_true(line[0] == '#' || strncmp(line, "goroutine profile", 17) == 0);
	}
	assert_int_equal(total, ltr_census_count(census));
	memory_done(&memory);
}

/* One header for each goroutine, in the order of their ids. */
static void check_debug2(const struct ltr_census *census)
{
	struct memory memory = {0};
	size_t count = 0;
	uint64_t last = 0;

	assert_int_equal(ltr_text_debug2(census, memory_sink(&memory)), 0);
	for (char *line = memory.data ? strtok(memory.data, "\n") : NULL; line;
	     line = strtok(NULL, "\n")) {
		uint64_t id;

		if (sscanf(line, "goroutine %" SCNu64 " [", &id) != 1)
			continue;
		assert_non_null(ltr_census_find(census, id));
		assert_true(id > last);
		assert_int_equal(line[strlen(line) - 1], ':');
		last = id;
		count++;
	}
	assert_int_equal(count, ltr_census_count(census));
	memory_done(&memory);
}

static void every_form_adds_up_to_the_census(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct ltr_census *census = random_census();

		check_profiles(census);
		check_debug1(census);
		check_debug2(census);
		check_json(census);
		ltr_census_free(census);
	}
}

/* The sum of the numbers at the ends of the lines. */
static uint64_t folded_sum(const char *text)
{
	uint64_t sum = 0;

	while (*text) {
		const char *end = strchr(text, '\n');
		const char *number = end;
		char *rest;

		assert_non_null(end);
		while (number > text && number[-1] != ' ')
			number--;
		assert_true(number > text + 1);
		sum += strtoull(number, &rest, 10);
		assert_ptr_equal(rest, end);
		text = end + 1;
	}
	return sum;
}

/* Focus and ignore of the same functions part a profile in two; folded stacks hold what it holds. */
static void check_parts(const struct ltr_census *census, const struct ltr_profile_type *type)
{
	regex_t pattern;
	struct ltr_profile_options focus = {.focus = &pattern};
	struct ltr_profile_options ignore = {.ignore = &pattern};
	struct memory folded = {0};
	Profile *all;
	Profile *with;
	Profile *without;

	assert_int_equal(regcomp(&pattern, "^(serve|parse)$", REG_EXTENDED | REG_NOSUB), 0);
	all = profile_written(census, type, NULL);
	with = profile_written(census, type, &focus);
	without = profile_written(census, type, &ignore);
	for (size_t i = 0; i < type->value_count; i++)
		assert_int_equal(profile_sum(all, i),
				 profile_sum(with, i) + profile_sum(without, i));
	assert_int_equal(ltr_profile_folded(census, type, NULL, memory_sink(&folded)), 0);
	assert_int_equal(folded_sum(folded.data ? folded.data : ""),
			 profile_sum(all, type->value_count - 1));
	memory_done(&folded);
	profile_free(all);
	profile_free(with);
	profile_free(without);
	regfree(&pattern);
}

static void parts_add_up_to_the_whole(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct ltr_census *census = round % 2 ? random_lives(NULL) : random_census();

		for (size_t i = 0; i < ltr_profile_type_count(); i++)
			check_parts(census, ltr_profile_type_at(i));
		ltr_census_free(census);
	}
}

/* The same samples as in the profile: of each place and set of labels, and in all. */
static void check_profile_json(const struct ltr_census *census, const struct ltr_profile_type *type,
			       bool per_goroutine)
{
	const struct ltr_profile_options options = {.per_goroutine = per_goroutine};
	Profile *profile = profile_written(census, type, &options);
	struct memory memory = {0};
	json_tokener *tokener = json_tokener_new();
	int64_t sums[LTR_PROFILE_VALUES_MAX] = {0};
	json_object *document, *process, *samples, *stacks;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	assert_int_equal(ltr_profile_json_all(&census, 1, type, &options, memory_sink(&memory)), 0);
	document = json_tokener_parse_ex(tokener, memory.data, (int)memory.bytes);
	assert_int_equal(json_tokener_get_error(tokener), json_tokener_success);
	process = json_object_array_get_idx(json_object_object_get(document, "processes"), 0);
	samples = json_object_object_get(process, "samples");
	stacks = json_object_object_get(process, "stacks");
	assert_int_equal(json_object_array_length(samples), profile->n_sample);
	for (size_t i = 0; i < profile->n_sample; i++) {
		json_object *sample = json_object_array_get_idx(samples, i);
		json_object *values = json_object_object_get(sample, "values");
		json_object *stack;

		assert_int_equal(json_object_array_length(values), type->value_count);
		for (size_t k = 0; k < type->value_count; k++) {
			int64_t value = json_object_get_int64(json_object_array_get_idx(values, k));

			assert_int_equal(value, profile->sample[i]->value[k]);
			sums[k] += value;
		}
		if (json_object_object_get_ex(sample, "stack", &stack))
			assert_non_null(
				json_object_object_get(stacks, json_object_get_string(stack)));
		if (per_goroutine)
			assert_non_null(ltr_census_find(
				census,
				json_object_get_uint64(json_object_object_get(sample, "id"))));
	}
	for (size_t k = 0; k < type->value_count; k++)
		assert_int_equal(json_object_get_int64(json_object_array_get_idx(
					 json_object_object_get(process, "sums"), k)),
				 sums[k]);
	json_object_put(document);
	json_tokener_free(tokener);
	memory_done(&memory);
	profile_free(profile);
}

static void json_says_what_the_profile_says(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct ltr_census *census = round % 2 ? random_lives(NULL) : random_census();

		for (size_t i = 0; i < ltr_profile_type_count(); i++) {
			const struct ltr_profile_type *type = ltr_profile_type_at(i);

			check_profile_json(census, type, false);
			if (!type->from_cpu)
				check_profile_json(census, type, true);
		}
		ltr_census_free(census);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_adds_up_to_the_census),
		cmocka_unit_test(parts_add_up_to_the_whole),
		cmocka_unit_test(json_says_what_the_profile_says),
	};

	random_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
