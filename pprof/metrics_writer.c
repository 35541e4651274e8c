/* SPDX-License-Identifier: MIT */

/* How families and series are written (metrics_writer.h). */

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "clean.h"
#include "metrics_writer.h"

#define SECOND_NS UINT64_C(1000000000)

/* The name as the lines have it, and the suffix that OpenMetrics leaves out of a family's. */
void ltr__metrics_family_of(struct ltr__metrics *metrics, const char *name, const char *suffix,
			    const char *type, const char *help)
{
	size_t length = strlen(name);

	if (metrics->format == LTR_METRICS_OPENMETRICS)
		length -= strlen(suffix);
	ltr__text_format(&metrics->text, "# HELP %.*s %s\n", (int)length, name, help);
	ltr__text_format(&metrics->text, "# TYPE %.*s %s\n", (int)length, name, type);
}

void ltr__metrics_family(struct ltr__metrics *metrics, const char *name, const char *type,
			 const char *help)
{
	bool is_counter = strcmp(type, "counter") == 0;

	ltr__metrics_family_of(metrics, name, is_counter ? "_total" : "", type, help);
}

void ltr__metrics_number(struct ltr__metrics *metrics, const char *name, const char *type,
			 const char *help, uint64_t number)
{
	ltr__metrics_family(metrics, name, type, help);
	ltr__text_format(&metrics->text, "%s %" PRIu64 "\n", name, number);
}

void ltr__metrics_seconds(struct ltr__metrics *metrics, uint64_t ns)
{
	ltr__text_format(&metrics->text, "%" PRIu64 ".%09" PRIu64 "\n", ns / SECOND_NS,
			 ns % SECOND_NS);
}

/* Strings of the program are cleaned first, so only these two can still end a label. */
void ltr__metrics_label(struct ltr__metrics *metrics, const char *key, const char *value)
{
	char clean[LTR__CLEAN_BYTES];
	size_t length = ltr__pprof_clean(clean, sizeof(clean), value);

	ltr__text_put(&metrics->text, key);
	ltr__text_put(&metrics->text, "=\"");
	for (size_t i = 0; i < length; i++) {
		if (clean[i] == '"' || clean[i] == '\\')
			ltr__text_put(&metrics->text, "\\");
		ltr__text_bytes(&metrics->text, &clean[i], 1);
	}
	ltr__text_put(&metrics->text, "\"");
}

void ltr__metrics_span(struct ltr__metrics *metrics, size_t state, size_t reason)
{
	ltr__metrics_label(metrics, "state",
			   state < LTR_STATE_COUNT ? ltr_state_name((uint8_t)state) : "other");
	ltr__text_put(&metrics->text, ",");
	ltr__metrics_label(metrics, "reason",
			   reason < LTR_REASON_COUNT ? ltr_reason_name((uint8_t)reason) : "other");
}

void ltr__metrics_series(struct ltr__metrics *metrics, const char *name, size_t state,
			 size_t reason)
{
	ltr__text_put(&metrics->text, name);
	ltr__text_put(&metrics->text, "{");
	ltr__metrics_span(metrics, state, reason);
	ltr__text_put(&metrics->text, "} ");
}
