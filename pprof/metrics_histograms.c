/* SPDX-License-Identifier: MIT */

/*
 * Histograms of finished times: how long goroutines stood in the run queue, under the name that Go
 * has for it, and how long they waited, by reason. The census has a bucket for each power of two;
 * we write every other bound, because each bound is a series for every reason.
 */

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "metrics_writer.h"

#define SECOND_NS UINT64_C(1000000000)
#define STRIDE    2u /* buckets of the census in one of ours */

/*
 * In seconds, as Go writes numbers: 6.4e-08, 0.000262144. printf() would have the point of the
 * program's locale, and we may be inside of it.
 */
static void put_bound(struct ltr__metrics *out, uint64_t ns)
{
	char digits[24];
	int count = snprintf(digits, sizeof(digits), "%" PRIu64, ns);
	int exponent = count - 1 - 9; /* of the first digit */
	int last = count;

	while (last > 1 && digits[last - 1] == '0')
		last--;
	if (exponent < -4)
		ltr__text_format(&out->text, "le=\"%c%s%.*se-%02d\"} ", digits[0],
				 last > 1 ? "." : "", last - 1, digits + 1, -exponent);
	else if (ns < SECOND_NS)
		ltr__text_format(&out->text, "le=\"0.%.*s%.*s\"} ", -exponent - 1, "000", last,
				 digits);
	else
		ltr__text_format(&out->text, "le=\"%.*s%s%.*s\"} ", count - 9, digits,
				 last > count - 9 ? "." : "",
				 last > count - 9 ? last - (count - 9) : 0, digits + count - 9);
}

/*
 * Cumulative, as both formats want it. `labels` are those of the series: state and reason, or none.
 */
static void put_buckets(struct ltr__metrics *out, const char *name,
			const struct ltr_histogram *histogram, bool labels)
{
	uint64_t sum = 0;

	for (uint32_t bucket = 0; bucket < LTR_HISTOGRAM_BUCKETS; bucket++) {
		bool is_last = bucket == LTR_HISTOGRAM_BUCKETS - 1;

		sum += histogram->buckets[bucket];
		if (!is_last && bucket % STRIDE != 0)
			continue;
		ltr__text_format(&out->text, "%s_bucket{", name);
		if (labels) {
			ltr__metrics_span(out, histogram->state, histogram->reason);
			ltr__text_put(&out->text, ",");
		}
		if (is_last)
			ltr__text_put(&out->text, "le=\"+Inf\"} ");
		else
			put_bound(out, ltr_histogram_bound_ns(bucket));
		ltr__text_format(&out->text, "%" PRIu64 "\n", sum);
	}
}

static void put_end(struct ltr__metrics *out, const char *name, const char *suffix,
		    const struct ltr_histogram *histogram, bool labels)
{
	ltr__text_format(&out->text, "%s_%s", name, suffix);
	if (labels) {
		ltr__text_put(&out->text, "{");
		ltr__metrics_span(out, histogram->state, histogram->reason);
		ltr__text_put(&out->text, "}");
	}
	ltr__text_put(&out->text, " ");
}

static void put_histogram(struct ltr__metrics *out, const char *name,
			  const struct ltr_histogram *histogram, bool labels)
{
	put_buckets(out, name, histogram, labels);
	put_end(out, name, "sum", histogram, labels);
	ltr__metrics_seconds(out, histogram->total_ns);
	put_end(out, name, "count", histogram, labels);
	ltr__text_format(&out->text, "%" PRIu64 "\n", histogram->count);
}

static bool is_wait(const struct ltr_histogram *histogram)
{
	return histogram->state != LTR_STATE_QUEUED && histogram->state != LTR_STATE_RUNNING &&
	       histogram->state != LTR_STATE_EXITED;
}

/* The one of a state without a reason; one with nothing in it, if there is none yet. */
static struct ltr_histogram queue_of(const struct ltr_census *census)
{
	for (size_t i = 0; i < ltr_census_histogram_count(census); i++) {
		const struct ltr_histogram *histogram = ltr_census_histogram(census, i);

		if (histogram->state == LTR_STATE_QUEUED && histogram->reason == LTR_REASON_NONE)
			return *histogram;
	}
	return (struct ltr_histogram){.state = LTR_STATE_QUEUED};
}

void ltr__metrics_histograms(struct ltr__metrics *out, const struct ltr_census *census)
{
	static const char queue[] = "go_sched_latencies_seconds";
	static const char waits[] = "loiter_wait_seconds";
	struct ltr_histogram queued;
	bool any = false;

	queued = queue_of(census);
	ltr__metrics_family(out, queue, "histogram",
			    "Time that goroutines were ready to run before they ran.");
	put_histogram(out, queue, &queued, false);
	for (size_t i = 0; i < ltr_census_histogram_count(census); i++) {
		const struct ltr_histogram *histogram = ltr_census_histogram(census, i);

		if (!is_wait(histogram))
			continue;
		if (!any)
			ltr__metrics_family(out, waits, "histogram",
					    "How long waits were that have ended since the "
					    "watching began.");
		any = true;
		put_histogram(out, waits, histogram, true);
	}
	ltr__metrics_number(out, "loiter_histograms_incomplete", "gauge",
			    "1: records were lost, so some waits are in no histogram.",
			    ltr_census_info(census)->lost > 0);
}
