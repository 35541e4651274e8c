/* SPDX-License-Identifier: MIT */
/* Each finding is told once. */

#include <errno.h>
#include <string.h>
#include <time.h>

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

void ltr__news_end(struct ltr__news *news)
{
	if (ltr__reports_end(news->reports, news->told, news->options,
			     is_worth_telling(news->told, news->options->all)) != 0)
		news->lost = true;
}
