/* SPDX-License-Identifier: MIT */
/* Baselines: what they excuse, what of them is stale, what is malformed, and that they come back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <check/baseline.h>

#include "fixture.h"

#define HEAD "loiter baseline 1\n"

static struct ltr_baseline *baseline_of(const char *text)
{
	struct ltr_baseline *baseline = NULL;
	struct ltr_baseline_error wrong;

	if (ltr_baseline_parse(text, strlen(text), &baseline, &wrong) != 0)
		fail_msg("line %u: %s", wrong.line, wrong.text);
	return baseline;
}

/* Three that send and two that receive, all from serve(); one that runs, from main_goroutine(). */
static struct ltr_census *left(uint32_t phase)
{
	struct ltr_census *census = census_make(phase, "./httpd --leak");
	struct people people = {.id = 10,
				.count = 3,
				.parent = 1,
				.age_ns = SECOND,
				.reason = LTR_REASON_CHAN_SEND,
				.created = AT(F_SERVE, 4),
				.stack = {AT(F_RUNTIME, 1), AT(F_SEND, 2), AT(F_HANDLER, 3)}};

	census_add(census, &people);
	people.id = 20;
	people.count = 2;
	people.reason = LTR_REASON_CHAN_RECEIVE;
	people.label[0] = "test";
	people.label[1] = "pool";
	census_add(census, &people);
	census_add(census, &(struct people){.id = 30,
					    .state = LTR_STATE_RUNNING,
					    .entry = AT(F_WORKER, 0),
					    .created = AT(F_MAIN, 2)});
	return census;
}

static struct ltr_judgement *judged(uint32_t phase, struct ltr_baseline *baseline)
{
	const struct ltr_judge_options options = {.grace_ns = SECOND, .baseline = baseline};
	struct ltr_judgement *judgement = NULL;
	struct ltr_census *census = left(phase);

	assert_int_equal(ltr_judgement_new(&judgement), 0);
	assert_int_equal(ltr_judge_census(judgement, census, &options), 0);
	ltr_census_free(census);
	return judgement;
}

static uint64_t count_goroutines(const struct ltr_judgement *judgement, bool excused)
{
	uint64_t count = 0;

	for (size_t i = 0; i < ltr_judgement_count(judgement); i++)
		if (ltr_judgement_at(judgement, i)->excused == excused)
			count += ltr_judgement_at(judgement, i)->count;
	return count;
}

static void entries_excuse_what_fits_them(void **state)
{
	static const struct {
		const char *entries;
		uint64_t excused;
		int status;
	} cases[] = {
		{"", 0, 23},
		{"3 function reply\n", 3, 23},
		{"* function reply\n", 5, 23},
		{"9 function \"reply\" reason \"chan send\"\n", 3, 23},
		{"* creator serve\n", 5, 23},
		{"* creator serve\n* function worker\n", 6, 0},
		{"* creator serve reason running\n", 0, 23},
		{"1 creator main_goroutine reason running\n", 1, 23},
		{"* label test=pool\n", 2, 23},
		{"* label test=poo\n* label tes=pool\n* label \"test=pool2\"\n", 0, 23},
		{"1 creator serve label test=pool\n", 1, 23},
		{"* label test=pool label other=pool\n", 0, 23},
		{"1 function reply\n1 function reply\n", 2, 23},
		{"* creator \"serve\" grade deadlock\n", 0, 23},
		{"\n# a word\n  # another\n\t 2 \t function\treply \t\r\n", 2, 23},
		{"* function worker\n* creator serve\n5 function gone\n", 6, 0},
		{"2 function reply", 2, 23}, /* the last newline may be missing */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ltr_baseline *baseline;
		struct ltr_judgement *judgement;
		char text[512];

		snprintf(text, sizeof(text), HEAD "%s", cases[i].entries);
		baseline = baseline_of(text);
		judgement = judged(LTR_PHASE_MAIN_RETURNED, baseline);
		if (count_goroutines(judgement, true) != cases[i].excused)
			fail_msg("%s excuses %llu", text,
				 (unsigned long long)count_goroutines(judgement, true));
		assert_int_equal(count_goroutines(judgement, false), 6 - cases[i].excused);
		assert_int_equal(ltr_judgement_status(judgement, 0, 0), cases[i].status);
		ltr_judgement_free(judgement);
		ltr_baseline_free(baseline);
	}
}

