/* SPDX-License-Identifier: MIT */

/* Profiles of the fixture's census, read back and compared with what is in it. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pprof/profile.h>

#include "fixture.h"
#include "unpacked.h"
#include "written.h"

static Profile *write_and_read(const struct ltr_census *census, const char *type,
			       const struct ltr_profile_options *options)
{
	return profile_written(census, ltr_profile_type_find(type), options);
}

/* The only sample with this leaf; fails if there is none or another one. */
static const Sample *sample_at(const Profile *profile, const char *leaf)
{
	const Sample *found = NULL;

	for (size_t i = 0; i < profile->n_sample; i++) {
		char place[256];

		profile_place(profile, profile->sample[i]->location_id[0], 0, place);
		if (strcmp(place, leaf) != 0)
			continue;
		assert_null(found);
		found = profile->sample[i];
	}
	assert_non_null(found);
	return found;
}

static void assert_type(const Profile *profile, size_t i, const char *type, const char *unit)
{
	assert_string_equal(profile_string(profile, profile->sample_type[i]->type), type);
	assert_string_equal(profile_string(profile, profile->sample_type[i]->unit), unit);
}

static void goroutine_has_the_fields_that_go_writes(void **state)
{
	struct ltr_census *census = fixture_census(false);
	Profile *profile = write_and_read(census, "goroutine", NULL);

	(void)state;
	assert_int_equal(profile->n_sample_type, 1);
	assert_type(profile, 0, "goroutine", "count");
	assert_string_equal(profile_string(profile, profile->period_type->type), "goroutine");
	assert_string_equal(profile_string(profile, profile->period_type->unit), "count");
	assert_int_equal(profile->period, 1);
	assert_int_equal(profile->time_nanos, FIXTURE_WALL_NS);
	assert_int_equal(profile->duration_nanos, 0);
	assert_int_equal(profile->default_sample_type, 0);
	assert_int_equal(profile->n_comment, 0);
	assert_int_equal(profile_sum(profile, 0), ltr_census_count(census));
	profile_free(profile);
	ltr_census_free(census);
}

static void a_leak_is_one_line_of_the_program(void **state)
{
	struct ltr_census *census = fixture_census(false);
	Profile *profile = write_and_read(census, "goroutine", NULL);
	int64_t at_reply = 0;
	char place[256];

	(void)state;
	for (size_t i = 0; i < profile->n_sample; i++) {
		const Sample *sample = profile->sample[i];

		profile_place(profile, sample->location_id[0], 0, place);
		if (strcmp(place, "reply:87") != 0)
			continue;
		at_reply += sample->value[0];
		assert_int_equal(sample->n_location_id, 2);
		profile_place(profile, sample->location_id[1], 0, place);
		assert_string_equal(place, "serve:41");
		assert_string_equal(profile_label_text(profile, sample, "state"), "chan");
		assert_string_equal(profile_label_text(profile, sample, "go::goroutine_state"),
				    "chan send");
		assert_string_equal(profile_label_text(profile, sample, "creator"),
				    "accept_connections /src/httpd.c:123");
		if (sample->value[0] == 2)
			assert_string_equal(profile_label_text(profile, sample, "tenant"), "a");
		else
			assert_string_equal(profile_label_text(profile, sample, "tenant"), "b");
		assert_null(profile_label(profile, sample, "go::goroutine"));
	}
	assert_int_equal(at_reply, 3);
	profile_free(profile);
	ltr_census_free(census);
}

static void runtime_frames_can_be_kept(void **state)
{
	struct ltr_profile_options options = {.runtime_frames = true};
	struct ltr_census *census = fixture_census(false);
	Profile *profile = write_and_read(census, "goroutine", &options);
	const Sample *sample = profile->sample[0];
	char place[256];

	(void)state;
	for (size_t i = 0; i < profile->n_sample; i++)
		if (profile->sample[i]->value[0] == 2)
			sample = profile->sample[i];
	assert_int_equal(sample->value[0], 2);
	assert_int_equal(sample->n_location_id, 5);
	profile_place(profile, sample->location_id[0], 0, place);
	assert_string_equal(place, "ltr__block:102");
	profile_place(profile, sample->location_id[1], 0, place);
	assert_string_equal(place, "ltr_send:303");
	profile_place(profile, sample->location_id[4], 0, place);
	assert_string_equal(place, "ltr__start:501");
	assert_int_equal(profile_sum(profile, 0), ltr_census_count(census));
	profile_free(profile);
	ltr_census_free(census);
}

