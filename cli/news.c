/* SPDX-License-Identifier: MIT */
/* Each finding is told once. */

#include <errno.h>
#include <string.h>
#include <time.h>

#include <check/baseline.h>

#include "cli.h"
#include "news.h"

int ltr__news_begin(struct ltr__news *news, struct ltr__reports *reports,
		    const struct ltr_report_options *options)
{
	int error;

	*news = (struct ltr__news){.reports = reports, .options = options};
	error = ltr_judgement_new(&news->told);
	if (error) {
		ltr__say("cannot judge: %s", strerror(-error));
		return error;
	}
	error = ltr__reports_open(reports);
	if (error)
		ltr__news_done(news);
	return error;
}

void ltr__news_done(struct ltr__news *news)
{
	news->told = ltr_judgement_free(news->told);
	ltr__reports_close(news->reports);
}

static uint64_t wall_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * LTR__SECOND_NS + (uint64_t)now.tv_nsec;
}

static bool is_worth_telling(const struct ltr_judgement *run, bool all)
{
	for (size_t i = 0; i < ltr_judgement_count(run); i++)
		if (all || !ltr_judgement_at(run, i)->excused)
			return true;
	return false;
}

int ltr__news_tell(struct ltr__news *news, struct ltr_judgement *run)
{
	struct ltr_report_options options = *news->options;

	options.baseline = NULL; /* what of it is not needed is known at the end */
	options.one_line = true;
	options.wall_ns = wall_ns();
	ltr_judgement_keep_news(run, news->told);
	if (is_worth_telling(run, options.all) &&
	    ltr__reports_tell(news->reports, run, &options) != 0)
		news->lost = true;
	return ltr_judgement_merge(news->told, run);
}

static bool has_stale(const struct ltr_baseline *baseline)
{
	for (size_t i = 0; baseline && i < ltr_baseline_count(baseline); i++)
		if (ltr_baseline_stale(baseline, i))
			return true;
	return false;
}

static int tell_stale(const struct ltr__news *news)
{
	struct ltr_report_options options = *news->options;
	struct ltr_judgement *nothing;
	int error;

	if (!has_stale(options.baseline) || !ltr_judgement_is_conclusive(news->told))
		return 0;
	error = ltr_judgement_new(&nothing);
	if (error) {
		ltr__say("cannot report: %s", strerror(-error));
		return error;
	}
	options.one_line = true;
	options.stale_only = true;
	options.wall_ns = wall_ns();
	error = ltr__reports_tell(news->reports, nothing, &options);
	ltr_judgement_free(nothing);
	return error;
}

void ltr__news_end(struct ltr__news *news, bool whole)
{
	struct ltr_report_options options = *news->options;

	options.baseline = NULL;
	if (ltr__reports_end(news->reports, news->told, &options,
			     is_worth_telling(news->told, options.all)) != 0)
		news->lost = true;
	if (whole && tell_stale(news) != 0)
		news->lost = true;
}
