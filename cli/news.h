/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_NEWS_H
#define LOITER_CLI_NEWS_H

/*
 * Findings that are told as they arise, each once. Text, json (a document a line) and github go to their
 * file, or to standard error, at once; junit and sarif are one document: they are written at the end, and
 * hold all that was told.
 */

#include <check/check.h>

#include "reports.h"

struct ltr__news {
	struct ltr__reports *reports;
	const struct ltr_report_options *options;
	struct ltr_judgement *told; /* everything so far */
	bool lost;                  /* a report could not be written, and that was said */
};

/* Opens the files. 0, or -errno, and it was said why. */
int ltr__news_begin(struct ltr__news *news, struct ltr__reports *reports,
		    const struct ltr_report_options *options);
void ltr__news_done(struct ltr__news *news);

/* What of `run` is new; `run` is left empty. Only -ENOMEM: what cannot be written is said, and noted. */
int ltr__news_tell(struct ltr__news *news, struct ltr_judgement *run);

/*
 * The last word: whole documents, and in files that nothing was found. If everything was judged to its end
 * (`whole`), also which entries of the baseline nobody needed, at no look and not at the end.
 */
void ltr__news_end(struct ltr__news *news, bool whole);

#endif
