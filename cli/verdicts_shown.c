/* SPDX-License-Identifier: MIT */
/*
 * What the screen shows of a judgement (verdicts_private.h): its findings in words, and when they
 * arose.
 */
#include "verdicts_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <probe/timeline.h>

#include "cli.h"

#define SHOWN_MAX 200 /* findings */
#define LINES_MAX 64  /* of one */

/* Without the figures in it: they grow. */
static uint64_t mix_text(uint64_t sum, const char *text)
{
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			sum = ltr__mix(sum, (unsigned char)*text);
	}
	return ltr__mix(sum, 0);
}

void ltr__shown_done(struct ltr__shown *shown)
{
	for (size_t i = 0; i < shown->text_count; i++)
		free(shown->texts[i]);
	free(shown->texts);
	free(shown->lines);
	free(shown->finding);
}

/* Takes the text over; NULL, or no room: "", and false. */
static bool keep(struct ltr__shown *shown, char *text, const char **ret_text)
{
	*ret_text = "";
	if (text && shown->text_count == shown->text_capacity) {
		size_t capacity = shown->text_capacity * 2 + 64;
		char **texts = reallocarray(shown->texts, capacity, sizeof(*texts));

		if (!texts) {
			free(text);
			return false;
		}
		shown->texts = texts;
		shown->text_capacity = capacity;
	}
	if (!text)
		return false;
	shown->texts[shown->text_count++] = text;
	*ret_text = text;
	return true;
}

struct telling {
	struct ltr__shown *shown;
	size_t limit; /* of shown->line_count */
	bool failed;
};

static void take_line(void *context, const char *label, const char *text)
{
	struct telling *telling = context;
	struct ltr__shown *shown = telling->shown;
	struct ltr_tui_line *line = &shown->lines[shown->line_count];

	if (shown->line_count == telling->limit)
		return;
	shown->line_count++;
	telling->failed = !keep(shown, strdup(label), &line->label) ||
			  !keep(shown, strdup(text), &line->text) || telling->failed;
}

/* The summary without the grade that it may begin with: that has a column of its own. */
static char *title_of(const struct ltr_judgement *judgement, const struct ltr_finding *finding,
		      const struct ltr_report_options *options)
{
	const char *grade = ltr_grade_name(finding->grade);
	char *title = NULL;
	size_t bytes = 0;
	size_t length = strlen(grade);
	FILE *out = open_memstream(&title, &bytes);

	if (!out)
		return NULL;
	ltr_finding_summary(judgement, finding, options, out);
	if (fclose(out)) {
		free(title);
		return NULL;
	}
	if (!strncmp(title, grade, length) && !strncmp(title + length, ": ", 2))
		memmove(title, title + length + 2, bytes - length - 1);
	return title;
}

/* What stays the same while a finding grows. */
static uint64_t key_of(const struct ltr_finding *finding)
{
	uint64_t key = mix_text(finding->grade, ltr_rule_name(finding->rule));

	key = mix_text(ltr__mix(key, finding->created.line), finding->created.file);
	key = mix_text(ltr__mix(key, finding->entry.pc), finding->text);
	key = ltr__mix(ltr__mix(key, finding->state), finding->reason);
	for (size_t i = 0; i < finding->depth; i++)
		key = ltr__mix(key, finding->stack[i].pc);
	if (finding->cycle_count)
		key = ltr__mix(key, finding->member[0].id);
	return key ? key : 1;
}

static uint64_t found_ns(const struct ltr__shown *before, uint64_t key, uint64_t now_ns)
{
	for (size_t i = 0; i < before->findings.count; i++) {
		if (before->finding[i].key == key)
			return before->finding[i].found_ns;
	}
	return now_ns;
}

bool ltr__verdicts_is_recorded(const struct ltr__verdicts *verdicts)
{
	return ltr_probe_timeline(verdicts->probe) != NULL;
}

/*
 * When it came to be so, as far as its goroutines alone tell it: a cycle of locks when the last of
 * them came to wait, a wait for what can never come when the first did. 0: not known.
 */
static uint64_t arose_ns(const struct ltr__verdicts *verdicts, const struct ltr_census *census,
			 const struct ltr_finding *finding)
{
	bool is_last = finding->cycle_count > 0;
	uint64_t arose_ns = 0;

	if (ltr_rule_is_by_others(finding->rule))
		return 0;
	for (size_t i = 0; i < finding->id_count; i++) {
		const struct ltr_goroutine *goroutine = ltr_census_find(census, finding->ids[i]);
		uint64_t since_ns = goroutine ? goroutine->since_ns : 0;

		if (since_ns && (!arose_ns || (since_ns > arose_ns) == is_last))
			arose_ns = since_ns;
	}
	/*
	 * Records and snapshots differ by microseconds in when a wait began: by then both say that
	 * it is old.
	 */
	if (arose_ns && finding->grade == LTR_GRADE_SUSPECT)
		arose_ns += verdicts->options.older_than_ns + LTR__MS_NS;
	return arose_ns;
}

/* When somebody looked for it: if it came and went, the last time that is not of a later moment. */
static uint64_t learnt_ns(const struct ltr__verdicts *verdicts, uint64_t key, uint64_t now_ns)
{
	uint64_t last_ns = 0;

	for (size_t i = 0; i < LTR__LEARNT_MAX; i++) {
		uint64_t arose_ns = verdicts->learnt[i].arose_ns;

		if (verdicts->learnt[i].key == key && arose_ns <= now_ns && arose_ns > last_ns)
			last_ns = arose_ns;
	}
	return last_ns;
}

void ltr__verdicts_learn(struct ltr__verdicts *verdicts, uint64_t key, uint64_t arose_ns)
{
	size_t at = verdicts->learnt_next++ % LTR__LEARNT_MAX;

	verdicts->learnt[at].key = key;
	verdicts->learnt[at].arose_ns = arose_ns;
}

