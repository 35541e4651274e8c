/* SPDX-License-Identifier: MIT */

/*
 * One profile of several censuses: nothing of any of them is lost or mixed up, and what is the same file
 * is there once. The programs are random, and each is loaded at addresses of its own. LTR_TEST_SEED
 * repeats a run; the seed is printed.
 */

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pprof/profile.h>

#include "chance.h"
#include "fixture.h"
#include "unpacked.h"
#include "written.h"

#define ROUNDS     40
#define INPUTS_MAX 5
#define FIRST_PID  100u

#define FUNCTIONS   8
#define LINES       4
#define BYTES       (FUNCTIONS * LINES)
#define PC_NOWHERE  0x10ull /* in no module, and in every program */
#define FILE_OFFSET 0x1000ull

/* Its own file, which is one of two; the same once more, elsewhere; and a library without a build id. */
enum { MODULE_PROGRAM, MODULE_TWIN, MODULE_LIBRARY, MODULE_COUNT };

/* What could be read of the symbols of its own file. */
enum known { KNOWN_ALL, KNOWN_NAMES, KNOWN_NOTHING, KNOWN_COUNT };

struct program {
	bool other; /* which file */
	enum known known;
	struct ltr_module modules[MODULE_COUNT];
	char names[MODULE_COUNT][FUNCTIONS][16];
	struct ltr_symbol symbols[MODULE_COUNT][BYTES];
	struct ltr_symbol outer[MODULE_COUNT][BYTES];
};

static const struct ltr_symbol *find(void *context, uint64_t pc)
{
	struct program *program = context;

	for (size_t i = 0; i < MODULE_COUNT; i++)
		if (pc >= program->modules[i].start && pc < program->modules[i].end)
			return &program->symbols[i][pc - program->modules[i].start];
	return NULL;
}

static size_t module_count(void *context)
{
	(void)context;
	return MODULE_COUNT;
}

static const struct ltr_module *module(void *context, size_t index)
{
	const struct program *program = context;

	return &program->modules[index];
}

/* Every second function was inlined into another one. */
static void name_symbols(struct program *program, uint32_t i)
{
	enum known known = i == MODULE_LIBRARY ? KNOWN_ALL : program->known;

	for (uint32_t j = 0; j < BYTES; j++) {
		struct ltr_symbol *symbol = &program->symbols[i][j];

		*symbol = (struct ltr_symbol){.function = "", .file = "", .module = i};
		if (known == KNOWN_NOTHING)
			continue;
		symbol->function = program->names[i][j / LINES];
		if (known == KNOWN_NAMES)
			continue;
		symbol->file = "/src/a.c";
		symbol->line = 1 + j;
		if (j / LINES % 2 == 0)
			continue;
		program->outer[i][j] = (struct ltr_symbol){
			.function = "outer", .file = "/src/b.c", .line = 9, .module = i};
		symbol->outer = &program->outer[i][j];
	}
}

/* The same addresses are other places in other programs, now and then. */
static struct program *random_program(void)
{
	struct program *program = calloc(1, sizeof(*program));

	assert_non_null(program);
	program->other = one_in(3);
	program->known = one_in(2) ? KNOWN_ALL : (enum known)random_below(KNOWN_COUNT);
	for (uint32_t i = 0; i < MODULE_COUNT; i++) {
		bool library = i == MODULE_LIBRARY;

		program->modules[i] = (struct ltr_module){
			.start = (1 + random_below(3)) << (20 + 4 * i),
			.offset = FILE_OFFSET,
			.path = library          ? "/lib/library.so"
				: program->other ? "/bin/other"
						 : "/bin/program",
			.build_id = library          ? ""
				    : program->other ? "bbbb"
						     : "aaaa",
		};
		program->modules[i].end = program->modules[i].start + BYTES;
		for (unsigned int j = 0; j < FUNCTIONS; j++)
			snprintf(program->names[i][j], sizeof(program->names[i][j]), "%s_%u",
				 library          ? "library"
				 : program->other ? "other"
						  : "program",
				 j);
		name_symbols(program, i);
	}
	return program;
}

static uint64_t random_pc(const struct program *program)
{
	if (one_in(10))
		return PC_NOWHERE + 1;
	return program->modules[random_below(MODULE_COUNT)].start + random_below(BYTES) + 1;
}

