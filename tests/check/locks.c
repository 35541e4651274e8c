/* SPDX-License-Identifier: MIT */
/*
 * Deadlocks by locks, from censuses filled by hand: each pattern by its name, and beside it what looks
 * like it and is none.
 */
#include <stdlib.h>
#include <string.h>

#include <check/baseline.h>

#include "fixture.h"

#define A 0xa000
#define B 0xb000
#define C 0xc000

#define TWO_LOOKS true

/* A program: who waits, and who holds. Lists end at an id or object 0. */
struct scene {
	struct people people[8];
	struct ltr_lock locks[4];
	struct ltr_reader readers[6];
	uint32_t phase; /* 0: running */
	bool main_is_there;
	uint64_t unreadable;
};

/* Waits at a place of its own, made where `serve` makes them. */
#define WAITS(id_, reason_, object_)                                                             \
	{                                                                                        \
		.id = (id_), .reason = LTR_REASON_##reason_, .object = (object_),                \
		.age_ns = 2 * SECOND, .created = AT(F_SERVE, (id_) % 8), .parent = 1, .stack = { \
			AT(F_RUNTIME, 1),                                                        \
			AT(F_WORKER, (id_) % 8)                                                  \
		}                                                                                \
	}

static struct ltr_census *film(const struct scene *scene)
{
	struct ltr_census *census =
		census_make(scene->phase ? scene->phase : LTR_PHASE_RUNNING, "./httpd");

	census_add(census, &(struct people){.id = 1,
					    .flags = LTR_IS_MAIN,
					    .reason = LTR_REASON_SLEEP,
					    .stack = {AT(F_MAIN, 5)}});
	for (size_t i = 0; scene->people[i].id; i++)
		census_add(census, &scene->people[i]);
	census_add_locks(census, scene->locks, scene->readers);
	ltr_census_info_mut(census)->unreadable = scene->unreadable;
	return census;
}

/* The judgement of `now`, after a look at `before`; NULL: without one. */
static struct ltr_judgement *judge(const struct scene *before, const struct scene *now)
{
	struct ltr_judge_options options = {.alive = true};
	struct ltr_judgement *judgement = NULL;
	struct ltr_census *first = before ? film(before) : NULL;
	struct ltr_census *second = film(now);
	struct ltr_look *look = NULL;

	if (first)
		assert_int_equal(ltr_look_new(first, &look), 0);
	options.earlier = look;
	assert_int_equal(ltr_judgement_new(&judgement), 0);
	assert_int_equal(ltr_judge_census(judgement, second, &options), 0);
	ltr_look_free(look);
	ltr_census_free(first);
	ltr_census_free(second);
	return judgement;
}

/* The only finding of a scene that lasts is of this rule, and about so many. */
static const struct ltr_finding *only(struct ltr_judgement *judgement, const char *rule,
				      uint64_t count)
{
	assert_int_equal(ltr_judgement_count(judgement), 1);
	const struct ltr_finding *finding = ltr_judgement_at(judgement, 0);

	assert_string_equal(ltr_rule_name(finding->rule), rule);
	assert_int_equal(finding->grade, LTR_GRADE_DEADLOCK);
	assert_int_equal(finding->count, count);
	assert_int_equal(ltr_judgement_status(judgement, 0, 0), 23);
	return finding;
}

static void nothing(const struct scene *before, const struct scene *now)
{
	struct ltr_judgement *judgement = judge(before, now);

	assert_int_equal(ltr_judgement_count(judgement), 0);
	ltr_judgement_free(judgement);
}

static const struct scene ab_ba = {
	.people = {WAITS(2, MUTEX_LOCK, B), WAITS(3, MUTEX_LOCK, A)},
	.locks = {{.object = A, .owner_id = 2, .locked_at = AT(F_WORKER, 1) + 1},
		  {.object = B, .owner_id = 3, .locked_at = AT(F_HANDLER, 9) + 1}},
};

