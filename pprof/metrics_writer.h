/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_METRICS_WRITER_H
#define LOITER_PPROF_METRICS_WRITER_H

/*
 * What the files of the metrics page share: families, series and values in the format of the page.
 */

#include <probe/census.h>

#include "metrics.h"
#include "text_writer.h"

struct ltr__metrics {
	enum ltr_metrics_format format;
	struct ltr__text text;
};

/* Help and type. `suffix` is the end of the name that OpenMetrics leaves out of a family's; for a
 * counter that is "_total". */
void ltr__metrics_family_of(struct ltr__metrics *metrics, const char *name, const char *suffix,
			    const char *type, const char *help);
void ltr__metrics_family(struct ltr__metrics *metrics, const char *name, const char *type,
			 const char *help);

/* A family of one series. */
void ltr__metrics_number(struct ltr__metrics *metrics, const char *name, const char *type,
			 const char *help, uint64_t number);

/* key="value" */
void ltr__metrics_label(struct ltr__metrics *metrics, const char *key, const char *value);

/* state="...",reason="...": numbers that we have no name for are "other". */
void ltr__metrics_span(struct ltr__metrics *metrics, size_t state, size_t reason);

/* NAME{state="...",reason="..."} and a blank */
void ltr__metrics_series(struct ltr__metrics *metrics, const char *name, size_t state,
			 size_t reason);

/* The value in seconds, and the end of the line. */
void ltr__metrics_seconds(struct ltr__metrics *metrics, uint64_t ns);

/* metrics_histograms.c: of a census that has kept totals. */
void ltr__metrics_histograms(struct ltr__metrics *out, const struct ltr_census *census);

#endif
