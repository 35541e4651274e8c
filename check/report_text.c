/* SPDX-License-Identifier: MIT */
/*
 * The report for the person whose build has just failed. The first line says it all: how sure, how
 * many, where. One more such line for each weaker grade, then a paragraph for each finding, the
 * worst first, until the report is as long as a person reads. It needs no colours and is the same
 * in a terminal, a log and a mail.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "baseline.h"
#include "internal.h"

#define PLACES_IN_HEADLINE 3
#define HEADLINES_MAX      40
#define FRAMES_SHOWN       16
#define REPLAYS_SHOWN      10
#define ADVICE_COLUMNS     84

static void label(const char *name, FILE *out)
{
	fprintf(out, "%*s%-*s", LTR__MARGIN_COLUMNS, "", LTR__LABEL_COLUMNS, name);
}

/* The places of a headline: "3 created at a.c:1 (f), 2 created at b.c:2 (g) and 4 at 2 more". */
static void print_places(const struct ltr_judgement *judgement, size_t begin, size_t end,
			 const struct ltr_report_options *options, FILE *out)
{
	uint64_t rest = 0;

	for (size_t i = begin; i < end; i++) {
		const struct ltr_finding *finding = ltr_judgement_at(judgement, i);

		if (i - begin >= PLACES_IN_HEADLINE) {
			rest += finding->count;
			continue;
		}
		fputs(i == begin ? ": " : ", ", out);
		if (end - begin > 1)
			fprintf(out, "%" PRIu64 " ", finding->count);
		ltr__print_where(finding, options->strip, out);
	}
	if (rest) {
		fprintf(out, " and %" PRIu64 " at ", rest);
		ltr__print_count(end - begin - PLACES_IN_HEADLINE, "more place", out);
	}
}

/* How many findings are shown: what is excused, which comes last, only where all is wanted. */
static size_t shown_count(const struct ltr_judgement *judgement,
			  const struct ltr_report_options *options)
{
	size_t count = ltr_judgement_count(judgement);

	while (!options->all && count && ltr_judgement_at(judgement, count - 1)->excused)
		count--;
	return count;
}

/*
 * One headline for the findings from `begin` on that have the same rule and process and are about
 * goroutines, or for one statement; returns the index after the last of them.
 */
static size_t print_headline(const struct ltr_judgement *judgement, size_t begin,
			     const struct ltr_report_options *options, FILE *out)
{
	const struct ltr_finding *first = ltr_judgement_at(judgement, begin);
	size_t end = begin + 1;
	uint64_t count = first->count;

	fputs("loiter: ", out);
	if (!count) {
		ltr_finding_summary(judgement, first, options, out);
		fputc('\n', out);
		return end;
	}
	for (; end < ltr_judgement_count(judgement); end++) {
		const struct ltr_finding *finding = ltr_judgement_at(judgement, end);

		if (finding->rule != first->rule || finding->process != first->process ||
		    finding->excused != first->excused || !finding->count)
			break;
		count += finding->count;
	}
	first->rule->summary(count, out);
	if (ltr_judgement_process_count(judgement) > 1) {
		fputs(" in ", out);
		ltr__print_process(ltr_judgement_process(judgement, first->process), out);
	}
	if (first->excused)
		fputs(" as in the baseline", out);
	print_places(judgement, begin, end, options, out);
	fputc('\n', out);
	return end;
}

static size_t print_exploration(const struct ltr_exploration *exploration, FILE *out)
{
	size_t lines = 1;

	fputs("loiter: ", out);
	ltr__print_exploration(exploration, out);
	fputc('\n', out);
	for (; lines <= exploration->seed_count && lines <= REPLAYS_SHOWN; lines++) {
		fputs("loiter: again: ", out);
		ltr__print_replay(exploration, exploration->seeds[lines - 1].seed, out);
		fputc('\n', out);
	}
	return lines;
}

static size_t print_headlines(const struct ltr_judgement *judgement,
			      const struct ltr_report_options *options, FILE *out)
{
	size_t count = shown_count(judgement, options);
	size_t lines = 0;
	size_t i = 0;

	if (options->exploration)
		lines += print_exploration(options->exploration, out);
	while (i < count && (options->all || lines < HEADLINES_MAX)) {
		i = print_headline(judgement, i, options, out);
		lines++;
	}
	if (i < count) {
		fputs("loiter: and ", out);
		ltr__print_count(count - i, "more finding", out);
		fputc('\n', out);
		lines++;
	}
	return lines;
}