static void two_locks_in_two_orders(void **state)
{
	struct ltr_judgement *judgement = judge(&ab_ba, &ab_ba);
	const struct ltr_finding *finding = only(judgement, "lock-order", 2);

	(void)state;
	assert_int_equal(finding->cycle_count, 2);
	assert_int_equal(finding->cycle[0]->member[0].id, 2);
	assert_int_equal(finding->cycle[0]->lock->address, B);
	assert_int_equal(finding->cycle[0]->lock->holder_id, 3);
	assert_int_equal(finding->cycle[1]->member[0].id, 3);
	assert_int_equal(finding->cycle[1]->lock->holder_id, 2);
	assert_false(finding->cycle[1]->lock->reading || finding->cycle[1]->lock->ended);
	assert_int_equal(finding->behind, 0);
	char *text = report_text(judgement, &(struct ltr_report_options){.strip = "/src/httpd"});
	assert_golden("ab_ba.txt", text);
	free(text);
	for (const char *const *format = ltr_report_formats(); *format; format++) {
		text = report_in(*format, judgement, &(struct ltr_report_options){0});
		assert_non_null(strstr(text, "Take the two locks in the same order"));
		assert_non_null(strstr(text, "goroutine"));
		free(text);
	}
	ltr_judgement_free(judgement);
}

static void what_does_not_last_is_nothing(void **state)
{
	struct scene other = ab_ba;

	(void)state;
	nothing(NULL, &ab_ba); /* one look proves nothing while it runs */
	nothing(&(struct scene){0}, &ab_ba);

	other.people[1].moved = 2; /* has been woken meanwhile, and waits again */
	nothing(&other, &ab_ba);
	nothing(&ab_ba, &other);

	other = ab_ba;
	other.locks[0].owner_id = 4; /* had another holder */
	nothing(&other, &ab_ba);
	other = ab_ba;
	other.people[0].object = C;
	nothing(&other, &ab_ba);
}

static void who_can_still_move_is_in_no_cycle(void **state)
{
	struct scene other = ab_ba;

	(void)state;
	other.people[1].flags = LTR_IS_TIMED;
	nothing(&other, &other);
	other.people[1].flags = LTR_IS_UNSURE;
	struct ltr_judgement *judgement = judge(&other, &other); /* that is said, and no deadlock */
	assert_int_equal(ltr_judgement_at(judgement, 0)->grade, LTR_GRADE_INCONCLUSIVE);
	ltr_judgement_free(judgement);
	other = ab_ba;
	other.locks[1].stray_unlock = true; /* others unlock it */
	nothing(&other, &other);
	other = ab_ba;
	other.people[1].reason = LTR_REASON_CHAN_RECEIVE; /* its object is no lock then */
	nothing(&other, &other);
	other = ab_ba;
	other.locks[1].owner_id = 0;
	nothing(&other, &other);
	other.locks[1].object = C; /* could not be read */
	nothing(&other, &other);
}

static void at_a_standstill_one_look_is_enough(void **state)
{
	struct scene scene = ab_ba;

	(void)state;
	scene.phase = LTR_PHASE_DEADLOCK;
	struct ltr_judgement *judgement = judge(NULL, &scene);
	/* and who waits for them in other ways is asleep, as before */
	assert_int_equal(ltr_judgement_count(judgement), 2);
	assert_string_equal(ltr_rule_name(ltr_judgement_at(judgement, 0)->rule), "lock-order");
	assert_string_equal(ltr_rule_name(ltr_judgement_at(judgement, 1)->rule), "all-asleep");
	assert_int_equal(ltr_judgement_at(judgement, 1)->member[0].id, 1);
	ltr_judgement_free(judgement);
}

static void a_lock_taken_twice(void **state)
{
	static const struct scene scene = {
		.people = {WAITS(2, MUTEX_LOCK, A), WAITS(3, MUTEX_LOCK, A),
			   WAITS(4, MUTEX_LOCK, A)},
		.locks = {{.object = A, .owner_id = 3}},
	};
	struct ltr_judgement *judgement = judge(&scene, &scene);
	const struct ltr_finding *finding = only(judgement, "double-lock", 1);

	(void)state;
	assert_int_equal(finding->member[0].id, 3);
	assert_int_equal(finding->cycle_count, 0);
	assert_int_equal(finding->lock->holder_id, 3);
	assert_int_equal(finding->behind, 2); /* the others are no finding of their own */
	assert_int_equal(finding->behind_id, 2);
	char *text = report_text(judgement, &(struct ltr_report_options){.strip = "/src/httpd"});
	assert_golden("double_lock.txt", text);
	free(text);
	ltr_judgement_free(judgement);
}

