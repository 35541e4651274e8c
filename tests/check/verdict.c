/* SPDX-License-Identifier: MIT */
/* What the rules claim, how claims become findings, and what exit status they ask for. */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

struct state {
	struct ltr_census *census;
	struct ltr_judgement *judgement;
};

static const struct ltr_judge_options options = {.grace_ns = SECOND};

static const struct people main_goroutine = {
	.id = 1, .flags = LTR_IS_MAIN, .state = LTR_STATE_RUNNING, .entry = AT(F_MAIN, 0)};

static void *begin(void **state_at, uint32_t phase)
{
	struct state *state = calloc(1, sizeof(*state));

	assert_non_null(state);
	*state_at = state;
	state->census = census_make(phase, "./httpd --leak");
	assert_int_equal(ltr_judgement_new(&state->judgement), 0);
	return state;
}

static int end(void **state_at)
{
	struct state *state = *state_at;

	ltr_census_free(state->census);
	ltr_judgement_free(state->judgement);
	free(state);
	return 0;
}

static size_t judge(struct state *state)
{
	assert_int_equal(ltr_judge_census(state->judgement, state->census, &options), 0);
	return ltr_judgement_count(state->judgement);
}

static void nobody_left_is_clean(void **at)
{
	struct state *state = begin(at, LTR_PHASE_MAIN_RETURNED);

	census_add(state->census, &main_goroutine);
	census_add(state->census,
		   &(struct people){.id = 2, .flags = LTR_IS_DAEMON, .reason = LTR_REASON_SLEEP});
	assert_int_equal(ltr_judge_remaining(state->census), 0);
	assert_int_equal(judge(state), 0);
	assert_int_equal(ltr_judgement_status(state->judgement, 0, 0), 0);
	assert_int_equal(ltr_judgement_status(state->judgement, 0, 7), 7);
	end(at);
}

static void whoever_is_left_never_exited(void **at)
{
	struct state *state = begin(at, LTR_PHASE_MAIN_RETURNED);
	const struct ltr_finding *finding;

	census_add(state->census, &main_goroutine);
	census_add(state->census,
		   &(struct people){.id = 20,
				    .count = 7,
				    .parent = 1,
				    .age_ns = 2 * SECOND,
				    .reason = LTR_REASON_CHAN_SEND,
				    .name = "reply",
				    .created = AT(F_SERVE, 4),
				    .stack = {AT(F_RUNTIME, 1), AT(F_SEND, 2), AT(F_HANDLER, 3)}});
	assert_int_equal(ltr_judge_remaining(state->census), 7);
	assert_int_equal(judge(state), 1);
	finding = ltr_judgement_at(state->judgement, 0);
	assert_int_equal(finding->grade, LTR_GRADE_NEVER_EXITED);
	assert_string_equal(ltr_rule_name(finding->rule), "never-exited");
	assert_int_equal(finding->count, 7);
	assert_int_equal(finding->youngest_ns, 2 * SECOND);
	assert_int_equal(finding->oldest_ns, 2 * SECOND + 6 * SECOND / 10);
	assert_int_equal(finding->limit_ns, SECOND);
	assert_int_equal(finding->member_count, LTR_FINDING_MEMBERS);
	assert_int_equal(finding->member[0].id, 20);
	assert_int_equal(finding->member[4].id, 24);
	assert_string_equal(finding->member[0].name, "reply");
	assert_int_equal(finding->member[0].parent_id, 1);
	assert_string_equal(finding->created.function, "serve");
	assert_int_equal(finding->created.line, 24);
	/* the runtime's own frames are not shown, at either end */
	assert_int_equal(finding->depth, 2);
	assert_string_equal(finding->stack[0].function, "reply");
	assert_int_equal(finding->stack[0].line, 2);
	assert_int_equal(ltr_judgement_status(state->judgement, 0, 0), 23);
	end(at);
}