/* A program that runs on is not clean: nothing was found in it so far. */
static void print_nothing_found(const struct ltr_judged *process, FILE *out)
{
	fputs("loiter: nothing was found against the ", out);
	ltr__print_count(process->created - process->exited, "goroutine", out);
	fputs(" of ", out);
	ltr__print_process(process, out);
	fputs(", which runs on\n", out);
}

static void print_clean_report(const struct ltr_judgement *judgement,
			       const struct ltr_report_options *options, FILE *out)
{
	uint64_t created = 0;
	size_t processes = ltr_judgement_process_count(judgement);

	if (options->exploration) {
		print_exploration(options->exploration, out);
		return;
	}
	if (ltr_judgement_comparison(judgement)) {
		fputs("loiter: nothing has grown\n", out);
		return;
	}
	if (processes == 1 && ltr_judgement_process(judgement, 0)->alive) {
		print_nothing_found(ltr_judgement_process(judgement, 0), out);
		return;
	}
	for (size_t i = 0; i < processes; i++)
		created += ltr_judgement_process(judgement, i)->created;
	fputs("loiter: clean: ", out);
	if (ltr_judgement_count(judgement))
		fputs("nothing that the baseline does not know was left of ", out);
	else
		fputs("nothing was left of ", out);
	ltr__print_count(created, "goroutine", out);
	fputs(" in ", out);
	ltr__print_count(processes, "process", out);
	fputc('\n', out);
}

/* How many changes are shown, where there are findings to read as well. */
#define CHANGES_SHOWN 12

static size_t shown_changes(const struct ltr_judgement *judgement,
			    const struct ltr_report_options *options)
{
	const struct ltr_comparison *comparison = ltr_judgement_comparison(judgement);
	size_t count = comparison ? comparison->change_count : 0;

	return options->all || count < CHANGES_SHOWN ? count : CHANGES_SHOWN;
}

/* How many lines print_comparison() prints. */
static size_t comparison_lines(const struct ltr_judgement *judgement,
			       const struct ltr_report_options *options)
{
	return ltr_judgement_comparison(judgement) ? shown_changes(judgement, options) + 3 : 0;
}

/* All that differs, a line each. */
static void print_comparison(const struct ltr_judgement *judgement,
			     const struct ltr_report_options *options, FILE *out)
{
	const struct ltr_comparison *comparison = ltr_judgement_comparison(judgement);
	size_t shown = shown_changes(judgement, options);

	if (!comparison)
		return;
	fputs("loiter: ", out);
	ltr__print_comparison(comparison, out);
	fputc('\n', out);
	for (size_t i = 0; i < shown; i++) {
		fprintf(out, "%*s", LTR__MARGIN_COLUMNS, "");
		ltr__print_change(&comparison->changes[i], options->strip, out);
		fputc('\n', out);
	}
	if (shown < comparison->change_count)
		fprintf(out, "%*s... %zu more\n", LTR__MARGIN_COLUMNS, "",
			comparison->change_count - shown);
}

static void print_members(const struct ltr_finding *finding, FILE *out)
{
	label(finding->count == 1 ? "goroutine" : "goroutines", out);
	for (uint32_t i = 0; i < finding->member_count; i++) {
		const struct ltr_finding_member *member = &finding->member[i];

		fprintf(out, "%s%" PRIu64, i ? ", " : "", member->id);
		if (member->name[0]) {
			fputs(" \"", out);
			ltr__print_clean(member->name, 0, out);
			fputc('"', out);
		}
	}
	if (finding->count > finding->member_count)
		fprintf(out, " and %" PRIu64 " more", finding->count - finding->member_count);
	fputc('\n', out);
}

static void print_doing(const struct ltr_finding *finding, FILE *out)
{
	label(finding->reason ? "waiting" : "state", out);
	fputs(ltr__doing(finding), out);
	if (finding->oldest_ns) {
		fputs(", for ", out);
		ltr__print_ages(finding, out);
	}
	fputc('\n', out);
}

/* A function and its position, in two columns. */
static void print_frame(const struct ltr_finding_frame *frame, int columns, const char *strip,
			FILE *out)
{
	char *name = NULL;
	size_t bytes = 0;
	FILE *text = open_memstream(&name, &bytes);

	if (text) {
		ltr__print_clean(frame->function[0] ? frame->function : "?", 60, text);
		fclose(text);
	}
	fprintf(out, "%-*s  ", columns, name ? name : "?");
	free(name);
	ltr__print_position(frame, strip, out);
}

