/* SPDX-License-Identifier: MIT */
/*
 * What a row of looks at one process makes suspect. Each look is a census of its own, a second after the
 * last one; sites and stacks are numbered in the order in which they are met, so all of them meet the same
 * ones first.
 */
#include <stdlib.h>

#include "fixture.h"

struct row {
	struct ltr_history *history;
	struct ltr_judgement *told;
	uint64_t looks;
};

static struct row row_begin(void)
{
	struct row row = {0};

	assert_int_equal(ltr_history_new(&row.history), 0);
	assert_int_equal(ltr_judgement_new(&row.told), 0);
	return row;
}

static void row_end(struct row *row)
{
	ltr_history_free(row->history);
	ltr_judgement_free(row->told);
}

/* One more look, at `count` goroutines like this one. Returns how many findings are news. */
static size_t look(struct row *row, const struct people *like, size_t count)
{
	struct ltr_judge_options options = {.alive = true, .history = row->history};
	struct ltr_census *census = census_make(LTR_PHASE_RUNNING, "./httpd");
	struct people people = *like;
	struct ltr_judgement *run;
	uint32_t stack;
	size_t news;

	assert_int_equal(ltr_judgement_new(&run), 0);
	people.count = count;
	people.moved += (uint32_t)row->looks;
	ltr_census_info_mut(census)->way = LTR_WAY_SNAPSHOT;
	for (uint64_t line = 0; line < 8; line++) {
		const uint64_t pc = AT(F_WORKER, line) + 1;

		assert_int_equal(ltr_census_intern_stack(census, &pc, 1, &stack), 0);
	}
	if (count)
		census_add(census, &people);
	ltr_census_advance(census, NOW_NS + row->looks++ * SECOND);
	assert_int_equal(ltr_history_add(row->history, census), 0);
	assert_int_equal(ltr_judge_census(run, census, &options), 0);
	news = ltr_judgement_keep_news(run, row->told);
	assert_int_equal(ltr_judgement_merge(row->told, run), 0);
	ltr_judgement_free(run);
	ltr_census_free(census);
	return news;
}

static const struct people sender = {.id = 100,
				     .age_ns = 60 * SECOND,
				     .reason = LTR_REASON_CHAN_SEND,
				     .created = AT(F_SERVE, 4),
				     .stack = {AT(F_SEND, 2)}};

static const struct people sleeper = {.id = 100,
				      .age_ns = SECOND / 10,
				      .reason = LTR_REASON_SLEEP,
				      .created = AT(F_SERVE, 4),
				      .stack = {AT(F_WORKER, 2)}};

/* How many are told of after looks at so many; ends at -1. */
static size_t told_after(const struct people *like, const int *counts)
{
	struct row row = row_begin();
	size_t told = 0;

	for (; *counts >= 0; counts++)
		told += look(&row, like, (size_t)*counts);
	row_end(&row);
	return told;
}

static void ever_more_is_told_once(void **state)
{
	struct row row = row_begin();
	const struct ltr_finding *finding;

	(void)state;
	for (size_t count = 0; count < 4; count++)
		assert_int_equal(look(&row, &sender, count), 0);
	/* three steps, and each has held for two looks */
	assert_int_equal(look(&row, &sender, 4), 1);
	finding = ltr_judgement_at(row.told, 0);
	assert_string_equal(ltr_rule_name(finding->rule), "grows");
	assert_int_equal(finding->grade, LTR_GRADE_SUSPECT);
	assert_int_equal(finding->count, 4);
	assert_int_equal(finding->growth.place_before, 0);
	assert_int_equal(finding->growth.place_after, 4);
	assert_int_equal(finding->growth.window_ns, 3 * SECOND);
	for (size_t count = 5; count < 9; count++)
		assert_int_equal(look(&row, &sender, count), 0);
	assert_int_equal(ltr_judgement_count(row.told), 1);
	assert_int_equal(ltr_judgement_process_count(row.told), 1);
	row_end(&row);
}