static struct ltr_goroutine random_goroutine(struct ltr_census *census,
					     const struct program *program, uint64_t id)
{
	struct ltr_goroutine goroutine = {.id = id, .transitions = 1};
	char word[8];
	uint64_t pcs[4];
	size_t depth = 1 + random_below(4);

	goroutine.reason = (uint8_t)(1 + random_below(LTR_REASON_COUNT - 1));
	goroutine.state = ltr_reason_state(goroutine.reason);
	goroutine.since_ns = FIXTURE_NOW_NS - random_below(500 * SECOND_NS);
	for (size_t i = 0; i < depth; i++)
		pcs[i] = random_pc(program);
	if (!one_in(4))
		assert_int_equal(ltr_census_intern_stack(census, pcs, depth, &goroutine.stack), 0);
	snprintf(word, sizeof(word), "w%u", (unsigned int)random_below(5));
	if (one_in(2))
		assert_int_equal(ltr_census_intern_string(census, word, &goroutine.name), 0);
	if (one_in(3)) {
		struct ltr_census_label label;

		assert_int_equal(ltr_census_intern_string(census, "tenant", &label.key), 0);
		assert_int_equal(ltr_census_intern_string(census, word, &label.value), 0);
		assert_int_equal(ltr_census_intern_labels(census, &label, 1, &goroutine.labels), 0);
	}
	if (one_in(2))
		assert_int_equal(
			ltr_census_intern_site(census, "/src/c.c", word, 3, &goroutine.site), 0);
	if (one_in(2))
		goroutine.entry_pc = random_pc(program);
	if (one_in(2))
		goroutine.creation_pc = random_pc(program);
	return goroutine;
}

static void free_program(void *context)
{
	free(context);
}

static struct ltr_census *random_census(uint32_t pid)
{
	static const struct ltr_symbol_source source = {find, module_count, module, free_program};
	struct ltr_census *census = fixture_empty();
	struct program *program = random_program();
	uint64_t count = random_below(60);

	ltr_census_set_symbols(census, &source, program);
	ltr_census_info_mut(census)->pid = pid;
	ltr_census_info_mut(census)->wall_ns = FIXTURE_WALL_NS + random_below(SECOND_NS);
	assert_int_equal(ltr_census_snapshot_begin(census, FIXTURE_NOW_NS), 0);
	for (uint64_t i = 0; i < count; i++) {
		struct ltr_goroutine goroutine = random_goroutine(census, program, i + 1);

		assert_int_equal(ltr_census_snapshot_put(census, &goroutine), 0);
	}
	assert_int_equal(ltr_census_snapshot_end(census, true), 0);
	return census;
}

struct inputs {
	struct ltr_census *at[INPUTS_MAX];
	size_t count;
};

/* The last one is the fixture's: it has CPU samples, and goroutines in every odd state. */
static struct inputs random_inputs(void)
{
	struct inputs inputs = {.count = 2 + random_below(INPUTS_MAX - 1)};

	for (size_t i = 0; i + 1 < inputs.count; i++)
		inputs.at[i] = random_census(FIRST_PID + (uint32_t)i);
	inputs.at[inputs.count - 1] = fixture_census(false);
	return inputs;
}

static void inputs_done(struct inputs *inputs)
{
	for (size_t i = 0; i < inputs->count; i++)
		ltr_census_free(inputs->at[i]);
}

static Profile *write_all(const struct inputs *inputs, const struct ltr_profile_type *type,
			  const struct ltr_profile_options *options)
{
	struct memory memory = {0};

	assert_int_equal(ltr_profile_write_all((const struct ltr_census *const *)inputs->at,
					       inputs->count, type, options, memory_sink(&memory)),
			 0);
	return profile_read_back(&memory, false);
}

/* A location by what does not depend on where its file was loaded. */
static void put_location(FILE *out, const Profile *profile, uint64_t id)
{
	const Location *location = profile_location(profile, id);
	uint64_t address = location->address;

	if (location->mapping_id) {
		const Perftools__Profiles__Mapping *mapping =
			profile->mapping[location->mapping_id - 1];

		address += mapping->file_offset - mapping->memory_start;
		fprintf(out, "%s:", profile_string(profile, mapping->filename));
	}
	fprintf(out, "%" PRIx64, address);
	for (size_t i = 0; i < location->n_line; i++) {
		char place[256];

		profile_place(profile, id, i, place);
		fprintf(out, " %s", place);
	}
	fprintf(out, ";");
}

