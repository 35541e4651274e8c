/* SPDX-License-Identifier: MIT */
/*
 * The report as JUnit's XML, which every CI service shows: a suite for each process, and in it a
 * case for each finding. A case fails if the finding does, is an error if the process could not be
 * judged, and is skipped if the finding is reported but does not count. A process without findings
 * has one case, which passes: services take an empty suite for a mistake.
 *
 * All text is printed into memory first and escaped from there, once.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "internal.h"

struct printed {
	char *text;
	size_t bytes;
	FILE *out;
};

static bool printed_begin(struct printed *printed)
{
	*printed = (struct printed){0};
	printed->out = open_memstream(&printed->text, &printed->bytes);
	return printed->out != NULL;
}

/* Inside an attribute a newline has to be a reference, or readers make it a blank. */
static int printed_escape(struct printed *printed, FILE *out)
{
	int error = fclose(printed->out) == 0 ? 0 : -ENOMEM;

	for (const char *c = printed->text; !error && *c; c++) {
		switch (*c) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(*c, out);
		}
	}
	free(printed->text);
	return error;
}

enum outcome { FAILURE, ERROR, SKIPPED, OUTCOME_COUNT };

static const char *const outcome_names[OUTCOME_COUNT] = {"failure", "error", "skipped"};

static enum outcome outcome_of(const struct ltr_finding *finding,
			       const struct ltr_report_options *options)
{
	if (!ltr_finding_fails(finding, options->fail_on))
		return SKIPPED;
	return finding->grade == LTR_GRADE_INCONCLUSIVE ? ERROR : FAILURE;
}

static int put_name(const struct ltr_judgement *judgement, const struct ltr_finding *finding,
		    const struct ltr_report_options *options, FILE *out)
{
	struct printed name;

	if (!printed_begin(&name))
		return -ENOMEM;
	ltr_finding_summary(judgement, finding, options, name.out);
	return printed_escape(&name, out);
}

static int put_message(const struct ltr_judgement *judgement, const struct ltr_finding *finding,
		       const struct ltr_report_options *options, FILE *out)
{
	struct printed message;

	if (!printed_begin(&message))
		return -ENOMEM;
	ltr__print_message(judgement, finding, options, message.out);
	return printed_escape(&message, out);
}

static int put_body(const struct ltr_judgement *judgement, const struct ltr_finding *finding,
		    const struct ltr_report_options *options, FILE *out)
{
	struct printed body;

	if (!finding->count)
		return 0;
	if (!printed_begin(&body))
		return -ENOMEM;
	ltr__print_paragraph(judgement, finding, options, body.out);
	return printed_escape(&body, out);
}

static int put_case(const struct ltr_judgement *judgement, const struct ltr_finding *finding,
		    const struct ltr_report_options *options, FILE *out)
{
	const char *outcome = outcome_names[outcome_of(finding, options)];
	int error;

	fprintf(out, "    <testcase classname=\"loiter.%s\" name=\"", ltr_rule_name(finding->rule));
	error = put_name(judgement, finding, options, out);
	fprintf(out, "\">\n      <%s", outcome);
	if (outcome_of(finding, options) != SKIPPED)
		fprintf(out, " type=\"%s\"", ltr_rule_name(finding->rule));
	fputs(" message=\"", out);
	if (!error)
		error = put_message(judgement, finding, options, out);
	fputs("\">", out);
	if (!error)
		error = put_body(judgement, finding, options, out);
	fprintf(out, "</%s>\n    </testcase>\n", outcome);
	return error;
}

/* The cases of one process, or of all (SIZE_MAX). */
static size_t count_cases(const struct ltr_judgement *judgement, size_t process,
			  const struct ltr_report_options *options, size_t *ret_outcomes)
{
	size_t cases = 0;

	for (size_t i = 0; i < ltr_judgement_count(judgement); i++) {
		const struct ltr_finding *finding = ltr_judgement_at(judgement, i);

		if (process != SIZE_MAX && finding->process != process)
			continue;
		ret_outcomes[outcome_of(finding, options)]++;
		cases++;
	}
	return cases;
}

static void put_counts(size_t cases, const size_t *outcomes, FILE *out)
{
	fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\">\n", cases,
		outcomes[FAILURE], outcomes[ERROR], outcomes[SKIPPED]);
}

static int put_suite(const struct ltr_judgement *judgement, size_t process,
		     const struct ltr_report_options *options, FILE *out)
{
	size_t outcomes[OUTCOME_COUNT] = {0};
	size_t cases = count_cases(judgement, process, options, outcomes);
	struct printed name;
	int error;

	if (!printed_begin(&name))
		return -ENOMEM;
	fputs("  <testsuite name=\"", out);
	ltr__print_process(ltr_judgement_process(judgement, process), name.out);
	error = printed_escape(&name, out);
	fputc('"', out);
	put_counts(cases ? cases : 1, outcomes, out);
	if (!cases)
		fprintf(out,
			"    <testcase classname=\"loiter\" name=\"nothing was %s of %" PRIu64
			" goroutines\"/>\n",
			ltr_judgement_process(judgement, process)->alive ? "found" : "left",
			ltr_judgement_process(judgement, process)->created);
	for (size_t i = 0; !error && i < ltr_judgement_count(judgement); i++)
		if (ltr_judgement_at(judgement, i)->process == process)
			error = put_case(judgement, ltr_judgement_at(judgement, i), options, out);
	fputs("  </testsuite>\n", out);
	return error;
}

int ltr__report_junit(const struct ltr_judgement *judgement,
		      const struct ltr_report_options *options, FILE *out)
{
	size_t processes = ltr_judgement_process_count(judgement);
	size_t outcomes[OUTCOME_COUNT] = {0};
	size_t cases = count_cases(judgement, SIZE_MAX, options, outcomes);
	int error = 0;

	for (size_t i = 0; i < processes; i++)
		cases += count_cases(judgement, i, options, (size_t[OUTCOME_COUNT]){0}) == 0;
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"loiter check\"", out);
	put_counts(cases, outcomes, out);
	for (size_t i = 0; !error && i < processes; i++)
		error = put_suite(judgement, i, options, out);
	fputs("</testsuites>\n", out);
	return error;
}
