/* SPDX-License-Identifier: MIT */

/*
 * The metrics page (metrics.h). A family is written at one place: its help, its type, its series;
 * histograms are in metrics_histograms.c.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metrics.h"
#include "metrics_writer.h"

/* Numbers that a newer runtime may have added share the last place. */
#define STATES  (LTR_STATE_COUNT + 1)
#define REASONS (LTR_REASON_COUNT + 1)

struct waits {
	uint64_t count;
	uint64_t ns;
};

struct page {
	struct ltr__metrics out;
	const struct ltr_census *census;
	size_t wait_count; /* of totals; 0: waits are not known */
	const struct ltr_census_info *info;
	uint64_t goroutines[STATES][REASONS];
	uint64_t by_state[STATES];
	uint64_t unsure;
	struct waits waits[STATES][REASONS];
};

static size_t state_of(uint8_t state)
{
	return state < LTR_STATE_COUNT ? state : LTR_STATE_COUNT;
}

static size_t reason_of(uint8_t reason)
{
	return reason < LTR_REASON_COUNT ? reason : LTR_REASON_COUNT;
}

static void count_all(struct page *page)
{
	for (size_t i = 0; i < ltr_census_count(page->census); i++) {
		const struct ltr_goroutine *goroutine = ltr_census_at(page->census, i);
		size_t state = state_of(goroutine->state);

		page->goroutines[state][reason_of(goroutine->reason)]++;
		page->by_state[state]++;
		page->unsure += (goroutine->flags & LTR_IS_UNSURE) != 0;
	}
	for (size_t i = 0; i < page->wait_count; i++) {
		const struct ltr_wait_total *total = ltr_census_wait(page->census, i);
		struct waits *sum = &page->waits[state_of(total->state)][reason_of(total->reason)];

		sum->count += total->count;
		sum->ns += total->total_ns;
	}
}

/* Every state has a series, so that a graph of one that is empty now is 0 and has no hole. */
static void put_goroutines(struct page *page)
{
	static const char name[] = "loiter_goroutines";

	ltr__metrics_family(&page->out, name, "gauge",
			    "Living goroutines by state and by what they wait for.");
	for (size_t state = 0; state < STATES; state++) {
		bool is_word = state != LTR_STATE_UNKNOWN && state < LTR_STATE_EXITED;

		for (size_t reason = 0; reason < REASONS; reason++) {
			uint64_t count = page->goroutines[state][reason];

			if (count == 0 && (reason != 0 || !is_word))
				continue;
			ltr__metrics_series(&page->out, name, state, reason);
			ltr__text_format(&page->out.text, "%" PRIu64 "\n", count);
		}
	}
}

static void put_waits(struct page *page)
{
	static const char counts[] = "loiter_spans_total";
	static const char seconds[] = "loiter_span_seconds_total";

	if (page->wait_count == 0)
		return;
	ltr__metrics_family(&page->out, counts, "counter",
			    "How often goroutines entered a state since the watching began.");
	for (size_t state = 0; state < STATES; state++) {
		for (size_t reason = 0; reason < REASONS; reason++) {
			if (page->waits[state][reason].count == 0)
				continue;
			ltr__metrics_series(&page->out, counts, state, reason);
			ltr__text_format(&page->out.text, "%" PRIu64 "\n",
					 page->waits[state][reason].count);
		}
	}
	ltr__metrics_family(&page->out, seconds, "counter",
			    "Time of all goroutines in a state since then, up to now.");
	for (size_t state = 0; state < STATES; state++) {
		for (size_t reason = 0; reason < REASONS; reason++) {
			if (page->waits[state][reason].count == 0)
				continue;
			ltr__metrics_series(&page->out, seconds, state, reason);
			ltr__metrics_seconds(&page->out, page->waits[state][reason].ns);
		}
	}
}

/* What dashboards of Go programs know. */
static void put_known(struct page *page)
{
	static const char mutex[] = "go_sync_mutex_wait_total_seconds_total";
	const uint64_t *by_state = page->by_state;
	uint64_t mutex_ns = 0;

	ltr__metrics_number(&page->out, "go_goroutines", "gauge",
			    "Number of goroutines that currently exist.",
			    ltr_census_count(page->census));
	ltr__metrics_number(&page->out, "go_threads", "gauge", "Number of threads of the runtime.",
			    page->info->threads);
	ltr__metrics_number(&page->out, "go_sched_threads_total_threads", "gauge",
			    "Number of threads of the runtime.", page->info->threads);
	ltr__metrics_number(&page->out, "go_sched_goroutines_goroutines", "gauge",
			    "Number of goroutines that currently exist.",
			    ltr_census_count(page->census));
	ltr__metrics_number(&page->out, "go_sched_gomaxprocs_threads", "gauge",
			    "How many goroutines can run at once.", page->info->processors);
	ltr__metrics_number(&page->out, "go_sched_goroutines_not_in_go_goroutines", "gauge",
			    "Goroutines in a blocking call.", by_state[LTR_STATE_SYSCALL]);
	ltr__metrics_number(&page->out, "go_sched_goroutines_runnable_goroutines", "gauge",
			    "Goroutines that are ready but not running.",
			    by_state[LTR_STATE_QUEUED]);
	ltr__metrics_number(&page->out, "go_sched_goroutines_running_goroutines", "gauge",
			    "Goroutines that run.", by_state[LTR_STATE_RUNNING]);
	ltr__metrics_number(&page->out, "go_sched_goroutines_waiting_goroutines", "gauge",
			    "Goroutines that wait for something.",
			    by_state[LTR_STATE_SLEEP] + by_state[LTR_STATE_NETWORK] +
				    by_state[LTR_STATE_CHAN] + by_state[LTR_STATE_SYNC]);
	ltr__metrics_number(&page->out, "go_sched_goroutines_created_goroutines_total", "counter",
			    "Goroutines created since the program began.", page->info->created);
	if (page->wait_count == 0)
		return;
	for (size_t state = 0; state < STATES; state++)
		mutex_ns += page->waits[state][LTR_REASON_MUTEX_LOCK].ns +
			    page->waits[state][LTR_REASON_RWMUTEX_LOCK].ns +
			    page->waits[state][LTR_REASON_RWMUTEX_RLOCK].ns;
	ltr__metrics_family(&page->out, mutex, "counter",
			    "Time that goroutines have waited for mutexes and read-write locks.");
	ltr__text_format(&page->out.text, "%s ", mutex);
	ltr__metrics_seconds(&page->out, mutex_ns);
}

