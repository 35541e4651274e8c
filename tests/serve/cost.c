/* SPDX-License-Identifier: MIT */

/* What a question makes the program pay for, before it is answered. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <serve/internal.h>

#include "../pprof/fixture.h"

struct cost {
	unsigned int refreshes;
	unsigned int proofs;
	unsigned int samplings;
	unsigned int seconds; /* that were to be sampled, all in all */
};

static void refresh(void *context)
{
	((struct cost *)context)->refreshes++;
}

static int prove(void *context, char *why, size_t bytes)
{
	(void)why;
	(void)bytes;
	((struct cost *)context)->proofs++;
	return 0;
}

static int refuse_to_prove(void *context, char *why, size_t bytes)
{
	(void)context;
	snprintf(why, bytes, "nobody may");
	return -1;
}

static int sample_cpu(void *context, unsigned int seconds, char *why, size_t bytes)
{
	(void)why;
	(void)bytes;
	((struct cost *)context)->samplings++;
	((struct cost *)context)->seconds += seconds;
	return 0;
}

struct row {
	struct ltr__question question;
	unsigned int status; /* 0: it waits */
	struct cost cost;
};

#define LEAKS "/debug/pprof/goroutineleak"
#define CPU   "/debug/pprof/cpu"

static const struct row rows[] = {
	{{.path = LEAKS}, 200, {.refreshes = 1, .proofs = 1}},
	{{.path = LEAKS, .debug = "1"}, 200, {.refreshes = 1, .proofs = 1}},
	{{.path = LEAKS, .seconds = "1"}, 0, {.refreshes = 1, .proofs = 1}},
	{{.path = LEAKS, .is_head = true}, 200, {.refreshes = 1}},
	{{.path = LEAKS, .seconds = "x"}, 400, {0}},
	{{.path = LEAKS, .seconds = "-1"}, 400, {0}},
	{{.path = LEAKS, .seconds = "3601"}, 400, {0}},
	{{.path = LEAKS, .seconds = "1", .debug = "1"}, 400, {0}},
	{{.path = CPU}, 200, {.refreshes = 1, .samplings = 1, .seconds = 60}},
	{{.path = CPU, .is_head = true}, 200, {.refreshes = 1}},
	{{.path = CPU, .seconds = "7"}, 0, {.refreshes = 1, .samplings = 1, .seconds = 7}},
	{{.path = CPU, .seconds = "x"}, 400, {0}},
	{{.path = "/debug/pprof/profile"}, 0, {.refreshes = 1, .samplings = 1, .seconds = 30}},
	{{.path = "/debug/pprof/profile", .seconds = "3601"}, 400, {0}},
	{{.path = "/debug/pprof/goroutine"}, 200, {.refreshes = 1}},
	{{.path = "/debug/pprof/heap"}, 404, {0}},
};

static void what_is_refused_costs_nothing(void **state)
{
	struct ltr_census *census = fixture_census(false);

	(void)state;
	ltr_census_info_mut(census)->way = LTR_WAY_SHM; /* by snapshots every page takes one */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cost cost = {0};
		const struct ltr_serve_source source = {.census = census,
							.refresh = refresh,
							.prove = prove,
							.sample_cpu = sample_cpu,
							.context = &cost};
		struct ltr__budget budget = {0};
		struct ltr__answer answer = {.body.budget = &budget};
		const struct row *row = &rows[i];

		print_message("%s seconds=%s\n", row->question.path,
			      row->question.seconds ? row->question.seconds : "");
		ltr__page(&source, &row->question, &answer);
		if (row->status)
			assert_int_equal(answer.status, row->status);
		assert_int_equal(answer.wait_base != NULL, row->status == 0);
		assert_int_equal(cost.refreshes, row->cost.refreshes);
		assert_int_equal(cost.proofs, row->cost.proofs);
		assert_int_equal(cost.samplings, row->cost.samplings);
		assert_int_equal(cost.seconds, row->cost.seconds);
		ltr_profile_base_free(answer.wait_base);
		ltr__body_done(&answer.body);
	}
	ltr_census_free(census);
}

static void who_cannot_look_says_so(void **state)
{
	static const char expected[] = "Could not look for leaked goroutines: nobody may\n";
	struct ltr_census *census = fixture_census(false);
	const struct ltr_serve_source source = {.census = census, .prove = refuse_to_prove};
	const struct ltr__question question = {.path = LEAKS, .seconds = "1"};
	struct ltr__budget budget = {0};
	struct ltr__answer answer = {.body.budget = &budget};

	(void)state;
	ltr__page(&source, &question, &answer);
	assert_int_equal(answer.status, 500);
	assert_true(answer.is_pprof_error);
	assert_null(answer.wait_base);
	assert_int_equal(answer.body.bytes, sizeof(expected) - 1);
	assert_memory_equal(answer.body.data, expected, sizeof(expected) - 1);
	ltr__body_done(&answer.body);
	ltr_census_free(census);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_refused_costs_nothing),
		cmocka_unit_test(who_cannot_look_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
