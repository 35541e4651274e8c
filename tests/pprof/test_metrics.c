/* SPDX-License-Identifier: MIT */

/* The metrics page of a census with a history that was made by hand, against golden files. */

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pprof/metrics.h>

#include "fixture.h"

#define START_NS (FIXTURE_NOW_NS - 10 * SECOND_NS)

struct life {
	struct ltr_census *census;
	uint64_t id;
	uint64_t now_ns;
	uint64_t position;
	uint32_t sequence;
};

static void becomes(struct life *life, uint8_t kind, uint8_t reason, uint64_t after_ns)
{
	static const struct ltr_clock_rate nanoseconds = {0, 0, 1.0};

	life->now_ns += after_ns;
	const struct ltr_event event = {.goroutine = life->id,
					.kind = kind,
					.reason = reason,
					.sequence = ++life->sequence,
					.ticks = life->now_ns};

	assert_int_equal(
		ltr_census_apply(life->census, &nanoseconds, 0, life->position++, &event, 1), 0);
}

/* Queued for each of these times, then as long again in a wait. */
static const uint64_t times_ns[] = {0, 64, 65, 256, 257, 1000000, SECOND_NS, 300 * SECOND_NS};

static struct ltr_census *made(bool lossy)
{
	struct life life = {.census = fixture_empty(), .id = 7, .now_ns = START_NS};

	ltr_census_info_mut(life.census)->way = LTR_WAY_SHM;
	assert_int_equal(ltr_census_keep_waits(life.census), 0);
	becomes(&life, LTR_KIND_CREATE, 0, 1);
	for (size_t i = 0; i < sizeof(times_ns) / sizeof(times_ns[0]); i++) {
		becomes(&life, LTR_KIND_START, 0, times_ns[i]);
		becomes(&life, LTR_KIND_PARK, i % 2 ? LTR_REASON_CHAN_SEND : LTR_REASON_MUTEX_LOCK,
			10);
		becomes(&life, LTR_KIND_READY, 0, times_ns[i]);
	}
	becomes(&life, LTR_KIND_START, 0, 100);
	/* Of a runtime that knows a reason which we do not; and one that has not ended. */
	becomes(&life, LTR_KIND_PARK, LTR_REASON_COUNT + 3, 10);
	becomes(&life, LTR_KIND_READY, 0, 2000);
	becomes(&life, LTR_KIND_START, 0, 100);
	becomes(&life, LTR_KIND_PARK, LTR_REASON_SLEEP, 10);
	ltr_census_advance(life.census, life.now_ns + 5 * SECOND_NS);
	if (lossy)
		ltr_census_note_loss(life.census, 12);
	return life.census;
}

static const struct ltr_metrics_grade grades[] = {{"deadlock", 1, 2}, {"never exited", 0, 0}};

static const struct page {
	const char *golden;
	struct ltr_metrics_options options;
	bool lossy;
} pages[] = {
	{"metrics.prometheus", {.grades = grades, .grade_count = 2}, false},
	{"metrics-lossy.prometheus", {.format = LTR_METRICS_PROMETHEUS}, true},
	{"metrics.openmetrics",
	 {.format = LTR_METRICS_OPENMETRICS, .grades = grades, .grade_count = 2},
	 false},
};

#define PAGE_COUNT (sizeof(pages) / sizeof(pages[0]))

static void pages_are_golden(void **state)
{
	bool all = true;

	(void)state;
	for (size_t i = 0; i < PAGE_COUNT; i++) {
		struct ltr_census *census = made(pages[i].lossy);
		struct memory memory = {0};

		assert_int_equal(ltr_metrics_write(census, &pages[i].options, memory_sink(&memory)),
				 0);
		all &= is_golden(pages[i].golden, memory.data, memory.bytes);
		memory_done(&memory);
		ltr_census_free(census);
	}
	assert_true(all);
}

static const struct ltr_metrics_options prometheus = {.format = LTR_METRICS_PROMETHEUS};

/* The number of a line; fails the test if there is none that begins so. */
static double value_of(const char *page, const char *series)
{
	const char *at = strstr(page, series);

	if (!at) {
		fail_msg("no %s", series);
		return 0;
	}
	return strtod(at + strlen(series), NULL);
}

/* What has ended and what has not are together what the spans say. */
static void histograms_agree_with_spans(void **state)
{
	struct ltr_census *census = made(false);
	struct memory memory = {0};

	(void)state;
	assert_int_equal(ltr_metrics_write(census, &prometheus, memory_sink(&memory)), 0);
	const char *page = memory.data;
	assert_true(value_of(page, "loiter_spans_total{state=\"queued\",reason=\"\"} ") ==
		    value_of(page, "go_sched_latencies_seconds_count "));
	assert_true(value_of(page, "loiter_span_seconds_total{state=\"queued\",reason=\"\"} ") ==
		    value_of(page, "go_sched_latencies_seconds_sum "));
	assert_true(value_of(page, "go_sched_latencies_seconds_bucket{le=\"+Inf\"} ") ==
		    value_of(page, "go_sched_latencies_seconds_count "));
	assert_true(value_of(page, "loiter_spans_total{state=\"sleep\",reason=\"sleep\"} ") == 1);
	assert_null(strstr(page, "loiter_wait_seconds_count{state=\"sleep\""));
	memory_done(&memory);
	ltr_census_free(census);
}