static void inlined_functions_are_lines_of_one_location(void **state)
{
	struct ltr_census *census = fixture_census(false);
	Profile *profile = write_and_read(census, "goroutine", NULL);
	const Sample *sample = sample_at(profile, "parse:7");
	const Location *location = profile_location(profile, sample->location_id[0]);
	char place[256];

	(void)state;
	assert_int_equal(location->n_line, 2); /* ltr_wrap() is the runtime's */
	profile_place(profile, sample->location_id[0], 1, place);
	assert_string_equal(place, "handle:204");
	assert_int_equal(location->address, PC_INLINED + 0x84);
	profile_free(profile);
	ltr_census_free(census);
}

/* How many goroutines have this leaf and this state. */
static int64_t count_at(const Profile *profile, const char *leaf, const char *state)
{
	int64_t count = 0;

	for (size_t i = 0; i < profile->n_sample; i++) {
		const Sample *sample = profile->sample[i];
		char place[256];

		profile_place(profile, sample->location_id[0], 0, place);
		if (strcmp(place, leaf) == 0 &&
		    strcmp(profile_label_text(profile, sample, "state"), state) == 0)
			count += sample->value[0];
	}
	return count;
}

static void who_has_no_stack_has_a_place(void **state)
{
	struct ltr_census *census = fixture_census(false);
	Profile *profile = write_and_read(census, "goroutine", NULL);
	const Sample *unknown = sample_at(profile, "(queued):0");

	(void)state;
	assert_int_equal(count_at(profile, "serve:40", "queued"), 1);  /* its entry */
	assert_int_equal(count_at(profile, "serve:40", "running"), 1); /* its entry */
	/* One has a site and no address, the other one the address of the creating call. */
	assert_int_equal(count_at(profile, "accept_connections:123", "queued"), 2);
	assert_int_equal(unknown->value[0], 1);
	assert_int_equal(profile_location(profile, unknown->location_id[0])->address, 0);
	assert_string_equal(profile_label_text(profile, unknown, "go::goroutine_state"),
			    "runnable");
	profile_free(profile);
	ltr_census_free(census);
}

static void hostile_strings_do_no_harm(void **state)
{
	struct ltr_census *census = fixture_census(false);
	Profile *profile = write_and_read(census, "goroutine", NULL);
	const Sample *evil = sample_at(profile, "evil\\x1b[31m\\xff:1");
	const Function *function = profile_function(
		profile, profile_location(profile, evil->location_id[0])->line[0]->function_id);

	(void)state;
	assert_string_equal(profile_string(profile, function->filename), "/src/\\x9b2J\\x0a.c");
	assert_string_equal(profile_label_text(profile, evil, "name"),
			    "\\x1b]0;owned\\x07 \"q\" \\u202e");
	/* Keys that mean something to clients are the client's; "" would be read as a number. */
	assert_string_equal(profile_label_text(profile, evil, "user.pprof::x"), "\"\"");
	for (size_t i = 0; i < profile->n_sample; i++)
		assert_null(profile_label(profile, profile->sample[i], "go::k,{}"));
	profile_free(profile);
	ltr_census_free(census);
}

static void mappings_say_what_is_known(void **state)
{
	struct ltr_census *census = fixture_census(false);
	Profile *profile = write_and_read(census, "goroutine", NULL);
	const Perftools__Profiles__Mapping *program;
	const Perftools__Profiles__Mapping *library;
	const Location *stripped = profile->location[0];

	(void)state;
	assert_int_equal(profile->n_mapping, 2);
	program = profile->mapping[0];
	library = profile->mapping[1];
	assert_string_equal(profile_string(profile, program->filename), "/usr/bin/httpd");
	assert_string_equal(profile_string(profile, program->build_id),
			    "0123456789abcdef0123456789abcdef01234567");
	assert_int_equal(program->memory_start, 0x400000);
	assert_int_equal(program->memory_limit, 0x500000);
	assert_int_equal(program->file_offset, 0x1000);
	assert_true(program->has_functions && program->has_filenames);
	assert_true(program->has_line_numbers && program->has_inline_frames);
	assert_false(library->has_functions || library->has_filenames);
	assert_false(library->has_line_numbers || library->has_inline_frames);
	for (size_t i = 0; i < profile->n_location; i++)
		if (profile->location[i]->mapping_id == 2)
			stripped = profile->location[i];
	assert_int_equal(stripped->mapping_id, 2);
	assert_int_equal(stripped->address, PC_STRIPPED + 0x10);
	assert_int_equal(stripped->n_line, 0);
	profile_free(profile);
	ltr_census_free(census);
}

