/* SPDX-License-Identifier: MIT */
/*
 * The table of report formats, and what they have in common. To add one, write report_NAME.c with
 * a function that prints a judgement, and put it in the table.
 */

#include <errno.h>
#include <string.h>

#include "internal.h"

static const struct ltr__report_format formats[] = {
	{"text", ltr__report_text},   {"json", ltr__report_json},     {"junit", ltr__report_junit},
	{"sarif", ltr__report_sarif}, {"github", ltr__report_github},
};

#define FORMAT_COUNT (sizeof(formats) / sizeof(formats[0]))

const char *const *ltr_report_formats(void)
{
	static const char *names[FORMAT_COUNT + 1];

	for (size_t i = 0; i < FORMAT_COUNT; i++)
		names[i] = formats[i].name;
	return names;
}

void ltr_finding_summary(const struct ltr_judgement *judgement, const struct ltr_finding *finding,
			 const struct ltr_report_options *options, FILE *out)
{
	if (finding->count) {
		finding->rule->summary(finding->count, out);
		fputs(": ", out);
		ltr__print_where(finding, options->strip, out);
		return;
	}
	fprintf(out, "%s: ", ltr_grade_name(finding->grade));
	ltr__print_process(ltr_judgement_process(judgement, finding->process), out);
	fputc(' ', out);
	ltr__print_clean(finding->text, 0, out);
}

int ltr_report_write(const struct ltr_judgement *judgement, const char *format,
		     const struct ltr_report_options *options, FILE *out)
{
	for (size_t i = 0; i < FORMAT_COUNT; i++) {
		int error;

		if (strcmp(formats[i].name, format) != 0)
			continue;
		errno = 0;
		error = formats[i].write(judgement, options, out);
		if (error)
			return error;
		if (fflush(out) != 0 || ferror(out))
			return errno ? -errno : -EIO;
		return 0;
	}
	return -EINVAL;
}