static int name_columns(const struct ltr_finding *finding)
{
	size_t columns = strlen(finding->created.function);

	if (finding->depth == 0 && strlen(finding->entry.function) > columns)
		columns = strlen(finding->entry.function);
	for (size_t i = 0; i < finding->depth; i++) {
		size_t length = strlen(finding->stack[i].function);

		if (length > columns)
			columns = length;
	}
	return columns > 40 ? 40 : (int)columns;
}

static void print_stack(const struct ltr_finding *finding, int columns,
			const struct ltr_report_options *options, FILE *out)
{
	size_t shown = finding->depth;

	if (!options->all && shown > FRAMES_SHOWN)
		shown = FRAMES_SHOWN;
	for (size_t i = 0; i < shown; i++) {
		label(i ? "" : "stack", out);
		print_frame(&finding->stack[i], columns, options->strip, out);
		fputc('\n', out);
	}
	if (shown < finding->depth) {
		label("", out);
		fprintf(out, "... %zu more\n", finding->depth - shown);
	}
	if (finding->depth == 0) {
		label("runs", out);
		print_frame(&finding->entry, columns, options->strip, out);
		fputc('\n', out);
	}
}

static void print_creation(const struct ltr_finding *finding, int columns,
			   const struct ltr_report_options *options, FILE *out)
{
	const struct ltr_finding_frame *created = &finding->created;

	if (!created->file[0] && !created->function[0] && !created->pc)
		return;
	label("created by", out);
	print_frame(created, columns, options->strip, out);
	if (finding->member[0].parent_id) {
		uint64_t parent = finding->member[0].parent_id;
		bool same = true;

		for (uint32_t i = 1; i < finding->member_count; i++)
			same = same && finding->member[i].parent_id == parent;
		if (same && finding->count <= finding->member_count)
			fprintf(out, ", in goroutine %" PRIu64, parent);
	}
	fputc('\n', out);
}

static void print_object(const struct ltr_finding *finding, const struct ltr_finding_object *object,
			 const struct ltr_report_options *options, FILE *out)
{
	bool is_first = true;

	for (unsigned int i = 0; i == 0 || ltr__object_comer(object, i - 1).comer; i++) {
		bool known = i > 0 || ltr__is_known(&object->made) ||
			     (object->counted && object->kind != LTR_OBJECT_COND);

		if (!known && !object->is_case)
			continue;
		label(is_first ? ltr_object_words(object->kind)->kind : "", out);
		if (i == 0 && object->is_case)
			fprintf(out, "case %u %s%s", object->index,
				object->receives ? "receives" : "sends", known ? ": " : "");
		if (i == 0 && finding->count > 1 && !object->is_case)
			fputs("the first's: ", out);
		ltr__print_object(object, i, options->strip, out);
		fputc('\n', out);
		is_first = false;
	}
}

static void print_objects(const struct ltr_finding *finding,
			  const struct ltr_report_options *options, FILE *out)
{
	for (size_t i = 0; i < finding->object_count; i++)
		print_object(finding, &finding->objects[i], options, out);
	if (finding->case_count <= finding->object_count)
		return;
	label("", out);
	fprintf(out, "%zu more case%s\n", finding->case_count - finding->object_count,
		finding->case_count - finding->object_count == 1 ? "" : "s");
}

/* Who they are, what they wait for, and where they come from. */
static void print_goroutines(const struct ltr_finding *finding, int columns,
			     const struct ltr_report_options *options, FILE *out)
{
	print_members(finding, out);
	print_doing(finding, out);
	if (finding->lock) {
		label("held by", out);
		ltr__print_holder(finding, options->strip, out);
		fputc('\n', out);
	}
	if (finding->lock && finding->lock->unlocker.id) {
		label("", out);
		fputs("last to unlock: ", out);
		ltr__print_comer(&finding->lock->unlocker, options->strip, out);
		fputc('\n', out);
	}
	print_stack(finding, columns, options, out);
	print_creation(finding, columns, options, out);
	print_objects(finding, options, out);
}

/* Words, broken so that no line is longer than ADVICE_COLUMNS behind the label. */
static void print_wrapped(const char *name, const char *words, FILE *out)
{
	size_t column = 0;

	label(name, out);
	while (*words) {
		size_t length = strcspn(words, " ");

		if (column && column + 1 + length > ADVICE_COLUMNS) {
			fputc('\n', out);
			label("", out);
			column = 0;
		}
		if (column) {
			fputc(' ', out);
			column++;
		}
		fwrite(words, 1, length, out);
		column += length;
		words += length;
		words += strspn(words, " ");
	}
	fputc('\n', out);
}