static void one_finding_for_each_site_stack_and_reason(void **at)
{
	struct state *state = begin(at, LTR_PHASE_MAIN_RETURNED);
	struct people people = {.id = 10,
				.count = 2,
				.reason = LTR_REASON_CHAN_SEND,
				.created = AT(F_SERVE, 4),
				.stack = {AT(F_SEND, 2)}};

	census_add(state->census, &people);
	people.id = 20;
	people.created = AT(F_SERVE, 5); /* another line of the same function */
	census_add(state->census, &people);
	people.id = 30;
	people.stack[0] = AT(F_SEND, 3);
	census_add(state->census, &people);
	people.id = 40;
	people.count = 5;
	people.reason = LTR_REASON_CHAN_RECEIVE;
	census_add(state->census, &people);
	people.id = 50;
	people.count = 1;
	people.no_site = true; /* then the call's address stands in */
	census_add(state->census, &people);
	people.id = 60;
	people.created = AT(F_SERVE, 6);
	census_add(state->census, &people);
	assert_int_equal(judge(state), 6);
	/* the largest first, then by place */
	assert_int_equal(ltr_judgement_at(state->judgement, 0)->member[0].id, 40);
	assert_int_equal(ltr_judgement_at(state->judgement, 1)->member[0].id, 10);
	assert_int_equal(ltr_judgement_at(state->judgement, 2)->member[0].id, 20);
	assert_int_equal(ltr_judgement_at(state->judgement, 3)->member[0].id, 30);
	assert_int_equal(ltr_judgement_at(state->judgement, 4)->member[0].id, 50);
	assert_string_equal(ltr_judgement_at(state->judgement, 4)->created.function, "serve");
	assert_int_equal(ltr_judgement_at(state->judgement, 5)->member[0].id, 60);
	end(at);
}

/* Which way the runtime took to park them is nobody's business. */
static void stacks_that_look_the_same_are_one_finding(void **at)
{
	struct state *state = begin(at, LTR_PHASE_MAIN_RETURNED);
	struct people people = {.id = 10,
				.count = 2,
				.reason = LTR_REASON_CHAN_SEND,
				.created = AT(F_SERVE, 4),
				.stack = {AT(F_RUNTIME, 1), AT(F_SEND, 2), AT(F_RUNTIME, 5)}};

	census_add(state->census, &people);
	people.id = 20;
	people.stack[0] = AT(F_RUNTIME, 2);
	people.stack[2] = 0;
	census_add(state->census, &people);
	people.id = 30;
	people.stack[1] = AT(F_SEND, 3); /* this is seen */
	census_add(state->census, &people);
	people.id = 40;
	people.stack[1] = 0; /* nothing but the runtime */
	census_add(state->census, &people);
	assert_int_equal(judge(state), 3);
	assert_int_equal(ltr_judgement_at(state->judgement, 0)->count, 4);
	assert_int_equal(ltr_judgement_at(state->judgement, 0)->member[0].id, 10);
	assert_int_equal(ltr_judgement_at(state->judgement, 0)->member[2].id, 20);
	end(at);
}

static void all_asleep_is_a_deadlock_with_everybody_in_it(void **at)
{
	struct state *state = begin(at, LTR_PHASE_DEADLOCK);
	uint64_t members = 0;

	census_add(state->census, &(struct people){.id = 1,
						   .flags = LTR_IS_MAIN,
						   .created = AT(F_RUNTIME, 1),
						   .reason = LTR_REASON_WAITGROUP_WAIT});
	census_add(
		state->census,
		&(struct people){.id = 2, .flags = LTR_IS_DAEMON, .reason = LTR_REASON_MUTEX_LOCK});
	census_add(
		state->census,
		&(struct people){.id = 3, .flags = LTR_IS_UNSURE, .reason = LTR_REASON_MUTEX_LOCK});
	judge(state);
	for (size_t i = 0; i < ltr_judgement_count(state->judgement); i++) {
		const struct ltr_finding *finding = ltr_judgement_at(state->judgement, i);

		assert_int_equal(finding->grade, LTR_GRADE_DEADLOCK);
		members += finding->count;
		/* The runtime created it, at no place that a person could look at. */
		if (finding->member[0].id == 1)
			assert_string_equal(finding->created.function, "");
	}
	assert_int_equal(members, 3);
	assert_int_equal(ltr_judgement_status(state->judgement, 0, 2), 23);
	end(at);
}