/* A deadlock is another thing than what is left behind: its entries say so. */
static void deadlocks_have_entries_of_their_own(void **state)
{
	struct ltr_baseline *baseline = baseline_of(HEAD "* creator serve\n* function worker\n");
	struct ltr_judgement *judgement = judged(LTR_PHASE_DEADLOCK, baseline);

	(void)state;
	assert_int_equal(count_goroutines(judgement, true), 0);
	ltr_judgement_free(judgement);
	ltr_baseline_free(baseline);
	baseline = baseline_of(HEAD "* creator serve grade deadlock\n"
				    "* function worker grade deadlock\n");
	judgement = judged(LTR_PHASE_DEADLOCK, baseline);
	assert_int_equal(count_goroutines(judgement, true), 6);
	ltr_judgement_free(judgement);
	ltr_baseline_free(baseline);
}

/* What could not be judged is not excused by what somebody expects to be there. */
static void what_is_inconclusive_is_never_excused(void **state)
{
	struct ltr_baseline *baseline = baseline_of(HEAD "* creator serve\n* function worker\n");
	const struct ltr_judge_options options = {.timeout_ns = SECOND, .baseline = baseline};
	struct ltr_judgement *judgement = NULL;
	struct ltr_census *census = left(LTR_PHASE_RUNNING);

	(void)state;
	assert_int_equal(ltr_judgement_new(&judgement), 0);
	assert_int_equal(ltr_judge_census(judgement, census, &options), 0);
	assert_int_equal(count_goroutines(judgement, true), 0);
	assert_false(ltr_judgement_is_conclusive(judgement));
	assert_int_equal(ltr_judgement_status(judgement, 0, 0), 24);
	ltr_census_free(census);
	ltr_judgement_free(judgement);
	ltr_baseline_free(baseline);
}

static void what_is_not_needed_any_more_is_known(void **state)
{
	struct ltr_baseline *baseline =
		baseline_of(HEAD "5 function reply reason \"chan send\"\n"
				 "2 function reply\n* function gone\n7 creator gone\n* creator "
				 "main_goroutine\n");
	struct ltr_judgement *judgement = judged(LTR_PHASE_MAIN_RETURNED, baseline);

	(void)state;
	assert_int_equal(ltr_baseline_count(baseline), 5);
	assert_int_equal(ltr_baseline_at(baseline, 0).line, 2);
	assert_int_equal(ltr_baseline_stale(baseline, 0), 2);
	assert_int_equal(ltr_baseline_stale(baseline, 1), 0);
	assert_int_equal(ltr_baseline_stale(baseline, 2), 1);
	assert_int_equal(ltr_baseline_stale(baseline, 3), 7);
	assert_int_equal(ltr_baseline_stale(baseline, 4), 0);
	ltr_judgement_free(judgement);
	ltr_baseline_free(baseline);
}

/* A look does not use up what the end of the run needs, nor does the run what a look needs. */
static void looks_are_counted_apart_from_the_run(void **state)
{
	struct ltr_baseline *baseline =
		baseline_of(HEAD "6 creator serve\n2 function worker\n7 creator gone\n");

	(void)state;
	ltr_baseline_look_begins(NULL);
	ltr_baseline_look_ends(NULL);
	/* two programs of one run, each with a look before its end */
	for (size_t i = 0; i < 2; i++) {
		struct ltr_judgement *judgement;

		ltr_baseline_look_begins(baseline);
		judgement = judged(LTR_PHASE_MAIN_RETURNED, baseline);
		assert_int_equal(count_goroutines(judgement, true), 6);
		ltr_baseline_look_ends(baseline);
		ltr_judgement_free(judgement);
		judgement = judged(LTR_PHASE_MAIN_RETURNED, baseline);
		/* six from serve() in the run: five of the first program, and one of the second */
		assert_int_equal(count_goroutines(judgement, true), i ? 2 : 6);
		ltr_judgement_free(judgement);
	}
	assert_int_equal(ltr_baseline_stale(baseline, 0), 0);
	assert_int_equal(ltr_baseline_stale(baseline, 1), 0);
	assert_int_equal(ltr_baseline_stale(baseline, 2), 7);
	ltr_baseline_free(baseline);
	/* of looks alone, the one with most counts */
	baseline = baseline_of(HEAD "6 creator serve\n");
	ltr_baseline_look_begins(baseline);
	ltr_judgement_free(judged(LTR_PHASE_MAIN_RETURNED, baseline));
	ltr_baseline_look_ends(baseline);
	ltr_baseline_look_begins(baseline);
	ltr_baseline_look_ends(baseline);
	assert_int_equal(ltr_baseline_stale(baseline, 0), 1);
	ltr_baseline_free(baseline);
}