static void a_slow_leak_is_found_too(void **state)
{
	(void)state;
	assert_int_equal(
		told_after(&sender, (int[]){0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3, -1}),
		1);
}

static void what_comes_and_goes_is_no_growth(void **state)
{
	(void)state;
	assert_int_equal(told_after(&sender, (int[]){4, 4, 4, 4, 4, 4, 4, 4, -1}), 0);
	assert_int_equal(told_after(&sender, (int[]){0, 8, 8, 8, 8, 8, 8, 8, -1}), 0);
	assert_int_equal(told_after(&sender, (int[]){1, 5, 2, 7, 3, 9, 2, 8, 4, 1, -1}), 0);
	assert_int_equal(told_after(&sender, (int[]){0, 2, 4, 2, 3, 4, 1, 3, 5, 2, -1}), 0);
	/* three steps, but less than chance may do */
	assert_int_equal(told_after(&sender, (int[]){100, 101, 102, 103, 104, 105, -1}), 0);
	assert_int_equal(told_after(&sender, (int[]){100, 110, 120, 130, 140, 150, -1}), 1);
}

/* Their waits end by themselves, or are meant to last. */
static void waits_that_end_or_are_meant_do_not_count(void **state)
{
	struct people people[] = {sender, sender, sender};

	(void)state;
	people[0].flags = LTR_IS_TIMED;
	people[1].flags = LTR_IS_DAEMON;
	people[2].reason = LTR_REASON_IO_ACCEPT;
	for (size_t i = 0; i < sizeof(people) / sizeof(people[0]); i++)
		assert_int_equal(told_after(&people[i], (int[]){0, 1, 2, 3, 4, 5, 6, -1}), 0);
}

/* As many as ever, and each time others: nobody has waited since before the last look. */
static void who_has_just_come_does_not_count(void **state)
{
	struct row row = row_begin();

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		struct people young = sender;

		young.flags = LTR_IS_TIMED; /* at the first look age would not tell */
		if (i > 0) {
			young.flags = 0;
			young.late_ns = i * SECOND;
			young.age_ns = SECOND / 2;
		}
		assert_int_equal(look(&row, &young, i < 4 ? i : 4), 0);
	}
	row_end(&row);
}

static void a_loop_that_sleeps_is_told(void **state)
{
	struct row row = row_begin();

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(look(&row, &sleeper, 2), 0);
	assert_int_equal(look(&row, &sleeper, 2), 1);
	assert_string_equal(ltr_rule_name(ltr_judgement_at(row.told, 0)->rule), "retries");
	assert_int_equal(ltr_judgement_at(row.told, 0)->count, 2);
	assert_int_equal(look(&row, &sleeper, 2), 0);
	row_end(&row);
}

static void a_loop_may_be_seen_awake(void **state)
{
	struct row row = row_begin();
	struct people awake = sleeper;

	(void)state;
	awake.reason = 0;
	awake.state = LTR_STATE_RUNNING;
	awake.stack[0] = 0;
	assert_int_equal(look(&row, &awake, 1), 0); /* does not count: it has not slept yet */
	assert_int_equal(look(&row, &sleeper, 1), 0);
	assert_int_equal(look(&row, &awake, 1), 0);
	assert_int_equal(look(&row, &awake, 1), 0);
	assert_int_equal(look(&row, &sleeper, 1), 1);
	row_end(&row);
}

static void one_long_sleep_is_no_loop(void **state)
{
	struct row row = row_begin();

	(void)state;
	for (int i = 0; i < 8; i++) {
		struct people still = sleeper;

		still.moved = (uint32_t)-row.looks; /* as many transitions as at the first look */
		assert_int_equal(look(&row, &still, 1), 0);
	}
	row_end(&row);
}