bool ltr__verdicts_is_proven(const struct ltr__verdicts *verdicts, uint64_t key)
{
	for (size_t i = 0; i < verdicts->shown.findings.count; i++) {
		if (verdicts->shown.finding[i].key == key)
			return ltr_rule_is_by_references(
				ltr_judgement_at(verdicts->judgement, i)->rule);
	}
	return false;
}

static bool show_finding(struct ltr__verdicts *verdicts, struct ltr__shown *shown,
			 const struct ltr_judgement *judgement, const struct ltr_finding *finding)
{
	const struct ltr_report_options options = {.strip = verdicts->folder[0] ? verdicts->folder
										: NULL};
	struct ltr_tui_finding *to = &shown->finding[shown->findings.count];
	struct telling telling = {.shown = shown, .limit = shown->line_count + LINES_MAX};
	const struct ltr_census *census = ltr_probe_census(verdicts->probe);
	uint64_t now_ns = ltr_census_info(census)->now_ns;

	*to = (struct ltr_tui_finding){
		.key = key_of(finding),
		.strength = finding->grade,
		.is_serious = finding->grade <= LTR_GRADE_NEVER_EXITED,
		.grade = ltr_grade_name(finding->grade),
		.advice = finding->advice,
		.count = finding->count,
		.oldest_ns = finding->oldest_ns,
		.lines = &shown->lines[shown->line_count],
		.ids = finding->ids,
		.id_count = finding->id_count,
	};
	to->arose_ns = arose_ns(verdicts, census, finding);
	if (!to->arose_ns)
		to->arose_ns = learnt_ns(verdicts, to->key, now_ns);
	/* Whoever jumps about in a recording does not find one after the other. */
	to->found_ns = ltr__verdicts_is_recorded(verdicts)
			       ? to->arose_ns
			       : found_ns(&verdicts->shown, to->key, now_ns);
	if (!keep(shown, title_of(judgement, finding, &options), &to->title) ||
	    ltr_finding_tell(finding, &options, take_line, &telling) || telling.failed)
		return false;
	to->line_count = (size_t)(&shown->lines[shown->line_count] - to->lines);
	shown->findings.count++;
	return true;
}

/* What the proof has come to. */
static void note_proof(const struct ltr_reach_info *reach, char *ret_note)
{
	FILE *out = fmemopen(ret_note, LTR__NOTE_BYTES, "w");

	if (!out)
		return;
	fputs("references were looked at: ", out);
	ltr_reach_summary(reach, out);
	fprintf(out, "%s%s", reach->note[0] ? "; " : "", reach->note);
	fclose(out);
}

/* What was not looked at, or what the proof has come to; ret_note is empty. */
static void note(const struct ltr__verdicts *verdicts, char *ret_note)
{
	const struct ltr_census_info *info = ltr_census_info(ltr_probe_census(verdicts->probe));
	const struct ltr_reach_info *reach = &info->reach;

	if (ltr__verdicts_is_recorded(verdicts))
		snprintf(ret_note, LTR__NOTE_BYTES,
			 "by locks (from a second reading on) and by what can never come");
	else if (!reach->tried)
		snprintf(
			ret_note, LTR__NOTE_BYTES,
			info->way == LTR_WAY_FILE || info->gone
				? "by locks and by what can never come; nothing more can be "
				  "proven of a program that does not run"
				: "by locks and by what can never come; P also looks at references");
	else if (!reach->conclusive)
		snprintf(ret_note, LTR__NOTE_BYTES, "no leak can be proven: %s", reach->note);
	else
		note_proof(reach, ret_note);
}

/* Texts tell ages, too: they are written again when these have grown by a quarter. */
static uint64_t ages_last_ns(const struct ltr_tui_findings *findings)
{
	uint64_t youngest_ns = UINT64_MAX / 2;

	for (size_t i = 0; i < findings->count; i++) {
		uint64_t oldest_ns = findings->findings[i].oldest_ns;

		if (oldest_ns && oldest_ns < youngest_ns)
			youngest_ns = oldest_ns;
	}
	return youngest_ns / 4 > LTR__SECOND_NS ? youngest_ns / 4 : LTR__SECOND_NS;
}

int ltr__verdicts_show(struct ltr__verdicts *verdicts, struct ltr_judgement *judgement)
{
	const struct ltr_census_info *info = ltr_census_info(ltr_probe_census(verdicts->probe));
	size_t count = ltr_judgement_count(judgement);
	struct ltr__shown shown = {0};
	bool fits;

	shown.findings.more = count > SHOWN_MAX ? count - SHOWN_MAX : 0;
	count -= shown.findings.more;
	shown.finding = calloc(count + 1, sizeof(*shown.finding));
	shown.lines = calloc(count * LINES_MAX + 1, sizeof(*shown.lines));
	fits = shown.finding && shown.lines;
	for (size_t i = 0; fits && i < count; i++)
		fits = show_finding(verdicts, &shown, judgement, ltr_judgement_at(judgement, i));
	if (!fits) {
		ltr__shown_done(&shown);
		ltr_judgement_free(judgement);
		return -ENOMEM;
	}
	note(verdicts, shown.note);
	ltr__shown_done(&verdicts->shown);
	ltr_judgement_free(verdicts->judgement);
	verdicts->judgement = judgement;
	verdicts->shown = shown;
	verdicts->shown.findings.findings = shown.finding;
	verdicts->shown.findings.note = verdicts->shown.note;
	verdicts->shown.findings.judged_ns = info->now_ns;
	verdicts->again_ns = info->now_ns + ages_last_ns(&verdicts->shown.findings);
	return 0;
}