/* All of a sample as a line; its process, if no label says it, is `pid`. */
static char *line_of(const Profile *profile, const Sample *sample, int64_t pid)
{
	char *line = NULL;
	size_t bytes;
	FILE *out = open_memstream(&line, &bytes);

	assert_non_null(out);
	for (size_t i = 0; i < sample->n_location_id; i++)
		put_location(out, profile, sample->location_id[i]);
	for (size_t i = 0; i < sample->n_label; i++) {
		const Label *label = sample->label[i];
		const char *key = profile_string(profile, label->key);

		if (strcmp(key, "pid") == 0)
			pid = label->num;
		else if (strcmp(key, "process") != 0)
			fprintf(out, " %s=%s%" PRId64, key, profile_string(profile, label->str),
				label->num);
	}
	fprintf(out, " in %" PRId64 ":", pid);
	for (size_t i = 0; i < sample->n_value; i++)
		fprintf(out, " %" PRId64, sample->value[i]);
	assert_int_equal(fclose(out), 0);
	return line;
}

struct lines {
	char **at;
	size_t count;
};

static void add_lines(struct lines *lines, const Profile *profile, int64_t pid)
{
	lines->at = realloc(lines->at, (lines->count + profile->n_sample + 1) * sizeof(char *));
	assert_non_null(lines->at);
	for (size_t i = 0; i < profile->n_sample; i++)
		lines->at[lines->count++] = line_of(profile, profile->sample[i], pid);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void same_lines(struct lines *got, struct lines *want)
{
	assert_int_equal(got->count, want->count);
	qsort(got->at, got->count, sizeof(char *), by_text);
	qsort(want->at, want->count, sizeof(char *), by_text);
	for (size_t i = 0; i < got->count; i++) {
		assert_string_equal(got->at[i], want->at[i]);
		free(got->at[i]);
		free(want->at[i]);
	}
	free(got->at);
	free(want->at);
}

static size_t count_nowhere(const Profile *profile)
{
	size_t count = 0;

	for (size_t i = 0; i < profile->n_location; i++)
		count += profile->location[i]->mapping_id == 0 &&
			 profile->location[i]->address == PC_NOWHERE;
	return count;
}

/* What is at an address by name, as a whole. */
static bool same_lines_at(const Location *a, const Location *b)
{
	if (a->n_line != b->n_line)
		return false;
	for (size_t i = 0; i < a->n_line; i++)
		if (a->line[i]->function_id != b->line[i]->function_id ||
		    a->line[i]->line != b->line[i]->line)
			return false;
	return true;
}

/* Each file once (or twice, if it was so in the first), unless nobody knows whether it is the same. */
static void check_places(const Profile *profile, const struct inputs *inputs)
{
	size_t without_id = 0;

	for (size_t i = 0; i < profile->n_mapping; i++) {
		size_t alike = 0;

		without_id += profile->mapping[i]->build_id == 0;
		for (size_t j = 0; j < profile->n_mapping && profile->mapping[i]->build_id; j++)
			alike += profile->mapping[i]->build_id == profile->mapping[j]->build_id;
		assert_true(alike <= 2);
	}
	assert_int_equal(without_id, inputs->count);
	for (size_t i = 0; i < profile->n_location; i++) {
		const Location *a = profile->location[i];

		for (size_t j = 0; j < i && a->mapping_id; j++) {
			const Location *b = profile->location[j];

			assert_false(a->mapping_id == b->mapping_id && a->address == b->address &&
				     same_lines_at(a, b));
		}
	}
}

static void check_head(const Profile *profile, const struct inputs *inputs,
		       const struct ltr_profile_type *type, int64_t duration_ns)
{
	int64_t first = INT64_MAX;

	for (size_t i = 0; i < inputs->count; i++)
		if ((int64_t)ltr_census_info(inputs->at[i])->wall_ns < first)
			first = (int64_t)ltr_census_info(inputs->at[i])->wall_ns;
	assert_int_equal(profile->time_nanos, first);
	assert_int_equal(profile->duration_nanos, duration_ns);
	assert_int_equal(profile->n_sample_type, type->value_count);
	assert_string_equal(profile_string(profile, profile->sample_type[0]->type),
			    type->values[0].type);
	for (size_t i = 0; i < profile->n_sample; i++)
		assert_string_equal(profile_label_text(profile, profile->sample[i], "process"),
				    "/usr/bin/httpd --port 80");
}

static void check_sum(const struct inputs *inputs, const struct ltr_profile_type *type,
		      const struct ltr_profile_options *options)
{
	Profile *merged = write_all(inputs, type, options);
	int64_t sums[LTR_PROFILE_VALUES_MAX] = {0};
	int64_t duration_ns = 0;
	size_t nowhere = 0;
	struct lines got = {0};
	struct lines want = {0};

	for (size_t i = 0; i < inputs->count; i++) {
		Profile *one = profile_written(inputs->at[i], type, options);

		for (size_t j = 0; j < type->value_count; j++)
			sums[j] += profile_sum(one, j);
		duration_ns += one->duration_nanos;
		nowhere += count_nowhere(one);
		assert_int_equal(one->n_mapping, ltr_census_module_count(inputs->at[i]));
		add_lines(&want, one, ltr_census_info(inputs->at[i])->pid);
		profile_free(one);
	}
	for (size_t j = 0; j < type->value_count; j++)
		assert_int_equal(profile_sum(merged, j), sums[j]);
	add_lines(&got, merged, 0);
	same_lines(&got, &want);
	assert_int_equal(count_nowhere(merged), nowhere);
	check_places(merged, inputs);
	check_head(merged, inputs, type, duration_ns);
	profile_free(merged);
}

static void what_is_merged_is_the_sum_of_the_inputs(void **state)
{
	regex_t pattern;

	(void)state;
	assert_int_equal(regcomp(&pattern, "_[246]$", REG_EXTENDED | REG_NOSUB), 0);
	for (int round = 0; round < ROUNDS; round++) {
		struct inputs inputs = random_inputs();
		const struct ltr_profile_options options[] = {
			{.per_goroutine = false},
			{.per_goroutine = true},
			{.runtime_frames = true, .focus = &pattern},
			{.ignore = &pattern},
		};

		for (size_t i = 0; i < ltr_profile_type_count(); i++)
			for (size_t j = 0; j < sizeof(options) / sizeof(options[0]); j++)
				check_sum(&inputs, ltr_profile_type_at(i), &options[j]);
		inputs_done(&inputs);
	}
	regfree(&pattern);
}

/* Each line of each input, below its process. */
static void folded_stacks_begin_with_their_process(void **state)
{
	const struct ltr_profile_type *type = ltr_profile_type_find("goroutine");

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct inputs inputs = random_inputs();
		struct memory merged = {0};
		const char *at;

		assert_int_equal(ltr_profile_folded_all((const struct ltr_census *const *)inputs.at,
							inputs.count, type, NULL,
							memory_sink(&merged)),
				 0);
		at = merged.data;
		for (size_t i = 0; i < inputs.count; i++) {
			struct memory one = {0};
			char root[64];

			snprintf(root, sizeof(root), "/usr/bin/httpd --port 80 (%u);",
				 ltr_census_info(inputs.at[i])->pid);
			assert_int_equal(
				ltr_profile_folded(inputs.at[i], type, NULL, memory_sink(&one)), 0);
			for (char *line = one.data ? strtok(one.data, "\n") : NULL; line;
			     line = strtok(NULL, "\n")) {
				assert_memory_equal(at, root, strlen(root));
				at += strlen(root);
				assert_memory_equal(at, line, strlen(line));
				at += strlen(line);
				assert_int_equal(*at++, '\n');
			}
			memory_done(&one);
		}
		assert_int_equal(*at, '\0');
		memory_done(&merged);
		inputs_done(&inputs);
	}
}

