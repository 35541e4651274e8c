/* SPDX-License-Identifier: MIT */
/*
 * Who is left out of a judgement because he can be in no finding: it makes no difference. And what a
 * finding says piece by piece is what the report says.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

#define ROUNDS 400

static unsigned seed(void)
{
	const char *text = getenv("LTR_TEST_SEED");
	unsigned value = text ? (unsigned)strtoul(text, NULL, 10) : 1;

	printf("LTR_TEST_SEED=%u\n", value);
	return value;
}

static unsigned below(unsigned limit)
{
	return (unsigned)rand() % limit;
}

/* Thirty goroutines that wait for anything or run, some for long; a few locks and holders. */
static struct ltr_census *make(uint32_t phase)
{
	struct ltr_census *census = census_make(phase, "./program");
	struct ltr_lock locks[5] = {0};
	struct ltr_reader readers[1] = {0};
	uint16_t flags[] = {0, 0, 0, 0, LTR_IS_TIMED, LTR_IS_DAEMON, LTR_IS_UNSURE};

	census_add(census, &(struct people){.id = 1,
					    .flags = LTR_IS_MAIN,
					    .reason = LTR_REASON_WAITGROUP_WAIT});
	for (uint64_t id = 2; id < 32; id++) {
		bool runs = below(6) == 0;

		census_add(census,
			   &(struct people){
				   .id = id,
				   .parent = 1,
				   .state = runs ? LTR_STATE_RUNNING : 0,
				   .reason = runs ? 0 : (uint8_t)(1 + below(LTR_REASON_COUNT - 1)),
				   .object = 0xa000 + below(4) * 0x100,
				   .age_ns = below(20) * SECOND,
				   .flags = runs && below(2)
						    ? LTR_IS_LONG
						    : flags[below(sizeof(flags) / sizeof(*flags))],
				   .created = AT(F_SERVE, below(3)),
				   .stack = {AT(F_WORKER, below(3)), 0},
			   });
	}
	for (unsigned i = 0; i < 4; i++)
		locks[i] = (struct ltr_lock){.object = 0xa000 + i * 0x100, .owner_id = below(33)};
	census_add_locks(census, locks, readers);
	return census;
}

static char *judged(const struct ltr_census *census, struct ltr_judge_options options)
{
	struct ltr_report_options all = {.all = true};
	struct ltr_judgement *judgement;
	char *text;

	assert_int_equal(ltr_judgement_new(&judgement), 0);
	assert_int_equal(ltr_judge_census(judgement, census, &options), 0);
	text = report_in("json", judgement, &all);
	ltr_judgement_free(judgement);
	return text;
}

static void who_is_of_no_concern_makes_no_difference(void **state)
{
	static const uint32_t phases[] = {LTR_PHASE_RUNNING, LTR_PHASE_RUNNING,
					  LTR_PHASE_MAIN_RETURNED, LTR_PHASE_DEADLOCK};
	size_t left_out = 0;
	size_t found = 0;

	(void)state;
	srand(seed());
	for (int round = 0; round < ROUNDS; round++) {
		struct ltr_census *census = make(phases[round % 4]);
		struct ltr_judge_options options = {
			.alive = true,
			.older_than_ns = round % 3 ? 0 : 5 * SECOND,
		};
		struct ltr_look *look;
		struct ltr_look *narrow;
		uint32_t among[64];
		size_t count = 0;
		char *all;
		char *some;

		for (uint32_t i = 0; i < ltr_census_count(census); i++) {
			if (ltr_judge_concerns(census, &options, ltr_census_at(census, i)))
				among[count++] = i;
			else
				left_out++;
		}
		assert_int_equal(ltr_look_new(census, &look), 0);
		assert_int_equal(ltr_look_new_among(census, among, count, &narrow), 0);
		assert_int_equal(ltr_look_suspects(look), ltr_look_suspects(narrow));
		options.earlier = look;
		all = judged(census, options);
		options.earlier = narrow;
		options.among = among;
		options.among_count = count;
		some = judged(census, options);
		assert_string_equal(all, some);
		found += strstr(all, "\"findings\":[]") == NULL;
		free(all);
		free(some);
		ltr_look_free(look);
		ltr_look_free(narrow);
		ltr_census_free(census);
	}
	/* it was a test */
	assert_true(left_out > ROUNDS);
	assert_true(found > ROUNDS / 4);
}

/* Of these alone, whatever a rule looks at; among_count is all the room that there is. */
static void who_is_not_among_them_is_in_no_finding(void **state)
{
	static const uint32_t among[] = {1};
	struct ltr_census *census = census_make(LTR_PHASE_RUNNING, "./program");
	struct ltr_judge_options options = {
		.alive = true,
		.older_than_ns = SECOND,
		.among = among,
		.among_count = 1,
	};
	struct ltr_judgement *judgement;

	(void)state;
	census_add(census, &(struct people){.id = 1,
					    .count = 40,
					    .age_ns = 100 * SECOND,
					    .state = LTR_STATE_RUNNING,
					    .flags = LTR_IS_LONG,
					    .created = AT(F_SERVE, 1)});
	assert_int_equal(ltr_judgement_new(&judgement), 0);
	assert_int_equal(ltr_judge_census(judgement, census, &options), 0);
	assert_int_equal(ltr_judgement_count(judgement), 1);
	assert_int_equal(ltr_judgement_at(judgement, 0)->count, 1);
	assert_int_equal(ltr_judgement_at(judgement, 0)->ids[0], 2);
	ltr_judgement_free(judgement);
	ltr_census_free(census);
}

struct told {
	const char *report;
	size_t lines;
	bool has_evidence, has_stack, has_creation;
};

static void take_line(void *context, const char *label, const char *text)
{
	struct told *told = context;

	told->lines++;
	told->has_evidence = told->has_evidence || !strcmp(label, "evidence");
	told->has_stack = told->has_stack || !strcmp(label, "stack");
	told->has_creation = told->has_creation || !strcmp(label, "created by");
	/* the report breaks the sentence of the evidence; all else is a line of it */
	if (strcmp(label, "evidence") != 0 && !strstr(told->report, text))
		fail_msg("'%s' is not in the report", text);
}

static void pieces_are_those_of_the_report(void **state)
{
	static const struct ltr_judge_options options = {0};
	struct ltr_report_options all = {.all = true};
	struct ltr_census *census = census_make(LTR_PHASE_MAIN_RETURNED, "./httpd");
	struct ltr_judgement *judgement;
	struct told told = {0};
	char *report;
	const struct ltr_finding *finding;

	(void)state;
	census_add_replies(census, 7);
	assert_int_equal(ltr_judgement_new(&judgement), 0);
	assert_int_equal(ltr_judge_census(judgement, census, &options), 0);
	assert_int_equal(ltr_judgement_count(judgement), 1);
	finding = ltr_judgement_at(judgement, 0);
	report = report_text(judgement, &all);
	told.report = report;
	assert_int_equal(ltr_finding_tell(finding, &all, take_line, &told), 0);
	assert_true(told.has_evidence && told.has_stack && told.has_creation);
	assert_true(told.lines >= 5);
	assert_int_equal(finding->id_count, 7);
	for (size_t i = 0; i < finding->id_count; i++)
		assert_int_equal(finding->ids[i], 12 + i);
	free(report);
	ltr_judgement_free(judgement);
	ltr_census_free(census);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_of_no_concern_makes_no_difference),
		cmocka_unit_test(who_is_not_among_them_is_in_no_finding),
		cmocka_unit_test(pieces_are_those_of_the_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