static void one_sample_for_each_goroutine(void **state)
{
	struct ltr_profile_options options = {.per_goroutine = true};
	struct ltr_census *census = fixture_census(false);
	Profile *profile = write_and_read(census, "goroutine", &options);

	(void)state;
	assert_int_equal(profile->n_sample, ltr_census_count(census));
	for (size_t i = 0; i < profile->n_sample; i++) {
		const Sample *sample = profile->sample[i];
		const Label *id = profile_label(profile, sample, "go::goroutine");
		const Label *parent = profile_label(profile, sample, "go::goroutine_created_by");
		const Label *minutes = profile_label(profile, sample, "go::goroutine_wait_minutes");
		const struct ltr_goroutine *goroutine;

		assert_non_null(id);
		goroutine = ltr_census_find(census, (uint64_t)id->num);
		assert_non_null(goroutine);
		assert_int_equal(parent ? parent->num : 0, goroutine->parent_id);
		assert_int_equal(minutes ? minutes->num : 0,
				 goroutine->state == LTR_STATE_CHAN && goroutine->id < 20 ? 3 : 0);
		assert_int_equal(sample->value[0], 1);
	}
	profile_free(profile);
	ltr_census_free(census);
}

static void loss_is_a_comment(void **state)
{
	struct ltr_census *census = fixture_census(true);

	(void)state;
	for (size_t i = 0; i < ltr_profile_type_count(); i++) {
		Profile *profile = write_and_read(census, ltr_profile_type_at(i)->name, NULL);

		assert_true(profile->n_comment >= 1);
		assert_string_equal(profile_string(profile, profile->comment[0]),
				    "loiter: not the whole truth: 12 records lost, 14 goroutines "
				    "unsure, 2 descriptors or stacks unreadable");
		profile_free(profile);
	}
	ltr_census_free(census);
}

static void wait_shows_nanoseconds_first(void **state)
{
	struct ltr_census *census = fixture_census(false);
	Profile *profile = write_and_read(census, "wait", NULL);
	const Sample *sleeping = sample_at(profile, "parse:7");
	int64_t expected = 0;
	int64_t running = 0;

	(void)state;
	assert_int_equal(profile->n_sample_type, 2);
	assert_type(profile, 0, "waits", "count");
	assert_type(profile, 1, "delay", "nanoseconds"); /* without a default, the last is shown */
	assert_int_equal(profile->default_sample_type, 0);
	assert_string_equal(profile_label_text(profile, sleeping, "state"), "sleep");
	assert_int_equal(sleeping->value[0], 1);
	assert_int_equal(sleeping->value[1], 2 * SECOND_NS);
	for (size_t i = 0; i < ltr_census_count(census); i++) {
		const struct ltr_goroutine *goroutine = ltr_census_at(census, i);

		if (goroutine->state == LTR_STATE_RUNNING)
			running++;
		else
			expected += (int64_t)ltr_census_age_ns(census, goroutine);
	}
	assert_int_equal(profile_sum(profile, 0), ltr_census_count(census) - (size_t)running);
	assert_int_equal(profile_sum(profile, 1), expected);
	assert_int_equal(profile->n_comment, 1);
	assert_string_equal(profile_string(profile, profile->comment[0]),
			    "loiter: only the waits that have not ended yet");
	profile_free(profile);
	ltr_census_free(census);
}

/* Goroutine 1 waits for a channel for 2 s, is queued for 1 s, runs for 1 s, sleeps for 3 s so far. */
static struct ltr_census *census_with_totals(void)
{
	static const struct ltr_clock_rate clock = {.ns_per_tick = 1};
	static const struct ltr_event events[] = {
		{1, 991 * SECOND_NS, 0, 1, LTR_KIND_CREATE, 0, 0, 0},
		{1, 992 * SECOND_NS, 0, 2, LTR_KIND_START, 0, 0, 0},
		{1, 993 * SECOND_NS, 0, 3, LTR_KIND_PARK, LTR_REASON_CHAN_RECEIVE, 0, 0},
		{1, 995 * SECOND_NS, 0, 4, LTR_KIND_READY, 0, 0, 0},
		{1, 996 * SECOND_NS, 0, 5, LTR_KIND_START, 0, 0, 0},
		{1, 997 * SECOND_NS, 0, 6, LTR_KIND_PARK, LTR_REASON_SLEEP, 0, 0},
	};
	struct ltr_census *census = fixture_empty();