static void print_evidence(const struct ltr_finding *finding, FILE *out)
{
	char *words = NULL;
	size_t bytes = 0;
	FILE *text = open_memstream(&words, &bytes);

	if (text) {
		finding->rule->explain(finding, text);
		fclose(text);
	}
	print_wrapped("evidence", words ? words : "", out);
	free(words);
}

void ltr__print_members(const struct ltr_finding *finding, const struct ltr_report_options *options,
			FILE *out)
{
	for (size_t i = 0; i < finding->cycle_count; i++) {
		if (i == LTR__CYCLE_SHOWN && !options->all) {
			label("", out);
			fprintf(out, "... %zu more in the cycle\n", finding->cycle_count - i);
			break;
		}
		print_goroutines(finding->cycle[i], name_columns(finding->cycle[i]), options, out);
	}
	if (!finding->cycle_count)
		print_goroutines(finding, name_columns(finding), options, out);
	if (finding->behind) {
		label("behind", out);
		ltr__print_behind(finding, out);
		fputc('\n', out);
	}
}

void ltr__print_paragraph(const struct ltr_judgement *judgement, const struct ltr_finding *finding,
			  const struct ltr_report_options *options, FILE *out)
{
	fprintf(out, "%s%s: ", ltr_grade_name(finding->grade),
		finding->excused ? ", as in the baseline" : "");
	ltr__print_count(finding->count, "goroutine", out);
	fputs(", ", out);
	ltr__print_where(finding, options->strip, out);
	fputc('\n', out);
	label("process", out);
	ltr__print_process(ltr_judgement_process(judgement, finding->process), out);
	fputc('\n', out);
	print_evidence(finding, out);
	ltr__print_members(finding, options, out);
	print_wrapped("advice", finding->advice, out);
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

/* The paragraphs, as long as they fit. */
static int print_findings(const struct ltr_judgement *judgement, size_t lines,
			  const struct ltr_report_options *options, FILE *out)
{
	size_t number = 0;
	size_t hidden = 0;
	uint64_t hidden_goroutines = 0;

	for (size_t i = 0; i < shown_count(judgement, options); i++) {
		const struct ltr_finding *finding = ltr_judgement_at(judgement, i);
		char *paragraph = NULL;
		size_t bytes = 0;
		FILE *text;

		if (!finding->count)
			continue;
		if (!hidden) {
			text = open_memstream(&paragraph, &bytes);
			if (!text)
				return -ENOMEM;
			fprintf(text, "\n[%zu] ", number + 1);
			ltr__print_paragraph(judgement, finding, options, text);
			if (fclose(text) != 0) {
				free(paragraph);
				return -ENOMEM;
			}
		}
		if (paragraph && (options->all || number == 0 ||
				  lines + count_lines(paragraph) <= LTR_REPORT_LINES - 2)) {
			lines += count_lines(paragraph);
			fwrite(paragraph, 1, bytes, out);
			number++;
		} else {
			hidden++;
			hidden_goroutines += finding->count;
		}
		free(paragraph);
	}
	if (hidden) {
		fputs("\nloiter: ", out);
		ltr__print_count(hidden, "more finding", out);
		fputs(" with ", out);
		ltr__print_count(hidden_goroutines, "goroutine", out);
		fputs("; --all shows them\n", out);
	}
	return 0;
}

/* What has burned down: one line for each entry that could excuse less. */
static void print_stale(const struct ltr_judgement *judgement,
			const struct ltr_report_options *options, FILE *out)
{
	const struct ltr_baseline *baseline = options->baseline;
	bool first = true;

	if (!baseline || !ltr_judgement_is_conclusive(judgement))
		return;
	for (size_t i = 0; i < ltr_baseline_count(baseline); i++) {
		if (!ltr_baseline_stale(baseline, i))
			continue;
		if (first && shown_count(judgement, options))
			fputc('\n', out);
		first = false;
		fputs("loiter: ", out);
		ltr__print_stale(baseline, i, options->baseline_file, out);
		fputc('\n', out);
	}
}

int ltr__report_text(const struct ltr_judgement *judgement,
		     const struct ltr_report_options *options, FILE *out)
{
	int error = 0;

	if (options->stale_only) {
		print_stale(judgement, options, out); /* what was found was told before */
		return 0;
	}
	if (shown_count(judgement, options) == 0)
		print_clean_report(judgement, options, out);
	else
		error = print_findings(judgement,
				       print_headlines(judgement, options, out) +
					       comparison_lines(judgement, options),
				       options, out);
	if (!error && ltr_judgement_comparison(judgement) && shown_count(judgement, options))
		fputc('\n', out);
	if (!error)
		print_comparison(judgement, options, out);
	if (!error)
		print_stale(judgement, options, out);
	return error;
}
