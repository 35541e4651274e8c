/* SPDX-License-Identifier: MIT */
/*
 * A finding in pieces. They are those of the text report: what it prints is cut up again at the columns
 * in which labels and texts stand, so that there is one place that says what a finding has to say.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Takes the text apart, and it ends up changed. */
static void cut_up(char *text, ltr_finding_line *line, void *context)
{
	char *at;

	while ((at = strsep(&text, "\n"))) {
		char label[LTR__LABEL_COLUMNS + 1];
		size_t length = strlen(at);

		if (length <= LTR__MARGIN_COLUMNS + LTR__LABEL_COLUMNS)
			continue;
		memcpy(label, at + LTR__MARGIN_COLUMNS, LTR__LABEL_COLUMNS);
		for (length = LTR__LABEL_COLUMNS; length && label[length - 1] == ' ';)
			length--;
		label[length] = 0;
		line(context, label, at + LTR__MARGIN_COLUMNS + LTR__LABEL_COLUMNS);
	}
}

int ltr_finding_tell(const struct ltr_finding *finding, const struct ltr_report_options *options,
		     ltr_finding_line *line, void *context)
{
	char *evidence = NULL;
	char *members = NULL;
	size_t bytes;
	FILE *out;
	int error = 0;

	if (!finding->count)
		return 0;
	out = open_memstream(&evidence, &bytes);
	if (!out)
		return -ENOMEM;
	finding->rule->explain(finding, out);
	if (fclose(out))
		error = -ENOMEM;
	out = error ? NULL : open_memstream(&members, &bytes);
	if (out) {
		ltr__print_members(finding, options, out);
		if (fclose(out))
			error = -ENOMEM;
	} else {
		error = -ENOMEM;
	}
	if (!error) {
		line(context, "evidence", evidence);
		cut_up(members, line, context);
	}
	free(evidence);
	free(members);
	return error;
}