static void reports_say_what_is_excused_and_what_is_stale(void **state)
{
	struct ltr_baseline *baseline = baseline_of(
		HEAD "4 function reply reason \"chan send\"\n* function \"gone\033[2J\"\n");
	struct ltr_judgement *judgement = judged(LTR_PHASE_MAIN_RETURNED, baseline);
	static const struct {
		const char *format;
		const char *golden;
		bool all;
	} reports[] = {
		{"text", "baseline.txt", false},    {"text", "baseline_all.txt", true},
		{"json", "baseline.json", false},   {"junit", "baseline.junit.xml", false},
		{"sarif", "baseline.sarif", false}, {"github", "baseline.github", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++) {
		const struct ltr_report_options options = {
			.strip = "/src/httpd",
			.all = reports[i].all,
			.baseline = baseline,
			.baseline_file = "ci/base,line",
		};
		char *text = report_in(reports[i].format, judgement, &options);

		assert_golden(reports[i].golden, text);
		free(text);
	}
	ltr_judgement_free(judgement);
	ltr_baseline_free(baseline);
}

static char *written(const struct ltr_judgement *judgement, uint32_t fail_on)
{
	char *text = NULL;
	size_t bytes = 0;
	uint64_t left_out = 77;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	assert_int_equal(ltr_baseline_write(judgement, fail_on, out, &left_out), 0);
	assert_int_equal(left_out, 0);
	fclose(out);
	return text;
}

/* What is written excuses exactly what it was written from, and comes out the same again. */
static void what_is_written_excuses_what_it_was_made_of(void **state)
{
	static const uint32_t phases[] = {LTR_PHASE_MAIN_RETURNED, LTR_PHASE_DEADLOCK};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct ltr_judgement *first = judged(phases[i], NULL);
		char *text = written(first, 0);
		struct ltr_baseline *baseline = baseline_of(text);
		struct ltr_judgement *second = judged(phases[i], baseline);
		char *again = written(second, 0);

		if (i == 0)
			assert_golden("baseline_written.txt", text);
		assert_string_equal(text, again);
		assert_int_equal(count_goroutines(second, false), 0);
		assert_int_equal(ltr_judgement_status(second, 0, 9), 9);
		for (size_t k = 0; k < ltr_baseline_count(baseline); k++)
			assert_int_equal(ltr_baseline_stale(baseline, k), 0);
		free(again);
		free(text);
		ltr_judgement_free(second);
		ltr_judgement_free(first);
		ltr_baseline_free(baseline);
	}
}

static void hostile_names_come_back(void **state)
{
	const struct ltr_judge_options options = {.grace_ns = SECOND};
	struct ltr_judge_options excusing = options;
	struct ltr_judgement *judgement = NULL;
	struct ltr_census *census = census_make(LTR_PHASE_MAIN_RETURNED, "./httpd");
	struct ltr_baseline *baseline;
	char *text;

	(void)state;
	census_add(census, &(struct people){.id = 2,
					    .reason = LTR_REASON_SELECT,
					    .created = AT(F_HOSTILE, 1),
					    .stack = {AT(F_HOSTILE, 2)}});
	assert_int_equal(ltr_judgement_new(&judgement), 0);
	assert_int_equal(ltr_judge_census(judgement, census, &options), 0);
	text = written(judgement, 0);
	for (const char *c = text; *c; c++)
		assert_true(*c == '\n' || ((unsigned char)*c >= 0x20 && (unsigned char)*c < 0x7f));
	baseline = baseline_of(text);
	excusing.baseline = baseline;
	ltr_judgement_free(judgement);
	assert_int_equal(ltr_judgement_new(&judgement), 0);
	assert_int_equal(ltr_judge_census(judgement, census, &excusing), 0);
	assert_int_equal(count_goroutines(judgement, true), 1);
	free(text);
	ltr_census_free(census);
	ltr_judgement_free(judgement);
	ltr_baseline_free(baseline);
}

static void only_what_would_fail_is_written(void **state)
{
	struct ltr_judgement *judgement = judged(LTR_PHASE_MAIN_RETURNED, NULL);
	char *text = written(judgement, LTR_GRADE_BIT(LTR_GRADE_DEADLOCK));
	struct ltr_baseline *baseline = baseline_of(text);

	(void)state;
	assert_int_equal(ltr_baseline_count(baseline), 0);
	free(text);
	ltr_judgement_free(judgement);
	ltr_baseline_free(baseline);
}