static void a_goroutine_is_under_one_grade_only(void **at)
{
	struct state *state = begin(at, LTR_PHASE_MAIN_RETURNED);

	census_add(state->census, &(struct people){.id = 2, .reason = LTR_REASON_SLEEP});
	census_add(state->census,
		   &(struct people){.id = 3, .flags = LTR_IS_UNSURE, .reason = LTR_REASON_SLEEP});
	assert_int_equal(judge(state), 2);
	assert_int_equal(ltr_judgement_at(state->judgement, 0)->grade, LTR_GRADE_NEVER_EXITED);
	assert_int_equal(ltr_judgement_at(state->judgement, 0)->member[0].id, 2);
	assert_int_equal(ltr_judgement_at(state->judgement, 1)->grade, LTR_GRADE_INCONCLUSIVE);
	assert_int_equal(ltr_judgement_at(state->judgement, 1)->member[0].id, 3);
	end(at);
}

static void only_unsure_ones_are_inconclusive(void **at)
{
	struct state *state = begin(at, LTR_PHASE_MAIN_RETURNED);

	census_add(state->census,
		   &(struct people){.id = 3, .flags = LTR_IS_UNSURE, .reason = LTR_REASON_SLEEP});
	assert_int_equal(judge(state), 1);
	assert_int_equal(ltr_judgement_status(state->judgement, 0, 0), 24);
	end(at);
}

