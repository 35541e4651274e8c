/* SPDX-License-Identifier: MIT */
/*
 * The report as SARIF 2.1.0, for code scanning services and editors: one run of the tool "loiter",
 * a rule of the tool for each of ours, a result for each finding. A result points at the line that
 * a person looks at first; its stack is there too. The fingerprint says what a finding is without
 * line numbers, so that services know it again after an edit.
 */

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "document.h"

static void print_uri(const char *file, FILE *out)
{
	if (file[0] == '/')
		fputs("file://", out);
	for (const unsigned char *c = (const unsigned char *)file; *c; c++) {
		if (isalnum(*c) || strchr("/-._~", *c))
			fputc(*c, out);
		else
			fprintf(out, "%%%02X", *c);
	}
}

static void add_uri(struct ltr__document *document, struct json_object *to, const char *file)
{
	char *uri = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&uri, &bytes);

	if (out)
		print_uri(file, out);
	if (!out || fclose(out) != 0)
		document->error = -ENOMEM;
	else
		ltr__document_add(document, to, "uri", json_object_new_string(uri));
	free(uri);
}

static struct json_object *text_object(struct ltr__document *document, const char *text)
{
	struct json_object *to = json_object_new_object();

	ltr__document_add_text(document, to, "text", text);
	return to;
}

/* A location; of a frame that nothing is known of, one that says nothing. */
static struct json_object *location_object(struct ltr__document *document,
					   const struct ltr_finding_frame *frame)
{
	struct json_object *to = json_object_new_object();

	if (frame->file[0]) {
		struct json_object *physical = json_object_new_object();
		struct json_object *artifact = json_object_new_object();

		add_uri(document, artifact, ltr__stripped(frame->file, document->options->strip));
		ltr__document_add(document, physical, "artifactLocation", artifact);
		if (frame->line) {
			struct json_object *region = json_object_new_object();

			ltr__document_add_number(document, region, "startLine", frame->line);
			ltr__document_add(document, physical, "region", region);
		}
		ltr__document_add(document, to, "physicalLocation", physical);
	}
	if (frame->function[0]) {
		struct json_object *array = json_object_new_array();
		struct json_object *logical = json_object_new_object();

		ltr__document_add_text(document, logical, "name", frame->function);
		ltr__document_add_text(document, logical, "kind", "function");
		ltr__document_append(document, array, logical);
		ltr__document_add(document, to, "logicalLocations", array);
	}
	return to;
}

static void add_stack(struct ltr__document *document, struct json_object *result,
		      const struct ltr_finding *finding)
{
	struct json_object *stacks = json_object_new_array();
	struct json_object *stack = json_object_new_object();
	struct json_object *frames = json_object_new_array();

	for (size_t i = 0; i < finding->depth; i++) {
		struct json_object *frame = json_object_new_object();

		ltr__document_add(document, frame, "location",
				  location_object(document, &finding->stack[i]));
		ltr__document_append(document, frames, frame);
	}
	ltr__document_add(document, stack, "frames", frames);
	ltr__document_append(document, stacks, stack);
	ltr__document_add(document, result, "stacks", stacks);
}

/* "external": it is written down outside of the source, in the baseline. */
static void add_suppression(struct ltr__document *document, struct json_object *result)
{
	struct json_object *suppressions = json_object_new_array();
	struct json_object *suppression = json_object_new_object();

	ltr__document_add_text(document, suppression, "kind", "external");
	ltr__document_append(document, suppressions, suppression);
	ltr__document_add(document, result, "suppressions", suppressions);
}

static void print_fingerprint(const struct ltr_judgement *judgement,
			      const struct ltr_finding *finding,
			      const struct ltr_report_options *options, FILE *out)
{
	(void)judgement;
	(void)options;
	fprintf(out, "%s; %s; ", ltr_rule_name(finding->rule), ltr__doing(finding));
	ltr__print_clean(finding->depth ? finding->stack[0].function : finding->entry.function, 0,
			 out);
	fputs("; ", out);
	ltr__print_clean(finding->created.function, 0, out);
}