/* Many who have made the same mistake, each with a lock of its own, are one finding. */
static void a_thousand_locks_taken_twice(void **state)
{
	enum { COUNT = 1000 };
	struct ltr_lock *locks = calloc(COUNT + 1, sizeof(*locks));
	struct ltr_judgement *judgement = NULL;
	struct ltr_census *census = census_make(LTR_PHASE_DEADLOCK, "./httpd");
	struct people one = WAITS(2, MUTEX_LOCK, 0);

	(void)state;
	assert_non_null(locks);
	for (uint64_t i = 0; i < COUNT; i++) {
		one.id = 2 + i;
		one.object = A + 64 * i;
		census_add(census, &one);
		locks[i] = (struct ltr_lock){.object = one.object, .owner_id = one.id};
	}
	census_add_locks(census, locks, NULL);
	assert_int_equal(ltr_judgement_new(&judgement), 0);
	assert_int_equal(ltr_judge_census(judgement, census, &(struct ltr_judge_options){0}), 0);
	only(judgement, "double-lock", COUNT);
	ltr_judgement_free(judgement);
	ltr_census_free(census);
	free(locks);
}

static void a_once_in_itself(void **state)
{
	static const struct scene scene = {
		.people = {WAITS(2, ONCE_DO, A)},
		.locks = {{.object = A, .owner_id = 2}},
	};
	struct ltr_judgement *judgement = judge(&scene, &scene);

	(void)state;
	only(judgement, "once-in-once", 1);
	ltr_judgement_free(judgement);
}

static const struct scene rwr = {
	.people = {WAITS(2, RWMUTEX_RLOCK, A), WAITS(3, RWMUTEX_LOCK, A)},
	.locks = {{.object = A, .readers = 1}},
	.readers = {{A, 2}},
};

static void reader_writer_reader(void **state)
{
	struct ltr_judgement *judgement = judge(&rwr, &rwr);
	const struct ltr_finding *finding = only(judgement, "reader-writer-reader", 1);

	(void)state;
	assert_int_equal(finding->member[0].id, 2);
	assert_true(finding->lock->reading);
	assert_int_equal(finding->lock->writer_id, 3);
	assert_int_equal(finding->behind, 1);
	assert_int_equal(finding->behind_id, 3);
	char *text = report_text(judgement, &(struct ltr_report_options){.strip = "/src/httpd"});
	assert_golden("reader_writer_reader.txt", text);
	free(text);
	ltr_judgement_free(judgement);
}

static void readers_that_are_not_certain_are_nothing(void **state)
{
	struct scene other = rwr;

	(void)state;
	other.people[1].flags = LTR_IS_TIMED; /* the writer gives up, and the reader goes on */
	nothing(&other, &other);
	other = rwr;
	other.locks[0].stray_reader = true;
	nothing(&other, &other);
	other = rwr;
	other.locks[0].readers = 0; /* it is just being handed over */
	nothing(&other, &other);
	other = rwr;
	other.readers[1] = (struct ltr_reader){A, 3}; /* two are noted, one there is */
	nothing(&other, &other);
	other = rwr;
	other.readers[0].goroutine_id = 1; /* that one only sleeps */
	nothing(&other, &other);
}

static void a_reader_that_wants_to_write(void **state)
{
	static const struct scene scene = {
		.people = {WAITS(2, RWMUTEX_LOCK, A)},
		.locks = {{.object = A, .readers = 2}}, /* of the other one nothing is known */
		.readers = {{A, 2}},
	};
	struct ltr_judgement *judgement = judge(&scene, &scene);

	(void)state;
	only(judgement, "lock-upgrade", 1);
	ltr_judgement_free(judgement);
}