	assert_int_equal(ltr_census_keep_waits(census), 0);
	assert_int_equal(
		ltr_census_apply(census, &clock, 0, 0, events, sizeof(events) / sizeof(events[0])),
		0);
	ltr_census_advance(census, FIXTURE_NOW_NS);
	return census;
}

static void wait_has_finished_and_unfinished_waits(void **state)
{
	struct ltr_census *census = census_with_totals();
	Profile *profile = write_and_read(census, "wait", NULL);
	int64_t queued = 0;
	int64_t chan = 0;
	int64_t sleep = 0;

	(void)state;
	for (size_t i = 0; i < profile->n_sample; i++) {
		const Sample *sample = profile->sample[i];
		const char *word = profile_label_text(profile, sample, "state");

		queued += strcmp(word, "queued") == 0 ? sample->value[1] : 0;
		chan += strcmp(word, "chan") == 0 ? sample->value[1] : 0;
		sleep += strcmp(word, "sleep") == 0 ? sample->value[1] : 0;
		assert_string_not_equal(word, "running");
	}
	assert_int_equal(queued, 2 * SECOND_NS);
	assert_int_equal(chan, 2 * SECOND_NS);
	assert_int_equal(sleep, 3 * SECOND_NS);
	assert_int_equal(profile_sum(profile, 0), 4);
	assert_int_equal(profile_sum(profile, 1), 7 * SECOND_NS);
	assert_int_equal(profile->duration_nanos, 10 * SECOND_NS);
	assert_int_equal(profile->n_comment, 0);
	profile_free(profile);
	ltr_census_free(census);
}

static void assert_waits(const struct ltr_census *census, const char *type, int64_t count,
			 int64_t seconds, const char *comment)
{
	Profile *profile = write_and_read(census, type, NULL);

	assert_int_equal(profile_sum(profile, 0), count);
	assert_int_equal(profile_sum(profile, 1), seconds * (int64_t)SECOND_NS);
	assert_int_equal(profile->n_comment, comment ? 1 : 0);
	if (comment)
		assert_string_equal(profile_string(profile, profile->comment[0]), comment);
	profile_free(profile);
}

static void parts_of_the_waits_have_types_of_their_own(void **state)
{
	struct ltr_census *census = census_with_totals();

	(void)state;
	assert_waits(census, "block", 1, 2, NULL);
	assert_waits(census, "sched", 2, 2, NULL);
	assert_waits(census, "mutex", 0, 0, NULL);
	assert_waits(census, "wall", 6, 9, NULL); /* all that goroutine 1 has lived */
	ltr_census_free(census);
}

static void create_shows_the_lines_that_created(void **state)
{
	struct ltr_census *census = fixture_census(false);
	Profile *profile = write_and_read(census, "create", NULL);
	int64_t at_accept = 0;

	(void)state;
	for (size_t i = 0; i < profile->n_sample; i++) {
		char place[256];

		assert_int_equal(profile->sample[i]->n_location_id, 1);
		profile_place(profile, profile->sample[i]->location_id[0], 0, place);
		if (strcmp(place, "accept_connections:123") == 0)
			at_accept += profile->sample[i]->value[0];
	}
	assert_int_equal(at_accept, 8); /* 10 to 13, 20 to 23 */
	assert_int_equal(profile_sum(profile, 0), ltr_census_count(census));
	profile_free(profile);
	ltr_census_free(census);
}

