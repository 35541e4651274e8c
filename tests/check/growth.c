/* SPDX-License-Identifier: MIT */
/* What grew between two censuses: what is found, what only has changed, and what is chance. */
#include <stdlib.h>
#include <string.h>

#include <check/baseline.h>

#include "fixture.h"

static const struct ltr_judge_options options = {.older_than_ns = SECOND};

static const struct people main_goroutine = {
	.id = 1, .flags = LTR_IS_MAIN, .reason = LTR_REASON_SLEEP, .entry = AT(F_MAIN, 0)};

/* Workers of a pool, as they wait for work. */
static const struct people idle = {.id = 1000,
				   .age_ns = 5 * SECOND,
				   .reason = LTR_REASON_CHAN_RECEIVE,
				   .entry = AT(F_WORKER, 0),
				   .created = AT(F_MAIN, 2),
				   .stack = {AT(F_WORKER, 1)}};

struct pair {
	struct ltr_census *before;
	struct ltr_census *after;
	struct ltr_judgement *judgement;
};

static struct pair pair_make(void)
{
	struct pair pair = {.before = census_make(LTR_PHASE_RUNNING, "./old"),
			    .after = census_make(LTR_PHASE_RUNNING, "./new")};

	assert_int_equal(ltr_judgement_new(&pair.judgement), 0);
	census_add(pair.before, &main_goroutine);
	census_add(pair.after, &main_goroutine);
	ltr_census_info_mut(pair.before)->way = LTR_WAY_SNAPSHOT;
	ltr_census_info_mut(pair.after)->way = LTR_WAY_SNAPSHOT;
	return pair;
}

static void pair_free(struct pair *pair)
{
	ltr_census_free(pair->before);
	ltr_census_free(pair->after);
	ltr_judgement_free(pair->judgement);
}

static void add(struct ltr_census *census, const struct people *like, size_t count)
{
	struct people people = *like;

	people.count = count;
	if (count)
		census_add(census, &people);
}

static size_t judge_with(struct pair *pair, const struct ltr_judge_options *with)
{
	assert_int_equal(ltr_judge_growth(pair->judgement, pair->before, pair->after, with), 0);
	return ltr_judgement_count(pair->judgement);
}

static size_t judge(struct pair *pair)
{
	return judge_with(pair, &options);
}

/* How many findings there are if so many idle workers were there before, and are there now. */
static size_t found(size_t before, size_t after, uint64_t least)
{
	struct ltr_judge_options with = options;
	struct pair pair = pair_make();
	size_t count;

	with.least = least;
	add(pair.before, &idle, before);
	add(pair.after, &idle, after);
	count = judge_with(&pair, &with);
	pair_free(&pair);
	return count;
}

static void one_that_is_new_is_found(void **state)
{
	struct pair pair = pair_make();
	const struct ltr_comparison *comparison;
	const struct ltr_finding *finding;

	(void)state;
	census_add_replies(pair.after, 1);
	assert_int_equal(judge(&pair), 1);
	finding = ltr_judgement_at(pair.judgement, 0);
	assert_int_equal(finding->grade, LTR_GRADE_SUSPECT);
	assert_string_equal(ltr_rule_name(finding->rule), "grows");
	assert_int_equal(finding->count, 1);
	assert_int_equal(finding->growth.before, 0);
	assert_int_equal(finding->growth.after, 1);
	assert_string_equal(finding->created.function, "serve");
	assert_int_equal(ltr_judgement_status(pair.judgement, 0, 0), 0);
	assert_int_equal(ltr_judgement_status(pair.judgement, LTR_GRADE_BIT(LTR_GRADE_SUSPECT), 0),
			 23);
	comparison = ltr_judgement_comparison(pair.judgement);
	assert_non_null(comparison);
	assert_string_equal(comparison->before, "./old");
	assert_string_equal(comparison->after, "./new");
	assert_int_equal(comparison->count_before, 1);
	assert_int_equal(comparison->count_after, 2);
	assert_int_equal(comparison->change_count, 1);
	assert_true(comparison->changes[0].found);
	pair_free(&pair);
}

