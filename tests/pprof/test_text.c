/* SPDX-License-Identifier: MIT */

/* The text forms and JSON of the fixture's census, against golden files. */

#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pprof/json.h>
#include <pprof/text.h>

#include "fixture.h"

static int debug1_goroutine(const struct ltr_census *census, struct ltr_sink sink)
{
	return ltr_text_debug1(census, ltr_profile_type_find("goroutine"), sink);
}

static int debug1_wait(const struct ltr_census *census, struct ltr_sink sink)
{
	return ltr_text_debug1(census, ltr_profile_type_find("wait"), sink);
}

static int debug1_leaks(const struct ltr_census *census, struct ltr_sink sink)
{
	return ltr_text_debug1(census, ltr_profile_type_find("goroutineleak"), sink);
}

static const struct form {
	const char *golden;
	int (*write)(const struct ltr_census *census, struct ltr_sink sink);
	bool lossy;
	bool proven;
} forms[] = {
	{"goroutine.debug1", debug1_goroutine, false, false},
	{"goroutine-lossy.debug1", debug1_goroutine, true, false},
	{"wait.debug1", debug1_wait, false, false},
	{"goroutines.debug2", ltr_text_debug2, false, false},
	{"goroutines-lossy.debug2", ltr_text_debug2, true, false},
	{"goroutineleak.debug1", debug1_leaks, false, true},
	{"goroutineleak.debug2", ltr_text_debug2, false, true},
	{"census.json", ltr_json_write, false, false},
	{"census-lossy.json", ltr_json_write, true, false},
};

#define FORM_COUNT (sizeof(forms) / sizeof(forms[0]))

static void forms_are_golden(void **state)
{
	bool all = true;

	(void)state;
	for (size_t i = 0; i < FORM_COUNT; i++) {
		struct ltr_census *census = fixture_census(forms[i].lossy);
		struct memory memory = {0};

		if (forms[i].proven)
			fixture_prove(census, true);
		assert_int_equal(forms[i].write(census, memory_sink(&memory)), 0);
		all &= is_golden(forms[i].golden, memory.data, memory.bytes);
		memory_done(&memory);
		ltr_census_free(census);
	}
	assert_true(all);
}

/* Nothing that a terminal would obey, in any form. */
static void forms_are_harmless(void **state)
{
	struct ltr_census *census = fixture_census(false);

	(void)state;
	for (size_t i = 0; i < FORM_COUNT; i++) {
		struct memory memory = {0};

		assert_int_equal(forms[i].write(census, memory_sink(&memory)), 0);
		for (size_t at = 0; at < memory.bytes; at++) {
			unsigned char byte = (unsigned char)memory.data[at];

			assert_true(byte >= 0x20 || byte == '\n' || byte == '\t');
			assert_true(byte != 0x7f && byte != 0xff);
		}
		assert_null(strstr(memory.data, "\xc2\x9b"));
		assert_null(strstr(memory.data, "\xe2\x80\xae"));
		memory_done(&memory);
	}
	ltr_census_free(census);
}

static void a_failing_sink_fails_the_form(void **state)
{
	struct ltr_census *census = fixture_census(false);

	(void)state;
	for (size_t i = 0; i < FORM_COUNT; i++) {
		struct memory memory = {.fail_at = 1};

		assert_int_equal(forms[i].write(census, memory_sink(&memory)), -ENOSPC);
		assert_int_equal(memory.calls, 1);
		memory_done(&memory);
	}
	ltr_census_free(census);
}

static void an_empty_census_has_all_forms(void **state)
{
	struct ltr_census *census = fixture_empty();
	struct memory memory = {0};

	(void)state;
	assert_int_equal(debug1_goroutine(census, memory_sink(&memory)), 0);
	assert_string_equal(memory.data, "goroutine profile: total 0\n");
	memory_done(&memory);
	assert_int_equal(ltr_text_debug2(census, memory_sink(&memory)), 0);
	assert_int_equal(memory.bytes, 0);
	memory_done(&memory);
	assert_int_equal(ltr_json_write(census, memory_sink(&memory)), 0);
	assert_non_null(strstr(memory.data, "\"goroutines\":[\n]"));
	memory_done(&memory);
	ltr_census_free(census);
}