/* With the values, the units and the period of Go's. */
static void cpu_is_what_was_sampled(void **state)
{
	struct ltr_census *census = fixture_census(false);
	Profile *profile = write_and_read(census, "cpu", NULL);
	int64_t in_reply = 0;
	int64_t in_call = 0;

	(void)state;
	assert_int_equal(profile->n_sample_type, 2);
	assert_type(profile, 0, "samples", "count");
	assert_type(profile, 1, "cpu", "nanoseconds");
	assert_int_equal(profile->period, FIXTURE_CPU_PERIOD_NS);
	assert_string_equal(profile_string(profile, profile->period_type->unit), "nanoseconds");
	assert_int_equal(profile->duration_nanos, 5 * SECOND_NS);
	assert_int_equal(profile->n_comment, 0);
	assert_int_equal(profile_sum(profile, 0), 4);
	assert_int_equal(profile_sum(profile, 1), 4 * FIXTURE_CPU_PERIOD_NS);
	for (size_t i = 0; i < profile->n_sample; i++) {
		const Sample *sample = profile->sample[i];
		const char *where = profile_label_text(profile, sample, "state");
		char place[256];

		profile_place(profile, sample->location_id[0], 0, place);
		if (!where[0]) { /* the runtime is no goroutine */
			assert_string_equal(
				profile_label_text(profile, sample, "go::goroutine_state"), "");
			assert_int_equal(sample->value[0], 1);
			continue;
		}
		assert_string_equal(place, "reply:82"); /* where it was, not the line before */
		assert_string_equal(profile_label_text(profile, sample, "tenant"), "a");
		assert_string_equal(profile_label_text(profile, sample, "creator"),
				    "accept_connections /src/httpd.c:123");
		in_reply += sample->value[0];
		in_call += strcmp(where, "syscall") == 0 ? sample->value[0] : 0;
	}
	assert_int_equal(in_reply, 3);
	assert_int_equal(in_call, 1);
	profile_free(profile);

	ltr_census_info_mut(census)->cpu_lost = 7;
	profile = write_and_read(census, "cpu", NULL);
	assert_int_equal(profile->n_comment, 1);
	assert_string_equal(profile_string(profile, profile->comment[0]),
			    "loiter: not the whole truth: 7 samples of the CPUs lost");
	profile_free(profile);
	ltr_census_free(census);

	census = fixture_empty();
	profile = write_and_read(census, "cpu", NULL);
	assert_int_equal(profile->period, 10101010);
	assert_string_equal(profile_string(profile, profile->comment[0]),
			    "loiter: the CPUs were not sampled");
	profile_free(profile);
	ltr_census_free(census);
}

/* Since 1000 s, goroutine 1 has slept for another 2 s, was queued for 1 s, and has ended. */
static void a_delta_is_what_has_changed(void **state)
{
	static const struct ltr_clock_rate clock = {.ns_per_tick = 1};
	static const struct ltr_event events[] = {
		{1, 1002 * SECOND_NS, 0, 7, LTR_KIND_READY, 0, 0, 0},
		{1, 1003 * SECOND_NS, 0, 8, LTR_KIND_START, 0, 0, 0},
		{1, 1004 * SECOND_NS, 0, 9, LTR_KIND_EXIT, 0, 0, 0},
	};
	struct ltr_census *census = census_with_totals();
	struct ltr_profile_options waits = {0};
	struct ltr_profile_options goroutines = {0};
	struct ltr_profile_base *base_waits;
	struct ltr_profile_base *base_goroutines;
	Profile *profile;

	(void)state;
	assert_int_equal(
		ltr_profile_base_new(census, ltr_profile_type_find("wait"), NULL, &base_waits), 0);
	assert_int_equal(ltr_profile_base_new(census, ltr_profile_type_find("goroutine"), NULL,
					      &base_goroutines),
			 0);
	waits.base = base_waits;
	goroutines.base = base_goroutines;
	profile = write_and_read(census, "goroutine", &goroutines);
	assert_int_equal(profile->n_sample, 0); /* nothing has */
	profile_free(profile);

	assert_int_equal(ltr_census_apply(census, &clock, 0, 6, events, 3), 0);
	ltr_census_advance(census, 1005 * SECOND_NS);
	profile = write_and_read(census, "wait", &waits);
	assert_int_equal(profile_sum(profile, 0), 1); /* the sleep had been counted */
	assert_int_equal(profile_sum(profile, 1), 3 * SECOND_NS);
	assert_int_equal(profile->duration_nanos, 5 * SECOND_NS);
	profile_free(profile);
	profile = write_and_read(census, "goroutine", &goroutines);
	assert_int_equal(profile_sum(profile, 0), -1);
	profile_free(profile);

	waits.per_goroutine = true;
	assert_int_equal(
		ltr_profile_base_new(census, ltr_profile_type_find("wait"), &waits, &base_waits),
		-EINVAL);
	ltr_profile_base_free((struct ltr_profile_base *)waits.base);
	ltr_profile_base_free(base_goroutines);
	ltr_census_free(census);
}

