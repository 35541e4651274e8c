/* SPDX-License-Identifier: MIT */
/*
 * The report as GitHub's workflow commands: a runner that sees such a line in a step's output shows
 * it at the source line, in the pull request. One line for each finding; a clean run has none, and what the
 * baseline excuses neither.
 *
 * A command ends with its line, its properties at commas and colons: those and the percent sign are
 * escaped as the runner unescapes them (%0A, %2C, %3A, %25).
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "baseline.h"
#include "internal.h"

/* Closes `text`, which was printed into *bytes_at, and frees it. */
static int put_escaped(FILE *text, char **bytes_at, const char *special, FILE *out)
{
	int error = fclose(text) == 0 ? 0 : -ENOMEM;

	for (const char *c = *bytes_at; !error && *c; c++) {
		if (strchr(special, *c))
			fprintf(out, "%%%02X", (unsigned char)*c);
		else
			fputc(*c, out);
	}
	free(*bytes_at);
	return error;
}

#define IN_PROPERTY "%\r\n:,"
#define IN_MESSAGE  "%\r\n"

static int put_file(const struct ltr_finding_frame *frame, const char *strip, FILE *out)
{
	char *bytes = NULL;
	size_t length = 0;
	FILE *text;

	if (!frame->file[0])
		return 0;
	text = open_memstream(&bytes, &length);
	if (!text)
		return -ENOMEM;
	ltr__print_clean(ltr__stripped(frame->file, strip), 0, text);
	fputs("file=", out);
	if (put_escaped(text, &bytes, IN_PROPERTY, out) != 0)
		return -ENOMEM;
	if (frame->line)
		fprintf(out, ",line=%" PRIu32, frame->line);
	fputc(',', out);
	return 0;
}

static int put_title(const struct ltr_finding *finding, FILE *out)
{
	char *bytes = NULL;
	size_t length = 0;
	FILE *text = open_memstream(&bytes, &length);

	if (!text)
		return -ENOMEM;
	fputs("loiter: ", text);
	if (finding->count)
		finding->rule->summary(finding->count, text);
	else
		fputs(ltr_grade_name(finding->grade), text);
	fputs("title=", out);
	return put_escaped(text, &bytes, IN_PROPERTY, out);
}

static int put_finding(const struct ltr_judgement *judgement, const struct ltr_finding *finding,
		       const struct ltr_report_options *options, FILE *out)
{
	char *bytes = NULL;
	size_t length = 0;
	FILE *text;
	int error = 0;

	fputs(ltr_finding_fails(finding, options->fail_on) ? "::error " : "::warning ", out);
	if (finding->count)
		error = put_file(ltr__main_frame(finding), options->strip, out);
	if (!error)
		error = put_title(finding, out);
	fputs("::", out);
	text = error ? NULL : open_memstream(&bytes, &length);
	if (!text)
		return -ENOMEM;
	ltr__print_message(judgement, finding, options, text);
	error = put_escaped(text, &bytes, IN_MESSAGE, out);
	fputc('\n', out);
	return error;
}

/* What of the baseline is stale, at its line in that file. */
static int put_stale(const struct ltr_baseline *baseline, size_t index, const char *file, FILE *out)
{
	const struct ltr_finding_frame place = {
		.file = file ? file : "",
		.function = "",
		.line = ltr_baseline_at(baseline, index).line,
	};
	char *bytes = NULL;
	size_t length = 0;
	FILE *text;
	int error;

	fputs("::notice ", out);
	error = put_file(&place, NULL, out);
	fputs("title=loiter%3A baseline::", out);
	text = error ? NULL : open_memstream(&bytes, &length);
	if (!text)
		return -ENOMEM;
	ltr__print_stale(baseline, index, file, text);
	error = put_escaped(text, &bytes, IN_MESSAGE, out);
	fputc('\n', out);
	return error;
}

int ltr__report_github(const struct ltr_judgement *judgement,
		       const struct ltr_report_options *options, FILE *out)
{
	size_t entries = options->baseline && ltr_judgement_is_conclusive(judgement)
				 ? ltr_baseline_count(options->baseline)
				 : 0;
	int error = 0;

	for (size_t i = 0; !error && i < ltr_judgement_count(judgement); i++)
		if (!ltr_judgement_at(judgement, i)->excused)
			error = put_finding(judgement, ltr_judgement_at(judgement, i), options,
					    out);
	for (size_t i = 0; !error && i < entries; i++)
		if (ltr_baseline_stale(options->baseline, i))
			error = put_stale(options->baseline, i, options->baseline_file, out);
	return error;
}
