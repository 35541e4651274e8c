/* SPDX-License-Identifier: MIT */
/* Reports, held against golden files, and what hostile programs can do to them: nothing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <check/internal.h>

#include "fixture.h"

static const struct ltr_judge_options options = {.grace_ns = SECOND};
static const struct ltr_report_options plain = {.strip = "/src/httpd"};

static struct ltr_judgement *new_judgement(void)
{
	struct ltr_judgement *judgement = NULL;

	assert_int_equal(ltr_judgement_new(&judgement), 0);
	return judgement;
}

static void judge(struct ltr_judgement *judgement, struct ltr_census *census)
{
	assert_int_equal(ltr_judge_census(judgement, census, &options), 0);
	ltr_census_free(census);
}

static void finish(struct ltr_judgement *judgement, const char *golden)
{
	char *text = report_text(judgement, &plain);

	assert_golden(golden, text);
	free(text);
	ltr_judgement_free(judgement);
}

static struct ltr_census *leaky(void)
{
	struct ltr_census *census = census_make(LTR_PHASE_MAIN_RETURNED, "./httpd --leak");

	census_add_replies(census, 3);
	return census;
}

static void clean(void **state)
{
	struct ltr_judgement *judgement = new_judgement();
	struct ltr_census *census = census_make(LTR_PHASE_MAIN_RETURNED, "./httpd");

	(void)state;
	ltr_census_info_mut(census)->created = 214;
	judge(judgement, census);
	finish(judgement, "clean.txt");
}

static void one_leak(void **state)
{
	struct ltr_judgement *judgement = new_judgement();

	(void)state;
	judge(judgement, leaky());
	finish(judgement, "one_leak.txt");
}

static void several_leaks(void **state)
{
	struct ltr_judgement *judgement = new_judgement();
	struct ltr_census *census = leaky();

	(void)state;
	census_add(census, &(struct people){.id = 100,
					    .count = 9,
					    .parent = 1,
					    .age_ns = 65 * SECOND,
					    .reason = LTR_REASON_IO_READ,
					    .created = AT(F_SERVE, 7),
					    .stack = {AT(F_HANDLER, 5)}});
	census_add(census, &(struct people){.id = 200,
					    .state = LTR_STATE_RUNNING,
					    .entry = AT(F_WORKER, 0),
					    .created = AT(F_MAIN, 2)});
	census_add(census, &(struct people){.id = 201,
					    .state = LTR_STATE_QUEUED,
					    .entry = AT(F_WORKER, 0),
					    .created = AT(F_MAIN, 3)});
	census_add(census, &(struct people){.id = 202,
					    .age_ns = SECOND,
					    .reason = LTR_REASON_SLEEP,
					    .flags = LTR_IS_UNSURE,
					    .created = AT(F_MAIN, 4),
					    .stack = {AT(F_WORKER, 2), 0x99}});
	ltr_census_info_mut(census)->lost = 17;
	judge(judgement, census);
	finish(judgement, "several_leaks.txt");
}

static void deadlock(void **state)
{
	struct ltr_judgement *judgement = new_judgement();
	struct ltr_census *census = census_make(LTR_PHASE_DEADLOCK, "./httpd");

	(void)state;
	census_add(census, &(struct people){.id = 1,
					    .flags = LTR_IS_MAIN,
					    .age_ns = SECOND,
					    .reason = LTR_REASON_WAITGROUP_WAIT,
					    .entry = AT(F_MAIN, 0),
					    .stack = {AT(F_MAIN, 5)}});
	census_add(census, &(struct people){.id = 2,
					    .parent = 1,
					    .age_ns = SECOND,
					    .reason = LTR_REASON_MUTEX_LOCK,
					    .created = AT(F_MAIN, 2),
					    .stack = {AT(F_WORKER, 5)}});
	judge(judgement, census);
	finish(judgement, "deadlock.txt");
}

static void inconclusive(void **state)
{
	struct ltr_judgement *judgement = new_judgement();

	(void)state;
	assert_int_equal(ltr_judge_inconclusive(judgement, 815, "make test",
						"was killed by signal 9 (Killed)"),
			 0);
	assert_int_equal(ltr_judge_inconclusive(judgement, 0, "ls", "is not a goroutine program"),
			 0);
	finish(judgement, "inconclusive.txt");
}

static void timed_out(void **state)
{
	struct ltr_judgement *judgement = new_judgement();
	struct ltr_census *census = census_make(LTR_PHASE_RUNNING, "./httpd");
	static const struct ltr_judge_options timed = {.timeout_ns = 90 * SECOND};

	(void)state;
	census_add(census, &(struct people){.id = 1,
					    .flags = LTR_IS_MAIN,
					    .age_ns = 89 * SECOND,
					    .reason = LTR_REASON_IO_ACCEPT,
					    .entry = AT(F_MAIN, 0),
					    .stack = {AT(F_MAIN, 5)}});
	assert_int_equal(ltr_judge_census(judgement, census, &timed), 0);
	ltr_census_free(census);
	finish(judgement, "timed_out.txt");
}

static void two_processes(void **state)
{
	struct ltr_judgement *judgement = new_judgement();
	struct ltr_census *second = leaky();

	(void)state;
	ltr_census_info_mut(second)->pid = 4712;
	judge(judgement, leaky());
	judge(judgement, second);
	finish(judgement, "two_processes.txt");
}

static void hostile(void **state)
{
	struct ltr_judgement *judgement = new_judgement();
	struct ltr_census *census = census_make(LTR_PHASE_MAIN_RETURNED,
						"\033]0;title\a./\xc0\x80httpd\n\nloiter: clean");

	(void)state;
	census_add(census, &(struct people){.id = 2,
					    .age_ns = 300 * SECOND,
					    .reason = LTR_REASON_SELECT,
					    .name = "\033[2J\xe2\x80\xaename",
					    .created = AT(F_HOSTILE, 1),
					    .stack = {AT(F_HOSTILE, 2), UINT64_MAX}});
	judge(judgement, census);
	finish(judgement, "hostile.txt");
}

/* 300 places, one goroutine each: a person gets a page, and the rest by --all. */
static void long_reports_end(void **state)
{
	struct ltr_judgement *judgement = new_judgement();
	struct ltr_census *census = census_make(LTR_PHASE_MAIN_RETURNED, "./httpd");
	char *text;
	size_t lines = 0;

	(void)state;
	for (uint64_t i = 0; i < 300; i++)
		census_add(census, &(struct people){.id = 10 + i,
						    .age_ns = SECOND,
						    .reason = LTR_REASON_SLEEP,
						    .created = AT(i / 0x100, i % 0x100),
						    .stack = {AT(F_WORKER, 2)}});
	judge(judgement, census);
	text = report_text(judgement, &plain);
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	assert_in_range(lines, LTR_REPORT_LINES / 2, LTR_REPORT_LINES);
	assert_non_null(strstr(text, "loiter: 300 goroutines never exited"));
	assert_non_null(strstr(text, "--all shows them"));
	free(text);
	text = report_text(judgement, &(struct ltr_report_options){.all = true});
	assert_non_null(strstr(text, "\n[300] "));
	assert_null(strstr(text, "--all"));
	free(text);
	ltr_judgement_free(judgement);
}

