/* SPDX-License-Identifier: MIT */

/* The goroutineleak profile: what is proven is in it, and what is not known is said. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pprof/profile.h>
#include <pprof/text.h>

#include "fixture.h"
#include "unpacked.h"
#include "written.h"

static Profile *leaks_of(const struct ltr_census *census, const struct ltr_profile_options *options)
{
	return profile_written(census, ltr_profile_type_find("goroutineleak"), options);
}

static const char *comment_of(const Profile *profile, size_t i)
{
	assert_true(i < profile->n_comment);
	return profile_string(profile, profile->comment[i]);
}

static void put(struct ltr_census *census, uint64_t id, uint8_t reason, uint16_t flags)
{
	const struct ltr_goroutine goroutine = {
		.id = id,
		.reason = reason,
		.state = ltr_reason_state(reason),
		.transitions = 2,
		.flags = flags,
	};

	assert_int_equal(ltr_census_snapshot_put(census, &goroutine), 0);
}

/* 1 waits and may be woken; 2 to 5 wait for nothing, with a deadline and as a daemon too. */
static struct ltr_census *waiting(void)
{
	struct ltr_census *census = fixture_empty();

	assert_int_equal(ltr_census_snapshot_begin(census, FIXTURE_NOW_NS), 0);
	put(census, 1, LTR_REASON_CHAN_SEND, 0);
	put(census, 2, LTR_REASON_CHAN_RECEIVE_NIL, 0);
	put(census, 3, LTR_REASON_SELECT_NO_CASES, LTR_IS_TIMED);
	put(census, 4, LTR_REASON_CHAN_SEND_NIL, LTR_IS_DAEMON);
	put(census, 5, LTR_REASON_SELECT_NO_CASES, LTR_IS_MAIN);
	assert_int_equal(ltr_census_snapshot_end(census, true), 0);
	return census;
}

static enum ltr_leak leak_of(const struct ltr_census *census, uint64_t id)
{
	return ltr_census_leak(census, ltr_census_find(census, id));
}

static void it_has_the_fields_that_go_writes(void **state)
{
	struct ltr_census *census = fixture_census(false);
	Profile *profile;

	(void)state;
	fixture_prove(census, true);
	profile = leaks_of(census, NULL);
	assert_int_equal(profile->n_sample_type, 1);
	assert_string_equal(profile_string(profile, profile->sample_type[0]->type),
			    "goroutineleak");
	assert_string_equal(profile_string(profile, profile->sample_type[0]->unit), "count");
	assert_string_equal(profile_string(profile, profile->period_type->type), "goroutineleak");
	assert_string_equal(profile_string(profile, profile->period_type->unit), "count");
	assert_int_equal(profile->period, 1);
	assert_int_equal(profile->duration_nanos, 0);
	assert_int_equal(profile->n_comment, 0);
	assert_int_equal(profile_sum(profile, 0), 3);
	profile_free(profile);
	ltr_census_free(census);
}

static void what_waits_for_nothing_needs_no_proof(void **state)
{
	struct ltr_census *census = waiting();
	Profile *profile = leaks_of(census, NULL);

	(void)state;
	assert_int_equal(leak_of(census, 1), LTR_LEAK_NONE);
	assert_int_equal(leak_of(census, 2), LTR_LEAK_HOPELESS);
	assert_int_equal(leak_of(census, 3), LTR_LEAK_NONE);
	assert_int_equal(leak_of(census, 4), LTR_LEAK_NONE);
	assert_int_equal(leak_of(census, 5), LTR_LEAK_HOPELESS);
	assert_int_equal(ltr_census_leak_count(census), 2);
	assert_int_equal(profile_sum(profile, 0), 2);
	assert_int_equal(profile->n_comment, 1);
	assert_non_null(
		strstr(comment_of(profile, 0), "inconclusive: references were not looked at"));
	profile_free(profile);
	ltr_census_free(census);
}

/* Flags of a look that was not conclusive are no proof, and the reason is told, made harmless. */
static void what_is_not_proven_is_not_in_it(void **state)
{
	struct ltr_census *census = fixture_census(false);
	struct memory text = {0};
	Profile *profile;

	(void)state;
	fixture_prove(census, false);
	profile = leaks_of(census, NULL);
	assert_int_equal(profile->n_sample, 0);
	assert_int_equal(profile->n_comment, 1);
	assert_non_null(strstr(comment_of(profile, 0),
			       "inconclusive: goroutine 7 ran\\x1b all the time, and its registers "
			       "are not seen; only"));
	assert_int_equal(
		ltr_text_debug1(census, ltr_profile_type_find("goroutineleak"), memory_sink(&text)),
		0);
	assert_non_null(
		strstr(text.data, "goroutineleak profile: total 0\n# loiter: inconclusive: "));
	assert_null(strchr(text.data, '\x1b'));
	memory_done(&text);
	profile_free(profile);
	ltr_census_free(census);
}

static void a_proof_may_have_a_weakness(void **state)
{
	struct ltr_census *census = waiting();
	struct ltr_reach_info *reach = &ltr_census_info_mut(census)->reach;
	Profile *profile;

	(void)state;
	reach->tried = true;
	reach->conclusive = true;
	strcpy(reach->note, "40 MB counted as alive");
	profile = leaks_of(census, NULL);
	assert_int_equal(profile->n_comment, 1);
	assert_string_equal(comment_of(profile, 0), "loiter: 40 MB counted as alive");
	profile_free(profile);
	ltr_census_free(census);
}

static void who_moves_is_not_leaked(void **state)
{
	static const struct ltr_clock_rate clock = {.ns_per_tick = 1};
	const struct ltr_event ready = {
		.goroutine = 1,
		.kind = LTR_KIND_READY,
		.sequence = 3,
		.ticks = FIXTURE_NOW_NS,
	};
	struct ltr_census *census = waiting();

	(void)state;
	ltr_census_info_mut(census)->reach =
		(struct ltr_reach_info){.tried = true, .conclusive = true};
	ltr_census_note_reach(census, 1, 2, false);
	assert_int_equal(leak_of(census, 1), LTR_LEAK_UNREACHABLE);
	assert_int_equal(ltr_census_apply(census, &clock, 0, 0, &ready, 1), 0);
	assert_int_equal(ltr_census_find(census, 1)->state, LTR_STATE_QUEUED);
	assert_int_equal(leak_of(census, 1), LTR_LEAK_NONE);
	ltr_census_free(census);
}

static void each_leaked_goroutine_has_its_sample(void **state)
{
	const struct ltr_profile_options single = {.per_goroutine = true};
	struct ltr_census *census = fixture_census(false);
	Profile *profile;

	(void)state;
	fixture_prove(census, true);
	profile = leaks_of(census, &single);
	assert_int_equal(profile->n_sample, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(profile_label(profile, profile->sample[i], "go::goroutine")->num,
				 10 + i);
	profile_free(profile);
	ltr_census_free(census);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_has_the_fields_that_go_writes),
		cmocka_unit_test(what_waits_for_nothing_needs_no_proof),
		cmocka_unit_test(what_is_not_proven_is_not_in_it),
		cmocka_unit_test(a_proof_may_have_a_weakness),
		cmocka_unit_test(who_moves_is_not_leaked),
		cmocka_unit_test(each_leaked_goroutine_has_its_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