static void the_same_is_no_growth(void **state)
{
	struct pair pair = pair_make();

	(void)state;
	census_add_replies(pair.before, 7);
	census_add_replies(pair.after, 7);
	add(pair.before, &idle, 3);
	add(pair.after, &idle, 3);
	assert_int_equal(judge(&pair), 0);
	assert_int_equal(ltr_judgement_comparison(pair.judgement)->change_count, 0);
	pair_free(&pair);
}

/* More than twice the square root of what was there. */
static void what_chance_may_do_is_no_growth(void **state)
{
	(void)state;
	assert_int_equal(found(0, 1, 0), 1);
	assert_int_equal(found(1, 3, 0), 0);
	assert_int_equal(found(1, 4, 0), 1);
	assert_int_equal(found(100, 120, 0), 0);
	assert_int_equal(found(100, 121, 0), 1);
	assert_int_equal(found(1000, 1063, 0), 0);
	assert_int_equal(found(1000, 1064, 0), 1);
	assert_int_equal(found(5, 4, 0), 0);
	assert_int_equal(found(0, 4, 5), 0); /* not as many as asked for */
	assert_int_equal(found(0, 5, 5), 1);
}

static void workers_that_were_busy_are_no_growth(void **state)
{
	struct pair pair = pair_make();
	struct people busy = idle;

	(void)state;
	busy.reason = 0;
	busy.state = LTR_STATE_RUNNING;
	busy.stack[0] = 0;
	add(pair.before, &busy, 8);
	add(pair.after, &idle, 8);
	assert_int_equal(judge(&pair), 0);
	/* new ones of one kind, and none any more of the other */
	assert_int_equal(ltr_judgement_comparison(pair.judgement)->change_count, 2);
	assert_int_equal(ltr_judgement_comparison(pair.judgement)->changes[0].after, 8);
	assert_int_equal(ltr_judgement_comparison(pair.judgement)->changes[1].after, 0);
	assert_false(ltr_judgement_comparison(pair.judgement)->changes[0].found);
	pair_free(&pair);
}

/* Each of these ends by itself, is meant to stay, or has hardly begun to wait. */
static void waits_that_end_are_no_growth(void **state)
{
	struct people people[] = {idle, idle, idle, idle, idle, idle};

	(void)state;
	people[0].flags = LTR_IS_TIMED;
	people[1].flags = LTR_IS_DAEMON;
	people[2].reason = LTR_REASON_SLEEP;
	people[3].reason = LTR_REASON_IO_ACCEPT;
	people[4].age_ns = 1; /* with the tenths of seconds that follow, half are young */
	people[5].reason = 0;
	people[5].state = LTR_STATE_QUEUED;
	for (size_t i = 0; i < sizeof(people) / sizeof(people[0]); i++) {
		struct pair pair = pair_make();

		add(pair.after, &people[i], 9);
		assert_int_equal(judge(&pair), 0);
		assert_int_equal(ltr_judgement_comparison(pair.judgement)->change_count, 1);
		pair_free(&pair);
	}
}

static void after_main_age_does_not_count(void **state)
{
	struct pair pair = pair_make();
	struct people young = idle;

	(void)state;
	young.age_ns = 1;
	ltr_census_info_mut(pair.after)->phase = LTR_PHASE_MAIN_RETURNED;
	add(pair.after, &young, 2);
	assert_int_equal(judge(&pair), 1);
	pair_free(&pair);
}

/* Who waits where somebody waited before, but was created elsewhere, is of another kind. */
static void kinds_differ_by_creator_stack_and_reason(void **state)
{
	struct people people[] = {idle, idle, idle};
	struct pair pair = pair_make();

	(void)state;
	people[0].created = AT(F_SERVE, 1);
	people[1].stack[0] = AT(F_WORKER, 7);
	people[2].reason = LTR_REASON_CHAN_SEND;
	add(pair.before, &idle, 1);
	for (size_t i = 0; i < 3; i++) {
		people[i].id = 2000 + 100 * i;
		add(pair.after, &people[i], 4);
	}
	assert_int_equal(judge(&pair), 3);
	assert_int_equal(ltr_judgement_comparison(pair.judgement)->change_count, 4);
	pair_free(&pair);
}