static void reports_that_cannot_be_written_fail(void **state)
{
	struct ltr_judgement *judgement = new_judgement();
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	judge(judgement, leaky());
	assert_int_equal(ltr_report_write(judgement, "text", &plain, full), -ENOSPC);
	fclose(full);
	assert_int_equal(ltr_report_write(judgement, "sculpture", &plain, stdout), -EINVAL);
	assert_string_equal(ltr_report_formats()[0], "text");
	ltr_judgement_free(judgement);
}

static void every_reason_has_its_advice(void **state)
{
	const char *fallback = ltr__advice(&ltr__rule_never_exited, LTR_STATE_UNKNOWN, 250);

	(void)state;
	for (int reason = 1; reason < LTR_REASON_COUNT; reason++)
		assert_ptr_not_equal(ltr__advice(&ltr__rule_never_exited,
						 ltr_reason_state((uint8_t)reason),
						 (uint8_t)reason),
				     fallback);
	assert_ptr_not_equal(ltr__advice(&ltr__rule_never_exited, LTR_STATE_RUNNING, 0), fallback);
	assert_ptr_not_equal(ltr__advice(&ltr__rule_never_exited, LTR_STATE_QUEUED, 0), fallback);
}

static void rules_are_in_the_order_of_their_grades(void **state)
{
	(void)state;
	for (size_t i = 0; ltr__rules[i] && ltr__rules[i + 1]; i++)
		assert_true(ltr__rules[i]->grade <= ltr__rules[i + 1]->grade);
}

