/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_REPORTS_H
#define LOITER_CLI_REPORTS_H

/*
 * The reports that one run of `check` is asked for: formats, and the file of each. A report without
 * a file goes to standard error; the one for people (text) only if there is something to tell.
 */

#include <stdbool.h>

#include <check/check.h>

#include "options.h"

#define LTR__REPORTS_MAX 8

struct ltr__reports {
	struct {
		const char *format; /* one of ltr_report_formats() */
		const char *file;   /* NULL: standard error */
	} list[LTR__REPORTS_MAX];
	size_t count;
};

/* For parsers: --format NAME, and the -o FILE that belongs to it. Without --format it is text's. */
error_t ltr__reports_format(struct ltr__reports *reports, struct argp_state *state,
			    const char *name);
error_t ltr__reports_file(struct ltr__reports *reports, struct argp_state *state, const char *file);

/*
 * Write them all; each file is there whole or not at all. `worth_telling`: there is something for
 * people to read. What cannot be written is said; if people would see nothing then, the text report
 * goes to standard error. Returns 0, or the first error: a verdict is not clean then.
 */
int ltr__reports_write(const struct ltr__reports *reports, const struct ltr_judgement *judgement,
		       const struct ltr_report_options *options, bool worth_telling);

#endif