/* Without totals there is no histogram that could be mistaken for one of nothing. */
static void snapshots_have_no_histogram(void **state)
{
	struct ltr_census *census = fixture_census(false);
	struct memory memory = {0};

	(void)state;
	assert_int_equal(ltr_metrics_write(census, &prometheus, memory_sink(&memory)), 0);
	assert_null(strstr(memory.data, "_bucket"));
	assert_non_null(strstr(memory.data, "\ngo_goroutines 14\n"));
	memory_done(&memory);
	ltr_census_free(census);
}

static void a_failing_sink_fails_the_page(void **state)
{
	struct ltr_census *census = made(false);
	struct memory memory = {.fail_at = 1};

	(void)state;
	assert_int_equal(ltr_metrics_write(census, &prometheus, memory_sink(&memory)), -ENOSPC);
	memory_done(&memory);
	ltr_census_free(census);
}

/* RFC 9110, as far as it takes to choose between two forms. */
static void clients_get_the_form_that_they_want(void **state)
{
	static const char om[] = "application/openmetrics-text";
	static const struct {
		const char *accept;
		enum ltr_metrics_format format;
	} clients[] = {
		{NULL, LTR_METRICS_PROMETHEUS},
		{"", LTR_METRICS_PROMETHEUS},
		{"*/*", LTR_METRICS_PROMETHEUS},
		{"text/html", LTR_METRICS_PROMETHEUS},
		{om, LTR_METRICS_OPENMETRICS},
		{"Application/OpenMetrics-Text; Version=\"1.0.0\"", LTR_METRICS_OPENMETRICS},
		/* Prometheus 2.5, 2.40, 3.0 and, with native histograms, 3.0 */
		{"application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,"
		 "*/*;q=0.1",
		 LTR_METRICS_PROMETHEUS},
		{"application/openmetrics-text;version=1.0.0,"
		 "application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,"
		 "*/*;q=0.1",
		 LTR_METRICS_OPENMETRICS},
		{"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
		 "application/openmetrics-text;version=0.0.1;q=0.4,"
		 "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,"
		 "*/*;q=0.1",
		 LTR_METRICS_OPENMETRICS},
		{"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
		 "encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,"
		 "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
		 LTR_METRICS_OPENMETRICS},
		/* qualities */
		{"text/plain;version=0.0.4;q=0.9,application/openmetrics-text;q=0.1",
		 LTR_METRICS_PROMETHEUS},
		{"application/openmetrics-text ;\tq=0.2 , text/plain ; q=0.1",
		 LTR_METRICS_OPENMETRICS},
		{"text/plain,application/openmetrics-text", LTR_METRICS_OPENMETRICS},
		{"text/plain;x=\"a,application/openmetrics-text,b\"", LTR_METRICS_PROMETHEUS},
		{"text/plain;x=\"a\\\",application/openmetrics-text", LTR_METRICS_PROMETHEUS},
		{"application/*, text/plain;q=0.5", LTR_METRICS_OPENMETRICS},
		{"application/*;q=0.3, text/plain;q=0.5", LTR_METRICS_PROMETHEUS},
		{"text/*;q=0.9,application/openmetrics-text;q=0.8", LTR_METRICS_PROMETHEUS},
		{"text/plain;q=0.1,text/*,application/openmetrics-text;q=0.8",
		 LTR_METRICS_OPENMETRICS},
		{"application/openmetrics-text;q=0", LTR_METRICS_PROMETHEUS},
		{"application/openmetrics-text;q=", LTR_METRICS_PROMETHEUS},
		{"application/openmetrics-text;q=nan", LTR_METRICS_PROMETHEUS},
		{"application/openmetrics-text;q=1e9", LTR_METRICS_PROMETHEUS},
		{"application/openmetrics-text;q=2", LTR_METRICS_PROMETHEUS},
		{"application/openmetrics-text;q=0.1234", LTR_METRICS_PROMETHEUS},
		{"application/openmetrics-text;q=0.002,text/plain;q=0.001",
		 LTR_METRICS_OPENMETRICS},
		{"application/openmetrics-text;q=0.001,text/plain;q=0.002", LTR_METRICS_PROMETHEUS},
		{"application/openmetrics-text;q=1.000,text/plain;q=0.999",
		 LTR_METRICS_OPENMETRICS},
		{"application/openmetrics-text;q=0.,text/plain;q=0.", LTR_METRICS_PROMETHEUS},
		/* what we do not write, and what is nothing */
		{"application/openmetrics-text;version=2.0.0", LTR_METRICS_PROMETHEUS},
		{"application/openmetrics-text-2", LTR_METRICS_PROMETHEUS},
		{"text/x-application/openmetrics-text", LTR_METRICS_PROMETHEUS},
		{",;,=;=,;q=;;version,\"", LTR_METRICS_PROMETHEUS},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(clients) / sizeof(clients[0]); i++)
		if (ltr_metrics_accepted(clients[i].accept) != clients[i].format)
			fail_msg("not the form for Accept: %s", clients[i].accept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_are_golden),
		cmocka_unit_test(histograms_agree_with_spans),
		cmocka_unit_test(snapshots_have_no_histogram),
		cmocka_unit_test(a_failing_sink_fails_the_page),
		cmocka_unit_test(clients_get_the_form_that_they_want),
	};

	setlocale(LC_ALL, ""); /* locale.sh has one that writes numbers in another way */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