static void add_seed(struct ltr__document *document, struct json_object *result,
		     const struct ltr_finding *finding)
{
	struct json_object *properties = json_object_new_object();

	ltr__document_add_number(
		document, properties, "seed",
		ltr_judgement_process(document->judgement, finding->process)->seed);
	ltr__document_add_number(document, properties, "schedules", finding->schedules);
	ltr__document_add(document, result, "properties", properties);
}

static struct json_object *result_object(struct ltr__document *document,
					 const struct ltr_finding *finding, size_t rule_index)
{
	struct json_object *to = json_object_new_object();
	struct json_object *message = json_object_new_object();
	struct json_object *locations = json_object_new_array();
	struct json_object *fingerprints = json_object_new_object();
	const struct ltr_finding_frame *frame = ltr__main_frame(finding);

	ltr__document_add_text(document, to, "ruleId", ltr_rule_name(finding->rule));
	ltr__document_add_number(document, to, "ruleIndex", rule_index);
	ltr__document_add_text(document, to, "level",
			       ltr_finding_fails(finding, document->options->fail_on) ? "error"
										      : "warning");
	ltr__document_add_printed(document, message, "text", ltr__print_message, finding);
	ltr__document_add(document, to, "message", message);
	if (finding->count && (frame->file[0] || frame->function[0]))
		ltr__document_append(document, locations, location_object(document, frame));
	ltr__document_add(document, to, "locations", locations);
	if (finding->count) {
		ltr__document_add_number(document, to, "occurrenceCount", finding->count);
		ltr__document_add_printed(document, fingerprints, "loiter/v1", print_fingerprint,
					  finding);
		ltr__document_add(document, to, "partialFingerprints", fingerprints);
		fingerprints = NULL;
	}
	json_object_put(fingerprints);
	if (finding->depth)
		add_stack(document, to, finding);
	if (document->options->exploration)
		add_seed(document, to, finding);
	if (finding->excused)
		add_suppression(document, to);
	return to;
}

static struct json_object *rule_object(struct ltr__document *document, const struct ltr_rule *rule)
{
	struct json_object *to = json_object_new_object();
	struct json_object *properties = json_object_new_object();

	ltr__document_add_text(document, to, "id", rule->name);
	ltr__document_add(document, to, "shortDescription",
			  text_object(document, ltr_grade_name(rule->grade)));
	ltr__document_add_text(document, properties, "grade", ltr_grade_name(rule->grade));
	ltr__document_add(document, to, "properties", properties);
	return to;
}

static struct json_object *tool_object(struct ltr__document *document)
{
	struct json_object *tool = json_object_new_object();
	struct json_object *driver = json_object_new_object();
	struct json_object *rules = json_object_new_array();

	for (size_t i = 0; ltr__rules[i]; i++)
		ltr__document_append(document, rules, rule_object(document, ltr__rules[i]));
	ltr__document_add_text(document, driver, "name", "loiter");
	ltr__document_add(document, driver, "rules", rules);
	ltr__document_add(document, tool, "driver", driver);
	return tool;
}

static struct json_object *results_array(struct ltr__document *document)
{
	struct json_object *results = json_object_new_array();

	for (size_t i = 0; i < ltr_judgement_count(document->judgement); i++) {
		const struct ltr_finding *finding = ltr_judgement_at(document->judgement, i);
		size_t rule_index = 0;

		while (ltr__rules[rule_index] != finding->rule)
			rule_index++;
		ltr__document_append(document, results,
				     result_object(document, finding, rule_index));
	}
	return results;
}

int ltr__report_sarif(const struct ltr_judgement *judgement,
		      const struct ltr_report_options *options, FILE *out)
{
	struct ltr__document document = {.judgement = judgement, .options = options};
	struct json_object *root = json_object_new_object();
	struct json_object *runs = json_object_new_array();
	struct json_object *run = json_object_new_object();

	ltr__document_add(&document, run, "tool", tool_object(&document));
	ltr__document_add(&document, run, "results", results_array(&document));
	ltr__document_append(&document, runs, run);
	ltr__document_add_text(&document, root, "$schema",
			       "https://json.schemastore.org/sarif-2.1.0.json");
	ltr__document_add_text(&document, root, "version", "2.1.0");
	ltr__document_add(&document, root, "runs", runs);
	return ltr__document_write(&document, root, out);
}
