/* SPDX-License-Identifier: MIT */
/* Each pattern has its sentence: what is usually wrong, and what to do about it. */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

/* What a report says to somebody who never exited and waits like that. To be freed. */
static char *advice_for(uint8_t state, uint8_t reason)
{
	struct ltr_census *census = census_make(LTR_PHASE_MAIN_RETURNED, "./test");
	struct people people = {.id = 2,
				.state = state,
				.reason = reason,
				.created = AT(F_SERVE, 4),
				.stack = {AT(F_WORKER, 2)}};
	const struct ltr_judge_options options = {.grace_ns = SECOND};
	struct ltr_judgement *judgement;
	char *advice;

	/* so that nothing stronger is found than that it never exited */
	people.flags = LTR_IS_TIMED;
	census_add(census, &people);
	assert_int_equal(ltr_judgement_new(&judgement), 0);
	assert_int_equal(ltr_judge_census(judgement, census, &options), 0);
	assert_int_equal(ltr_judgement_count(judgement), 1);
	assert_string_equal(ltr_rule_name(ltr_judgement_at(judgement, 0)->rule), "never-exited");
	advice = strdup(ltr_judgement_at(judgement, 0)->advice);
	assert_non_null(advice);
	ltr_judgement_free(judgement);
	ltr_census_free(census);
	return advice;
}

static void each_pattern_has_its_sentence(void **state)
{
	static const struct {
		uint8_t reason;
		const char *mistake;
		const char *cure;
	} patterns[] = {
		{LTR_REASON_CHAN_SEND, "gave up after a time-out", "buffer of 1"},
		{LTR_REASON_CHAN_RECEIVE, "Nobody sends", "a loop over it ends then"},
		{LTR_REASON_CHAN_SEND_NIL, "never made", "Make it before"},
		{LTR_REASON_CHAN_RECEIVE_NIL, "never made", "Make it before"},
		{LTR_REASON_SELECT, "None of the cases", "closed when it is time to stop"},
		{LTR_REASON_SELECT_NO_CASES, "without cases", "daemon"},
		{LTR_REASON_SLEEP, "has nothing that ends it", "select on a stop channel"},
		{LTR_REASON_IO_READ, "has no deadline", "close the connection"},
		{LTR_REASON_IO_WRITE, "has no deadline", "close the connection"},
		{LTR_REASON_IO_ACCEPT, "Nothing ends the accept loop", "Close the listener"},
		{LTR_REASON_IO_CONNECT, "no deadline", "Give it one"},
		{LTR_REASON_SYSCALL, "has not returned", "time out"},
		{LTR_REASON_MUTEX_LOCK, "never unlocked", "locks in one order everywhere"},
		{LTR_REASON_RWMUTEX_LOCK, "never unlocked", "locks in one order everywhere"},
		{LTR_REASON_RWMUTEX_RLOCK, "writer holds", "read lock twice"},
		{LTR_REASON_WAITGROUP_WAIT, "never done", "done the first thing that each"},
		{LTR_REASON_COND_WAIT, "signal came before the wait", "loop that checks it first"},
		{LTR_REASON_SEMACQUIRE, "Nobody releases", "deferred"},
		{LTR_REASON_ONCE_DO, "has not returned", "same Once again"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		char *advice = advice_for(0, patterns[i].reason);

		if (!strstr(advice, patterns[i].mistake) || !strstr(advice, patterns[i].cure))
			fail_msg("%s: \"%s\"", ltr_reason_name(patterns[i].reason), advice);
		free(advice);
	}
}

/* A reason that somebody adds has no sentence of its own yet: this says so. */
static void no_reason_is_without_advice(void **state)
{
	char *general = advice_for(LTR_STATE_EXITED, 0);

	(void)state;
	for (uint8_t reason = 1; reason < LTR_REASON_COUNT; reason++) {
		char *advice = advice_for(0, reason);

		if (strcmp(advice, general) == 0)
			fail_msg("%s has no advice of its own", ltr_reason_name(reason));
		free(advice);
	}
	free(general);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_pattern_has_its_sentence),
		cmocka_unit_test(no_reason_is_without_advice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
