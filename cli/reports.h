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
		bool is_open;       /* `fd` is where it goes, bit by bit */
		int fd;
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

/*
 * The other way: bit by bit, for formats that are not one document (not junit, not sarif). What cannot be
 * written is said, and the first error returned. Without any report it is text's, on standard error.
 */
int ltr__reports_open(struct ltr__reports *reports);
int ltr__reports_tell(const struct ltr__reports *reports, const struct ltr_judgement *judgement,
		      const struct ltr_report_options *options);
/* Those that are one document; and text in a file, if nothing was told. */
int ltr__reports_end(const struct ltr__reports *reports, const struct ltr_judgement *judgement,
		     const struct ltr_report_options *options, bool told);
void ltr__reports_close(struct ltr__reports *reports);

#endif