static void a_writer_that_wants_to_read(void **state)
{
	static const struct scene scene = {
		.people = {WAITS(2, RWMUTEX_RLOCK, A)},
		.locks = {{.object = A, .owner_id = 2}},
	};
	struct ltr_judgement *judgement = judge(&scene, &scene);

	(void)state;
	only(judgement, "double-lock", 1);
	ltr_judgement_free(judgement);
}

static void a_circle_and_who_waits_behind_it(void **state)
{
	static const struct scene scene = {
		.people = {WAITS(5, MUTEX_LOCK, A), WAITS(4, MUTEX_LOCK, C),
			   WAITS(3, MUTEX_LOCK, B), WAITS(2, MUTEX_LOCK, A),
			   WAITS(6, MUTEX_LOCK, A + 64)},
		.locks = {{.object = A, .owner_id = 3},
			  {.object = B, .owner_id = 4},
			  {.object = C, .owner_id = 5},
			  {.object = A + 64, .owner_id = 2}},
	};
	struct ltr_judgement *judgement = judge(&scene, &scene);
	const struct ltr_finding *finding = only(judgement, "lock-cycle", 3);

	(void)state;
	assert_int_equal(finding->cycle[0]->member[0].id, 3);
	assert_int_equal(finding->cycle[1]->member[0].id, 4);
	assert_int_equal(finding->cycle[2]->member[0].id, 5);
	assert_int_equal(finding->behind, 2); /* 2, and 6 behind 2 */
	ltr_judgement_free(judgement);
}

static void the_holder_has_ended(void **state)
{
	struct scene scene = {
		.people = {WAITS(2, MUTEX_LOCK, A)},
		.locks = {{.object = A, .owner_id = 77}},
	};
	struct ltr_judgement *judgement = judge(&scene, &scene);
	const struct ltr_finding *finding = only(judgement, "abandoned-lock", 1);

	(void)state;
	assert_true(finding->lock->ended);
	assert_int_equal(finding->lock->holder_id, 77);
	ltr_judgement_free(judgement);
	scene.locks[0].stray_unlock = true; /* somebody else will unlock it */
	nothing(&scene, &scene);
	scene.locks[0].stray_unlock = false;
	scene.people[1] = (struct people){.id = 77, .state = LTR_STATE_RUNNING};
	nothing(&scene, &scene);
	scene.people[1].id = 0;
	scene.unreadable = 1; /* it may be that one */
	judgement = judge(&scene, &scene);
	assert_int_equal(ltr_judgement_at(judgement, 0)->grade, LTR_GRADE_INCONCLUSIVE);
	ltr_judgement_free(judgement);
}

static void the_holder_has_leaked(void **state)
{
	static const struct scene scene = {
		.people = {WAITS(2, CHAN_SEND_NIL, 0), WAITS(3, MUTEX_LOCK, A),
			   WAITS(4, MUTEX_LOCK, B)},
		.locks = {{.object = A, .owner_id = 2}, {.object = B, .owner_id = 3}},
	};
	struct scene other = scene;
	struct ltr_judgement *judgement = judge(&scene, &scene);
	const struct ltr_finding *finding = ltr_judgement_at(judgement, 1);

	(void)state;
	assert_int_equal(ltr_judgement_count(judgement), 2);
	assert_string_equal(ltr_rule_name(ltr_judgement_at(judgement, 0)->rule), "hopeless");
	assert_string_equal(ltr_rule_name(finding->rule), "held-for-ever");
	assert_int_equal(finding->grade, LTR_GRADE_LEAKED);
	assert_int_equal(finding->member[0].id, 3);
	assert_int_equal(finding->behind, 1);
	ltr_judgement_free(judgement);

	/* It came there only now: it may have taken the lock after the others were seen. */
	other.people[0].moved = 2;
	judgement = judge(&other, &scene);
	assert_int_equal(ltr_judgement_count(judgement), 1);
	ltr_judgement_free(judgement);
	judgement = judge(NULL, &scene);
	assert_int_equal(ltr_judgement_count(judgement), 1);
	ltr_judgement_free(judgement);
}