static void put_info(struct page *page)
{
	static const char name[] = "loiter_target_info";
	char pid[16];

	ltr__metrics_family_of(&page->out, name, "_info",
			       page->out.format == LTR_METRICS_OPENMETRICS ? "info" : "gauge",
			       "The watched program, and how it is watched.");
	snprintf(pid, sizeof(pid), "%" PRIu32, page->info->pid);
	ltr__text_format(&page->out.text, "%s{", name);
	ltr__metrics_label(&page->out, "pid", pid);
	ltr__text_put(&page->out.text, ",");
	ltr__metrics_label(&page->out, "command", page->info->command);
	ltr__text_put(&page->out.text, ",");
	ltr__metrics_label(&page->out, "way", ltr_way_name(page->info->way));
	ltr__text_put(&page->out.text, "} 1\n");
}

static void put_watching(struct page *page)
{
	const struct ltr_census_info *info = page->info;

	ltr__metrics_number(&page->out, "loiter_goroutines_created_total", "counter",
			    "Goroutines created since the program began.", info->created);
	ltr__metrics_number(&page->out, "loiter_goroutines_exited_total", "counter",
			    "Goroutines that have ended since the program began.", info->exited);
	ltr__metrics_number(&page->out, "loiter_processors", "gauge",
			    "How many goroutines can run at once.", info->processors);
	ltr__metrics_number(&page->out, "loiter_threads", "gauge", "Threads of the runtime.",
			    info->threads);
	ltr__metrics_number(&page->out, "loiter_events_total", "counter",
			    "Records applied since the watching began.", info->events);
	ltr__metrics_number(&page->out, "loiter_events_lost_total", "counter",
			    "Records known to be lost since the watching began.", info->lost);
	ltr__metrics_number(&page->out, "loiter_goroutines_unsure", "gauge",
			    "Goroutines whose records were lost: their state may be old.",
			    page->unsure);
	ltr__metrics_number(&page->out, "loiter_unreadable", "gauge",
			    "Descriptors and stacks that the last snapshot could not read whole.",
			    info->unreadable);
}

static void put_grade(struct page *page, const char *name, const char *grade, uint64_t number)
{
	ltr__text_format(&page->out.text, "%s{", name);
	ltr__metrics_label(&page->out, "grade", grade);
	ltr__text_format(&page->out.text, "} %" PRIu64 "\n", number);
}

static void put_findings(struct page *page, const struct ltr_metrics_options *options)
{
	static const char findings[] = "loiter_findings";
	static const char goroutines[] = "loiter_finding_goroutines";

	if (!options->grades)
		return;
	ltr__metrics_family(&page->out, findings, "gauge",
			    "What loiter check would find in the program, by grade.");
	for (size_t i = 0; i < options->grade_count; i++)
		put_grade(page, findings, options->grades[i].name, options->grades[i].findings);
	ltr__metrics_family(&page->out, goroutines, "gauge", "Goroutines in these findings.");
	for (size_t i = 0; i < options->grade_count; i++)
		put_grade(page, goroutines, options->grades[i].name, options->grades[i].goroutines);
}

static void free_page(struct page **page)
{
	free(*page);
}

const char *ltr_metrics_content_type(enum ltr_metrics_format format)
{
	return format == LTR_METRICS_OPENMETRICS
		       ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
		       : "text/plain; version=0.0.4; charset=utf-8";
}

int ltr_metrics_write(const struct ltr_census *census, const struct ltr_metrics_options *options,
		      struct ltr_sink sink)
{
	__attribute__((cleanup(free_page))) struct page *page = calloc(1, sizeof(*page));
	int err;

	if (!page)
		return -ENOMEM;
	page->out.format = options->format;
	page->census = census;
	page->info = ltr_census_info(census);
	err = ltr_census_wait_count(census, &page->wait_count);
	if (err)
		return err;
	ltr__text_init(&page->out.text, sink);
	count_all(page);
	put_known(page);
	put_goroutines(page);
	put_waits(page);
	if (page->wait_count > 0)
		ltr__metrics_histograms(&page->out, census);
	put_watching(page);
	put_findings(page, options);
	put_info(page);
	if (options->format == LTR_METRICS_OPENMETRICS)
		ltr__text_put(&page->out.text, "# EOF\n");
	return ltr__text_finish(&page->out.text);
}
