/* SPDX-License-Identifier: MIT */
/* Runs of one command under many schedules: what is kept of them, and when one has come to its end. */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

#include <check/baseline.h>

static const struct ltr_judge_options options = {.grace_ns = SECOND};

/* The judgement of one run with so many replies, and so many workers that wait. */
static struct ltr_judgement *run_with(size_t replies, size_t workers, struct ltr_baseline *baseline)
{
	struct ltr_judge_options judge_options = options;
	struct ltr_judgement *judgement = NULL;
	struct ltr_census *census = census_make(LTR_PHASE_MAIN_RETURNED, "./httpd");

	judge_options.baseline = baseline;
	assert_int_equal(ltr_judgement_new(&judgement), 0);
	if (replies)
		census_add_replies(census, replies);
	if (workers)
		census_add(census, &(struct people){.id = 200,
						    .count = workers,
						    .reason = LTR_REASON_MUTEX_LOCK,
						    .entry = AT(F_WORKER, 0),
						    .created = AT(F_MAIN, 2),
						    .stack = {AT(F_WORKER, 3)}});
	assert_int_equal(ltr_judge_census(judgement, census, &judge_options), 0);
	ltr_census_free(census);
	return judgement;
}

static void add(struct ltr_judgement *judgement, struct ltr_judgement *run, uint64_t seed)
{
	assert_int_equal(ltr_judgement_add_schedule(judgement, run, "pct", seed), 0);
	assert_int_equal(ltr_judgement_count(run), 0);
	assert_int_equal(ltr_judgement_process_count(run), 0);
	ltr_judgement_free(run);
}

static void kept(void **state)
{
	struct ltr_judgement *judgement = NULL;

	(void)state;
	assert_int_equal(ltr_judgement_new(&judgement), 0);
	add(judgement, run_with(0, 0, NULL), 1);
	assert_int_equal(ltr_judgement_process_count(judgement), 1); /* the first, clean or not */
	add(judgement, run_with(0, 0, NULL), 2);
	assert_int_equal(ltr_judgement_process_count(judgement), 1);
	add(judgement, run_with(3, 0, NULL), 3);
	assert_int_equal(ltr_judgement_process_count(judgement), 2);
	add(judgement, run_with(7, 0, NULL), 4); /* more of the same */
	add(judgement, run_with(0, 1, NULL), 5);
	add(judgement, run_with(1, 0, NULL), 6);
	assert_int_equal(ltr_judgement_process_count(judgement), 3);
	assert_int_equal(ltr_judgement_count(judgement), 2);
	for (size_t i = 0; i < 2; i++) {
		const struct ltr_finding *finding = ltr_judgement_at(judgement, i);
		const struct ltr_judged *process =
			ltr_judgement_process(judgement, finding->process);

		assert_string_equal(process->strategy, "pct");
		assert_int_equal(process->seed, i ? 5 : 3);
		assert_int_equal(finding->schedules, i ? 1 : 3);
		assert_int_equal(finding->count, i ? 1 : 3); /* as in the run that is shown */
	}
	ltr_judgement_free(judgement);
}

static void baseline_by_run(void **state)
{
	struct ltr_baseline *baseline = NULL;
	struct ltr_baseline_error error;
	struct ltr_judgement *run = run_with(1, 0, NULL);
	char *entry = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&entry, &bytes);
	uint64_t left_out = 0;

	(void)state;
	assert_int_equal(ltr_baseline_write(run, 0, out, &left_out), 0);
	fclose(out);
	assert_int_equal(ltr_baseline_parse(entry, bytes, &baseline, &error), 0);
	ltr_judgement_free(run);
	for (int i = 0; i < 3; i++) {
		ltr_baseline_next_run(baseline);
		run = run_with(i != 1, 0, baseline);
		assert_int_equal(ltr_judgement_status(run, 0, 0), 0);
		ltr_judgement_free(run);
	}
	ltr_baseline_next_run(baseline);
	assert_int_equal(ltr_baseline_at(baseline, 0).used, 1);
	assert_int_equal(ltr_baseline_stale(baseline, 0), 0);
	ltr_baseline_free(baseline);
	free(entry);
}

static bool settles(const struct people *people, uint64_t *ret_signature)
{
	struct ltr_census *census = census_make(LTR_PHASE_MAIN_RETURNED, "./httpd");
	bool settled;

	census_add_replies(census, 2);
	if (people)
		census_add(census, people);
	settled = ltr_judge_is_settled(census, ret_signature);
	ltr_census_free(census);
	return settled;
}

/* Only who waits for others, for as long as it takes, lets a run be over. */
static void settled(void **state)
{
	const struct people others[] = {
		{.id = 200, .state = LTR_STATE_RUNNING},
		{.id = 200, .state = LTR_STATE_QUEUED},
		{.id = 200, .reason = LTR_REASON_SLEEP},
		{.id = 200, .reason = LTR_REASON_SYSCALL},
		{.id = 200, .reason = LTR_REASON_IO_ACCEPT},
		{.id = 200, .reason = LTR_REASON_SLEEP, .flags = LTR_IS_DAEMON},
		{.id = 200, .reason = LTR_REASON_CHAN_RECEIVE, .flags = LTR_IS_TIMED},
		{.id = 200, .reason = LTR_REASON_CHAN_RECEIVE, .flags = LTR_IS_UNSURE},
	};
	uint64_t one = 0, other = 0;

	(void)state;
	assert_true(settles(NULL, &one));
	assert_true(settles(NULL, &other));
	assert_true(one == other);
	assert_true(settles(&(struct people){.id = 200, .reason = LTR_REASON_MUTEX_LOCK}, &other));
	assert_true(one != other);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (settles(&others[i], &one))
			fail_msg("settled with goroutine %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kept),
		cmocka_unit_test(baseline_by_run),
		cmocka_unit_test(settled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