static struct ltr_judgement *judge_with(const char *entries, uint64_t *ret_stale)
{
	char text[512];
	struct ltr_baseline *baseline = NULL;
	struct ltr_judgement *judgement = NULL;
	struct ltr_census *census = film(&ab_ba);
	struct ltr_look *look = NULL;
	struct ltr_baseline_error why;

	snprintf(text, sizeof(text), "loiter baseline 1\n%s", entries);
	assert_int_equal(ltr_baseline_parse(text, strlen(text), &baseline, &why), 0);
	assert_int_equal(ltr_look_new(census, &look), 0);
	assert_true(ltr_look_suspects(look));
	assert_int_equal(ltr_judgement_new(&judgement), 0);
	assert_int_equal(ltr_judge_census(judgement, census,
					  &(struct ltr_judge_options){.alive = true,
								      .earlier = look,
								      .baseline = baseline}),
			 0);
	*ret_stale = 0;
	for (size_t i = 0; i < ltr_baseline_count(baseline); i++)
		*ret_stale += ltr_baseline_stale(baseline, i);
	ltr_look_free(look);
	ltr_census_free(census);
	ltr_baseline_free(baseline);
	return judgement;
}

/* A cycle is excused whole or not at all. */
static void a_baseline_knows_a_cycle(void **state)
{
	uint64_t stale, left_out;
	struct ltr_judgement *judgement =
		judge_with("2 function \"worker\" creator \"serve\" reason \"sync.Mutex.Lock\" "
			   "grade \"deadlock\"\n",
			   &stale);
	char *written = NULL;
	size_t bytes = 0;

	(void)state;
	assert_int_equal(stale, 0);
	assert_int_equal(ltr_judgement_count(judgement), 1);
	assert_true(ltr_judgement_at(judgement, 0)->excused);
	assert_int_equal(ltr_judgement_at(judgement, 0)->cycle_count, 2);
	assert_int_equal(ltr_judgement_status(judgement, 0, 0), 0);
	ltr_judgement_free(judgement);

	judgement = judge_with("1 function \"worker\" grade \"deadlock\"\n", &stale);
	assert_int_equal(ltr_judgement_count(judgement), 1);
	assert_false(ltr_judgement_at(judgement, 0)->excused);
	assert_int_equal(ltr_judgement_at(judgement, 0)->cycle_count, 2);
	assert_int_equal(ltr_judgement_status(judgement, 0, 0), 23);
	ltr_judgement_free(judgement);

	judgement = judge_with("1 function \"handle_request\" grade \"deadlock\"\n", &stale);
	assert_int_equal(stale, 1);
	assert_int_equal(ltr_judgement_count(judgement), 1);
	assert_false(ltr_judgement_at(judgement, 0)->excused);
	assert_int_equal(ltr_judgement_at(judgement, 0)->cycle_count, 2);
	assert_int_equal(ltr_judgement_status(judgement, 0, 0), 23);

	FILE *out = open_memstream(&written, &bytes);
	assert_int_equal(ltr_baseline_write(judgement, 0, out, &left_out), 0);
	fclose(out);
	assert_non_null(strstr(written, "\n2 function \"worker\" creator \"serve\" reason "
					"\"sync.Mutex.Lock\" grade \"deadlock\"\n"));
	free(written);
	ltr_judgement_free(judgement);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_locks_in_two_orders),
		cmocka_unit_test(what_does_not_last_is_nothing),
		cmocka_unit_test(who_can_still_move_is_in_no_cycle),
		cmocka_unit_test(at_a_standstill_one_look_is_enough),
		cmocka_unit_test(a_lock_taken_twice),
		cmocka_unit_test(a_thousand_locks_taken_twice),
		cmocka_unit_test(a_once_in_itself),
		cmocka_unit_test(reader_writer_reader),
		cmocka_unit_test(readers_that_are_not_certain_are_nothing),
		cmocka_unit_test(a_reader_that_wants_to_write),
		cmocka_unit_test(a_writer_that_wants_to_read),
		cmocka_unit_test(a_circle_and_who_waits_behind_it),
		cmocka_unit_test(the_holder_has_ended),
		cmocka_unit_test(the_holder_has_leaked),
		cmocka_unit_test(a_baseline_knows_a_cycle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