static bool has_comment(const Profile *profile, const char *text)
{
	for (size_t i = 0; i < profile->n_comment; i++)
		if (strcmp(profile_string(profile, profile->comment[i]), text) == 0)
			return true;
	return false;
}

static void comments_name_whom_they_are_about(void **state)
{
	struct inputs inputs = {{fixture_census(true), fixture_census(false)}, 2};
	const char *loss = "loiter: process 4711 (/usr/bin/httpd --port 80): not the whole truth: "
			   "12 records lost, 14 goroutines unsure, 2 descriptors or stacks "
			   "unreadable";
	const char *all = "loiter: only the waits that have not ended yet";
	Profile *profile;

	(void)state;
	ltr_census_info_mut(inputs.at[1])->pid = 4712;
	profile = write_all(&inputs, ltr_profile_type_find("mutex"), NULL);
	assert_true(has_comment(profile, loss));
	assert_true(has_comment(profile, all));
	assert_int_equal(profile->n_comment, 2);
	profile_free(profile);

	/* A proof of one is none of the other. */
	fixture_prove(inputs.at[1], true);
	profile = write_all(&inputs, ltr_profile_type_find("goroutineleak"), NULL);
	assert_true(has_comment(profile, loss));
	assert_true(has_comment(profile, "loiter: process 4711 (/usr/bin/httpd --port 80): "
					 "inconclusive: references were not looked at; only "
					 "goroutines that wait for what cannot come are counted"));
	assert_int_equal(profile->n_comment, 2);
	profile_free(profile);

	/* The same loss of both is two losses; a hostile name cannot drive a terminal. */
	ltr_census_free(inputs.at[1]);
	inputs.at[1] = fixture_census(true);
	strcpy(ltr_census_info_mut(inputs.at[1])->command, "a\033[2Jb");
	profile = write_all(&inputs, ltr_profile_type_find("goroutine"), NULL);
	assert_int_equal(profile->n_comment, 2);
	assert_true(has_comment(profile, loss));
	assert_string_equal(
		profile_label_text(profile, profile->sample[profile->n_sample - 1], "process"),
		"a\\x1b[2Jb");
	profile_free(profile);
	inputs_done(&inputs);
}