static void who_sleeps_elsewhere_or_waits_in_between_is_no_loop(void **state)
{
	struct row row = row_begin();

	(void)state;
	for (int i = 0; i < 8; i++) {
		struct people moves = sleeper;

		moves.stack[0] = AT(F_WORKER, 2 + i % 2);
		assert_int_equal(look(&row, &moves, 1), 0);
	}
	for (int i = 0; i < 9; i++)
		assert_int_equal(look(&row, i % 3 ? &sleeper : &sender, 1), 0);
	row_end(&row);
	row = row_begin();
	for (int i = 0; i < 8; i++) {
		struct people daemon = sleeper;

		daemon.flags = LTR_IS_DAEMON;
		assert_int_equal(look(&row, &daemon, 1), 0);
	}
	row_end(&row);
}

/* What a single look can say is told once as well, and again only if it is something else. */
static void news_are_told_once(void **state)
{
	struct people nil = sender;
	struct row row = row_begin();

	(void)state;
	nil.reason = LTR_REASON_CHAN_SEND_NIL;
	assert_int_equal(look(&row, &nil, 1), 1);
	assert_int_equal(look(&row, &nil, 1), 0);
	assert_int_equal(look(&row, &nil, 3), 0);
	nil.stack[0] = AT(F_WORKER, 1);
	assert_int_equal(look(&row, &nil, 1), 1);
	assert_int_equal(ltr_judgement_count(row.told), 2);
	assert_int_equal(ltr_judgement_process_count(row.told), 1);
	assert_int_equal(ltr_judgement_status(row.told, 0, 0), 23);
	row_end(&row);
}

static void who_never_yields_is_suspect(void **state)
{
	struct ltr_judge_options options = {.alive = true, .older_than_ns = 10 * SECOND};
	struct ltr_census *census = census_make(LTR_PHASE_RUNNING, "./httpd");
	struct people people = {.id = 5,
				.age_ns = 11 * SECOND,
				.state = LTR_STATE_RUNNING,
				.flags = LTR_IS_LONG,
				.entry = AT(F_WORKER, 0),
				.created = AT(F_SERVE, 4)};
	struct ltr_judgement *run;

	(void)state;
	assert_int_equal(ltr_judgement_new(&run), 0);
	census_add(census, &people);
	people = (struct people){.id = 6, .age_ns = 11 * SECOND, .state = LTR_STATE_RUNNING};
	census_add(census, &people);
	people = (struct people){
		.id = 7, .age_ns = 9 * SECOND, .state = LTR_STATE_RUNNING, .flags = LTR_IS_LONG};
	census_add(census, &people);
	assert_int_equal(ltr_judge_census(run, census, &options), 0);
	assert_int_equal(ltr_judgement_count(run), 1);
	assert_string_equal(ltr_rule_name(ltr_judgement_at(run, 0)->rule), "runs-long");
	assert_int_equal(ltr_judgement_at(run, 0)->member[0].id, 5);
	ltr_judgement_free(run);
	ltr_census_free(census);
}

static void words_and_one_line(void **state)
{
	const struct ltr_report_options options = {
		.strip = "/src/httpd", .one_line = true, .wall_ns = 1700000000 * SECOND};
	struct row row = row_begin();
	char *text;

	(void)state;
	for (size_t count = 0; count < 5; count++)
		look(&row, &sender, 2 * count);
	text = report_in("text", row.told, &options);
	assert_golden("watched.txt", text);
	free(text);
	text = report_in("json", row.told, &options);
	assert_golden("watched.json", text);
	free(text);
	row_end(&row);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ever_more_is_told_once),
		cmocka_unit_test(a_slow_leak_is_found_too),
		cmocka_unit_test(what_comes_and_goes_is_no_growth),
		cmocka_unit_test(waits_that_end_or_are_meant_do_not_count),
		cmocka_unit_test(who_has_just_come_does_not_count),
		cmocka_unit_test(a_loop_that_sleeps_is_told),
		cmocka_unit_test(a_loop_may_be_seen_awake),
		cmocka_unit_test(one_long_sleep_is_no_loop),
		cmocka_unit_test(who_sleeps_elsewhere_or_waits_in_between_is_no_loop),
		cmocka_unit_test(news_are_told_once),
		cmocka_unit_test(who_never_yields_is_suspect),
		cmocka_unit_test(words_and_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