/* Each of these sees nobody left, and is not clean all the same. */
static void an_incomplete_census_is_never_clean(void **at)
{
	static const struct {
		uint64_t lost;
		uint64_t unreadable;
		uint32_t phase;
		const char *words;
	} cases[] = {
		{3, 0, LTR_PHASE_MAIN_RETURNED, "lost 3 records"},
		{0, 1, LTR_PHASE_MAIN_RETURNED, "1 goroutine that could not be read"},
		{0, 0, LTR_PHASE_STARTING, "had not started"},
		{0, 0, LTR_PHASE_RUNNING, "was still running"},
		{0, 0, LTR_PHASE_DEADLOCK, "none of them could be read"},
		{0, 0, 99, "does not know"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct state *state = begin(at, cases[i].phase);
		struct ltr_census_info *info = ltr_census_info_mut(state->census);

		info->lost = cases[i].lost;
		info->unreadable = cases[i].unreadable;
		assert_int_equal(judge(state), 1);
		assert_non_null(
			strstr(ltr_judgement_at(state->judgement, 0)->text, cases[i].words));
		assert_int_not_equal(ltr_judgement_status(state->judgement, 0, 0), 0);
		end(at);
	}
}

static void a_time_out_shows_everybody_and_proves_nothing(void **at)
{
	struct state *state = begin(at, LTR_PHASE_RUNNING);
	static const struct ltr_judge_options timed = {.grace_ns = SECOND,
						       .timeout_ns = 10 * SECOND};

	census_add(state->census, &main_goroutine);
	census_add(state->census, &(struct people){.id = 2, .reason = LTR_REASON_IO_READ});
	assert_int_equal(ltr_judge_census(state->judgement, state->census, &timed), 0);
	assert_int_equal(ltr_judgement_count(state->judgement), 2);
	assert_string_equal(ltr_rule_name(ltr_judgement_at(state->judgement, 0)->rule),
			    "still-running");
	assert_int_equal(ltr_judgement_at(state->judgement, 0)->limit_ns, 10 * SECOND);
	assert_int_equal(ltr_judgement_status(state->judgement, 0, 143), 24);
	end(at);
}

/* A process that could not be judged does not hide behind one that could, nor the other way. */
static void processes_are_judged_for_themselves(void **at)
{
	struct state *state = begin(at, LTR_PHASE_MAIN_RETURNED);

	assert_int_equal(judge(state), 0);
	assert_int_equal(ltr_judge_inconclusive(state->judgement, 12, "ls", "was killed"), 0);
	assert_int_equal(ltr_judgement_status(state->judgement, 0, 137), 24);
	census_add(state->census, &(struct people){.id = 2, .reason = LTR_REASON_SLEEP});
	assert_int_equal(judge(state), 2);
	assert_int_equal(ltr_judgement_at(state->judgement, 0)->process, 2);
	assert_int_equal(ltr_judgement_at(state->judgement, 1)->process, 1);
	assert_int_equal(ltr_judgement_status(state->judgement, 0, 0), 23);
	assert_int_equal(ltr_judgement_process_count(state->judgement), 3);
	assert_string_equal(ltr_judgement_process(state->judgement, 1)->command, "ls");
	end(at);
}

/* Findings outlive the census they come from. */
static void findings_are_copies(void **at)
{
	struct state *state = begin(at, LTR_PHASE_MAIN_RETURNED);

	census_add(state->census, &(struct people){.id = 2,
						   .name = "copied",
						   .reason = LTR_REASON_SLEEP,
						   .created = AT(F_MAIN, 1),
						   .stack = {AT(F_WORKER, 1)}});
	assert_int_equal(judge(state), 1);
	state->census = ltr_census_free(state->census);
	assert_string_equal(ltr_judgement_at(state->judgement, 0)->member[0].name, "copied");
	assert_string_equal(ltr_judgement_at(state->judgement, 0)->stack[0].function, "worker");
	assert_string_equal(ltr_judgement_process(state->judgement, 0)->command, "./httpd --leak");
	end(at);
}

static void the_order_does_not_depend_on_the_census(void **at)
{
	char *texts[2];

	for (int round = 0; round < 2; round++) {
		struct state *state = begin(at, LTR_PHASE_MAIN_RETURNED);

		for (uint64_t i = 0; i < 200; i++) {
			uint64_t id = round ? 201 - i : i + 2;

			census_add(state->census, &(struct people){.id = id,
								   .age_ns = SECOND,
								   .reason = (uint8_t)(1 + id % 3),
								   .created = AT(F_SERVE, id % 7),
								   .stack = {AT(F_SEND, id % 5)}});
		}
		judge(state);
		texts[round] = report_text(state->judgement, &(struct ltr_report_options){0});
		end(at);
	}
	assert_string_equal(texts[0], texts[1]);
	free(texts[0]);
	free(texts[1]);
}

/* One goroutine in `census` that waits for `reason`. */
static void add_waiting(struct ltr_census *census, uint64_t id, uint8_t reason, uint16_t flags)
{
	census_add(census, &(struct people){.id = id,
					    .parent = 1,
					    .age_ns = 10 * SECOND,
					    .reason = reason,
					    .flags = flags,
					    .created = AT(F_SERVE, 4),
					    .stack = {AT(F_SEND, 2)}});
}

/* At any moment; but not if a deadline, a declaration or a loss says otherwise. */
static void what_waits_for_nothing_has_leaked(void **at)
{
	static const uint32_t phases[] = {LTR_PHASE_RUNNING, LTR_PHASE_MAIN_RETURNED};
	static const struct ltr_judge_options alive = {.alive = true};

	for (size_t i = 0; i < 2; i++) {
		struct state *state = begin(at, phases[i]);

		census_add(state->census, &main_goroutine);
		add_waiting(state->census, 2, LTR_REASON_CHAN_RECEIVE_NIL, 0);
		add_waiting(state->census, 3, LTR_REASON_CHAN_SEND_NIL, LTR_IS_DAEMON);
		add_waiting(state->census, 4, LTR_REASON_SELECT_NO_CASES, 0);
		assert_int_equal(ltr_judge_census(state->judgement, state->census, &alive), 0);
		assert_int_equal(ltr_judgement_count(state->judgement), 2);
		for (size_t k = 0; k < 2; k++)
			assert_int_equal(ltr_judgement_at(state->judgement, k)->grade,
					 LTR_GRADE_LEAKED);
		assert_int_equal(ltr_judgement_status(state->judgement, 0, 0), 23);
		assert_int_equal(ltr_judgement_status(state->judgement,
						      LTR_GRADE_BIT(LTR_GRADE_DEADLOCK), 0),
				 0);
		end(at);
	}
}

static void what_ends_by_itself_has_not_leaked(void **at)
{
	static const struct ltr_judge_options alive = {.alive = true, .older_than_ns = SECOND};
	struct state *state = begin(at, LTR_PHASE_RUNNING);

	add_waiting(state->census, 2, LTR_REASON_CHAN_RECEIVE_NIL, LTR_IS_TIMED);
	add_waiting(state->census, 3, LTR_REASON_SELECT_NO_CASES, LTR_IS_TIMED);
	assert_int_equal(ltr_judge_census(state->judgement, state->census, &alive), 0);
	assert_int_equal(ltr_judgement_count(state->judgement), 0);
	end(at);
}

/* Events do not say whether a wait has a deadline: nothing is proven by them, but by a snapshot. */
static void a_wait_that_no_snapshot_has_read_proves_no_leak(void **at)
{
	static const struct ltr_judge_options alive = {.alive = true, .older_than_ns = 1};
	static const struct ltr_clock_rate nanoseconds = {0, 0, 1.0};
	struct state *state = begin(at, LTR_PHASE_RUNNING);
	struct ltr_event parks = {
		.goroutine = 2, .kind = LTR_KIND_PARK, .reason = LTR_REASON_CHAN_RECEIVE_NIL};

	ltr_census_info_mut(state->census)->way = LTR_WAY_SHM;
	parks.sequence = ltr_census_find(state->census, 2)->transitions + 1;
	parks.ticks = ltr_census_info(state->census)->now_ns;
	assert_int_equal(ltr_census_apply(state->census, &nanoseconds, 0, 0, &parks, 1), 0);
	ltr_census_advance(state->census, parks.ticks + SECOND);
	assert_int_equal(ltr_judge_census(state->judgement, state->census, &alive), 0);
	assert_int_equal(ltr_judgement_count(state->judgement), 0);

	struct ltr_goroutine reading = *ltr_census_find(state->census, 2);
	assert_int_equal(ltr_census_snapshot_begin(state->census, parks.ticks + SECOND), 0);
	assert_int_equal(ltr_census_snapshot_put(state->census, &reading), 0);
	assert_int_equal(ltr_census_snapshot_end(state->census, true), 0);
	assert_int_equal(ltr_judge_census(state->judgement, state->census, &alive), 0);
	assert_int_equal(ltr_judgement_count(state->judgement), 1);
	assert_int_equal(ltr_judgement_at(state->judgement, 0)->grade, LTR_GRADE_LEAKED);
	end(at);
}

static void long_waits_are_suspect_if_asked_for(void **at)
{
	static const struct ltr_judge_options asked = {.alive = true, .older_than_ns = 5 * SECOND};
	static const struct ltr_judge_options longer = {.alive = true,
							.older_than_ns = 15 * SECOND};
	static const struct ltr_judge_options not_asked = {.alive = true};
	struct state *state = begin(at, LTR_PHASE_RUNNING);

	census_add(state->census, &(struct people){.id = 1,
						   .flags = LTR_IS_MAIN,
						   .age_ns = 10 * SECOND,
						   .reason = LTR_REASON_WAITGROUP_WAIT});
	add_waiting(state->census, 2, LTR_REASON_CHAN_SEND, 0);
	add_waiting(state->census, 3, LTR_REASON_CHAN_SEND, LTR_IS_TIMED);
	add_waiting(state->census, 4, LTR_REASON_CHAN_SEND, LTR_IS_DAEMON);
	add_waiting(state->census, 5, LTR_REASON_IO_ACCEPT, 0);
	add_waiting(state->census, 6, LTR_REASON_SLEEP, 0);
	assert_int_equal(ltr_judge_census(state->judgement, state->census, &not_asked), 0);
	assert_int_equal(ltr_judge_census(state->judgement, state->census, &longer), 0);
	assert_int_equal(ltr_judgement_count(state->judgement), 0);
	assert_int_equal(ltr_judge_census(state->judgement, state->census, &asked), 0);
	assert_int_equal(ltr_judgement_count(state->judgement), 1);
	assert_int_equal(ltr_judgement_at(state->judgement, 0)->grade, LTR_GRADE_SUSPECT);
	assert_int_equal(ltr_judgement_at(state->judgement, 0)->member[0].id, 2);
	assert_int_equal(ltr_judgement_status(state->judgement, 0, 5), 5);
	assert_int_equal(
		ltr_judgement_status(state->judgement, LTR_GRADE_BIT(LTR_GRADE_SUSPECT), 5), 23);
	end(at);
}

/* A process that runs on and could not be read whole is not one in which nothing was found. */
static void what_could_not_be_read_alive_is_inconclusive(void **at)
{
	static const struct ltr_judge_options alive = {.alive = true};
	struct state *state = begin(at, LTR_PHASE_RUNNING);

	ltr_census_info_mut(state->census)->unreadable = 1;
	assert_int_equal(ltr_judge_census(state->judgement, state->census, &alive), 0);
	assert_int_equal(ltr_judgement_status(state->judgement, 0, 0), 24);
	end(at);
}

/* Whoever else claims all of them, and whatever fails the run: it has timed out. */
static void a_time_out_is_never_clean(void **at)
{
	static const struct ltr_judge_options timed = {.timeout_ns = SECOND};
	struct state *state = begin(at, LTR_PHASE_RUNNING);

	add_waiting(state->census, 2, LTR_REASON_CHAN_RECEIVE_NIL, 0);
	assert_int_equal(ltr_judge_census(state->judgement, state->census, &timed), 0);
	assert_int_equal(ltr_judgement_status(state->judgement, 0, 0), 23);
	assert_int_equal(
		ltr_judgement_status(state->judgement, LTR_GRADE_BIT(LTR_GRADE_DEADLOCK), 0), 24);
	end(at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_left_is_clean),
		cmocka_unit_test(whoever_is_left_never_exited),
		cmocka_unit_test(one_finding_for_each_site_stack_and_reason),
		cmocka_unit_test(stacks_that_look_the_same_are_one_finding),
		cmocka_unit_test(all_asleep_is_a_deadlock_with_everybody_in_it),
		cmocka_unit_test(a_goroutine_is_under_one_grade_only),
		cmocka_unit_test(only_unsure_ones_are_inconclusive),
		cmocka_unit_test(an_incomplete_census_is_never_clean),
		cmocka_unit_test(a_time_out_shows_everybody_and_proves_nothing),
		cmocka_unit_test(processes_are_judged_for_themselves),
		cmocka_unit_test(findings_are_copies),
		cmocka_unit_test(the_order_does_not_depend_on_the_census),
		cmocka_unit_test(what_waits_for_nothing_has_leaked),
		cmocka_unit_test(what_ends_by_itself_has_not_leaked),
		cmocka_unit_test(a_wait_that_no_snapshot_has_read_proves_no_leak),
		cmocka_unit_test(long_waits_are_suspect_if_asked_for),
		cmocka_unit_test(what_could_not_be_read_alive_is_inconclusive),
		cmocka_unit_test(a_time_out_is_never_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
