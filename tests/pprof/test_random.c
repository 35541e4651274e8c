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
#include <pprof/trace.h>

#include "../wait_count.h"
#include "chance.h"
#include "fixture.h"
#include "lives.h"
#include "traced.h"
#include "unpacked.h"
#include "written.h"

#define ROUNDS 60

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

static struct ltr_census *random_census(void)
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

static void check_json_goroutine(const struct ltr_census *census, json_object *goroutine,
				 json_object *stacks)
{
	uint64_t id = json_object_get_uint64(json_object_object_get(goroutine, "id"));
	const struct ltr_goroutine *want = ltr_census_find(census, id);
	const char *state = json_object_get_string(json_object_object_get(goroutine, "state"));
	json_object *stack;

	assert_non_null(want);
	assert_string_equal(state, ltr_state_name(want->state));
	if (json_object_object_get_ex(goroutine, "stack", &stack)) {
		char key[16];
		size_t depth;

		assert_int_equal(json_object_get_int(stack), want->stack);
		snprintf(key, sizeof(key), "%u", want->stack);
		ltr_census_stack(census, want->stack, &depth);
		assert_int_equal(json_object_array_length(json_object_object_get(stacks, key)),
				 depth);
	} else {
		assert_int_equal(want->stack, 0);
	}
}

static uint64_t number_of(json_object *object, const char *key)
{
	return json_object_get_uint64(json_object_object_get(object, key));
}

static uint64_t sum_of(json_object *array, const char *key)
{
	uint64_t sum = 0;

	for (size_t i = 0; array && i < json_object_array_length(array); i++)
		sum += number_of(json_object_array_get_idx(array, i), key);
	return sum;
}

/* Histograms have what has ended of the waits; contentions, what of them is for locks. */
static void check_json_totals(const struct ltr_census *census, json_object *document)
{
	json_object *waits = json_object_object_get(document, "waits");
	json_object *histograms = json_object_object_get(document, "histograms");
	json_object *contentions = json_object_object_get(document, "contentions");
	uint64_t locks_ns = 0, locks = 0;

	for (size_t i = 0; i < wait_count_of(census); i++) {
		const struct ltr_wait_total *total = ltr_census_wait(census, i);

		if (ltr_census_is_lock_wait(total->reason)) {
			locks_ns += total->total_ns;
			locks += total->count;
		}
	}
	assert_int_equal(sum_of(contentions, "total_ns"), locks_ns);
	assert_int_equal(sum_of(contentions, "count"), locks);
	assert_int_equal(sum_of(histograms, "count"),
			 sum_of(waits, "count") - sum_of(waits, "unfinished"));
	for (size_t i = 0; histograms && i < json_object_array_length(histograms); i++) {
		json_object *histogram = json_object_array_get_idx(histograms, i);
		json_object *buckets = json_object_object_get(histogram, "buckets");
		uint64_t least = 0, most = 0;

		assert_int_equal(sum_of(buckets, "count"), number_of(histogram, "count"));
		for (size_t k = 0; k < json_object_array_length(buckets); k++) {
			json_object *bucket = json_object_array_get_idx(buckets, k);
			uint64_t up_to_ns = number_of(bucket, "up_to_ns");
			uint64_t count = number_of(bucket, "count");

			assert_true(up_to_ns > 0 && count > 0);
			least += count * (up_to_ns > 64 ? up_to_ns / 2 : 0);
			most += count * up_to_ns;
		}
		assert_true(number_of(histogram, "total_ns") >= least);
		assert_true(number_of(histogram, "total_ns") <= most);
	}
}

static void check_json(const struct ltr_census *census)
{
	struct memory memory = {0};
	json_tokener *tokener = json_tokener_new();
	json_object *document;
	json_object *goroutines;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	assert_int_equal(ltr_json_write(census, memory_sink(&memory)), 0);
	document = json_tokener_parse_ex(tokener, memory.data, (int)memory.bytes);
	assert_int_equal(json_tokener_get_error(tokener), json_tokener_success);
	goroutines = json_object_object_get(document, "goroutines");
	assert_int_equal(json_object_array_length(goroutines), ltr_census_count(census));
	for (size_t i = 0; i < json_object_array_length(goroutines); i++)
		check_json_goroutine(census, json_object_array_get_idx(goroutines, i),
				     json_object_object_get(document, "stacks"));
	check_json_totals(census, document);
	json_object_put(document);
	json_tokener_free(tokener);
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

static struct ltr_census *random_lives(const struct ltr_steps *steps)
{
	struct lives lives;

	lives_begin(&lives, steps);
	lives_go_on(&lives, 500);
	return lives_end(&lives);
}

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
		cmocka_unit_test(every_form_adds_up_to_the_census),
		cmocka_unit_test(wait_profiles_add_up_to_the_totals),
		cmocka_unit_test(totals_have_the_labels_of_their_goroutines),
		cmocka_unit_test(parts_add_up_to_the_whole),
		cmocka_unit_test(json_says_what_the_profile_says),
		cmocka_unit_test(timelines_add_up_to_the_totals),
	};

	random_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