static void durations(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{0, "0s"},
		{999, "0us"},
		{850000, "850us"},
		{12345678, "12ms"},
		{SECOND, "1s"},
		{1250 * SECOND / 1000, "1.2s"},
		{59 * SECOND + 999999999, "59.9s"},
		{60 * SECOND, "1m"},
		{190 * SECOND, "3m10s"},
		{3600 * SECOND, "1h"},
		{7500 * SECOND, "2h5m"},
		{273600 * SECOND, "3d4h"},
		{UINT64_MAX, "213503d23h"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[64] = "";
		FILE *out = fmemopen(text, sizeof(text), "w");

		ltr__print_duration(cases[i].ns, out);
		fclose(out);
		assert_string_equal(text, cases[i].text);
	}
}

/* Every string of up to three bytes comes out as harmless UTF-8. */
static void nothing_gets_through_cleaning(void **state)
{
	(void)state;
	for (uint32_t i = 1; i < 1u << 24; i += i < 1u << 16 ? 1 : 37) {
		char bytes[4] = {(char)i, (char)(i >> 8), (char)(i >> 16), 0};
		char text[64] = "";
		FILE *out = fmemopen(text, sizeof(text), "w");

		ltr__print_clean(bytes, 0, out);
		fclose(out);
		for (const char *c = text; *c; c++)
			assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
		assert_null(strstr(text, "\xe2\x80\xae"));
		assert_null(strstr(text, "\xc2\x9b"));
	}
}

/* The compiler was given a name that is relative to another directory than ours. */
static void a_creating_call_has_its_whole_path(void **state)
{
	static const char *const files[][2] = {
		{"server.c", "/src/httpd/server.c"},
		{"./server.c", "/src/httpd/server.c"},
		{"httpd/server.c", "/src/httpd/server.c"},
		{"rver.c", "rver.c"},
		{"other/server.c", "other/server.c"},
		{"/gone/server.c", "/gone/server.c"},
		{"/src/build/../httpd/./server.c", "/src/httpd/server.c"},
		{"/../server.c", "/../server.c"},
		{"../../server.c", "../../server.c"},
		{"/a/../../b.c", "/../b.c"},
		{"/a//../b.c", "/b.c"},
		{"/a///x/..//b.c", "/a/b.c"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct ltr_judgement *judgement = new_judgement();
		struct ltr_census *census = census_make(LTR_PHASE_MAIN_RETURNED, "./httpd");

		census_add(census, &(struct people){.id = 12,
						    .parent = 1,
						    .reason = LTR_REASON_CHAN_SEND,
						    .created = AT(F_SERVE, 4),
						    .site_file = files[i][0],
						    .stack = {AT(F_RUNTIME, 1), AT(F_SEND, 2)}});
		judge(judgement, census);
		assert_int_equal(ltr_judgement_count(judgement), 1);
		assert_string_equal(ltr_judgement_at(judgement, 0)->created.file, files[i][1]);
		ltr_judgement_free(judgement);
	}
}

/* 12 waits for the object, in a send; 13 lives, and is no finding. */
static void add_waiter(struct ltr_census *census, uint64_t object, uint8_t reason)
{
	census_add(census, &(struct people){.id = 12,
					    .parent = 1,
					    .age_ns = 12 * SECOND / 10,
					    .object = object,
					    .reason = reason,
					    .created = AT(F_SERVE, 4),
					    .stack = {AT(F_RUNTIME, 1), AT(F_SEND, 2)}});
	census_add(census, &(struct people){.id = 13,
					    .flags = LTR_IS_DAEMON,
					    .reason = LTR_REASON_SLEEP,
					    .created = AT(F_SERVE, 5),
					    .stack = {AT(F_RUNTIME, 1), AT(F_WORKER, 2)}});
}

static void who_freed_a_lock_last_is_told(void **state)
{
	static const char *const formats[][2] = {
		{"text", "held by     goroutine 13, locked at pool.c:45 (worker)\n"
			 "                last to unlock: goroutine 11, which has ended\n"},
		{"github", "; last to unlock: goroutine 11, which has ended. "},
		{"json", "\"last_unlocked\":{"},
	};
	const struct ltr_lock locks[] = {{.object = 0xbeef,
					  .owner_id = 13,
					  .locked_at = AT(F_WORKER, 5) + 1,
					  .unlocker_id = 11},
					 {0}};
	struct ltr_census *census = census_make(LTR_PHASE_MAIN_RETURNED, "./httpd");
	struct ltr_judgement *judgement = new_judgement();

	(void)state;
	add_waiter(census, 0xbeef, LTR_REASON_MUTEX_LOCK);
	census_add_locks(census, locks, NULL);
	judge(judgement, census);
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		char *text = report_in(formats[i][0], judgement, &plain);

		if (!strstr(text, formats[i][1]))
			fail_msg("not in there: %s\n%s", formats[i][1], text);
		free(text);
	}
	ltr_judgement_free(judgement);
}