static void what_is_malformed_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *text;
		uint32_t line;
		const char *words;
	} cases[] = {
		{"root:x:0:0:root:/root:/bin/bash\n", 1, "first line has to be"},
		{"\n" HEAD, 1, "first line has to be"},
		{"loiter baseline 2\n", 1, "first line has to be"},
		{HEAD "1 function f\nx function f\n", 3, "not with 'x'"},
		{HEAD "0 function f\n", 2, "not with '0'"},
		{HEAD "-1 function f\n", 2, "not with '-1'"},
		{HEAD "18446744073709551615 function f\n", 2, "not with"},
		{HEAD "99999999999999999999999 function f\n", 2, "not with"},
		{HEAD "1x function f\n", 2, "not with '1x'"},
		{HEAD "function f\n", 2, "not with 'function'"},
		{HEAD "1\n", 2, "needs a function"},
		{HEAD "* reason select\n", 2, "needs a function"},
		{HEAD "1 function\n", 2, "after 'function'"},
		{HEAD "1 function \"f\n", 2, "after 'function'"},
		{HEAD "1 function \"f\\\"\n", 2, "after 'function'"},
		{HEAD "1 function \"f\\n\"\n", 2, "after 'function'"},
		{HEAD "1 function \"f\\x0\"\n", 2, "after 'function'"},
		{HEAD "1 function \"f\\x00\"\n", 2, "after 'function'"},
		{HEAD "1 function \"f\\", 2, "after 'function'"},
		{HEAD "1 function \"f\"g\n", 2, "after 'function'"},
		{HEAD "1 function f\"g\n", 2, "after 'function'"},
		{HEAD "1 function f \"\n", 2, "broken quote"},
		{HEAD "1 function f function g\n", 2, "second 'function'"},
		{HEAD "1 function f colour red\n", 2, "no key 'colour'"},
		{HEAD "1 function f reason \"chan sned\"\n", 2, "waits for 'chan sned'"},
		{HEAD "1 function f grade leaked\n", 2, "not 'leaked'"},
		{HEAD "1 label test\n", 2, "KEY=VALUE, not 'test'"},
		{HEAD "1 label a=1 label a=1 label a=1 label a=1 label a=1 label a=1 label a=1 "
		      "label a=1 label a=1\n",
		 2, "so many labels"},
		{HEAD "1 \033[2J\xff x\n", 2, "no key '\\x1b[2J\\xff'"},
		{"", 0, "empty"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ltr_baseline *baseline = NULL;
		struct ltr_baseline_error wrong = {0};

		if (ltr_baseline_parse(cases[i].text, strlen(cases[i].text), &baseline, &wrong) !=
		    -EINVAL)
			fail_msg("accepted: %s", cases[i].text);
		assert_null(baseline);
		assert_int_equal(wrong.line, cases[i].line);
		if (!strstr(wrong.text, cases[i].words))
			fail_msg("%s: %s", cases[i].text, wrong.text);
	}
}

static void a_nul_is_no_text(void **state)
{
	struct ltr_baseline *baseline = NULL;
	struct ltr_baseline_error wrong;
	const char text[] = HEAD "1 function f\0";

	(void)state;
	assert_int_equal(ltr_baseline_parse(text, sizeof(text), &baseline, &wrong), -EINVAL);
	assert_null(baseline);
}

/* Cut at each byte, and with each byte changed: refused or not, but never worse. */
static void broken_files_do_no_harm(void **state)
{
	static const char whole[] =
		HEAD "# word\n12 function \"a\\\"\\\\\\x1b\" creator b label \"k=v\" reason select "
		     "grade deadlock\n* label a=b\n";
	char text[sizeof(whole)];

	(void)state;
	for (size_t cut = 0; cut < sizeof(whole); cut++) {
		for (size_t at = 0; at <= cut; at++) {
			static const char bytes[] = {'"', '\\', '\n', ' ', '0', '\xff'};
			struct ltr_baseline *baseline = NULL;
			struct ltr_baseline_error wrong;
			char *exact;

			memcpy(text, whole, sizeof(whole));
			if (at < cut)
				text[at] = bytes[(at + cut) % sizeof(bytes)];
			exact = malloc(cut ? cut : 1); /* so that a read beyond it is seen */
			assert_non_null(exact);
			memcpy(exact, text, cut);
			if (ltr_baseline_parse(exact, cut, &baseline, &wrong) == 0)
				assert_non_null(baseline);
			else
				assert_null(baseline);
			ltr_baseline_free(baseline);
			free(exact);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_excuse_what_fits_them),
		cmocka_unit_test(deadlocks_have_entries_of_their_own),
		cmocka_unit_test(what_is_inconclusive_is_never_excused),
		cmocka_unit_test(what_is_not_needed_any_more_is_known),
		cmocka_unit_test(looks_are_counted_apart_from_the_run),
		cmocka_unit_test(reports_say_what_is_excused_and_what_is_stale),
		cmocka_unit_test(what_is_written_excuses_what_it_was_made_of),
		cmocka_unit_test(hostile_names_come_back),
		cmocka_unit_test(only_what_would_fail_is_written),
		cmocka_unit_test(what_is_malformed_is_refused_with_its_line),
		cmocka_unit_test(a_nul_is_no_text),
		cmocka_unit_test(broken_files_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
