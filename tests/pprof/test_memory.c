/* SPDX-License-Identifier: MIT */

/*
 * No memory: the n-th allocation fails, for every n until none does. Each form answers -ENOMEM, and
 * the address sanitizer sees that nothing is left behind. The linker's --wrap leads the calls that
 * pprof/ makes here; those inside of shared libraries (zlib, json-c) are left alone.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pprof/json.h>
#include <pprof/metrics.h>
#include <pprof/output.h>
#include <pprof/text.h>

#include "../no_memory.h"
#include "fixture.h"

static int discard(void *context, const void *data, size_t bytes)
{
	(void)context;
	(void)data;
	(void)bytes;
	return 0;
}

static int goroutine(const struct ltr_census *census, struct ltr_sink sink)
{
	return ltr_profile_write(census, ltr_profile_type_find("goroutine"), NULL, sink);
}

static int single(const struct ltr_census *census, struct ltr_sink sink)
{
	static const struct ltr_profile_options options = {.per_goroutine = true};

	return ltr_profile_write(census, ltr_profile_type_find("wait"), &options, sink);
}

static int merged(const struct ltr_census *census, struct ltr_sink sink)
{
	const struct ltr_census *const both[] = {census, census};

	return ltr_profile_write_all(both, 2, ltr_profile_type_find("wall"), NULL, sink);
}

static int debug1(const struct ltr_census *census, struct ltr_sink sink)
{
	return ltr_text_debug1(census, ltr_profile_type_find("wait"), sink);
}

static int folded(const struct ltr_census *census, struct ltr_sink sink)
{
	return ltr_profile_folded(census, ltr_profile_type_find("wall"), NULL, sink);
}

static int delta(const struct ltr_census *census, struct ltr_sink sink)
{
	struct ltr_profile_base *base;
	int err = ltr_profile_base_new(census, ltr_profile_type_find("create"), NULL, &base);
	struct ltr_profile_options options = {.base = base};

	if (err)
		return err;
	err = ltr_profile_write(census, ltr_profile_type_find("create"), &options, sink);
	ltr_profile_base_free(base);
	return err;
}

static int file(const struct ltr_census *census, struct ltr_sink sink)
{
	struct ltr_output *output;
	int err = ltr_output_open("/dev/null", true, &output);

	(void)census;
	(void)sink;
	return err ? err : ltr_output_commit(output);
}

static void every_allocation_may_fail(void **state)
{
	int (*const forms[])(const struct ltr_census *census, struct ltr_sink sink) = {
		goroutine, single,          merged,         debug1, folded,
		delta,     ltr_text_debug2, ltr_json_write, file};
	const struct ltr_sink sink = {discard, NULL};
	struct ltr_census *census = fixture_census(true);

	(void)state;
	/* What the census remembers of symbols is not ours to fail. */
	assert_int_equal(goroutine(census, sink), 0);
	assert_int_equal(delta(census, sink), 0);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		unsigned int n = 0;

		do {
			int err;

			failed = false;
			left = ++n;
			err = forms[i](census, sink);
			left = 0;
			assert_int_equal(err, failed ? -ENOMEM : 0);
		} while (failed);
		assert_true(n > 1);
	}
	ltr_census_free(census);
}

static int mutex(const struct ltr_census *census, struct ltr_sink sink)
{
	return ltr_profile_folded(census, ltr_profile_type_find("mutex"), NULL, sink);
}

static int waits(const struct ltr_census *census, struct ltr_sink sink)
{
	return ltr_profile_folded(census, ltr_profile_type_find("wait"), NULL, sink);
}

static int metrics(const struct ltr_census *census, struct ltr_sink sink)
{
	static const struct ltr_metrics_options options;

	return ltr_metrics_write(census, &options, sink);
}

/* Nobody has looked at the waits yet; the first to do so needs memory. */
static struct ltr_census *census_with_waits(void)
{
	static const struct ltr_clock_rate clock = {.ns_per_tick = 1};
	struct ltr_census *census = fixture_empty();

	assert_int_equal(ltr_census_keep_waits(census), 0);
	for (uint64_t id = 1; id <= 100; id++) {
		const struct ltr_event events[] = {
			{id, 991 * SECOND_NS, 0, 1, LTR_KIND_CREATE, 0, 0, 0},
			{id, 992 * SECOND_NS, 0, 2, LTR_KIND_START, 0, 0, 0},
			{id, 993 * SECOND_NS, id << 12, 3, LTR_KIND_PARK, LTR_REASON_MUTEX_LOCK, 0,
			 0},
		};

		assert_int_equal(ltr_census_apply(census, &clock, 0, (id - 1) * 3, events, 3), 0);
	}
	ltr_census_advance(census, FIXTURE_NOW_NS);
	return census;
}

static void waits_may_fail(void **state)
{
	int (*const forms[])(const struct ltr_census *census,
			     struct ltr_sink sink) = {waits, mutex, metrics, ltr_json_write};
	const struct ltr_sink sink = {discard, NULL};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		unsigned int n = 0;

		do {
			struct ltr_census *census = census_with_waits();
			int err;

			failed = false;
			left = ++n;
			err = forms[i](census, sink);
			left = 0;
			assert_int_equal(err, failed ? -ENOMEM : 0);
			ltr_census_free(census);
		} while (failed);
		assert_true(n > 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_may_fail),
		cmocka_unit_test(waits_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