static void one_input_is_an_ordinary_profile(void **state)
{
	struct inputs inputs = {{fixture_census(true)}, 1};

	(void)state;
	for (size_t i = 0; i < ltr_profile_type_count(); i++) {
		Profile *profile = write_all(&inputs, ltr_profile_type_at(i), NULL);

		for (size_t j = 0; j < profile->n_sample; j++) {
			assert_null(profile_label(profile, profile->sample[j], "pid"));
			assert_null(profile_label(profile, profile->sample[j], "process"));
		}
		profile_free(profile);
	}
	inputs_done(&inputs);
}

static void what_makes_no_sense_is_refused(void **state)
{
	const struct ltr_profile_type *type = ltr_profile_type_find("goroutine");
	struct inputs inputs = {{fixture_census(false), fixture_census(false)}, 2};
	const struct ltr_census *const *censuses = (const struct ltr_census *const *)inputs.at;
	struct ltr_profile_options options = {0};
	struct ltr_profile_base *base;
	struct memory memory = {0};
	struct ltr_sink sink = memory_sink(&memory);

	(void)state;
	assert_int_equal(ltr_profile_write_all(censuses, 0, type, NULL, sink), -EINVAL);
	assert_int_equal(ltr_profile_folded_all(censuses, 0, type, NULL, sink), -EINVAL);
	assert_int_equal(ltr_profile_base_new(inputs.at[0], type, NULL, &base), 0);
	options.base = base;
	assert_int_equal(ltr_profile_write_all(censuses, 2, type, &options, sink), -EINVAL);
	assert_int_equal(ltr_profile_folded_all(censuses, 2, type, &options, sink), -EINVAL);
	assert_int_equal(memory.bytes, 0);
	ltr_profile_base_free(base);
	memory_done(&memory);
	inputs_done(&inputs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_merged_is_the_sum_of_the_inputs),
		cmocka_unit_test(folded_stacks_begin_with_their_process),
		cmocka_unit_test(comments_name_whom_they_are_about),
		cmocka_unit_test(one_input_is_an_ordinary_profile),
		cmocka_unit_test(what_makes_no_sense_is_refused),
	};

	random_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