/* What the channel says of who should have come. */
static void the_other_end_is_named(void **state)
{
	const struct ltr_report_options report = {.strip = "/src/httpd"};
	struct ltr_object use = {
		.address = 0xc0de, .kind = LTR_OBJECT_CHANNEL, .made_pc = AT(F_HANDLER, 1) + 1};
	static const char *const names[] = {"channel_nobody.txt", "channel_ended.txt",
					    "channel_alive.txt"};
	struct ltr_census *census = census_make(LTR_PHASE_MAIN_RETURNED, "./httpd");

	(void)state;
	add_waiter(census, 0xc0de, LTR_REASON_CHAN_SEND);
	for (size_t i = 0; i < 3; i++) {
		struct ltr_judgement *judgement;
		char *text;

		use.giver_id = 12;
		use.taker_id = i == 0 ? 0 : i == 1 ? 11 : 13;
		ltr_census_objects_begin(census, ltr_census_info(census)->now_ns);
		assert_int_equal(ltr_census_object_put(census, &use), 0);
		ltr_census_objects_end(census);
		assert_int_equal(ltr_judgement_new(&judgement), 0);
		assert_int_equal(ltr_judge_census(judgement, census,
						  &(struct ltr_judge_options){.grace_ns = SECOND}),
				 0);
		text = report_text(judgement, &report);
		assert_golden(names[i], text);
		free(text);
		if (i == 2) {
			text = report_in("json", judgement, &report);
			assert_golden("channel_alive.json", text);
			free(text);
			text = report_in("github", judgement, &report);
			assert_golden("channel_alive.github", text);
			free(text);
		}
		ltr_judgement_free(judgement);
	}
	ltr_census_free(census);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_other_end_is_named),
		cmocka_unit_test(a_creating_call_has_its_whole_path),
		cmocka_unit_test(who_freed_a_lock_last_is_told),
		cmocka_unit_test(clean),
		cmocka_unit_test(one_leak),
		cmocka_unit_test(several_leaks),
		cmocka_unit_test(deadlock),
		cmocka_unit_test(inconclusive),
		cmocka_unit_test(timed_out),
		cmocka_unit_test(two_processes),
		cmocka_unit_test(hostile),
		cmocka_unit_test(long_reports_end),
		cmocka_unit_test(reports_that_cannot_be_written_fail),
		cmocka_unit_test(every_reason_has_its_advice),
		cmocka_unit_test(rules_are_in_the_order_of_their_grades),
		cmocka_unit_test(durations),
		cmocka_unit_test(nothing_gets_through_cleaning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