static void focus_and_ignore_say_that_they_left_something_out(void **state)
{
	struct ltr_census *census = fixture_census(false);
	regex_t reply;
	struct ltr_profile_options focus = {.focus = &reply};
	struct ltr_profile_options ignore = {.ignore = &reply};
	Profile *profile;

	(void)state;
	assert_int_equal(regcomp(&reply, "^rep.y$", REG_EXTENDED | REG_NOSUB), 0);
	profile = write_and_read(census, "goroutine", &focus);
	assert_int_equal(profile_sum(profile, 0), 3);
	assert_string_equal(profile_string(profile, profile->comment[0]),
			    "loiter: only samples that were asked for by function");
	profile_free(profile);
	profile = write_and_read(census, "goroutine", &ignore);
	assert_int_equal(profile_sum(profile, 0), ltr_census_count(census) - 3);
	profile_free(profile);
	regfree(&reply);
	ltr_census_free(census);
}

static void the_same_census_is_the_same_file(void **state)
{
	struct ltr_census *census = fixture_census(false);
	struct memory first = {0};
	struct memory second = {0};

	(void)state;
	for (size_t i = 0; i < ltr_profile_type_count(); i++) {
		const struct ltr_profile_type *type = ltr_profile_type_at(i);

		assert_int_equal(ltr_profile_write(census, type, NULL, memory_sink(&first)), 0);
		assert_int_equal(ltr_profile_write(census, type, NULL, memory_sink(&second)), 0);
		assert_int_equal(first.bytes, second.bytes);
		assert_memory_equal(first.data, second.data, first.bytes);
		memory_done(&first);
		memory_done(&second);
	}
	ltr_census_free(census);
}

static void an_empty_census_is_a_profile(void **state)
{
	struct ltr_census *census = fixture_empty();

	(void)state;
	for (size_t i = 0; i < ltr_profile_type_count(); i++) {
		Profile *profile = write_and_read(census, ltr_profile_type_at(i)->name, NULL);

		assert_int_equal(profile->n_sample, 0);
		profile_free(profile);
	}
	ltr_census_free(census);
}

static void a_failing_sink_fails_the_profile(void **state)
{
	struct ltr_census *census = fixture_census(false);
	const struct ltr_profile_type *type = ltr_profile_type_find("goroutine");
	struct memory whole = {0};

	(void)state;
	assert_int_equal(ltr_profile_write(census, type, NULL, memory_sink(&whole)), 0);
	assert_true(whole.calls >= 1);
	for (size_t call = 1; call <= whole.calls; call++) {
		struct memory memory = {.fail_at = call};

		assert_int_equal(ltr_profile_write(census, type, NULL, memory_sink(&memory)),
				 -ENOSPC);
		assert_int_equal(memory.calls, call); /* and it is left alone after that */
		memory_done(&memory);
	}
	memory_done(&whole);
	ltr_census_free(census);
}

static void types_are_found_by_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < ltr_profile_type_count(); i++) {
		const struct ltr_profile_type *type = ltr_profile_type_at(i);

		assert_ptr_equal(ltr_profile_type_find(type->name), type);
		assert_true(type->value_count >= 1 && type->value_count <= LTR_PROFILE_VALUES_MAX);
		assert_true(type->what[0] != '\0');
	}
	assert_null(ltr_profile_type_find("no such type"));
	assert_null(ltr_profile_type_find(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goroutine_has_the_fields_that_go_writes),
		cmocka_unit_test(a_leak_is_one_line_of_the_program),
		cmocka_unit_test(runtime_frames_can_be_kept),
		cmocka_unit_test(inlined_functions_are_lines_of_one_location),
		cmocka_unit_test(who_has_no_stack_has_a_place),
		cmocka_unit_test(hostile_strings_do_no_harm),
		cmocka_unit_test(mappings_say_what_is_known),
		cmocka_unit_test(one_sample_for_each_goroutine),
		cmocka_unit_test(loss_is_a_comment),
		cmocka_unit_test(wait_shows_nanoseconds_first),
		cmocka_unit_test(wait_has_finished_and_unfinished_waits),
		cmocka_unit_test(parts_of_the_waits_have_types_of_their_own),
		cmocka_unit_test(create_shows_the_lines_that_created),
		cmocka_unit_test(cpu_is_what_was_sampled),
		cmocka_unit_test(a_delta_is_what_has_changed),
		cmocka_unit_test(focus_and_ignore_say_that_they_left_something_out),
		cmocka_unit_test(the_same_census_is_the_same_file),
		cmocka_unit_test(an_empty_census_is_a_profile),
		cmocka_unit_test(a_failing_sink_fails_the_profile),
		cmocka_unit_test(types_are_found_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