/* As in Go, where goroutines have neither names nor a creator's line in this form. */
static void debug1_groups_by_stack_and_labels_alone(void **state)
{
	static const uint64_t pcs[] = {PC_REPLY + 0x11};
	struct ltr_goroutine goroutine = {
		.state = LTR_STATE_CHAN, .reason = LTR_REASON_CHAN_SEND, .transitions = 1};
	struct ltr_census *census = fixture_empty();
	struct memory memory = {0};

	(void)state;
	assert_int_equal(ltr_census_intern_stack(census, pcs, 1, &goroutine.stack), 0);
	assert_int_equal(ltr_census_snapshot_begin(census, FIXTURE_NOW_NS), 0);
	for (uint32_t i = 1; i <= 3; i++) {
		char name[8] = {(char)('a' + i)};

		goroutine.id = i;
		assert_int_equal(ltr_census_intern_string(census, name, &goroutine.name), 0);
		assert_int_equal(ltr_census_intern_site(census, "a.c", "f", i, &goroutine.site), 0);
		assert_int_equal(ltr_census_snapshot_put(census, &goroutine), 0);
	}
	assert_int_equal(ltr_census_snapshot_end(census, true), 0);
	assert_int_equal(debug1_goroutine(census, memory_sink(&memory)), 0);
	assert_string_equal(memory.data, "goroutine profile: total 3\n"
					 "3 @ 0x403011\n"
					 "#\t0x403010\treply+0x10\t/src/httpd.c:80\n\n");
	memory_done(&memory);
	ltr_census_free(census);
}

/* The heads of Go's forms, by which readers know what they have before them. */
static void debug1_begins_as_go_s(void **state)
{
	static const struct {
		const char *type;
		const char *head;
	} heads[] = {
		{"goroutine", "goroutine profile: total 14\n"},
		{"block", "--- contention:\ncycles/second=1000000000\n"},
		{"mutex", "--- mutex:\ncycles/second=1000000000\nsampling period=1\n"},
	};
	struct ltr_census *census = fixture_census(false);

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		struct memory memory = {0};

		assert_int_equal(ltr_text_debug1(census, ltr_profile_type_find(heads[i].type),
						 memory_sink(&memory)),
				 0);
		assert_true(memory.bytes >= strlen(heads[i].head));
		assert_memory_equal(memory.data, heads[i].head, strlen(heads[i].head));
		memory_done(&memory);
	}
	ltr_census_free(census);
}

/* Where a channel was made: the program's own line, or as much as is known of it. */
static void debug2_names_places_of_the_program(void **state)
{
	static const struct {
		uint64_t made_pc;
		const char *text;
	} makers[] = {
		{PC_SERVE + 0x25, "made: \"serve httpd.c:41\""},
		{PC_INLINED + 0x11, "made: \"parse parse.h:7\""},
		{PC_STRIPPED + 0x11, "made: \"libstripped.so.1 +0x"},
		{0x10, "made: 0x10,"},
	};
	struct ltr_goroutine goroutine = {.id = 1,
					  .object = 0x70,
					  .since_ns = 1,
					  .state = LTR_STATE_CHAN,
					  .reason = LTR_REASON_CHAN_SEND,
					  .transitions = 1};
	struct ltr_census *census = fixture_empty();

	(void)state;
	assert_int_equal(ltr_census_snapshot_begin(census, FIXTURE_NOW_NS), 0);
	assert_int_equal(ltr_census_snapshot_put(census, &goroutine), 0);
	assert_int_equal(ltr_census_snapshot_end(census, true), 0);
	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
		const struct ltr_object object = {
			.address = 0x70, .kind = LTR_OBJECT_CHANNEL, .made_pc = makers[i].made_pc};
		struct memory memory = {0};

		ltr_census_objects_begin(census, FIXTURE_NOW_NS);
		assert_int_equal(ltr_census_object_put(census, &object), 0);
		ltr_census_objects_end(census);
		assert_int_equal(ltr_text_debug2(census, memory_sink(&memory)), 0);
		if (!strstr(memory.data, makers[i].text))
			fail_msg("no '%s' in: %s", makers[i].text, memory.data);
		memory_done(&memory);
	}
	ltr_census_free(census);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_are_golden),
		cmocka_unit_test(forms_are_harmless),
		cmocka_unit_test(a_failing_sink_fails_the_form),
		cmocka_unit_test(an_empty_census_has_all_forms),
		cmocka_unit_test(debug1_groups_by_stack_and_labels_alone),
		cmocka_unit_test(debug1_begins_as_go_s),
		cmocka_unit_test(debug2_names_places_of_the_program),
	};

	setlocale(LC_ALL, ""); /* locale.sh has one that writes numbers in another way */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