static void what_is_gone_is_a_change(void **state)
{
	struct pair pair = pair_make();

	(void)state;
	census_add_replies(pair.before, 5);
	assert_int_equal(judge(&pair), 0);
	assert_int_equal(ltr_judgement_comparison(pair.judgement)->change_count, 1);
	assert_int_equal(ltr_judgement_comparison(pair.judgement)->changes[0].before, 5);
	pair_free(&pair);
}

/* On either side. */
static void what_is_not_whole_is_inconclusive(void **state)
{
	(void)state;
	for (int side = 0; side < 2; side++) {
		for (int how = 0; how < 4; how++) {
			struct pair pair = pair_make();
			struct ltr_census_info *info =
				ltr_census_info_mut(side ? pair.after : pair.before);

			if (how == 0)
				info->lost = 3;
			else if (how == 1)
				info->cut = true;
			else if (how == 2)
				info->unreadable = 1;
			else
				info->phase = LTR_PHASE_STARTING;
			assert_int_equal(judge(&pair), 1);
			assert_false(ltr_judgement_is_conclusive(pair.judgement));
			assert_int_equal(ltr_judgement_status(pair.judgement, 0, 0), 24);
			pair_free(&pair);
		}
	}
}

static void a_baseline_excuses_growth(void **state)
{
	static const char text[] = "loiter baseline 1\n* creator \"serve\"\n";
	struct ltr_judge_options with = options;
	struct ltr_baseline_error error;
	struct pair pair = pair_make();

	(void)state;
	assert_int_equal(ltr_baseline_parse(text, sizeof(text) - 1, &with.baseline, &error), 0);
	census_add_replies(pair.after, 3);
	assert_int_equal(judge_with(&pair, &with), 1);
	assert_true(ltr_judgement_at(pair.judgement, 0)->excused);
	ltr_baseline_free(with.baseline);
	pair_free(&pair);
}

static void it_is_reported_in_all_formats(void **state)
{
	static const char *const formats[] = {"text", "json", "junit", "sarif", "github"};
	static const char *const names[] = {"growth.txt", "growth.json", "growth.junit.xml",
					    "growth.sarif", "growth.github"};
	const struct ltr_report_options report = {.strip = "/src/httpd",
						  .fail_on = LTR_GRADE_BIT(LTR_GRADE_SUSPECT)};
	struct pair pair = pair_make();

	(void)state;
	add(pair.before, &idle, 4);
	census_add_replies(pair.before, 3);
	census_add_replies(pair.after, 15);
	assert_int_equal(judge(&pair), 1);
	for (size_t i = 0; i < 5; i++) {
		char *text = report_in(formats[i], pair.judgement, &report);

		assert_golden(names[i], text);
		free(text);
	}
	pair_free(&pair);
}

static void nothing_grown_is_said(void **state)
{
	struct pair pair = pair_make();
	char *text;

	(void)state;
	add(pair.before, &idle, 4);
	assert_int_equal(judge(&pair), 0);
	text = report_text(pair.judgement, &(struct ltr_report_options){.strip = "/src/httpd"});
	assert_golden("growth_none.txt", text);
	free(text);
	pair_free(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_is_new_is_found),
		cmocka_unit_test(the_same_is_no_growth),
		cmocka_unit_test(what_chance_may_do_is_no_growth),
		cmocka_unit_test(workers_that_were_busy_are_no_growth),
		cmocka_unit_test(waits_that_end_are_no_growth),
		cmocka_unit_test(after_main_age_does_not_count),
		cmocka_unit_test(kinds_differ_by_creator_stack_and_reason),
		cmocka_unit_test(what_is_gone_is_a_change),
		cmocka_unit_test(what_is_not_whole_is_inconclusive),
		cmocka_unit_test(a_baseline_excuses_growth),
		cmocka_unit_test(it_is_reported_in_all_formats),
		cmocka_unit_test(nothing_grown_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
